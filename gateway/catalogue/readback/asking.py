"""Asks a source politely: so many requests a second, a wait where it asks for one, every answer kept as it came.

Knows: our name, the pace, what to do with each status, how many requests there may be. Never does: read an answer
(`pvog`, `datahub` do), ask more than twice for one. Standard: RFC 9110 §10.2.3 (Retry-After), §15.
Start reading: `Asker.get`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import httpx

from gateway.catalogue.readback.rows import AnswerRefused
from gateway.errors import CounterpartBusy
from gateway.fitconnect import wire
from gateway.outbound.answer import Answer
from gateway.outbound.httpx_transport import exchange
from gateway.ports.clock import Clock

PATIENCE_S: Final = 30.0
"""A longer wait that a source asks for is the next turn's."""
MOST_BYTES: Final = 8_000_000
MOST_IN_ALL: Final = 32_000_000
"""Bytes of all answers of one read-back together; they are held until they are kept."""


class RequestsSpent(Exception):
    """No further request may be sent in this read-back."""


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it came: what was asked for, when it ended with which status, its digest, its bytes."""

    address: str
    status: int
    sha256: str
    body: bytes = field(repr=False)


@dataclass(slots=True)
class RequestRate:
    """Requests a second to one source, whoever asks in this process. `tick` is a monotonic clock in seconds."""

    per_second: float
    tick: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    _free_at: float = field(default=float("-inf"), init=False)

    async def turn(self) -> None:
        """Wait until another request may be sent."""
        now = self.tick()
        begins = max(now, self._free_at)
        self._free_at = begins + 1.0 / self.per_second
        if begins > now:
            await self.sleep(begins - now)


@dataclass(slots=True)
class Asker:
    """The requests of one read-back. `headers` are sent with each; `call` names the failpoint.

    `most`: requests that may be sent in all; None: as many as it takes.
    """

    client: httpx.AsyncClient
    clock: Clock
    rate: RequestRate
    call: str
    headers: Mapping[str, str] = field(default_factory=dict)
    keeps: bool = True
    """Whether answers are kept: not where they name persons."""
    most: int | None = None
    requests: int = field(default=0, init=False)
    taken: int = field(default=0, init=False)
    answers: list[KeptAnswer] = field(default_factory=list, init=False)

    async def get(
        self, url: str, *, accept: str, limit: int = MOST_BYTES, other: frozenset[int] = frozenset()
    ) -> Answer:
        """An answer of success, or with a status among `other`.

        A source that is busy and says for how long, not longer than `PATIENCE_S`, is asked once more, where another
        request may be sent. Raises what `wire.refusal` says, `CounterpartAway`, `CounterpartGarbled`,
        `AddressRefused`, `RequestsSpent`.
        """
        answer = await self.once(url, accept=accept, limit=limit)
        failure = wire.refusal(answer, self.clock.now())
        if (
            isinstance(failure, CounterpartBusy)
            and failure.retry_after is not None
            and failure.retry_after <= PATIENCE_S
            and not self.spent
        ):
            await self.rate.sleep(failure.retry_after)
            answer = await self.once(url, accept=accept, limit=limit)
            failure = wire.refusal(answer, self.clock.now())
        if failure is not None and answer.status not in other:
            raise failure
        return answer

    async def once(self, url: str, *, accept: str, limit: int = MOST_BYTES) -> Answer:
        """The answer, whatever its status, when it is this request's turn.

        Raises `AnswerRefused` for far too much, `RequestsSpent`.
        """
        if self.spent:
            raise RequestsSpent
        await self.rate.turn()
        self.requests += 1
        answer = await exchange(
            self.client, "GET", url, headers={**self.headers, "Accept": accept}, limit=limit, call=self.call
        )
        self.taken += len(answer.body)
        if self.taken > MOST_IN_ALL:
            raise AnswerRefused("rows")
        body = answer.body if self.keeps else b""
        self.answers.append(KeptAnswer(url, answer.status, hashlib.sha256(answer.body).hexdigest(), body))
        return answer

    @property
    def spent(self) -> bool:
        """Whether no further request may be sent."""
        return self.most is not None and self.requests >= self.most

    def anew(self, most: int | None = None) -> Asker:
        """The same, before its first request; `most` of them may be sent."""
        return replace(self, most=most)


def is_page(answer: Answer) -> bool:
    """Whether an answer is a page for people: of a proxy, or of a portal that moved."""
    media_type = answer.headers.get("content-type", "").lower()
    return "html" in media_type or answer.body.lstrip()[:1] == b"<"
