"""The flow of a login: a portal asks, the person chooses and comes back, the portal gets a code.

Knows: the order of the steps and what each is bound to. Never does: HTTP, SAML, sentences.
Standards: OpenID Connect Core §3.1, RFC 6749 §4.1, RFC 9207. Start reading: `beginning.Beginning.authorize`,
then `Federation.finish`.

A login is bound to the browser that began it by a cookie. The identity provider's answer comes as a POST from another
site, without that cookie: it is kept unread (`answered`) and judged when the browser comes with the cookie (`finish`).
The browser that brought the answer is given a proof of it, and only both together count: else somebody could begin a
login, have another person answer it and finish it as that person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from hmac import compare_digest
from typing import Final

from gateway.input.patterns import SECRET
from gateway.login import completion
from gateway.login.authorization import (
    AuthorizationRequest,
    Parameters,
    addressed,
    once,
)
from gateway.login.beginning import Beginning
from gateway.login.certificates import Presented
from gateway.login.choosing import Choosing, Providers, own_address
from gateway.login.clients import Registration, Registry
from gateway.login.codes import digest
from gateway.login.completion import Circumstances, Completed, VerifiedAnswer
from gateway.login.done import DoneLogins
from gateway.login.figures import LoginFigures
from gateway.login.id_token_keys import IdTokenKeys
from gateway.login.provider import Provider
from gateway.login.pushed import PushedRequests
from gateway.login.refusals import Answering, Refusals
from gateway.login.signing_out import SigningOut
from gateway.login.steps import BrowserCookies, PageKind, Redirect, SetCookies, Step
from gateway.login.subject import answer_proof
from gateway.login.token_request import OAuthAnswer
from gateway.login.tokens import Issuer
from gateway.login.userinfo import Userinfo
from gateway.model import Identity
from gateway.ports.clock import Clock
from gateway.ports.identity import Authenticated, ExpectedAnswer, IdentityProvider, RefusalKind, Refused
from gateway.ports.login import LoginStore, LoginUnderWay

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
        self._figures = figures or LoginFigures()
        self._refusals = Refusals(random, self._figures)
        self._choosing = Choosing(providers, self._refusals, random, self._figures)
        self._done = DoneLogins(logins, registry, clock, self._refusals)
        self._pushed = PushedRequests(logins, registry, portals, clock, random)
        self._userinfo = Userinfo(logins, clock, portals.tries)
        self._signing_out = SigningOut(logins, registry, keys, clock, self._refusals)
        self._beginning = Beginning(
            logins=logins,
            registry=registry,
            clock=clock,
            random=random,
            keys=keys,
            refusals=self._refusals,
            choosing=self._choosing,
            pushed=self._pushed,
        )

    async def authorize(self, issuer: Issuer, parameters: Parameters, cookies: BrowserCookies, address: str) -> Step:
        """A portal's request. `address` is the caller's, for the bounds."""
        return await self._beginning.authorize(issuer, parameters, cookies, address)

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


def _back_to(asked: AuthorizationRequest, issuer: Issuer) -> Answering:
    return Answering(asked.client, asked.redirect_uri, asked.response_mode, asked.state, issuer.url, asked.language)
