"""Errors of a wire in httpx's tree, as libraries expect them, each with ours as its cause; and back again.

Knows: which class of httpx says what. Never does: I/O; lose a refusal of the address policy among failures of the
network. Standard: the exceptions of httpx 0.28. Start reading: `as_httpx`, then `as_ours`.
"""

from __future__ import annotations

from typing import Final

import aiohttp
import httpx

from gateway.errors import AddressRefused, CounterpartAway, CounterpartError, CounterpartGarbled, GatewayError


class OutboundRefused(httpx.TransportError):
    """The address policy refuses the address; its cause is `AddressRefused`. No failure of the network: it stays."""


_KINDS: Final[tuple[tuple[type[aiohttp.ClientError], type[httpx.TransportError]], ...]] = (
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ServerTimeoutError, httpx.ReadTimeout),
    (aiohttp.ClientProxyConnectionError, httpx.ProxyError),
    (aiohttp.ClientHttpProxyError, httpx.ProxyError),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    (aiohttp.ServerDisconnectedError, httpx.RemoteProtocolError),
    (aiohttp.ClientPayloadError, httpx.RemoteProtocolError),
    (aiohttp.ClientResponseError, httpx.RemoteProtocolError),
)
"""The first that fits; what fits none is a connection that broke."""

_GARBLED: Final = (httpx.RemoteProtocolError, httpx.DecodingError)


def as_httpx(error: aiohttp.ClientError) -> type[httpx.TransportError]:
    """What httpx calls an error of aiohttp."""
    if type(error) is aiohttp.ClientConnectionError and isinstance(error.__cause__, aiohttp.ClientError):
        error = error.__cause__  # `client` hides the class of these from aiohttp, so that it repeats nothing
    return next((kind for known, kind in _KINDS if isinstance(error, known)), httpx.ReadError)


def caused(kind: type[httpx.RequestError], cause: GatewayError) -> httpx.RequestError:
    """An exception of httpx that says what ours says, and has it as its cause."""
    error = kind(str(cause))
    error.__cause__ = cause
    return error


def as_ours(error: httpx.RequestError, host: str) -> CounterpartError:
    """What an exception of httpx means here: its cause if that is ours; so a transport of a test is understood too."""
    if isinstance(error.__cause__, CounterpartError):
        return error.__cause__
    if isinstance(error, OutboundRefused):
        return AddressRefused(host=host)
    return CounterpartGarbled(host=host) if isinstance(error, _GARBLED) else CounterpartAway(host=host)
