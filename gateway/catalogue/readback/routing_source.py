"""What is asked of the routing service: for each entry with a destination, whether it leads there.

Knows: one request a key, as the interface takes one; which go first, where not all may be sent. Never does: judge a
signature (`fitconnect.routing` does), keep answers: they name contact persons. Standard: Routing API 2.0.0.
Start reading: `RoutingSource.read`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from gateway.catalogue.entry import Entry
from gateway.catalogue.readback.asking import Asker, RequestsSpent
from gateway.catalogue.readback.judging import Judgement, asked_for_routes, routed
from gateway.catalogue.readback.routes import RoutesAnswered, in_turn, with_remembered
from gateway.catalogue.status import Source
from gateway.errors import CounterpartBusy, CounterpartError, CounterpartGarbled, CounterpartRefused
from gateway.fitconnect import names
from gateway.fitconnect.channel.routing_client import JudgedRoute, RoutingClient, RoutingEnvironment
from gateway.outbound.answer import Answer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RoutingSource:
    """The routing services that municipalities use, by ARS; `answered` remembers what each said last.

    `tick` is a monotonic clock in seconds.

    Keeps the port `gateway.catalogue.readback.reading.ListingSource`.
    """

    environments: Mapping[str, RoutingEnvironment]
    asker: Asker
    tick: Callable[[], float]
    answered: RoutesAnswered
    _unanswered: dict[str, dict[str, datetime]] = field(default_factory=dict, init=False)
    """By municipality and key: when an answer was none, as long as this process lives. No row knows of it."""

    @property
    def source(self) -> Source:
        """Which one it is."""
        return Source.ROUTING

    def serves(self, municipality: str) -> bool:
        """Whether the municipality's environment says where routes are asked for and whom we believe."""
        return municipality in self.environments

    async def read(self, asker: Asker, municipality: str, entries: Sequence[Entry], now: datetime) -> Judgement:
        """See the port: as many keys as may be asked; what the others were answered last counts still.

        One whose answer is none holds up no other: its turn is over, and this read-back fails where there is no other.
        """

        async def send(url: str) -> Answer:
            return await asker.get(url, accept=names.JSON, other=frozenset(range(300, 600)))

        client = RoutingClient(self.environments[municipality], send, asker.clock, self.tick)
        due = asked_for_routes(entries, now)
        remembered = await self.answered.of(municipality)
        routes: dict[str, Sequence[JudgedRoute]] = {}
        failures: list[CounterpartError] = []
        unanswered = self._unanswered.setdefault(municipality, {})
        for key in in_turn(due, remembered, unanswered):
            try:
                routes[key] = await client.routes(key, municipality)
                unanswered.pop(key, None)
            except (RequestsSpent, CounterpartBusy):
                if asker.spent and (routes or failures):
                    break
                raise
            except (CounterpartGarbled, CounterpartRefused) as error:
                await log.awarning(
                    "catalogue.route_not_read", municipality=municipality, leika_key=key, code=error.code
                )
                failures.append(error)
                unanswered[key] = now
        if failures and not routes:
            raise failures[0]
        asked = [entry for entry in due if entry.leika_key in routes]
        return with_remembered(routed(asked, routes, now), due, remembered)
