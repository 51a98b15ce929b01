"""What is asked of the routing service: for each entry with a destination, whether it leads there.

Knows: one request an entry, as the interface takes one key. Never does: judge a signature (`fitconnect.routing` does),
keep answers: they name contact persons. Standard: Routing API 2.0.0. Start reading: `RoutingSource.read`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.catalogue.entry import Entry
from gateway.catalogue.readback.asking import Asker
from gateway.catalogue.readback.judging import Judgement, asked_for_routes, routed
from gateway.catalogue.status import Source
from gateway.fitconnect import names
from gateway.fitconnect.channel.routing_client import JudgedRoute, RoutingClient, RoutingEnvironment
from gateway.outbound.answer import Answer


@dataclass(frozen=True, slots=True)
class RoutingSource:
    """The routing services that municipalities use, by ARS. `tick` is a monotonic clock in seconds.

    Keeps the port `gateway.catalogue.readback.reading.ListingSource`.
    """

    environments: Mapping[str, RoutingEnvironment]
    asker: Asker
    tick: Callable[[], float]

    @property
    def source(self) -> Source:
        """Which one it is."""
        return Source.ROUTING

    def serves(self, municipality: str) -> bool:
        """Whether the municipality's environment says where routes are asked for and whom we believe."""
        return municipality in self.environments

    async def read(self, asker: Asker, municipality: str, entries: Sequence[Entry], now: datetime) -> Judgement:
        """See the port."""

        async def send(url: str) -> Answer:
            return await asker.get(url, accept=names.JSON, other=frozenset(range(300, 600)))

        client = RoutingClient(self.environments[municipality], send, asker.clock, self.tick)
        wanted = asked_for_routes(entries, now)
        routes: dict[str, Sequence[JudgedRoute]] = {}
        for key in dict.fromkeys(entry.leika_key for entry in wanted if entry.leika_key):
            routes[key] = await client.routes(key, municipality)
        return routed(wanted, routes, now)
