"""Addresses for new connections: resolve once, judge every address, hand on only judged ones.

Knows: name resolution. Never does: HTTP, TLS; the name stays what the URL says, so Host, SNI and certificate check
hold. Standard: RFC 9110 §4.3, SSRF practice. Start reading: `PinnedResolver.resolve`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.errors import AddressRefused
from gateway.outbound.policy import AddressPolicy, parse
from gateway.outbound.threads import apart

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

MAX_ADDRESSES: Final = 4
"""Addresses of one name that are tried."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Addresses of a host, in the system's order. Raises `OSError` where it has none."""

    def ask() -> Sequence[tuple[Any, ...]]:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)

    entries = await apart(ask, "resolve")
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in entries))


class PinnedResolver(AbstractResolver):
    """The names of one client. `trusted` are hosts the operator set as proxy: not judged. `limit` in seconds.

    aiohttp asks it once for each new connection, but never for an address literal: whoever sends a request judges
    those (`client.Client`).
    """

    def __init__(self, policy: AddressPolicy, find: Resolve, limit: float, trusted: frozenset[str]) -> None:
        self._policy = policy
        self._find = find
        self._limit = limit
        self._trusted = trusted

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - aiohttp's interface
    ) -> list[ResolveResult]:
        """Addresses of `host`. Raises `AddressRefused` if any is not allowed, `OSError` where there is none."""
        try:
            addresses = await asyncio.wait_for(self._find(host, port), self._limit)
        except UnicodeError as error:
            raise OSError(host) from error
        if not addresses:
            raise OSError(host)
        if host not in self._trusted:
            for text in addresses:
                address = parse(text)
                if address is None or self._policy.refuses(host, address):
                    raise AddressRefused(host=host)
        return [_result(host, port, text) for text in addresses[:MAX_ADDRESSES]]

    async def close(self) -> None:
        """Nothing is held."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def literal_socket(where: tuple[Any, ...]) -> socket.socket:
    """A socket for an entry as of `getaddrinfo`; refused unless its address is a literal.

    So nothing that was not judged is left for the system to resolve while connecting. Raises `AddressRefused`.
    """
    family, kind, protocol, _, address = where
    if parse(address[0]) is None:
        raise AddressRefused(host=address[0])
    return socket.socket(family, kind, protocol)
