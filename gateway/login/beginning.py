"""The begin of a login: a portal's request leads to a chooser, to an identity provider, or to a code at once.

Knows: which request may be answered where, whom a session spares, what is kept of a login under way. Never does: HTTP,
judge an answer. Standards: OpenID Connect Core §3.1.2.1, RFC 6749 §4.1, RFC 8252 §8.6.
Start reading: `Beginning.authorize`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from gateway.crypto import base64url
from gateway.errors import TooManyLogins
from gateway.input.patterns import SECRET
from gateway.login import completion
from gateway.login.authorization import (
    Addressed,
    AuthorizationRefusedError,
    AuthorizationRequest,
    Parameters,
    addressed,
    bounded,
    language_of,
    once,
    read,
    response_mode,
)
from gateway.login.choosing import Choosing
from gateway.login.clients import Registry
from gateway.login.codes import digest
from gateway.login.completion import Circumstances
from gateway.login.id_token_keys import IdTokenKeys
from gateway.login.id_tokens import hinted
from gateway.login.pushed import PushedRequests, Resolved
from gateway.login.refusals import Answering, Refusals
from gateway.login.sessions import Sessions, SignedIn
from gateway.login.steps import BrowserCookies, Choose, PageKind, SetCookies, Step
from gateway.login.subject import address_digest
from gateway.login.tokens import Issuer
from gateway.ports.clock import Clock
from gateway.ports.identity import IdentityProvider
from gateway.ports.login import LoginStore, LoginUnderWay

UNDER_WAY_S: Final = 900
"""How long a person has to log in."""


class Beginning:
    """Begins logins at all municipalities."""

    def __init__(  # noqa: PLR0913 - what it consists of, each named
        self,
        *,
        logins: LoginStore,
        registry: Registry,
        clock: Clock,
        random: Callable[[int], bytes],
        keys: IdTokenKeys,
        refusals: Refusals,
        choosing: Choosing,
        pushed: PushedRequests,
    ) -> None:
        self._logins, self._registry, self._clock, self._random = logins, registry, clock, random
        self._keys, self._refusals, self._choosing, self._pushed = keys, refusals, choosing, pushed
        self._sessions = Sessions(logins)

    async def authorize(self, issuer: Issuer, parameters: Parameters, cookies: BrowserCookies, address: str) -> Step:
        """A portal's request. `address` is the caller's, for the bounds."""
        answered = await self._addressed(issuer, parameters)
        if isinstance(answered, str):
            return self._refusals.shown(PageKind.BAD_REQUEST, answered)
        to, resolved = answered
        language = language_of(once(resolved.parameters, "ui_locales") or "")
        back = Answering(to.client, to.redirect_uri, response_mode(resolved.parameters), to.state, issuer.url, language)
        try:
            asked = self._with_hint(read(resolved.parameters, to, issuer.url), issuer)
            session = cookies.session if to.certain else None  # RFC 8252 §8.6: else another app could ask unseen
            signed_in = await self._sessions.usable(asked, session, issuer, self._clock.now())
            if signed_in is not None:
                step = await self._again(issuer, to, asked, pushed=resolved.pushed, signed_in=signed_in, back=back)
                if step is not None:
                    return step
            if "none" in asked.prompt:
                return self._refusals.told(back, "login_required", "nobody is signed in as it was asked for")
            return await self._begun(issuer, asked, pushed=resolved.pushed, back=back, cookies=cookies, address=address)
        except AuthorizationRefusedError as error:
            return self._refusals.told(back, error.error, error.description)

    async def _addressed(self, issuer: Issuer, parameters: Parameters) -> tuple[Addressed, Resolved] | str:
        """Where faults may be told to, and the request itself, pushed or not; a text: why there is no such place."""
        if not bounded(parameters):
            return "too_large"
        resolved = await self._pushed.resolved(issuer, parameters)
        if resolved is None:
            return "request_uri_unknown"
        to = addressed(resolved.parameters, self._registry, issuer.municipality)
        return "client_or_address_unknown" if to is None else (to, resolved)

    def _with_hint(self, asked: AuthorizationRequest, issuer: Issuer) -> AuthorizationRequest:
        """Whose login it has to be, where the portal sent an ID token along; its expiry counts for nothing."""
        if asked.hint is None:
            return asked
        hint = hinted(self._keys, asked.hint, issuer.url)
        if hint is None or hint["aud"] != asked.client or asked.subject not in {None, hint["sub"]}:
            raise AuthorizationRefusedError("invalid_request", "id_token_hint is none of ours for this client")
        return replace(asked, subject=hint["sub"])

    async def _again(  # noqa: PLR0913 - each named
        self,
        issuer: Issuer,
        to: Addressed,
        asked: AuthorizationRequest,
        *,
        pushed: bytes | None,
        signed_in: SignedIn,
        back: Answering,
    ) -> Step | None:
        """A code without asking the person; None: the session ended meanwhile, or its provider signs nobody in now."""
        if self._choosing.find(issuer.municipality, signed_in.login.provider) is None:
            return None
        key = await self._logins.subject_key(issuer.municipality)
        at = Circumstances(issuer, to.registered, key, self._clock.now(), self._random)
        done = completion.again(at, asked, signed_in.login, signed_in.session, signed_in.cookie)
        if done is None or not await self._logins.finish(replace(done.finished, pushed=pushed)):
            return None
        return back.step({"code": done.code})

    async def _begun(  # noqa: PLR0913 - each named
        self,
        issuer: Issuer,
        asked: AuthorizationRequest,
        *,
        pushed: bytes | None,
        back: Answering,
        cookies: BrowserCookies,
        address: str,
    ) -> Step:
        """A new login, kept at once with the provider that it goes to where there is no choice; else the chooser."""
        possible = self._choosing.possible(issuer.municipality, asked.level)
        if not possible:
            unmet = bool(self._choosing.enabled(issuer.municipality))
            error = "unmet_authentication_requirements" if unmet else "temporarily_unavailable"
            raise AuthorizationRefusedError(error, "no identity provider here serves this login")
        handle, browser = self._token(), _whole(cookies.login) or self._token()
        login = await self._new(issuer, asked, digest(handle), digest(browser), address)
        only = _only(possible, asked)
        if only is not None:
            login = self._choosing.chosen(login, only, self._choosing.request_id(), login.created_at)
        try:
            if not await self._logins.begin(login, pushed):
                return self._refusals.shown(PageKind.BAD_REQUEST, "request_uri_unknown", language=asked.language)
        except TooManyLogins as error:
            return self._refusals.shown(
                PageKind.TOO_MANY,
                error.code,
                back=back,
                error="temporarily_unavailable",
                language=asked.language,
                status=error.status,
            )
        set_cookies = SetCookies(login=None if browser == cookies.login else browser)
        if only is not None:
            return await self._choosing.go(login, handle, only, back=back, language=asked.language, cookies=set_cookies)
        offers = self._choosing.offers(issuer, possible, handle, asked.language)
        return Choose(issuer.municipality, offers, back.way_back("access_denied"), asked.language, set_cookies)

    async def _new(
        self, issuer: Issuer, asked: AuthorizationRequest, handle: bytes, browser: bytes, address: str
    ) -> LoginUnderWay:
        now, key = self._clock.now(), await self._logins.subject_key(issuer.municipality)
        return LoginUnderWay(
            id=UUID(bytes=self._random(16), version=4),
            handle=handle,
            browser=browser,
            municipality=issuer.municipality,
            client=asked.client,
            level=asked.level,
            created_at=now,
            expires_at=now + timedelta(seconds=UNDER_WAY_S),
            request=asked.as_json(),
            address=address_digest(address, key),
        )

    def _token(self) -> str:
        return base64url.encode(self._random(32)).decode()


def _only(possible: Sequence[IdentityProvider], asked: AuthorizationRequest) -> IdentityProvider | None:
    """The provider that nobody has to choose: the one that the portal named, or the one there is."""
    if asked.provider is not None and (named := [provider for provider in possible if provider.name == asked.provider]):
        return named[0]
    return possible[0] if len(possible) == 1 and "select_account" not in asked.prompt else None


def _whole(cookie: str | None) -> str | None:
    """A cookie that can be one of ours."""
    return cookie if cookie is not None and SECRET.fullmatch(cookie) else None
