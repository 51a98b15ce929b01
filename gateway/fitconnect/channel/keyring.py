"""Public keys of the other side: of a destination to seal for, of both issuers to verify with.

Knows: where each key is read (configured addresses only), which rules and roots it must keep, how long it serves.
Never does: take a key whose rules are broken, follow an issuer. Standard: FIT-Connect "set-validation", JWK rules.
Start reading: `CounterpartKeys.reception`, then `CounterpartKeys.verifying`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.crypto.certificates import Usage, check_chain
from gateway.crypto.keys import PublicKey, Use, public_key
from gateway.errors import CounterpartRefused, DestinationUnfit, KeyUnfit
from gateway.fitconnect import names, wire
from gateway.fitconnect.channel.api import Api
from gateway.fitconnect.channel.environment import Environment
from gateway.fitconnect.channel.flight import Flight
from gateway.fitconnect.events import KeyWanted
from gateway.fitconnect.wire import Inbox
from gateway.ports.clock import Clock
from gateway.ports.keys import KeyArchive

RECEPTION_AGE_S: Final = 2.0
"""A destination and its key must not be cached; submissions sealed within this time share one look at them."""
VERIFY_AGE_S: Final = 3600.0
"""A key to verify with is looked up anew after this time."""
ASK_AGAIN_S: Final = 5.0
"""A key that is unknown, or whose signature failed, is asked for at most this often."""


@dataclass(frozen=True, slots=True)
class Reception:
    """A destination as it is now, and the checked key to seal for."""

    inbox: Inbox
    key: PublicKey


class CounterpartKeys:
    """The keys of one environment. `archive` keeps each key that is used; `tick` is a monotonic clock in seconds."""

    def __init__(
        self, api: Api, environment: Environment, archive: KeyArchive, clock: Clock, tick: Callable[[], float]
    ) -> None:
        self._api = api
        self._environment = environment
        self._archive = archive
        self._clock = clock
        self._tick = tick
        self._receptions: Flight[str, Reception] = Flight(max_age=RECEPTION_AGE_S, tick=tick)
        self._lookups: Flight[tuple[str, str], Mapping[str, PublicKey]] = Flight(max_age=ASK_AGAIN_S, tick=tick)
        self._known: dict[tuple[str, str, str], tuple[float, PublicKey]] = {}

    async def reception(self, destination_id: str) -> Reception:
        """Destination and key, read within the last `RECEPTION_AGE_S`. Raises `KeyUnfit` before anything is sealed."""
        return await self._receptions.join(destination_id, lambda: self._receive(destination_id))

    async def verifying(
        self, wants: Iterable[KeyWanted], destination_id: str, *, anew: bool = False
    ) -> Mapping[KeyWanted, PublicKey]:
        """Those of the wanted keys that exist and keep the rules; `anew` looks them up again."""
        verified: dict[KeyWanted, PublicKey] = {}
        for want in wants:
            key = await self._verifying(want, destination_id.lower(), anew=anew)
            if key:
                verified[want] = key
        return verified

    async def _receive(self, destination_id: str) -> Reception:
        try:
            inbox = wire.destination(await self._api.send(wire.read_destination(destination_id)))
        except CounterpartRefused as error:
            if error.params.get("problem") == names.DESTINATION_NOT_FOUND:  # ours to correct, not the counterpart's
                raise DestinationUnfit(rule=f"destination_id ({destination_id}, unknown there)") from None
            raise
        if inbox.destination_id.lower() != destination_id.lower():
            raise KeyUnfit(rule="destination")
        jwk = await self._destination_jwk(destination_id, inbox.encryption_kid)
        key = await asyncio.to_thread(self._judged, jwk, "wrapKey", "keyEncipherment")
        if key.kid != inbox.encryption_kid:
            raise KeyUnfit(rule="kid")
        await self._archive.keep_key(key.jwk)
        return Reception(inbox, key)

    async def _verifying(self, want: KeyWanted, destination_id: str, *, anew: bool) -> PublicKey | None:
        scope = destination_id if want.side == names.SUBSCRIBER else ""
        cache_key = (want.side, scope, want.kid)
        held = self._known.get(cache_key)
        if held and not anew and self._tick() - held[0] < VERIFY_AGE_S:
            return held[1]
        if want.side == names.DELIVERY_SERVICE:
            fetched = await self._lookups.join(("", ""), self._delivery_keys)
        else:
            fetched = await self._lookups.join((scope, want.kid), lambda: self._subscriber_key(scope, want.kid))
        key = fetched.get(want.kid)
        if key:
            await self._archive.keep_key(key.jwk)
            self._known[cache_key] = (self._tick(), key)
        else:
            self._known.pop(cache_key, None)
        return key

    async def _delivery_keys(self) -> Mapping[str, PublicKey]:
        """The delivery service's keys come without chain: their proof is the configured address, over TLS."""
        verified: dict[str, PublicKey] = {}
        for kid, jwk in wire.key_set(await self._api.send(wire.read_delivery_keys())).items():
            try:
                verified[kid] = public_key(jwk, use="verify", x5c_required=False)
            except KeyUnfit:
                continue
        return verified

    async def _subscriber_key(self, destination_id: str, kid: str) -> Mapping[str, PublicKey]:
        try:
            jwk = await self._destination_jwk(destination_id, kid)
            key = await asyncio.to_thread(self._judged, jwk, "verify", "digitalSignature")
        except KeyUnfit:
            return {}
        except CounterpartRefused as error:
            if error.params.get("http_status") == 404:
                return {}
            raise
        return {key.kid: key}

    async def _destination_jwk(self, destination_id: str, kid: str) -> Mapping[str, Any]:
        try:
            request = wire.read_key(destination_id, kid)
        except ValueError:
            raise KeyUnfit(rule="kid") from None
        return wire.key(await self._api.send(request))

    def _judged(self, jwk: Mapping[str, Any], use: Use, usage: Usage) -> PublicKey:
        insecure = self._environment.insecure_public_keys
        key = public_key(jwk, use=use, x5c_required=not insecure)
        if not insecure:
            check_chain(key.x5c, self._environment.trust_roots, now=self._clock.now(), usage=usage)
        return key
