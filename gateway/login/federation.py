"""The flow of a login: a portal asks, the person chooses and comes back, the portal gets a code.

Knows: the order of the steps and what each is bound to. Never does: HTTP, SAML, sentences.
Standards: OpenID Connect Core §3.1, RFC 6749 §4.1, RFC 9207. Start reading: `Federation.authorize`, then `finish`.

A login is bound to the browser that began it by a cookie. The identity provider's answer comes as a POST from another
site, without that cookie: it is kept unread (`answered`) and judged when the browser comes with the cookie (`finish`).
The browser that brought the answer is given a proof of it, and only both together count: else somebody could begin a
login, have another person answer it and finish it as that person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from hmac import compare_digest
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
from gateway.login.certificates import Presented
from gateway.login.choosing import Choosing, Providers, own_address
from gateway.login.clients import Registration, Registry
from gateway.login.codes import digest
from gateway.login.completion import Circumstances, Completed, VerifiedAnswer
from gateway.login.done import DoneLogins
from gateway.login.figures import LoginFigures
from gateway.login.id_token_keys import IdTokenKeys
from gateway.login.id_tokens import hinted
from gateway.login.provider import Provider
from gateway.login.pushed import PushedRequests, Resolved
from gateway.login.refusals import Answering, Refusals
from gateway.login.sessions import Sessions, SignedIn
from gateway.login.signing_out import SigningOut
from gateway.login.steps import BrowserCookies, Choose, PageKind, Redirect, SetCookies, Step
from gateway.login.subject import address_digest, answer_proof
from gateway.login.token_request import OAuthAnswer
from gateway.login.tokens import Issuer
from gateway.login.userinfo import Userinfo
from gateway.model import Identity
from gateway.ports.clock import Clock
from gateway.ports.identity import Authenticated, ExpectedAnswer, IdentityProvider, RefusalKind, Refused
from gateway.ports.login import LoginStore, LoginUnderWay

UNDER_WAY_S: Final = 900
"""How long a person has to log in."""
_ANSWER_LIMIT: Final = 256 * 1024
_PAGES: Final = {
    RefusalKind.CANCELLED: (PageKind.CANCELLED, "access_denied"),
    RefusalKind.ATTRIBUTES_MISSING: (PageKind.ATTRIBUTES_MISSING, "access_denied"),
    RefusalKind.LEVEL_TOO_LOW: (PageKind.LEVEL_TOO_LOW, "unmet_authentication_requirements"),
    RefusalKind.FAILED: (PageKind.FAILED, "access_denied"),
}


class Federation:
    """Logins at all municipalities."""

    def __init__(  # noqa: PLR0913 - what it consists of, each named
        self,
        *,
        logins: LoginStore,
        providers: Providers,
        registry: Registry,
        issuers: Sequence[Issuer],
        clock: Clock,
        random: Callable[[int], bytes],
        portals: Provider,
        keys: IdTokenKeys,
        figures: LoginFigures | None = None,
    ) -> None:
        self._logins = logins
        self._registry = registry
        self._issuers = {issuer.municipality: issuer for issuer in issuers}
        self._clock = clock
        self._random = random
        self._keys = keys
        self._figures = figures or LoginFigures()
        self._refusals = Refusals(random, self._figures)
        self._choosing = Choosing(providers, self._refusals, random, self._figures)
        self._sessions = Sessions(logins)
        self._done = DoneLogins(logins, registry, clock, self._refusals)
        self._pushed = PushedRequests(logins, registry, portals, clock, random)
        self._userinfo = Userinfo(logins, clock, portals.tries)
        self._signing_out = SigningOut(logins, registry, keys, clock, self._refusals)

    async def authorize(self, issuer: Issuer, parameters: Parameters, cookies: BrowserCookies, address: str) -> Step:
        """A portal's request. `address` is the caller's, for the bounds."""
        found = await self._addressed(issuer, parameters)
        if isinstance(found, str):
            return self._refusals.shown(PageKind.BAD_REQUEST, found)
        to, said = found
        language = language_of(once(said.parameters, "ui_locales") or "")
        back = Answering(to.client, to.redirect_uri, response_mode(said.parameters), to.state, issuer.url, language)
        try:
            asked = self._with_hint(read(said.parameters, to, issuer.url), issuer)
            session = cookies.session if to.certain else None  # RFC 8252 §8.6: else another app could ask unseen
            signed_in = await self._sessions.usable(asked, session, issuer, self._clock.now())
            if signed_in is not None:
                step = await self._again(issuer, to, asked, pushed=said.pushed, signed_in=signed_in, back=back)
                if step is not None:
                    return step
            if "none" in asked.prompt:
                return self._refusals.told(back, "login_required", "nobody is signed in as it was asked for")
            return await self._begun(issuer, asked, pushed=said.pushed, back=back, cookies=cookies, address=address)
        except AuthorizationRefusedError as error:
            return self._refusals.told(back, error.error, error.description)

    async def choose(self, issuer: Issuer, handle: str, provider: str, cookies: BrowserCookies) -> Step:
        """The person chose an identity provider."""
        login = await self._mine(issuer, handle, cookies)
        if login is None:
            return await self._done.page(issuer, handle, cookies)
        asked = AuthorizationRequest.of_json(login.request)
        back = _back_to(asked, issuer)
        possible = self._choosing.possible(issuer.municipality, login.level)
        chosen = next((offered for offered in possible if offered.name == provider), None)
        if chosen is None:
            return self._refusals.shown(PageKind.FAILED, "provider_unknown", back=back, language=asked.language)
        now, request_id = self._clock.now(), self._choosing.request_id()
        if not await self._logins.choose(login.id, chosen.name, request_id, now):
            return self._refusals.shown(PageKind.EXPIRED, "login_not_under_way", language=asked.language)
        login = self._choosing.chosen(login, chosen, request_id, now)
        return await self._choosing.go(login, handle, chosen, back=back, language=asked.language)

    async def answered(self, municipality: str, provider: str, form: Parameters) -> Step:
        """What an identity provider sends by the browser: kept, not judged; the browser comes again with its cookie."""
        handle, answer = once(form, "RelayState"), once(form, "SAMLResponse")
        issuer = self._issuers.get(municipality)
        known = issuer is not None and self._choosing.find(municipality, provider) is not None
        if issuer is None or not known or handle is None or not SECRET.fullmatch(handle) or not answer:
            return self._refusals.shown(PageKind.EXPIRED, "answer_to_nothing")
        octets, kept = answer.encode("utf-8", "replace"), None
        if len(octets) <= _ANSWER_LIMIT:
            now = self._clock.now()
            kept = await self._logins.keep_answer(digest(handle), municipality, provider, octets, now)
        if kept is None:
            return self._refusals.shown(PageKind.EXPIRED, "answer_to_nothing")
        proof = answer_proof(octets, handle, await self._logins.subject_key(municipality))
        language = AuthorizationRequest.of_json(kept).language
        return Redirect(own_address(issuer, "continue", language, login=handle, answer=proof))

    async def finish(self, issuer: Issuer, handle: str, proof: str, cookies: BrowserCookies) -> Step:
        """The browser comes back: the answer is judged, and whoever it names is signed in, at once or not at all.

        `proof` is what it was given for the answer.
        """
        login = await self._mine(issuer, handle, cookies)
        if login is None:
            return await self._done.page(issuer, handle, cookies)
        asked = AuthorizationRequest.of_json(login.request)
        back = _back_to(asked, issuer)
        if not await self._brought(login, handle, proof):
            return self._refusals.shown(PageKind.EXPIRED, "answer_missing", back=back, language=asked.language)
        client = self._still_registered(asked, issuer)
        provider = self._choosing.find(issuer.municipality, login.provider)
        if client is None or provider is None:
            await self._logins.end(login.id)
            reason = "client_gone" if client is None else "provider_gone"
            return self._refusals.shown(PageKind.FAILED, reason, back=back if client else None, language=asked.language)
        verdict = await self._judged(login, provider)
        if isinstance(verdict, Refused):
            await self._logins.end(login.id)
            self._figures.reject(login.municipality, provider.name, verdict.kind)
            page, error = _PAGES[verdict.kind]
            return self._refusals.shown(
                page, verdict.reason, back=back, error=error, language=asked.language, provider=provider.name
            )
        at = await self._circumstances(issuer, client)
        before = await self._cookie_before(at, verdict.identity, cookies)
        done = completion.first(at, asked, VerifiedAnswer(verdict, provider.entity_id, login.id), before)
        step = await self._signed_in(done, asked, back, login)
        return await self._done.page(issuer, handle, cookies, "answer_used_before") if step is None else step

    async def push(
        self,
        issuer: Issuer,
        authorization: str | None,
        body: bytes,
        presented: Presented | None = None,
        address: str = "",
    ) -> OAuthAnswer:
        """A pushed authorization request (RFC 9126); certificate and address are the caller's."""
        return await self._pushed.push(issuer, authorization, body, presented, address)

    async def userinfo(
        self, issuer: Issuer, authorization: Sequence[str], form: Parameters, address: str = ""
    ) -> OAuthAnswer:
        """What an access token of a login opens."""
        return await self._userinfo.answer(issuer, authorization, form, address)

    async def logout(self, issuer: Issuer, parameters: Parameters, cookies: BrowserCookies) -> Step:
        """The end of the browser's sessions."""
        return await self._signing_out.step(issuer, parameters, cookies)

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
        at = await self._circumstances(issuer, to.registered)
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
        given = SetCookies(login=None if browser == cookies.login else browser)
        if only is not None:
            return await self._choosing.go(login, handle, only, back=back, language=asked.language, cookies=given)
        offers = self._choosing.offers(issuer, possible, handle, asked.language)
        return Choose(issuer.municipality, offers, back.way_back("access_denied"), asked.language, given)

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

    async def _judged(self, login: LoginUnderWay, provider: IdentityProvider) -> Authenticated | Refused:
        """What the kept answer says; in a thread, since decryption and signatures take milliseconds."""
        if login.answer is None or login.request_id is None or login.requested_at is None:
            return Refused(RefusalKind.FAILED, "answer_to_nothing")
        expected = ExpectedAnswer(login.request_id, login.level, login.requested_at, self._clock.now())
        verdict = await asyncio.to_thread(provider.judge, login.answer, expected)
        if isinstance(verdict, Authenticated) and verdict.identity.level < login.level:
            return Refused(RefusalKind.LEVEL_TOO_LOW, "level_too_low")
        return verdict

    async def _signed_in(
        self, done: Completed, asked: AuthorizationRequest, back: Answering, under_way: LoginUnderWay
    ) -> Step | None:
        """None: the answer was used before, or the login was finished meanwhile."""
        town, provider = under_way.municipality, done.finished.login.provider
        if asked.subject not in {None, done.finished.login.subject}:
            await self._logins.end(under_way.id)
            return self._refusals.told(back, "login_required", "somebody else signed in than was asked for")
        if not await self._logins.finish(done.finished):
            self._figures.reject(town, provider, RefusalKind.FAILED)
            return None
        took = done.finished.login.created_at - under_way.created_at
        self._figures.accept(town, provider, took.total_seconds())
        return back.step({"code": done.code}, SetCookies(session=done.cookie))

    async def _cookie_before(self, at: Circumstances, identity: Identity, cookies: BrowserCookies) -> bytes | None:
        """The browser's cookie whose sessions go on; where somebody else was signed in, at whatever portal, all end."""
        cookie = digest(cookies.session) if cookies.session is not None else None
        if cookie is None:
            return None
        for session in await self._logins.sessions(cookie, at.now):
            client, login = self._registry.get(session.client), await self._logins.login(session.login)
            same = client is not None and login is not None and login.subject == at.subject(identity, client)
            if not same or session.municipality != at.issuer.municipality:
                await self._signing_out.end(cookie)
                return None
        return cookie

    async def _mine(self, issuer: Issuer, handle: str, cookies: BrowserCookies) -> LoginUnderWay | None:
        """The login under way that this browser began at this issuer."""
        if not SECRET.fullmatch(handle) or cookies.login is None:
            return None
        login = await self._logins.under_way(digest(handle), self._clock.now())
        if login is None or login.municipality != issuer.municipality:
            return None
        return login if compare_digest(login.browser, digest(cookies.login)) else None

    async def _brought(self, login: LoginUnderWay, handle: str, proof: str) -> bool:
        """Whether the kept answer is the one that this browser brought."""
        if login.answer is None:
            return False
        key = await self._logins.subject_key(login.municipality)
        return compare_digest(answer_proof(login.answer, handle, key).encode(), proof.encode("utf-8", "replace"))

    def _still_registered(self, asked: AuthorizationRequest, issuer: Issuer) -> Registration | None:
        """The client, if the login could begin now as it did; settings may have changed meanwhile."""
        kept = (("client_id", asked.client), ("redirect_uri", asked.redirect_uri))
        to = addressed(kept, self._registry, issuer.municipality)
        return to.registered if to is not None else None

    async def _circumstances(self, issuer: Issuer, client: Registration) -> Circumstances:
        key = await self._logins.subject_key(issuer.municipality)
        return Circumstances(issuer, client, key, self._clock.now(), self._random)

    def _token(self) -> str:
        return base64url.encode(self._random(32)).decode()


def _back_to(asked: AuthorizationRequest, issuer: Issuer) -> Answering:
    return Answering(asked.client, asked.redirect_uri, asked.response_mode, asked.state, issuer.url, asked.language)


def _only(possible: Sequence[IdentityProvider], asked: AuthorizationRequest) -> IdentityProvider | None:
    """The provider that nobody has to choose: the one that the portal named, or the one there is."""
    if asked.provider is not None and (named := [each for each in possible if each.name == asked.provider]):
        return named[0]
    return possible[0] if len(possible) == 1 and "select_account" not in asked.prompt else None


def _whole(cookie: str | None) -> str | None:
    """A cookie that can be one of ours."""
    return cookie if cookie is not None and SECRET.fullmatch(cookie) else None
