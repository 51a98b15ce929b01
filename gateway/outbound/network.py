"""Connections that keep the address policy: resolve once, judge every address, connect to a judged one.

Knows: name resolution, TCP. Never does: TLS decisions (the caller's), HTTP. Standard: RFC 9110 §4.3, SSRF practice.
Start reading: `PinnedNetwork.connect_tcp`. The name stays what the URL says, so Host, SNI and certificate check hold.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import httpcore

from gateway.errors import AddressRefused
from gateway.outbound.policy import AddressPolicy, parse
from gateway.outbound.stream import connect

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

MAX_ADDRESSES: Final = 4
"""Addresses of one name that are tried in turn."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Addresses of a host, in the system's order. Raises `OSError` where it has none."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


class PinnedNetwork(httpcore.AsyncNetworkBackend):
    """The network of one client. `trusted` are hosts the operator set as proxy: not judged."""

    def __init__(
        self, policy: AddressPolicy, *, trusted: frozenset[str] = frozenset(), find: Resolve = resolve
    ) -> None:
        self._policy = policy
        self._trusted = trusted
        self._find = find

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the shape of httpcore's interface
        local_address: str | None = None,  # noqa: ARG002 - as above
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - as above
    ) -> httpcore.AsyncNetworkStream:
        """Connect to an address of `host` that the policy allows. Raises `AddressRefused` if any is not allowed."""
        addresses = await self._judged(host, port, timeout)
        last: Exception = httpcore.ConnectError("no address")
        for address in addresses[:MAX_ADDRESSES]:
            try:
                return await connect(address, port, timeout)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the shape of httpcore's interface
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - as above
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - as above
    ) -> httpcore.AsyncNetworkStream:
        """Refused: nothing outside is reached by a file."""
        raise AddressRefused(host="unix")

    async def sleep(self, seconds: float) -> None:
        """Used by httpcore between attempts."""
        await asyncio.sleep(seconds)

    async def _judged(self, host: str, port: int, limit: float | None) -> Sequence[str]:
        literal = parse(host)
        if literal is not None:
            found: Sequence[str] = (str(literal),)
        else:
            try:
                found = await asyncio.wait_for(self._find(host, port), limit)
            except TimeoutError as error:
                raise httpcore.ConnectTimeout(host) from error
            except (OSError, UnicodeError) as error:
                raise httpcore.ConnectError(host) from error
        if host in self._trusted:
            return found
        for text in found:
            address = parse(text)
            if address is None or self._policy.refuses(host, address):
                raise AddressRefused(host=host)
        return found
