"""The collector by HTTP: a token by client credentials, then one transfer a request.

Knows: Authlib's client over our way out, what each of its exceptions means here. Never does: repeat what failed (but
once with a new token), read texts of answers. Standard: RFC 6749 §4.4, RFC 6750; PVOG Sammlerdienst (push).
Start reading: `OAuthCollector.send`.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from gateway.errors import CounterpartError, CounterpartGarbled, TokenRefused
from gateway.fitconnect import wire
from gateway.outbound.answer import Answer
from gateway.outbound.httpx_errors import as_ours
from gateway.outbound.oauth2_client import GRANT, AsyncOAuth2Client, OAuthError
from gateway.ports.clock import Clock

_XML: Final = {"Content-Type": "application/xml", "Accept": "application/json"}
_UNAUTHORIZED: Final = 401


class OAuthCollector:
    """Keeps the port `gateway.catalogue.pushing.push.Collector`. `client` was made by `outbound.oauth2_client`."""

    def __init__(self, client: AsyncOAuth2Client, address: str, clock: Clock) -> None:
        self._client, self._address, self._clock = client, address, clock

    async def send(self, content: bytes) -> None:
        """See the port; a token that is refused is renewed once."""
        answer = await self._sent(content)
        if answer.status == _UNAUTHORIZED:
            self._client.token = None
            answer = await self._sent(content)
        failure = wire.refusal(answer, self._clock.now())
        if failure is not None:
            raise failure

    async def _sent(self, content: bytes) -> Answer:
        if not self._client.token:
            await self._signed_in()
        host = urlsplit(self._address).hostname or ""
        try:
            response = await self._client.post(self._address, content=content, headers=_XML)
        except httpx.HTTPError as error:
            failure = _meant(error, host)
        except OAuthError:
            failure = TokenRefused(host=self._token_host())  # an old one could not be renewed
        else:
            return Answer(response.status_code, dict(response.headers), response.content, host)
        raise failure

    async def _signed_in(self) -> None:
        host = self._token_host()
        failure: CounterpartError
        try:
            token: Any = await self._client.fetch_token(grant_type=GRANT)
            if isinstance(token.get("access_token"), str) and str(token.get("token_type", "")).lower() == "bearer":
                return
            failure = CounterpartGarbled(host=host)
        except OAuthError:
            failure = TokenRefused(host=host)
        except httpx.HTTPStatusError as error:
            failure = self._status(error, host)
        except httpx.HTTPError as error:
            failure = _meant(error, host)
        except (ValueError, TypeError, KeyError, AttributeError):  # whatever else Authlib trips over in an answer
            failure = CounterpartGarbled(host=host)
        self._client.token = None
        raise failure

    def _status(self, error: httpx.HTTPStatusError, host: str) -> CounterpartError:
        answer = Answer(error.response.status_code, dict(error.response.headers), b"", host)
        failure = wire.refusal(answer, self._clock.now())
        return failure if isinstance(failure, CounterpartError) else CounterpartGarbled(host=host)

    def _token_host(self) -> str:
        return urlsplit(self._client.metadata["token_endpoint"]).hostname or ""


def _meant(error: httpx.HTTPError, host: str) -> CounterpartError:
    return as_ours(error, host) if isinstance(error, httpx.RequestError) else CounterpartGarbled(host=host)
