"""Asks pages, dependencies and addresses of others; whatever happens is a measurement.

Knows: time limits, hops, that a page is asked by GET and never handed anything. Never does: decide what follows
(`standing` does); keep cookies. Standard: RFC 9110; catalogue reference §6.2. Start reading: `PageAsker.ask`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import structlog

from gateway.catalogue.probes.page import REDIRECTS, ProbeReason, askable, judge, next_hop
from gateway.catalogue.probes.run import ServicePage
from gateway.catalogue.probes.standing import Measurement
from gateway.errors import AddressRefused, CounterpartAway, CounterpartGarbled, GatewayError, unexpected
from gateway.outbound import certificate
from gateway.outbound.answer import Answer
from gateway.outbound.client import HttpClient, exchange
from gateway.outbound.threads import apart
from gateway.ports.clock import Clock

log = structlog.get_logger()

LARGEST_BYTES: Final = 2_000_000
"""A page that is longer is no page for citizens."""
SHORT_BYTES: Final = 64_000
"""A page that is judged sooner than a thread begins."""
_AWAY: Final = frozenset({ProbeReason.AWAY, ProbeReason.TIMEOUT})
_HEADERS: Final = {
    "Accept": "text/html, application/xhtml+xml;q=0.9, */*;q=0.5",
    "Accept-Language": "de, en;q=0.5",
    "Connection": "close",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAsker:
    """Asks the pages of services. `limit_s` is for all hops of one page together."""

    client: HttpClient
    clock: Clock
    phrases: tuple[str, ...]
    limit_s: float

    async def ask(self, page: ServicePage) -> Measurement:
        """Measure one page."""
        ends: list[datetime] = []
        at, began = self.clock.now(), _tick()
        reason: ProbeReason | None
        try:
            async with asyncio.timeout(self.limit_s):
                reason = await self._followed(page, ends)
        except TimeoutError:
            reason = ProbeReason.TIMEOUT
        except AddressRefused:
            reason = ProbeReason.ADDRESS_REFUSED
        except CounterpartAway as error:
            reason = ProbeReason.CERTIFICATE if certificate.was_refused(error) else ProbeReason.AWAY
        except CounterpartGarbled:
            reason = ProbeReason.GARBLED
        except Exception as error:  # noqa: BLE001 - a page that nobody foresaw holds up no other
            log.warning("probe.unforeseen", service=page.subject.path, **unexpected.named(error))
            reason = ProbeReason.GARBLED
        return Measurement(
            at,
            reason is None,
            _since(began),
            reason,
            away=reason in _AWAY,
            certificate_ends=min(ends, default=None),
            host=_host(page.url),
        )

    async def _followed(self, page: ServicePage, ends: list[datetime]) -> ProbeReason | None:
        """Hop by hop, each one asked anew and its address judged anew."""
        if not askable(page.url):
            return ProbeReason.ADDRESS_REFUSED
        seen = [page.url.partition("#")[0]]
        while True:
            answer = await self._asked(seen[-1], ends)
            if answer.status not in REDIRECTS:
                shown = answer.status, answer.headers, answer.body
                judging = partial(judge, *shown, page.expected, self.phrases)
                return judging() if len(answer.body) <= SHORT_BYTES else await apart(judging, "probe")
            target = next_hop(seen[-1], answer.headers.get("location"), seen)
            if isinstance(target, ProbeReason):
                return target
            seen.append(target)

    async def _asked(self, url: str, ends: list[datetime]) -> Answer:
        answer = await exchange(self.client, "GET", url, headers=_HEADERS, limit=LARGEST_BYTES, call="probes.page")
        if answer.certificate_ends is not None:
            ends.append(answer.certificate_ends)
        return answer


async def ask_dependency(
    work: Callable[[], Awaitable[str | None]], clock: Clock, limit_s: float, host: str = ""
) -> Measurement:
    """Measure what a call says: why it does not work (None: it does), or an error of ours, whose code is the reason."""
    at, began = clock.now(), _tick()
    reason: str | None = None
    away = False
    try:
        async with asyncio.timeout(limit_s):
            reason = await work()
    except TimeoutError:
        reason, away = ProbeReason.TIMEOUT, True
    except GatewayError as error:
        reason, away = error.code, isinstance(error, CounterpartAway)
    except Exception as error:  # noqa: BLE001 - as above
        log.warning("probe.unforeseen", host=host, **unexpected.named(error))
        reason = ProbeReason.GARBLED
    return Measurement(at, reason is None, _since(began), reason, away=away, host=host)


async def answers(client: HttpClient, url: str, limit_s: float) -> bool:
    """Whether anything answers at an address of others: any status proves that our network is there."""
    try:
        async with asyncio.timeout(limit_s):
            await exchange(client, "GET", url, headers=_HEADERS, limit=LARGEST_BYTES, call="probes.reference")
    except (TimeoutError, CounterpartAway, AddressRefused):
        return False
    except CounterpartGarbled:  # too long, or no HTTP: somebody spoke
        return True
    return True


def _tick() -> float:
    return asyncio.get_running_loop().time()


def _since(began: float) -> int:
    return round((_tick() - began) * 1000)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
