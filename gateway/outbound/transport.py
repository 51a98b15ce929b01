"""httpx's transport over httpcore with a network of our own.

Knows: direct and proxied connections, which of both a host takes. Never does: redirects, retries, cookies.
Standard: HTTP/1.1 (RFC 9112), CONNECT (RFC 9110 §9.3.6). Start reading: `PolicedTransport.handle_async_request`.
"""

from __future__ import annotations

import importlib.util
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from gateway.errors import AddressRefused
from gateway.outbound.network import PinnedNetwork, Resolve, resolve
from gateway.outbound.policy import LOOPBACK, AddressPolicy, parse

if importlib.util.find_spec("sniffio") is None:
    # httpcore asks for it four times a request; a module known to be absent is not looked for on disk each time
    sys.modules["sniffio"] = None  # type: ignore[assignment]

_SAME_NAME = (
    "ConnectTimeout",
    "ReadTimeout",
    "WriteTimeout",
    "PoolTimeout",
    "TimeoutException",
    "ConnectError",
    "ReadError",
    "WriteError",
    "NetworkError",
    "ProxyError",
    "UnsupportedProtocol",
    "LocalProtocolError",
    "RemoteProtocolError",
    "ProtocolError",
)
_AS_HTTPX: dict[type[Exception], type[httpx.TransportError]] = {
    getattr(httpcore, name): (httpx.TransportError if name == "ProtocolError" else getattr(httpx, name))
    for name in _SAME_NAME
}


@contextmanager
def _named_by_httpx() -> Iterator[None]:
    try:
        yield
    except tuple(_AS_HTTPX) as error:
        raise _AS_HTTPX[type(error)](str(error)) from error


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:  # noqa: ANN401 - httpcore types its stream as a union
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _named_by_httpx():
            async for chunk in self._stream:
                yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class Route:
    """Which hosts go through the proxy. `no_proxy`: hosts, domains (leading dot or not), networks, or `*` for all."""

    def __init__(self, proxy: str | None, no_proxy: tuple[str, ...]) -> None:
        self.proxy = proxy
        self._all = "*" in no_proxy
        self._domains = tuple(entry.lower().lstrip("*").lstrip(".") for entry in no_proxy if "/" not in entry)
        nets = tuple(entry for entry in no_proxy if "/" in entry)
        self._networks = (*AddressPolicy.of(nets).networks, *LOOPBACK)

    def is_direct(self, host: str) -> bool:
        """Whether `host` is reached without the proxy; this machine always is."""
        if self.proxy is None or self._all or host == "localhost":
            return True
        address = parse(host)
        if address is not None:
            return any(address in net for net in self._networks if net.version == address.version) or (
                host.strip("[]") in self._domains
            )
        name = host.lower().rstrip(".")
        return any(name == domain or name.endswith("." + domain) for domain in self._domains if domain)


class PolicedTransport(httpx.AsyncBaseTransport):
    """One pool of connections that keeps the address policy.

    Behind a proxy the proxy resolves names and its rules apply; address literals are judged here all the same.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        route: Route,
        context: ssl.SSLContext,
        limits: httpx.Limits,
        *,
        find: Resolve = resolve,
    ) -> None:
        self._policy = policy
        self._route = route
        shared: dict[str, Any] = {
            "ssl_context": context,
            "max_connections": limits.max_connections,
            "max_keepalive_connections": limits.max_keepalive_connections,
            "keepalive_expiry": limits.keepalive_expiry,
        }
        self._direct = httpcore.AsyncConnectionPool(network_backend=PinnedNetwork(policy, find=find), **shared)
        self._proxied: httpcore.AsyncConnectionPool | None = None
        if route.proxy:
            url = httpx.URL(route.proxy)
            auth = (url.username.encode(), url.password.encode()) if url.username else None
            self._proxied = httpcore.AsyncHTTPProxy(
                proxy_url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/"),
                proxy_auth=auth,
                network_backend=PinnedNetwork(policy, trusted=frozenset({url.host}), find=find),
                **shared,
            )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. Raises httpx's transport errors and `AddressRefused`."""
        url = request.url
        wire = httpcore.Request(
            method=request.method,
            url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        pool = self._pool_for(url.host)
        with _named_by_httpx():
            answer = await pool.handle_async_request(wire)
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    def _pool_for(self, host: str) -> httpcore.AsyncConnectionPool:
        if self._proxied is None or self._route.is_direct(host):
            return self._direct
        literal = parse(host)
        if literal is not None and self._policy.refuses(host, literal):
            raise AddressRefused(host=host)
        return self._proxied

    async def aclose(self) -> None:
        """Close every connection."""
        await self._direct.aclose()
        if self._proxied:
            await self._proxied.aclose()
