"""The only maker of HTTP clients, and one exchange with its errors sorted.

Knows: limits, time-outs, certificate authorities, our name. Never does: redirects, cookies, environment variables,
compressed answers (so that a limit on bytes read is a limit on bytes held). Standard: RFC 9110.
Start reading: `http_client`, then `exchange`.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Final

import httpx

from gateway import __version__
from gateway.errors import CounterpartAway, CounterpartGarbled
from gateway.outbound.answer import Answer
from gateway.outbound.network import Resolve, resolve
from gateway.outbound.policy import AddressPolicy
from gateway.outbound.transport import PolicedTransport, Route

USER_AGENT: Final = f"ozg-gateway/{__version__}"
MAX_ANSWER_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Policy:
    """How one client reaches out; the settings `[outbound]` and what the code adds.

    `allow_private`: host names, networks or the word `loopback` that may be reached although not public.
    `client_certificate`: PEM files of certificate and key. Times in seconds. `keepalive_s` stays below the idle
    time after which common servers close (5 s), so that a request does not meet a closing connection.
    """

    proxy: str | None = None
    no_proxy: tuple[str, ...] = ()
    ca_bundle: Path | None = None
    client_certificate: tuple[Path, Path] | None = None
    allow_private: tuple[str, ...] = ()
    connect_s: float = 10.0
    read_s: float = 30.0
    write_s: float = 30.0
    pool_s: float = 60.0
    max_connections: int = 64
    keepalive_s: float = 4.0
    user_agent: str = USER_AGENT


def http_client(policy: Policy, *, find: Resolve = resolve) -> httpx.AsyncClient:
    """A client that keeps `policy`; make one for each environment and reuse it, its connections stay open.

    `find` resolves names. The caller closes the client (`aclose`). Raises `ValueError` or `OSError` for a policy that
    cannot be read.
    """
    limits = httpx.Limits(
        max_connections=policy.max_connections,
        max_keepalive_connections=policy.max_connections,
        keepalive_expiry=policy.keepalive_s,
    )
    addresses = AddressPolicy.of(policy.allow_private)
    route = Route(policy.proxy, policy.no_proxy)
    transport = PolicedTransport(addresses, route, _tls(policy), limits, find=find)
    return httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(connect=policy.connect_s, read=policy.read_s, write=policy.write_s, pool=policy.pool_s),
        headers={"user-agent": policy.user_agent, "accept-encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        follow_redirects=False,
        trust_env=False,
    )


def _tls(policy: Policy) -> ssl.SSLContext:
    context = httpx.create_ssl_context(trust_env=False)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if policy.ca_bundle:
        context.load_verify_locations(policy.ca_bundle)
    if policy.client_certificate:
        certificate, key = policy.client_certificate
        context.load_cert_chain(certificate, key)
    return context


async def read_limited(response: httpx.Response, limit: int) -> bytes:
    """The body of a streamed response, at most `limit` bytes; reading stops there.

    Raises `CounterpartGarbled` for a longer or a compressed body.
    """
    host = response.request.url.host
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise CounterpartGarbled(host=host)
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise CounterpartGarbled(host=host)
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > limit:
            raise CounterpartGarbled(host=host)
        chunks.append(chunk)
    return b"".join(chunks)


async def exchange(  # noqa: PLR0913 - the parts of an HTTP request
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | AsyncIterator[bytes] | None = None,
    limit: int = MAX_ANSWER_BYTES,
) -> Answer:
    """One request and its whole answer, whatever its status. A streamed body needs `Content-Length` in `headers`.

    Raises `CounterpartAway` (no connection, no answer, cut off: the outcome is unknown), `CounterpartGarbled`
    (no HTTP, or longer than `limit` bytes), `AddressRefused`.
    """
    request = client.build_request(method, url, headers=dict(headers or {}), content=content)
    host = request.url.host
    try:
        response = await client.send(request, stream=True)
        try:
            body = await read_limited(response, limit)
        finally:
            await response.aclose()
    except httpx.RemoteProtocolError as error:
        raise _protocol(error, host) from error
    except httpx.TransportError as error:
        raise CounterpartAway(host=host) from error
    return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body, host)


def _protocol(error: httpx.RemoteProtocolError, host: str) -> CounterpartAway | CounterpartGarbled:
    """A connection closed early counts as away; bytes that are no HTTP as garbled."""
    cut = "disconnected" in str(error) or "closed" in str(error)
    return CounterpartAway(host=host) if cut else CounterpartGarbled(host=host)
