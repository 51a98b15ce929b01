"""Signing out: the browser's sessions end, the person goes back to the portal, portals' servers are told.

Knows: when a portal's word is enough and when the person is asked. Never does: tell servers itself (the
worker does), redirect to an address that is not registered. Standards: OpenID Connect RP-Initiated Logout 1.0, Back-
Channel Logout 1.0. Start reading: `SigningOut.step`.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from gateway.login.authorization import Parameters, bounded, language_of
from gateway.login.clients import Registry
from gateway.login.codes import digest
from gateway.login.id_token_keys import IdTokenKeys
from gateway.login.id_tokens import hinted
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
_UNTOUCHED: Final = SetCookies()


@dataclass(frozen=True, slots=True)
class _SignOutRequest:
    """A request to sign out that is sound. `session` is the one that the portal's hint names, while it stands."""

    client: str | None
    address: str | None = field(repr=False)
    session: Session | None
    parameters: Mapping[str, str] = field(repr=False)


class SigningOut:
    """Ends sessions; the store notes whose portals want to know."""

    def __init__(
        self, logins: LoginStore, registry: Registry, keys: IdTokenKeys, clock: Clock, refusals: Refusals
    ) -> None:
        self._logins = logins
        self._registry = registry
        self._keys = keys
        self._clock = clock
        self._refusals = refusals

    async def step(self, issuer: Issuer, parameters: Parameters, cookies: BrowserCookies) -> Step:
        """Sign out, or ask first where neither a portal of the session nor a page of ours says that it is meant."""
        wish = await self._wish(issuer, parameters) if bounded(parameters) else "too_large"
        if isinstance(wish, str):
            return self._refusals.shown(PageKind.BAD_REQUEST, wish)
        language = language_of(wish.parameters.get("ui_locales", ""))
        cookie = digest(cookies.session) if cookies.session is not None else None
        if cookie is None and wish.session is not None:
            cookie = wish.session.cookie  # the portal posted: no cookie comes from another site
        ours = wish.session is not None and wish.session.cookie == cookie
        if cookies.session is not None and not ours:
            proof = logout_proof(cookies.session, await self._logins.subject_key(issuer.municipality))
            if not hmac.compare_digest(wish.parameters.get(CONFIRMED, "").encode(), proof.encode()):
                passed_on = {"client_id": wish.client, **{name: wish.parameters.get(name) for name in _PASSED_ON}}
                return AskToSignOut(answered(f"{issuer.url}/oidc/logout", {**passed_on, CONFIRMED: proof}), language)
        if cookie is not None:
            await self.end(cookie)
        gone = _UNTOUCHED if cookie is None else _GONE  # a form of another site brings none, and takes none away
        if wish.address is not None:
            return Redirect(answered(wish.address, {"state": wish.parameters.get("state")}), gone)
        return Show(PageKind.SIGNED_OUT, "", language, status=200, cookies=gone)

    async def end(self, cookie: bytes) -> None:
        """End every session of a browser, by the digest of its cookie; portals' servers that want to know are told."""
        parties = ((client.client.id, client.relying_party) for client in self._registry.with_logins)
        notified = {name for name, party in parties if party is not None and party.backchannel_logout_uri is not None}
        await self._logins.end_sessions(cookie, notified)

    async def _wish(self, issuer: Issuer, parameters: Parameters) -> _SignOutRequest | str:
        by_name = dict(parameters)
        if len(by_name) != len(parameters):
            return "parameter_repeated"
        hint = hinted(self._keys, by_name["id_token_hint"], issuer.url) if by_name.get("id_token_hint") else None
        if hint is None and by_name.get("id_token_hint"):
            return "hint_unknown"
        client_id = by_name.get("client_id") or (hint["aud"] if hint else None)
        if hint is not None and client_id != hint["aud"]:
            return "hint_of_another"
        address = by_name.get("post_logout_redirect_uri") or None
        if address is not None and not self._may_go_to(address, client_id):
            return "address_unknown"
        return _SignOutRequest(client_id, address, await self._session_of(hint), by_name)

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
