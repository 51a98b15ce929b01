"""Asks the routing service which destinations take a service in a region, and proves what it says.

Knows: configured addresses, the portal's keys and how long they serve. Never does: judge by itself (`routing` does),
call an address that a signature names, authenticate. Standard: Routing API 2.0.0. Start reading:
`RoutingClient.routes`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from gateway.crypto.keys import PublicKey, public_key
from gateway.errors import KeyUnfit
from gateway.fitconnect import routing, wire
from gateway.fitconnect.routing import ExpectedRoute, Route
from gateway.outbound.answer import Answer
from gateway.ports.clock import Clock

AHEAD: Final = timedelta(minutes=5)
"""How far the portal's clock may be ahead of ours."""
KEYS_AGE_S: Final = 3600.0
"""Keys of the portal are looked up anew after this time."""
ASK_AGAIN_S: Final = 5.0
"""A key that is not among them is asked for at most this often."""

Send = Callable[[str], Awaitable[Answer]]
"""Gets an address; the answer whatever its status."""


@dataclass(frozen=True, slots=True)
class RoutingEnvironment:
    """Where routes are asked for and whom we believe. `hosts`: where submissions may go (host, maybe with port)."""

    routing_api: str
    portal_issuer: str
    hosts: frozenset[str]


@dataclass(frozen=True, slots=True)
class JudgedRoute:
    """A route and the first rule that its signature breaks; None: the portal vouches for it."""

    route: Route
    broken: str | None

    @property
    def proven(self) -> bool:
        """Whether the portal vouches for it."""
        return self.broken is None


@dataclass(slots=True)
class RoutingClient:
    """The routing service of one environment. `tick` is a monotonic clock in seconds."""

    environment: RoutingEnvironment
    send: Send
    clock: Clock
    tick: Callable[[], float]
    _keys: Mapping[str, PublicKey] = field(default_factory=dict, init=False)
    _read_at: float | None = field(default=None, init=False)

    async def routes(self, leika_key: str, ars: str) -> tuple[JudgedRoute, ...]:
        """Every route for the service in the municipality, each judged; none where there is none.

        Raises what `wire.refusal` says, `CounterpartAway`, `CounterpartGarbled`, `AddressRefused`.
        """
        answer = await self._get(self.environment.routing_api, routing.ask(leika_key, ars))
        offered = routing.read_routes(answer)
        kids = {kid for route in offered if (kid := routing.wanted_kid(route))}
        keys = await self._portal_keys(kids)
        expected = ExpectedRoute(
            leika_key, ars, self.environment.portal_issuer, self.environment.hosts, self.clock.now() + AHEAD
        )
        return tuple(JudgedRoute(route, routing.judged(route, expected, keys)) for route in offered)

    async def _portal_keys(self, kids: set[str]) -> Mapping[str, PublicKey]:
        if not kids:
            return {}
        known_for = KEYS_AGE_S if kids <= self._keys.keys() else ASK_AGAIN_S
        if self._read_at is None or self.tick() - self._read_at >= known_for:
            listed = wire.key_set(await self._get(self.environment.portal_issuer, routing.ask_keys()))
            self._keys, self._read_at = _usable(listed), self.tick()
        return self._keys

    async def _get(self, base: str, request: wire.Request) -> Answer:
        answer = await self.send(base.rstrip("/") + request.path)
        if failure := wire.refusal(answer, self.clock.now()):
            raise failure
        return answer


def _usable(listed: Mapping[str, Mapping[str, object]]) -> Mapping[str, PublicKey]:
    """Those that keep the rules; their proof is the configured address, over TLS, so a chain may lack."""
    keys = {}
    for kid, jwk in listed.items():
        try:
            keys[kid] = public_key(jwk, use="verify", x5c_required=False)
        except KeyUnfit:
            continue
    return keys
