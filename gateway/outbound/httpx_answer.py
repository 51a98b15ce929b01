"""An exchange of httpx under way, and its answer as a stream with a bound.

Knows: when it is over, what broke it, how much of it may come. Never does: open connections; hold more than a piece.
Standard: RFC 9110 §6.4, §8.4. Start reading: `AnswerStream`, then `UnderWayExchange.waiting`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx

from gateway import failpoints
from gateway.errors import AddressRefused, CounterpartAway, CounterpartGarbled, InternalError
from gateway.outbound.body import StreamedBody
from gateway.outbound.client import HttpClient, named
from gateway.outbound.httpx_errors import OutboundRefused, as_httpx, caused
from gateway.outbound.unpacking import CODINGS, Unpacking


class UnderWayExchange:
    """One exchange from its beginning to the end of its answer; `end` may be called whenever, and more than once."""

    def __init__(self, client: HttpClient, host: str, limit: int, call: str) -> None:
        self.host, self.limit, self.call = host, limit, call
        self.body: StreamedBody | None = None
        self.response: aiohttp.ClientResponse | None = None
        self._client = client
        self._place: asyncio.Semaphore | None = None
        self._over = False
        self._under_way = client.begin()
        self._under_way.cut = self.end
        self.progress = self._under_way.progress

    async def take_place(self, places: asyncio.Semaphore | None, seconds: float) -> None:
        """Wait until one more connection may be open. Raises `httpx.PoolTimeout`."""
        if places is None:
            return
        if places.locked():
            try:
                async with asyncio.timeout(seconds):
                    await places.acquire()
            except TimeoutError:
                outbound_error = CounterpartAway(host=self.host)
                raise caused(httpx.PoolTimeout, outbound_error) from outbound_error
        else:
            await places.acquire()
        self._place = places

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """What happens inside waits for the other side: its errors are sorted, and end the exchange."""
        if self._under_way.ended:
            raise self._overdue()
        self._under_way.resume()
        try:
            yield
        except BaseException as error:
            meant = self._meant(error)
            self.end()
            if meant is error:
                raise
            raise meant from meant.__cause__
        finally:
            self._under_way.pause()

    def _meant(self, error: BaseException) -> BaseException:
        """What an error is called outside."""
        if isinstance(error, asyncio.CancelledError):
            return self._overdue() if self._under_way.was_ended() else error
        if self.body is not None and self.body.error is not None:
            return self._meant_by_source(self.body.error)
        if isinstance(error, AddressRefused):
            return caused(OutboundRefused, error)
        if isinstance(error, CounterpartGarbled):
            return caused(httpx.RemoteProtocolError, error)
        if isinstance(error, aiohttp.ClientError):
            return self._broken(error)
        # a method or header field that cannot be written; the error's text would repeat it
        return httpx.LocalProtocolError("request") if isinstance(error, ValueError) else error

    def _broken(self, error: aiohttp.ClientError) -> Exception:
        outbound_error = named(error, self.host)
        # what is no HTTP shows the answer's bytes and our token in its error: no cause for a log to print
        outbound_error.__cause__ = None if isinstance(error, aiohttp.ClientResponseError) else error
        return caused(httpx.WriteTimeout if self.body and self.body.cut else as_httpx(error), outbound_error)

    def _meant_by_source(self, error: Exception) -> Exception:
        """Another size than was said is a fault of the request; what the source itself raises passes."""
        if isinstance(error, InternalError) and error.params.get("rule") == "body_size":
            return caused(httpx.LocalProtocolError, error)
        return error

    def _overdue(self) -> httpx.RequestError:
        return caused(httpx.ReadTimeout, CounterpartAway(host=self.host))

    def end(self) -> None:
        """It is over, well or not. A connection with an answer that was not heard to its end is closed."""
        if self._over:
            return
        self._over = True
        if self.response is not None:
            self.response.close()  # one read to its end is back in the pool already
        if self._place is not None:
            self._place.release()
        self._client.end(self._under_way, self.host)


class AnswerStream(httpx.AsyncByteStream):
    """The body of an answer, piece by piece, unpacked if need be. `fields` are the header fields that still hold then.

    Raises `CounterpartGarbled` for a body that is announced to be too long or packed in a way nobody asked for.
    """

    def __init__(self, exchange: UnderWayExchange, response: aiohttp.ClientResponse) -> None:
        self._exchange = exchange
        self._content = response.content
        self._unpacking: Unpacking | None = None
        exchange.response = response
        self.fields = list(response.raw_headers)
        if response.method == "HEAD":
            return
        announced = response.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > exchange.limit:
            raise CounterpartGarbled(host=exchange.host)
        coding = response.headers.get("content-encoding", "identity").lower().strip()
        if coding in CODINGS:
            self._unpacking = Unpacking(exchange.limit)
            gone = {b"content-encoding", b"content-length"}
            self.fields = [field for field in self.fields if field[0].lower() not in gone]
        elif coding != "identity":
            raise CounterpartGarbled(host=exchange.host)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        exchange = self._exchange
        size = 0
        while True:
            with exchange.waiting():
                piece = await self._content.readany()
                exchange.progress.add(len(piece))
                size += len(piece)
                if size > exchange.limit:
                    raise CounterpartGarbled(host=exchange.host)
                unpacked = self._unpacked(piece)
            if unpacked:
                yield unpacked
            if not piece:
                break
        exchange.end()
        failpoints.after(exchange.call)

    def _unpacked(self, piece: bytes) -> bytes:
        if self._unpacking is None:
            return piece
        try:
            if piece:
                return self._unpacking.add(piece)
            self._unpacking.end()
        except ValueError:
            outbound_error = CounterpartGarbled(host=self._exchange.host)
            raise caused(httpx.DecodingError, outbound_error) from outbound_error
        return b""

    async def aclose(self) -> None:
        """Nobody wants more of it."""
        self._exchange.end()
