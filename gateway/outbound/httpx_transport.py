"""An `httpx.AsyncClient` over our way out: for libraries that ask for one, and for rooms that send seldom.

Knows: httpx's requests, answers and time-outs. Never does: reach out by itself (`client` does), follow redirects, keep
cookies, read the environment, repeat a request. Standard: RFC 9110, 9112; the transport interface of httpx 0.28.
Start reading: `httpx_client`, then `OutboundTransport.handle_async_request`; `exchange` is for rooms.

Of a request's `extensions` it reads `timeout` (httpx's own; the shorter of each and the policy's counts), `limit`
(bytes of the answer) and `call` (its failpoint).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import aiohttp
import httpx
from yarl import URL

from gateway import failpoints
from gateway.errors import CounterpartAway, InternalError
from gateway.outbound.answer import Answer
from gateway.outbound.body import StreamedBody
from gateway.outbound.client import MAX_ANSWER_BYTES, HttpClient, Policy, address_of, body_of, http_client
from gateway.outbound.durations import Durations
from gateway.outbound.httpx_answer import AnswerStream, UnderWayExchange
from gateway.outbound.httpx_errors import as_ours, caused
from gateway.outbound.network import Resolve, resolve

MAX_CHUNKED_BYTES: Final = 64 << 20
"""A streamed body whose size nobody said ends here."""
LEAST_S: Final = 0.001
"""aiohttp takes a time-out of nothing for none."""
_AUTOMATIC: Final = ("Accept", "Content-Type", "User-Agent")
"""Header fields that aiohttp would add to those that httpx was told to send."""

logging.getLogger("httpx").setLevel(logging.WARNING)
"""It writes down whole addresses at the level below, and some hold a secret."""


def httpx_client(
    policy: Policy,
    *,
    find: Resolve = resolve,
    durations: Durations | None = None,
    limit: int = MAX_ANSWER_BYTES,
    call: str = "",
) -> httpx.AsyncClient:
    """A client that keeps `policy`, as `client.http_client` makes them; the caller closes it.

    `limit` and `call` are for requests that name none in their `extensions`. For a library that makes its client
    itself: `transport=OutboundTransport(http_client(policy), limit=…, call=…)`.
    """
    return httpx.AsyncClient(
        transport=OutboundTransport(http_client(policy, find=find, durations=durations), limit=limit, call=call),
        timeout=httpx.Timeout(connect=policy.connect_s, read=policy.read_s, write=policy.write_s, pool=policy.pool_s),
        headers={"User-Agent": policy.user_agent},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        trust_env=False,
    )


async def exchange(  # noqa: PLR0913 - the parts of an HTTP request
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    limit: int = MAX_ANSWER_BYTES,
    call: str = "",
) -> Answer:
    """One request and its whole answer, with the errors that `client.exchange` raises."""
    host = ""
    try:
        request = client.build_request(
            method, url, headers=headers, content=content, extensions={"limit": limit, "call": call}
        )
        host = request.url.host
        response = await client.send(request, follow_redirects=False)
    except httpx.InvalidURL:
        raise CounterpartAway(host=host) from None
    except httpx.RequestError as error:
        outbound_error = as_ours(error, host)
    else:
        return Answer(response.status_code, dict(response.headers), response.content, host)
    raise outbound_error


@dataclass(frozen=True, slots=True)
class _Waits:
    """How long each kind of wait may last, in seconds."""

    connect: float
    read: float
    write: float
    pool: float

    @classmethod
    def of(cls, policy: Policy, asked: Mapping[str, float | None]) -> _Waits:
        """The shorter of the policy's and those that httpx asks for."""

        def least(name: str, limit: float) -> float:
            wish = asked.get(name)
            return limit if wish is None else max(min(limit, wish), LEAST_S)

        return cls(
            least("connect", policy.connect_s),
            least("read", policy.read_s),
            least("write", policy.write_s),
            least("pool", policy.pool_s),
        )


class OutboundTransport(httpx.AsyncBaseTransport):
    """httpx's requests over the connections of one client, which it closes.

    Raises httpx's exceptions, each with ours as its cause; `httpx_errors.OutboundRefused` for an address that the
    policy refuses; what the source of a streamed body raises.
    """

    def __init__(self, client: HttpClient, *, limit: int = MAX_ANSWER_BYTES, call: str = "") -> None:
        self._client = client
        self._limit = limit
        self._call = call
        most = client.policy.max_connections
        self._places = asyncio.Semaphore(most) if most else None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its answer comes as a stream, which the caller closes."""
        extensions = request.extensions
        call = extensions.get("call", self._call)
        failpoints.before(call)
        address = _address(request)
        waits = _Waits.of(self._client.policy, extensions.get("timeout", {}))
        under_way = UnderWayExchange(self._client, address.raw_host or "", extensions.get("limit", self._limit), call)
        with under_way.waiting():
            await under_way.take_place(self._places, waits.pool)
            body = body_of(_content(request), under_way.progress, waits.write)
            under_way.body = body if isinstance(body, StreamedBody) else None
            response = await self._client.session_for(under_way.host).request(
                request.method,
                address,
                headers=_fields(request),
                skip_auto_headers=_AUTOMATIC,
                data=body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(connect=waits.connect, sock_connect=waits.connect, sock_read=waits.read),
            )
            stream = AnswerStream(under_way, response)
        return httpx.Response(response.status, headers=stream.fields, stream=stream, extensions=_extensions(response))

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


def _address(request: httpx.Request) -> URL:
    try:
        return address_of(str(request.url))
    except CounterpartAway as error:
        raise caused(httpx.UnsupportedProtocol, error) from error


def _content(request: httpx.Request) -> bytes | AsyncIterator[bytes]:
    try:
        return request.content
    except httpx.RequestNotRead:
        assert isinstance(request.stream, httpx.AsyncByteStream)  # the client sees to it
        stream = aiter(request.stream)
        return stream if "content-length" in request.headers else _bounded(stream)


async def _bounded(source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    sent = 0
    async for piece in source:
        sent += len(piece)
        if sent > MAX_CHUNKED_BYTES:
            raise InternalError(rule="body_size")
        yield piece


def _fields(request: httpx.Request) -> list[tuple[str, str]]:
    """The header fields as they were given, but for those about the message's own form, which `client` decides.

    Several of one name have the first one's spelling: aiohttp keeps only the last of those that differ in case.
    """
    fields: list[tuple[str, str]] = []
    spelt: dict[bytes, str] = {}
    for name, value in request.headers.raw:
        lower = name.lower()
        if lower not in {b"transfer-encoding", b"accept-encoding"}:
            fields.append((spelt.setdefault(lower, name.decode("ascii")), _text(value)))
    return fields


def _text(value: bytes) -> str:
    """As aiohttp writes it again. Raises `httpx.LocalProtocolError` for bytes that it could not write."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise httpx.LocalProtocolError("header") from None


def _extensions(response: aiohttp.ClientResponse) -> dict[str, bytes]:
    version = response.version or aiohttp.HttpVersion11
    return {
        "http_version": f"HTTP/{version.major}.{version.minor}".encode("ascii"),
        "reason_phrase": (response.reason or "").encode("ascii", "ignore"),
    }
