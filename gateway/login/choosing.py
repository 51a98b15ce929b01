"""Identity providers for a login: which may serve it, and how the browser gets there.

Knows: what a provider must be able to, that what it is asked is kept before the browser leaves. Never does: judge an
answer. Standard: SAML 2.0 profiles §4.1, in the words of the port. Start reading: `Choosing.go`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from gateway.errors import SigningKeyUnfit
from gateway.login.figures import LoginFigures
from gateway.login.refusals import Answering, Refusals
from gateway.login.steps import GoToProvider, Offer, PageKind, SetCookies, Step
from gateway.login.tokens import Issuer
from gateway.model import Level
from gateway.ports.identity import IdentityProvider, LoginRequest
from gateway.ports.login import LoginStore, LoginUnderWay

Providers = Callable[[str], Sequence[IdentityProvider]]
"""The identity providers of a municipality (by its ARS), as they are set up now."""
_REQUEST_ID_BYTES: Final = 20
_NO_COOKIES: Final = SetCookies()
_DEFAULT_LANGUAGE: Final = "de"


class Choosing:
    """Finds providers and leads to them."""

    def __init__(
        self,
        logins: LoginStore,
        providers: Providers,
        refusals: Refusals,
        random: Callable[[int], bytes],
        figures: LoginFigures,
    ) -> None:
        self._logins = logins
        self._providers = providers
        self._refusals = refusals
        self._random = random
        self._figures = figures

    def enabled(self, municipality: str) -> list[IdentityProvider]:
        """Those that sign anybody in now."""
        return [provider for provider in self._providers(municipality) if provider.enabled]

    def possible(self, municipality: str, level: Level) -> list[IdentityProvider]:
        """Those that can answer with at least this level."""
        return [
            provider for provider in self.enabled(municipality) if any(offered >= level for offered in provider.levels)
        ]

    def find(self, municipality: str, name: str | None) -> IdentityProvider | None:
        """The enabled provider of that name."""
        return next((provider for provider in self.enabled(municipality) if provider.name == name), None)

    def offers(self, issuer: Issuer, providers: Sequence[IdentityProvider], handle: str) -> tuple[Offer, ...]:
        """What the chooser shows."""
        query = urlencode({"login": handle})
        return tuple(
            Offer(
                provider.name,
                provider.display_name,
                provider.audience,
                f"{issuer.url}/oidc/login/{provider.name}?{query}",
            )
            for provider in providers
        )

    async def go(  # noqa: PLR0913 - each named
        self,
        login: LoginUnderWay,
        handle: str,
        provider: IdentityProvider,
        *,
        back: Answering,
        language: str,
        now: datetime,
        cookies: SetCookies = _NO_COOKIES,
    ) -> Step:
        """The browser goes to the provider with a request of its own; an answer to an earlier one counts no more."""
        request_id = f"_{self._random(_REQUEST_ID_BYTES).hex()}"
        if not await self._logins.choose(login.id, provider.name, request_id, now):
            return self._refusals.shown(PageKind.EXPIRED, "login_not_under_way", language=language)
        least = min((level for level in provider.levels if level >= login.level), default=login.level)
        asked = LoginRequest(request_id, handle, least, language or _DEFAULT_LANGUAGE, now)
        try:
            step = await asyncio.to_thread(provider.begin, asked)
        except SigningKeyUnfit:
            return self._refusals.shown(
                PageKind.FAILED,
                "signing_key_unfit",
                back=back,
                error="server_error",
                language=language,
                status=503,
                provider=provider.name,
            )
        self._figures.start(login.municipality, provider.name)
        return GoToProvider(provider.name, step, language, cookies, display_name=provider.display_name)
