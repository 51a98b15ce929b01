"""The collector by HTTP: a token by client credentials, then one transfer a request.

Knows: Authlib's client over our way out, what each of its exceptions means here, what may be a token. Never does:
repeat what failed (but once with a new token), read texts of answers, keep more of a token's answer than it needs.
Standard: RFC 6749 §4.4, RFC 6750; PVOG Sammlerdienst (push). Start reading: `OAuthCollector.send`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from gateway.errors import CounterpartAway, CounterpartError, CounterpartGarbled, CounterpartRefused, TokenRefused
from gateway.fitconnect import wire
from gateway.outbound.answer import Answer
from gateway.outbound.httpx_errors import as_ours
from gateway.outbound.oauth2_client import GRANT, AsyncOAuth2Client, OAuthError
from gateway.ports.clock import Clock

PATIENCE_S: Final = 90.0
"""One transfer has so long, sign-in included: less than the lease, so that nobody else sends it at the same time."""
_XML: Final = {"Content-Type": "application/xml", "Accept": "application/json"}
_UNAUTHORIZED: Final = 401
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{1,8000}={0,2}", re.ASCII)
"""`b64token` of RFC 6750; longer ones fit no header."""
_EXPLAINED: Final = frozenset({400, 403})
"""The body may name an error of RFC 6749 §5.2."""
_LONGEST_LIFE_S: Final = 86_400
_LEEWAY: Final = timedelta(seconds=60)


class OAuthCollector:
    """Keeps the port `gateway.catalogue.pushing.push.Collector`. `client` was made by `outbound.oauth2_client`."""

    def __init__(self, client: AsyncOAuth2Client, address: str, clock: Clock) -> None:
        self._client, self._address, self._clock = client, address, clock
        self._renew_at: datetime | None = None
        client.register_compliance_hook("access_token_response", _succeeded)

    async def send(self, content: bytes) -> None:
        """See the port; a token that is refused is renewed once."""
        host = urlsplit(self._address).hostname or ""
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._sent(content, host)
                if answer.status == _UNAUTHORIZED:
                    self._client.token = None
                    answer = await self._sent(content, host)
        except TimeoutError:
            raise CounterpartAway(host=host) from None
        failure = wire.refusal(answer, self._clock.now())
        if failure is not None:
            raise failure

    async def _sent(self, content: bytes, host: str) -> Answer:
        if not self._client.token or (self._renew_at is not None and self._renew_at <= self._clock.now()):
            await self._signed_in()
        try:
            response = await self._client.post(self._address, content=content, headers=_XML)
        except httpx.HTTPError as error:
            failure = _meant(error, host)
        else:
            return Answer(response.status_code, dict(response.headers), response.content, host)
        raise failure

    async def _signed_in(self) -> None:
        """Get a token. Authlib is given no more of it than it shows, so that it never renews one by itself."""
        host = self._token_host()
        failure: CounterpartError
        self._client.token = None
        try:
            token: Any = await self._client.fetch_token(grant_type=GRANT)
            shown = _usable(token)
            if shown is not None:
                self._client.token = {"access_token": shown, "token_type": "Bearer"}
                self._renew_at = _renewal(token, self._clock.now())
                return
            failure = CounterpartGarbled(host=host)
        except OAuthError:
            failure = TokenRefused(host=host)
        except httpx.HTTPStatusError as error:
            failure = self._status(error, host)
        except httpx.HTTPError as error:
            failure = _meant(error, host)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
            failure = CounterpartGarbled(host=host)  # whatever else Authlib trips over in an answer
        self._client.token = None
        raise failure

    def _status(self, error: httpx.HTTPStatusError, host: str) -> CounterpartError:
        answer = Answer(error.response.status_code, dict(error.response.headers), b"", host)
        failure = wire.refusal(answer, self._clock.now())
        if isinstance(failure, CounterpartRefused):
            return TokenRefused(host=host)
        return failure if isinstance(failure, CounterpartError) else CounterpartGarbled(host=host)

    def _token_host(self) -> str:
        return urlsplit(self._client.metadata["token_endpoint"]).hostname or ""


def _succeeded(response: httpx.Response) -> httpx.Response:
    """The answer, if its body says more than its status; Authlib takes a token out of any below 500."""
    return response if response.status_code in _EXPLAINED else response.raise_for_status()


def _usable(token: Mapping[str, Any]) -> str | None:
    """The token, if it can stand in a header."""
    value, kind = token.get("access_token"), token.get("token_type")
    usable = isinstance(value, str) and isinstance(kind, str) and kind.lower() == "bearer" and _TOKEN.fullmatch(value)
    return value if usable else None


def _renewal(token: Mapping[str, Any], now: datetime) -> datetime | None:
    """When it has to be renewed; None: not said, the collector will refuse it."""
    life = token.get("expires_in")
    return now + timedelta(seconds=min(life, _LONGEST_LIFE_S)) - _LEEWAY if type(life) is int and life > 0 else None


def _meant(error: httpx.HTTPError, host: str) -> CounterpartError:
    return as_ours(error, host) if isinstance(error, httpx.RequestError) else CounterpartGarbled(host=host)
