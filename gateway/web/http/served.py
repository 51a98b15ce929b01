"""One address of the app and its handler, for the methods named and no more.

Knows: which address answered, for the figures. Never does: describe; OpenAPI is made elsewhere, when asked for.
Standards: ASGI 3, RFC 9110 §9.1. Start reading: `Served`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Scope


class Served(Route):
    """A handler of requests at an address. `HEAD` has one of its own or none: not every `GET` may be asked so."""

    def __init__(self, path: str, handler: Callable[[Request], Awaitable[Response]], methods: Sequence[str]) -> None:
        super().__init__(path, handler, methods=methods)
        self.methods = set(methods)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As the framework's; the address is kept for whoever counts answers by it."""
        match, matched = super().matches(scope)
        return match, {**matched, "route": self} if match is not Match.NONE else matched
