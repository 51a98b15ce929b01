"""The only maker of HTTP clients, and one exchange with its errors sorted.

Knows: limits, time-outs, certificate authorities, our name. Never does: redirects, cookies, environment variables,
compressed answers (so that a limit on bytes read is a limit on bytes held), a second attempt. Standard: RFC 9110.
Start reading: `http_client`, then `exchange`.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import aiohttp
import certifi
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession
from yarl import URL

from gateway import __version__, failpoints
from gateway.errors import AddressRefused, CounterpartAway, CounterpartGarbled
from gateway.outbound import certificate
from gateway.outbound.answer import Answer
from gateway.outbound.body import StreamedBody, pieces
from gateway.outbound.durations import Durations
from gateway.outbound.network import PinnedResolver, Resolve, literal_socket, resolve
from gateway.outbound.overdue import Overdue, UnderWay
from gateway.outbound.pace import WHOLE, Counterpart, Pace, Progress
from gateway.outbound.policy import AddressPolicy, parse
from gateway.outbound.route import Route

USER_AGENT: Final = f"ozg-gateway/{__version__}"
MAX_ANSWER_BYTES: Final = 1_000_000
WHOLE_BYTES: Final = 32_768
"""A body up to this size is handed over at once; it fits the buffers, so that nobody waits while it is sent."""
_PLAIN: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Policy:
    """How one client reaches out; the settings `[outbound]` and what the code adds.

    `allow_private`: host names, networks or the word `loopback` that may be reached although not public.
    `client_certificate`: PEM files of certificate and key. Times in seconds. `keepalive_s` stays below the idle
    time after which common servers close (5 s), so that a request does not meet a closing connection; with 0 each
    exchange has one of its own. `whole` bounds
    each exchange in all, waiting for a connection included; `counterpart` says whom its duration is told of.
    `certificates`: answers say when the certificate of their connection ends.
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
    whole: Pace = WHOLE
    counterpart: Counterpart = Counterpart.OTHER
    user_agent: str = USER_AGENT
    certificates: bool = False


def http_client(policy: Policy, *, find: Resolve = resolve, durations: Durations | None = None) -> HttpClient:
    """A client that keeps `policy`; make one for each environment and reuse it, its connections stay open.

    `find` resolves names, `durations` gathers how long exchanges took. Needs a running event loop. The caller closes
    the client (`aclose`). Raises `ValueError` or `OSError` for a policy that cannot be read.
    """
    return HttpClient(policy, find, durations or Durations())


async def exchange(  # noqa: PLR0913 - the parts of an HTTP request
    client: HttpClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | AsyncIterator[bytes] | None = None,
    limit: int = MAX_ANSWER_BYTES,
    call: str = "",
) -> Answer:
    """One request and its whole answer, whatever its status. A streamed body needs `Content-Length` in `headers`.

    The request is sent once: also one that met a connection just closed by the other side is not repeated here.
    `call` names its failpoint. Raises `CounterpartAway` (no connection, no answer, cut off, longer than the policy's
    whole time: the outcome is unknown),
    `CounterpartGarbled` (no HTTP, or longer than `limit` bytes), `AddressRefused`, and what the iterator `content`
    raises.
    """
    failpoints.before(call)
    answer = await client.exchange(method, url, headers, content, limit)
    failpoints.after(call)
    return answer


class HttpClient:
    """Open connections under one policy, made by `http_client`.

    Behind a proxy the proxy resolves names and its rules apply; address literals are judged here all the same.
    """

    def __init__(self, policy: Policy, find: Resolve, durations: Durations) -> None:
        self.policy = policy
        self._durations, self._overdue = durations, Overdue(policy.whole)
        self._addresses = AddressPolicy.of(policy.allow_private)
        self._route = Route(policy.proxy, policy.no_proxy)
        proxy = URL(policy.proxy) if policy.proxy else None
        context = tls_context(policy.ca_bundle)
        if policy.client_certificate:
            context.load_cert_chain(*policy.client_certificate)

        def session(trusted: frozenset[str], proxy: URL | None) -> ClientSession:
            resolver = PinnedResolver(self._addresses, find, policy.connect_s, trusted)
            return _session(policy, resolver, context, proxy)

        self._direct = session(frozenset(), None)
        self._proxied = session(frozenset({proxy.raw_host or ""}), proxy) if proxy else self._direct

    async def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        content: bytes | AsyncIterator[bytes] | None,
        limit: int,
    ) -> Answer:
        """What the function `exchange` says."""
        address = address_of(url)
        host = address.raw_host or ""
        session = self.session_for(host)
        under_way = self.begin()
        progress = under_way.progress
        body = body_of(content, progress, self.policy.write_s)
        try:
            response = await session.request(method, address, headers=headers, data=body, allow_redirects=False)
            try:
                read = await read_limited(response, limit, progress)
                return Answer(response.status, _headers(response), read, host, certificate.ends_of(response))
            finally:
                response.close()  # one read to its end is back in the pool already
        except asyncio.CancelledError:
            if under_way.was_ended():
                raise CounterpartAway(host=host) from None
            raise
        except aiohttp.ClientError as error:
            if isinstance(body, StreamedBody) and body.error:
                raise body.error from None
            # what is no HTTP shows the answer's bytes and our token in its error: no cause for a log to print
            raise named(error, host) from (None if isinstance(error, aiohttp.ClientResponseError) else error)
        finally:
            self.end(under_way, host)

    def begin(self) -> UnderWay:
        """The running task begins an exchange; its time runs from now on."""
        return self._overdue.begin(asyncio.get_running_loop().time())

    def end(self, under_way: UnderWay, host: str) -> None:
        """An exchange is over, well or not: note how long it took."""
        self._overdue.end(under_way)
        progress = under_way.progress
        seconds = asyncio.get_running_loop().time() - progress.began
        self._durations.note(self.policy.counterpart, host, seconds, progress.moved)

    def session_for(self, host: str) -> ClientSession:
        """The connections that lead to a host. Raises `AddressRefused` for a literal that may not be reached."""
        literal = parse(host)
        if literal is not None and self._addresses.refuses(host, literal):
            raise AddressRefused(host=host)
        return self._direct if self._route.is_direct(host) else self._proxied

    async def aclose(self) -> None:
        """Close every connection."""
        self._overdue.close()
        await self._direct.close()
        await self._proxied.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


def body_of(
    content: bytes | AsyncIterator[bytes] | None, progress: Progress, write_s: float
) -> bytes | StreamedBody | None:
    """What aiohttp is handed to send; a piece of a large or streamed body may take `write_s` seconds."""
    if not isinstance(content, bytes):
        return None if content is None else StreamedBody(content, write_s, moved=progress.add)
    if len(content) <= WHOLE_BYTES:
        return content
    return StreamedBody(pieces(content), write_s, len(content), moved=progress.add)


async def read_limited(response: ClientResponse, limit: int, progress: Progress) -> bytes:
    """The body of a response, at most `limit` bytes; reading stops there.

    Raises `CounterpartGarbled` for a longer or a compressed body, `aiohttp.ClientError` for one that is cut off.
    """
    host = response.url.raw_host or ""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise CounterpartGarbled(host=host)
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise CounterpartGarbled(host=host)
    chunks: list[bytes] = []
    size = 0
    while chunk := await response.content.readany():
        size += len(chunk)
        progress.add(len(chunk))
        if size > limit:
            raise CounterpartGarbled(host=host)
        chunks.append(chunk)
    return b"".join(chunks)


def _session(policy: Policy, resolver: PinnedResolver, context: ssl.SSLContext, proxy: URL | None) -> ClientSession:
    return ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=resolver,
            use_dns_cache=False,
            socket_factory=literal_socket,
            ssl=context,
            limit=policy.max_connections,
            keepalive_timeout=policy.keepalive_s or None,
            force_close=not policy.keepalive_s,
        ),
        timeout=aiohttp.ClientTimeout(
            total=None, connect=policy.pool_s + policy.connect_s, sock_connect=policy.connect_s, sock_read=policy.read_s
        ),
        headers={"User-Agent": policy.user_agent, "Accept-Encoding": "identity"},
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        middlewares=(_once,),
        response_class=certificate.CertifiedResponse if policy.certificates else ClientResponse,
        proxy=proxy,
    )


async def _once(request: ClientRequest, send: ClientHandlerType) -> ClientResponse:
    """Keep aiohttp from repeating a request: it does so once for PUT, GET and the like after these two errors."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError from error


def tls_context(ca_bundle: Path | None) -> ssl.SSLContext:
    """TLS of every way out: 1.2 at least, the certificate checked for the name; `ca_bundle` adds authorities."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(certifi.where())
    if ca_bundle:
        context.load_verify_locations(ca_bundle)
    return context


def address_of(url: str) -> URL:
    """The address as it was given; one with spaces or characters beyond ASCII is encoded.

    Raises `CounterpartAway` for one that nobody can be reached at: another scheme, no host, a user's name inside.
    """
    try:
        address = URL(url, encoded=_PLAIN.fullmatch(url) is not None)
        spoken = address.scheme in {"http", "https"} and address.raw_host and address.port and not address.raw_user
    except ValueError:
        spoken = False
    if not spoken:
        raise CounterpartAway(host="")
    return address


def _headers(response: ClientResponse) -> dict[str, str]:
    """Header fields by lower-case name; several of one name are joined by commas (RFC 9110 §5.3)."""
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


def named(error: aiohttp.ClientError, host: str) -> CounterpartAway | CounterpartGarbled:
    """Bytes that are no HTTP count as garbled; a connection refused, silent or closed early as away."""
    no_http = isinstance(error, aiohttp.ClientResponseError) and not isinstance(error, aiohttp.ClientHttpProxyError)
    return CounterpartGarbled(host=host) if no_http else CounterpartAway(host=host)
