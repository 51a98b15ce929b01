"""Requests with a token, answers without failures.

Knows: that a 401 asks for a new token once, that big bodies are streamed. Never does: repeat a request for any other
reason; retrying is the journey's. Standard: RFC 6750, FIT-Connect Submission API v2. Start reading: `Api.send`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final

from gateway.errors import CounterpartBusy, TokenRefused
from gateway.fitconnect import names
from gateway.fitconnect.channel.tokens import AccessTokens
from gateway.fitconnect.wire import Request, refusal
from gateway.outbound.answer import Answer
from gateway.outbound.client import HttpClient, exchange
from gateway.ports.clock import Clock

WHOLE_BYTES: Final = 1_048_576
"""A body up to this size is sent in one piece."""
MAX_ANSWER_BYTES: Final = 8_000_000
"""A page of 500 SETs takes about 1 MB."""


class Api:
    """The Submission API of one environment for one client. `base` is the address without version."""

    def __init__(self, client: HttpClient, base: str, tokens: AccessTokens, clock: Clock) -> None:
        self._client = client
        self._base = base
        self._tokens = tokens
        self._clock = clock

    async def send(self, request: Request, body: AsyncIterator[bytes] | None = None) -> Answer:
        """The answer to `request`, which is a success. `body` streams exactly `request.size` bytes.

        Raises what `wire.refusal` says, `TokenRefused` where a fresh token is refused too, `CounterpartAway`,
        `CounterpartGarbled`, `AddressRefused`.
        """
        content: bytes | AsyncIterator[bytes] | None = body or request.content
        if body and request.size is not None and request.size <= WHOLE_BYTES:
            content = b"".join([chunk async for chunk in body])
        token = await self._tokens.current() if request.authorised else None
        answer = await self._once(request, content, token)
        if answer.status == HTTPStatus.UNAUTHORIZED and token:
            answer = await self._anew(request, content, token, answer)
        if failure := refusal(answer, self._clock.now()):
            raise failure
        return answer

    async def _anew(
        self, request: Request, content: bytes | AsyncIterator[bytes] | None, token: str, refused: Answer
    ) -> Answer:
        """Once more with a new token; a stream cannot be sent twice, whoever holds it comes again."""
        self._tokens.drop(token)
        if content is not None and not isinstance(content, bytes):
            raise CounterpartBusy(host=refused.host, http_status=refused.status)
        answer = await self._once(request, content, await self._tokens.current())
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise TokenRefused(host=answer.host)
        return answer

    async def _once(self, request: Request, content: bytes | AsyncIterator[bytes] | None, token: str | None) -> Answer:
        headers = {"accept": f"{request.accept or names.JSON}, {names.PROBLEM_JSON}"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        if request.content_type:
            headers["content-type"] = request.content_type
        if request.size is not None and not isinstance(content, bytes):
            headers["content-length"] = str(request.size)
        url = self._base + request.path
        return await exchange(
            self._client,
            request.method,
            url,
            headers=headers,
            content=content,
            limit=MAX_ANSWER_BYTES,
            call=request.call,
        )
