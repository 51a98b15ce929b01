"""What portals' servers are told of an ended session: the address and a fresh logout token.

Knows: which clients want to know, whose session it was as long as that login is known. Never does: send.
Standard: OpenID Connect Back-Channel Logout 1.0 §2.4. Start reading: `LogoutRequests.of`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from gateway.login.id_token_keys import IdTokenKeys
from gateway.login.id_tokens import logout_token
from gateway.notify.logouts import LogoutNotice, LogoutRequest
from gateway.notify.sending import ReceiverGoneError
from gateway.ports.clock import Clock
from gateway.ports.login import LoginStore


@dataclass(frozen=True, slots=True)
class LogoutReceiver:
    """A portal's server that is told."""

    address: str
    alg: str


class LogoutRequests:
    """Makes requests. `keys` gives what signs as of now, `issuers` the issuer's address of each municipality."""

    def __init__(  # noqa: PLR0913 - what it consists of, each named
        self,
        *,
        receivers: Mapping[str, LogoutReceiver],
        issuers: Mapping[str, str],
        logins: LoginStore,
        keys: Callable[[], Awaitable[IdTokenKeys]],
        clock: Clock,
        new_id: Callable[[], object],
    ) -> None:
        self.receivers = receivers
        self._issuers = issuers
        self._logins = logins
        self._keys = keys
        self._clock = clock
        self._new_id = new_id

    async def of(self, notice: LogoutNotice) -> LogoutRequest:
        """The request for one try. Raises `ReceiverGoneError` where client or municipality are there no more."""
        receiver, issuer = self.receivers.get(notice.client), self._issuers.get(notice.municipality)
        if receiver is None or issuer is None:
            raise ReceiverGoneError
        login = await self._logins.login(notice.login)
        token = logout_token(
            await self._keys(),
            receiver.alg,
            issuer=issuer,
            client=notice.client,
            subject=login.subject if login else None,
            session=str(notice.id),
            jti=str(self._new_id()),
            now=self._clock.now(),
        )
        return LogoutRequest(receiver.address, token)
