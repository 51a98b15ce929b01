"""uvicorn's protocol on llhttp, with a bound on every byte and every second before an application is asked.

Knows: where in a request a connection stands, since when, and what that has cost. Never does: answer a request; decide
who calls. Standards: RFC 9112, RFC 9110 §15.5 and §15.6. Start reading: `BoundedProtocol.data_received`.

The parser keeps what is unfinished (a header line, fields, trailers) for as long as it comes; so it is given no more
than may be unfinished, and it is stopped at the first thing beyond a limit. One timer a connection looks at where it
stands; requests that keep the limits arm none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, ClassVar, Final

import httptools
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.errors import GatewayError, NotHttp, Overloaded, RequestTimedOut
from gateway.httpserver.connections import ConnectionState
from gateway.httpserver.limits import WireLimits, head_fault, syntax_fault
from gateway.httpserver.upgrade import framing, parser_in_body

_SLICE: Final = 65_536
"""Bytes of a body that the parser is given at once; several small requests may stand in one slice."""
_CHUNK_LINE: Final = 16
"""Bytes around a chunk's data that need no reason (as Go's net/http counts)."""
_NEVER: Final = float("inf")

log = structlog.get_logger()


class _LimitPassed(Exception):
    """Stops the parser at what passes a limit."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `limits` is replaced by subclasses."""

    limits: ClassVar[WireLimits] = WireLimits()

    def __init__(
        self,
        config: Config,
        server_state: ConnectionState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._open_connections = server_state.open_connections
        self.generation = self._open_connections.generation
        self._look_at: asyncio.TimerHandle | None = None
        self._since = self._quiet = self.loop.time()
        self._stalled: float | None = None
        self._refused = self._lingers = self._closing = False
        self._fault: GatewayError | None = None
        self.url = b""
        self._begun = False  # a head has begun
        self._open = False  # a head is whole, its body is not
        self._unfinished = 0  # bytes of a head that is not whole
        self._ended = 0  # heads and bodies that came to their end
        self._behind_offer: bytes | None = None  # how the body of a head ends that offers another protocol
        self._fields = self._size = 0
        self._passed_over = 0  # bytes after a refusal
        self._body = self._framing = self._pieces = self._drained = 0
        self._window, self._window_since = 0, self._since

    # what comes

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - uvicorn's own signature
        """Watch the connection; where there are too many, refuse it."""
        super().connection_made(transport)
        self._look_at = self.loop.call_later(self.limits.shortest_s, self._look)
        if not self._open_connections.admits(self.limits, self.loop):
            self._refuse(Overloaded())

    def connection_lost(self, exc: Exception | None) -> None:
        """Watch it no more."""
        if self._look_at is not None:
            self._look_at.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, never more than may be unfinished; what a refused caller still sends is dropped."""
        if self._refused:
            self._passed_over += len(data)
            if self._passed_over > self.limits.drain_bytes:
                self.flow.pause_reading()
            return
        self._unset_keepalive_if_required()
        self._quiet = self.loop.time()
        unread: bytes | memoryview = data
        while unread and not self._refused:
            most = _SLICE if self._open else self.limits.head_bytes - self._unfinished
            if len(unread) > most:
                unread = memoryview(unread)
            unread = self._feed(unread[:most], unread[most:]) if len(unread) > most else self._feed(unread, b"")

    def _feed(self, piece: bytes | memoryview, unread: bytes | memoryview) -> bytes | memoryview:
        """Give the parser one piece; returns what is to come after it."""
        if not self._open and not self._unfinished and self.cycle is not None:
            self._since = self._quiet  # the first byte of a further head
        in_body, ended, self._body = self._open, self._ended, 0
        try:
            self.parser.feed_data(piece)
        except httptools.HttpParserUpgrade as offered:
            unread = b"".join((piece[offered.args[0] :], unread))  # nothing is upgraded
            if self._behind_offer is not None:
                self.parser, self._behind_offer = parser_in_body(self, self._behind_offer), None
        except httptools.HttpParserError as error:
            self._refuse(self._fault or syntax_fault(str(error)))
            return b""
        if ended == self._ended:
            self._count(len(piece), in_body=in_body)
        else:
            self._unfinished = 1 if self._begun else 0
        if self.flow.read_paused:
            self._window, self._window_since = 0, self._quiet  # it is us who do not read
        return unread

    def _count(self, size: int, *, in_body: bool) -> None:
        """Weigh a piece in which nothing came to its end."""
        limits = self.limits
        if not in_body:
            self._unfinished += size
            if self._unfinished >= limits.head_bytes:
                nothing = NotHttp() if not self._begun else limits.line_too_long()
                self._refuse(limits.head_too_large() if self._begun and self.url else nothing)
            return
        self._window += size
        self._framing += size - self._body
        if self._framing > limits.chunk_bytes + _CHUNK_LINE * self._pieces:
            self._refuse(limits.head_too_large())
        elif self.cycle.response_complete:
            self._drained += size
            if self._drained > limits.drain_bytes:
                self._abort()

    # what the parser finds

    def on_message_begin(self) -> None:
        """Begin to count a head."""
        super().on_message_begin()
        self._begun = True
        self._fields = self._size = 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the target."""
        super().on_url(url)
        if len(self.url) > self.limits.line_bytes:
            self._stop(self.limits.line_too_long())

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field; a trailer is counted and dropped (RFC 9110 §6.5.1)."""
        size, limits = len(name) + len(value), self.limits
        self._fields += 1
        self._size += size + 4
        if size > limits.field_bytes or self._fields > limits.fields or self._size > limits.head_bytes:
            self._stop(limits.head_too_large())
        if not self._open:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin a request, where its head is one that is spoken here."""
        fault = head_fault(self.parser.get_http_version(), self.headers)
        if fault is None and len(self.pipeline) >= self.limits.pipelined:
            fault = Overloaded()
        if fault is not None:
            self._stop(fault)
        super().on_headers_complete()
        self._behind_offer = framing(self.headers) if self.parser.should_upgrade() else None
        self._begun, self._open = False, True
        self._unfinished = self._fields = self._size = self._framing = self._pieces = self._drained = 0
        self._window, self._window_since = 0, self._quiet
        self._ended += 1

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body."""
        self._body += len(body)
        self._pieces += 1
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        if self._behind_offer is not None:
            return  # its body is still to come
        self._open = False
        self._ended += 1
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Rest, or go on with what waits."""
        self._since = self._quiet = self.loop.time()
        if self._refused:
            self._hang_up()
            return
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The caller does not read its answer."""
        self._stalled = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The caller reads on."""
        self._stalled = None
        super().resume_writing()

    def _should_upgrade(self) -> bool:
        return False

    def _stop(self, fault: GatewayError) -> None:
        self._fault = fault
        raise _LimitPassed

    # what is refused

    def refusal(self, error: GatewayError) -> tuple[str, bytes]:
        """Media type and body of a refusal; nothing of what was sent comes back."""
        return "text/plain; charset=utf-8", error.code.encode()

    def _refuse(self, error: GatewayError) -> None:
        """Answer what cannot become a request and hang up.

        Where an earlier request of the connection is still to be answered, that is the last that is said on it.
        """
        self._refused, self._since = True, self.loop.time()
        earlier = bool(self.pipeline) or (self._answering and not self._open)
        self.pipeline.clear()
        log.info("wire.refused", code=error.code)
        if earlier:
            self.flow.pause_reading()
            return
        if self._open:
            begun = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if begun:
                self.transport.close()
                return
        media_type, body = self.refusal(error)
        head = (
            f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
            f"content-type: {media_type}\r\ncontent-length: {len(body)}\r\n"
            "cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self._hang_up()

    def _hang_up(self) -> None:
        """Close so that the answer arrives: a caller that still sends would see a reset before it."""
        if self.transport.is_closing() or not self.transport.can_write_eof():
            self.transport.close()
            return
        self._lingers = True
        self.flow.resume_reading()
        self.transport.write_eof()

    def _abort(self) -> None:
        self._refused = True
        self.transport.abort()

    # what lasts

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def waits_since(self) -> float | None:
        """Since when the other side lets us wait; None while it is our turn."""
        if self._refused and not self._lingers:
            return None
        if self._lingers or self._unfinished or self.cycle is None:
            return self._since
        return self._quiet if self._open or not self._answering else None

    def close_now(self) -> None:
        """Close at once, for another."""
        self._abort()

    def _look(self) -> None:
        limits, now = self.limits, self.loop.time()
        wait = limits.shortest_s
        if self._closing:
            self.transport.abort()  # what it was sent before closing is not read
            return
        if self.transport.is_closing():
            self._closing, wait = True, limits.linger_s
        else:
            due, end = self._due(now)
            if due <= now:
                end()
            else:
                wait = min(wait, due - now)
        self._look_at = self.loop.call_later(wait, self._look)

    def _due(self, now: float) -> tuple[float, Callable[[], None]]:
        """When the present state has lasted too long, and what then."""
        limits = self.limits
        if self._stalled is not None:
            return self._stalled + limits.write_s, self._abort
        if self._refused:
            return (self._since + limits.linger_s if self._lingers else _NEVER), self._abort
        if self.flow.read_paused or (self._open and self.cycle.waiting_for_100_continue):
            self._since = self._window_since = now  # it is us who do not read
            self._window = 0
            return _NEVER, self._late
        if self._unfinished or self.cycle is None:
            return self._since + limits.head_s, self._late
        if self._open:
            return self._body_due(now)
        return (_NEVER if self._answering else self._since + limits.idle_s), self.transport.close

    def _body_due(self, now: float) -> tuple[float, Callable[[], None]]:
        limits = self.limits
        if not self._answering:
            return self._since + limits.drain_s, self._abort
        if now - self._window_since >= limits.body_s and self._window >= limits.body_bytes:
            self._window, self._window_since = 0, now
        return self._window_since + limits.body_s, self._late

    def _late(self) -> None:
        if self._begun or self._open:
            self._refuse(RequestTimedOut())
        else:
            self.transport.close()
