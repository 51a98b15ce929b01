"""Pages of a login that are loaded again once it is over: what the browser that began it is told, and any other.

Knows: that a login was finished, in which browser, for which portal. Never does: give a code once more, tell another
browser anything. Standard: OpenID Connect Core §3.1.2.5. Start reading: `DoneLogins.page`.
"""

from __future__ import annotations

from hmac import compare_digest
from urllib.parse import urlsplit

from gateway.input.patterns import SECRET
from gateway.login.authorization import AuthorizationRequest, addressed
from gateway.login.clients import Registry
from gateway.login.codes import digest
from gateway.login.refusals import Refusals
from gateway.login.steps import BrowserCookies, PageKind, Show
from gateway.login.tokens import Issuer
from gateway.ports.clock import Clock
from gateway.ports.login import LoginStore


class DoneLogins:
    """Answers for logins that are not under way."""

    def __init__(self, logins: LoginStore, registry: Registry, clock: Clock, refusals: Refusals) -> None:
        self._logins = logins
        self._registry = registry
        self._clock = clock
        self._refusals = refusals

    async def page(
        self, issuer: Issuer, handle: str, cookies: BrowserCookies, reason: str = "login_not_under_way"
    ) -> Show:
        """That this browser is done with it, and the way to the portal; else that it is over, with `reason` logged."""
        asked = await self._asked(issuer, handle, cookies)
        if asked is None:
            return self._refusals.shown(PageKind.EXPIRED, reason)
        return Show(PageKind.DONE, "", asked.language, self._home(asked, issuer), status=200)

    async def _asked(self, issuer: Issuer, handle: str, cookies: BrowserCookies) -> AuthorizationRequest | None:
        """What the portal had asked for, where this browser finished a login of that handle."""
        if cookies.login is None or not SECRET.fullmatch(handle):
            return None
        done = await self._logins.done(digest(handle), self._clock.now())
        if done is None or done.municipality != issuer.municipality:
            return None
        mine = compare_digest(done.browser, digest(cookies.login))
        return AuthorizationRequest.of_json(done.request) if mine else None

    def _home(self, asked: AuthorizationRequest, issuer: Issuer) -> str | None:
        """The portal's site: its address for answers wants a code, and there is none any more.

        None: it is registered no more, or it is an app that listens to its own machine for the one answer.
        """
        kept = (("client_id", asked.client), ("redirect_uri", asked.redirect_uri))
        to = addressed(kept, self._registry, issuer.municipality)
        parts = urlsplit(asked.redirect_uri)
        if to is None or (to.party.public and parts.scheme == "http"):
            return None
        return f"{parts.scheme}://{parts.netloc}/" if parts.netloc else asked.redirect_uri
