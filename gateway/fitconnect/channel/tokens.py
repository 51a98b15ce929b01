"""Access tokens for one client: fetched once for all, renewed early, dropped when refused.

Knows: OAuth 2 client credentials with `client_secret_post`, as FIT-Connect's token endpoint wants it.
Never does: name a scope (all assigned ones come unasked), write a token or secret anywhere.
Standard: RFC 6749 §4.4, FIT-Connect "authentication". Start reading: `AccessTokens.current`. Does I/O.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from gateway.errors import CounterpartError, CounterpartGarbled, TokenRefused
from gateway.fitconnect import names, wire
from gateway.fitconnect.channel.flight import Flight
from gateway.input import json_reader
from gateway.outbound.answer import Answer
from gateway.outbound.client import HttpClient, exchange
from gateway.ports.clock import Clock

RENEW_AFTER: Final = 0.8
"""Share of a token's life after which it is renewed while still valid."""
MARGIN_S: Final = 15.0
"""A token is not used in its last seconds: clocks differ and requests take time."""
UNSAID_LIFETIME_S: Final = 300.0
_REFUSALS: Final = frozenset({400, 401, 403, 404})
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")


@dataclass(frozen=True, slots=True)
class _Held:
    value: str = field(repr=False)
    renew_at: float
    unusable_at: float


class AccessTokens:
    """The access token of one client at one token endpoint. `tick` is a monotonic clock in seconds.

    `client_secret` is asked for each token anew, so that a corrected one counts at once; it may read a file.
    """

    def __init__(  # noqa: PLR0913 - a client, where it signs in, and its clocks
        self,
        client: HttpClient,
        token_url: str,
        client_id: str,
        client_secret: Callable[[], str],
        *,
        clock: Clock,
        tick: Callable[[], float],
    ) -> None:
        self._client = client
        self._token_url = token_url
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._tick = tick
        self._held: _Held | None = None
        self._flight: Flight[str, _Held] = Flight(max_age=0, tick=tick)

    async def current(self) -> str:
        """A token to send now; however many ask at once, one request is made.

        While an early renewal is under way or fails, the old token serves on. Raises `LookUnderWay`, `TokenRefused`,
        `CounterpartBusy`, `CounterpartAway`, `CounterpartGarbled`, `AddressRefused`.
        """
        held, now = self._held, self._tick()
        if held and (now < held.renew_at or (now < held.unusable_at and self._flight.busy("token"))):
            return held.value
        try:
            self._held = await self._flight.join("token", self._fetch)
        except CounterpartError as error:
            if held and error.retry and now < held.unusable_at and self._held is held:
                return held.value
            raise
        return self._held.value

    async def renew(self) -> None:
        """Fetch a new token whatever is held, to see whether the endpoint works. Raises as `current`."""
        self._held = await self._flight.join("token", self._fetch)

    def drop(self, token: str) -> None:
        """Forget a token that was answered with 401; a newer one stays."""
        if self._held and self._held.value == token:
            self._held = None

    async def _fetch(self) -> _Held:
        secret = await asyncio.to_thread(self._client_secret)
        form = {"grant_type": "client_credentials", "client_id": self._client_id, "client_secret": secret}
        headers = {"content-type": names.FORM, "accept": names.JSON}
        began = self._tick()
        content = urlencode(form).encode("ascii")
        answer = await exchange(
            self._client,
            "POST",
            self._token_url,
            headers=headers,
            content=content,
            limit=65_536,
            call="fitconnect.token",
        )
        if answer.status in _REFUSALS:
            raise TokenRefused(host=answer.host)
        if failure := wire.refusal(answer, self._clock.now()):
            raise failure
        value, lifetime = _read(answer)
        return _Held(value, began + lifetime * RENEW_AFTER, began + lifetime - MARGIN_S)


def _read(answer: Answer) -> tuple[str, float]:
    try:
        body = json_reader.decode(answer.body)
        value, kind = body["access_token"], body["token_type"]
        lifetime = float(body.get("expires_in", UNSAID_LIFETIME_S))
        sound = _TOKEN.fullmatch(value) and kind.lower() == "bearer" and 0 <= lifetime < math.inf
    except (ValueError, TypeError, KeyError, AttributeError):
        sound = None
    if not sound:
        raise CounterpartGarbled(host=answer.host)
    return value, lifetime
