"""Signing out: the browser's sessions end, the person goes back to the portal, portals' servers are told.

Knows: when a portal's word is enough and when the person is asked. Never does: deliver the tokens, redirect to an
address that is not registered. Standards: OpenID Connect RP-Initiated Logout 1.0, Back-Channel Logout 1.0.
Start reading: `SigningOut.step`.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid5

from gateway.login.authorization import Parameters, bounded, language_of
from gateway.login.clients import Registry
from gateway.login.codes import digest
from gateway.login.id_token_keys import IdTokenKeys
from gateway.login.id_tokens import hinted, logout_token
from gateway.login.redirects import answered, registered
from gateway.login.refusals import Refusals
from gateway.login.steps import AskToSignOut, BrowserCookies, PageKind, Redirect, SetCookies, Show, Step
from gateway.login.subject import logout_proof
from gateway.login.tokens import Issuer
from gateway.ports.clock import Clock
from gateway.ports.login import LoginStore, Session

CONFIRMED: Final = "confirm"
_PASSED_ON: Final = ("post_logout_redirect_uri", "state", "ui_locales")
_GONE: Final = SetCookies(session="")


@dataclass(frozen=True, slots=True)
class LogoutNotice:
    """What one portal's server is to be told: POST `logout_token` to its address."""

    client: str
    address: str
    logout_token: str = field(repr=False)


Deliver = Callable[[Sequence[LogoutNotice]], Awaitable[None]]
"""Hands logout tokens to whoever delivers them; must not wait for the portals."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """A request to sign out that is sound. `session` is the one that the portal's hint names, while it stands."""

    client: str | None
    address: str | None = field(repr=False)
    session: Session | None
    said: Mapping[str, str] = field(repr=False)


class SigningOut:
    """Ends sessions. `deliver` is told of those whose portals want to know."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it consists of
        self,
        logins: LoginStore,
        registry: Registry,
        keys: IdTokenKeys,
        issuers: Mapping[str, Issuer],
        clock: Clock,
        refusals: Refusals,
        deliver: Deliver,
    ) -> None:
        self._logins = logins
        self._registry = registry
        self._keys = keys
        self._issuers = issuers
        self._clock = clock
        self._refusals = refusals
        self._deliver = deliver

    async def step(self, issuer: Issuer, parameters: Parameters, cookies: BrowserCookies) -> Step:
        """Sign out, or ask first where neither a portal of the session nor a page of ours says that it is meant."""
        wish = await self._wish(issuer, parameters) if bounded(parameters) else "too_large"
        if isinstance(wish, str):
            return self._refusals.shown(PageKind.BAD_REQUEST, wish)
        language = language_of(wish.said.get("ui_locales", ""))
        cookie = digest(cookies.session) if cookies.session is not None else None
        if cookie is None and wish.session is not None:
            cookie = wish.session.cookie  # the portal posted: no cookie comes from another site
        ours = wish.session is not None and wish.session.cookie == cookie
        if cookies.session is not None and not ours:
            proof = logout_proof(cookies.session, await self._logins.subject_key(issuer.municipality))
            if not hmac.compare_digest(wish.said.get(CONFIRMED, "").encode(), proof.encode()):
                said = {"client_id": wish.client, **{name: wish.said.get(name) for name in _PASSED_ON}}
                return AskToSignOut(answered(f"{issuer.url}/oidc/logout", {**said, CONFIRMED: proof}), language)
        if cookie is not None:
            await self.end(cookie)
        left = SetCookies() if cookie is None else _GONE  # what a browser did not bring it may have all the same
        if wish.address is not None:
            return Redirect(answered(wish.address, {"state": wish.said.get("state")}), left)
        return Show(PageKind.SIGNED_OUT, "", language, status=200, cookies=left)

    async def end(self, cookie: bytes) -> None:
        """End every session of a browser, by the digest of its cookie; their portals are told."""
        if notices := await self.notices(await self._logins.end_sessions(cookie)):
            await self._deliver(notices)

    async def notices(self, sessions: Sequence[Session]) -> list[LogoutNotice]:
        """What the servers of the portals of these sessions are to be told."""
        now, found = self._clock.now(), []
        for session in sessions:
            client, issuer = self._registry.get(session.client), self._issuers.get(session.municipality)
            party = client.relying_party if client else None
            if party is None or party.backchannel_logout_uri is None or issuer is None:
                continue
            login = await self._logins.login(session.login)
            token = logout_token(
                self._keys,
                party.id_token_alg,
                issuer=issuer.url,
                client=session.client,
                subject=login.subject if login else None,
                session=str(session.id),
                jti=str(uuid5(session.id, now.isoformat())),
                now=now,
            )
            found.append(LogoutNotice(session.client, party.backchannel_logout_uri, token))
        return found

    async def _wish(self, issuer: Issuer, parameters: Parameters) -> _Wish | str:
        said = dict(parameters)
        if len(said) != len(parameters):
            return "parameter_repeated"
        hint = hinted(self._keys, said["id_token_hint"], issuer.url) if said.get("id_token_hint") else None
        if hint is None and said.get("id_token_hint"):
            return "hint_unknown"
        client_id = said.get("client_id") or (hint["aud"] if hint else None)
        if hint is not None and client_id != hint["aud"]:
            return "hint_of_another"
        address = said.get("post_logout_redirect_uri") or None
        if address is not None and not self._may_go_to(address, client_id):
            return "address_unknown"
        return _Wish(client_id, address, await self._session_of(hint), said)

    def _may_go_to(self, address: str, client_id: str | None) -> bool:
        client = self._registry.get(client_id) if client_id else None
        party = client.relying_party if client else None
        return party is not None and registered(address, party.post_logout_redirect_uris, public=party.public)

    async def _session_of(self, hint: Mapping[str, Any] | None) -> Session | None:
        try:
            sid = UUID(str(hint["sid"])) if hint and "sid" in hint else None
        except ValueError:
            return None
        return None if sid is None else await self._logins.session_by_id(sid, self._clock.now())
