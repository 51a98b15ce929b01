"""Logins that come to nothing: what the person is shown, what the portal is told, what the operator reads.

Knows: one number for page and log. Never does: tell outside why, write a value of a request into the log.
Standards: RFC 6749 §4.1.2.1, RFC 9207. Start reading: `Refusals.shown`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from gateway.login.redirects import answered
from gateway.login.steps import PageKind, PostToPortal, Redirect, SetCookies, Show

log = structlog.get_logger()

_NO_COOKIES: Final = SetCookies()
_NUMBER_BYTES: Final = 5


@dataclass(frozen=True, slots=True)
class Answering:
    """Where the answer to a portal goes: its registered address, in which way, with which `state` and issuer."""

    client: str
    redirect_uri: str = field(repr=False)
    response_mode: str
    state: str | None = field(repr=False)
    issuer: str

    def step(self, said: Mapping[str, str | None], cookies: SetCookies = _NO_COOKIES) -> Redirect | PostToPortal:
        """The browser brings the answer to the portal."""
        parameters = {**said, "state": self.state, "iss": self.issuer}
        if self.response_mode == "form_post":
            fields = {name: value for name, value in parameters.items() if value is not None}
            return PostToPortal(self.redirect_uri, fields, cookies)
        return Redirect(answered(self.redirect_uri, parameters), cookies)

    def way_back(self, error: str) -> str:
        """A link to the portal with an error; a link has no form, so always by the query."""
        return answered(self.redirect_uri, {"error": error, "state": self.state, "iss": self.issuer})


class Refusals:
    """Makes refusals; `random` gives the numbers."""

    def __init__(self, random: Callable[[int], bytes]) -> None:
        self._random = random

    def shown(  # noqa: PLR0913 - each named
        self,
        kind: PageKind,
        reason: str,
        *,
        back: Answering | None = None,
        error: str = "access_denied",
        language: str = "",
        status: int = 400,
        provider: str | None = None,
    ) -> Show:
        """A page with a number; `reason` is a slug of ours, `provider` a name from the settings."""
        number = self.noted(reason, client=back.client if back else None, provider=provider)
        return Show(kind, number, language, way_back=back.way_back(error) if back else None, status=status)

    def told(self, back: Answering, error: str, description: str) -> Redirect | PostToPortal:
        """The portal is told of the fault by its registered address."""
        self.noted(error, client=back.client)
        return back.step({"error": error, "error_description": description})

    def noted(self, reason: str, *, client: str | None = None, provider: str | None = None) -> str:
        """Write the reason into the log; the number under which it stands there."""
        digits = base64.b32encode(self._random(_NUMBER_BYTES)).decode("ascii")
        number = f"{digits[:4]}-{digits[4:]}"
        named = {name: value for name, value in (("client", client), ("provider", provider)) if value is not None}
        log.info("login.refused", reason=reason, number=number, **named)
        return number
