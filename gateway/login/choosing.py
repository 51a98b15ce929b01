"""Identity providers for a login: which may serve it, and how the browser gets there.

Knows: what a provider must be able to, and what it is asked. Never does: judge an answer; keep what it asked, which the
flow does before the browser leaves. Standard: SAML 2.0 profiles §4.1, in the words of the port.
Start reading: `Choosing.chosen`, then `go`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.errors import SigningKeyUnfit
from gateway.login.figures import LoginFigures
from gateway.login.redirects import answered
from gateway.login.refusals import Answering, Refusals
from gateway.login.steps import GoToProvider, Offer, PageKind, SetCookies, Step
from gateway.login.tokens import Issuer
from gateway.model import Level
from gateway.ports.identity import IdentityProvider, LoginRequest
from gateway.ports.login import LoginUnderWay

Providers = Callable[[str], Sequence[IdentityProvider]]
"""The identity providers of a municipality (by its ARS), as they are set up now."""
_REQUEST_ID_BYTES: Final = 20
_NO_COOKIES: Final = SetCookies()
_DEFAULT_LANGUAGE: Final = "de"


def own_address(issuer: Issuer, path: str, language: str, **said: str) -> str:
    """An address of ours on the way of a login; its pages speak the language, whatever became of the login by then."""
    return answered(f"{issuer.url}/oidc/{path}", {**said, "ui_locales": language or None})


class Choosing:
    """Finds providers and leads to them."""

    def __init__(
        self, providers: Providers, refusals: Refusals, random: Callable[[int], bytes], figures: LoginFigures
    ) -> None:
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

    @staticmethod
    def offers(issuer: Issuer, providers: Sequence[IdentityProvider], handle: str, language: str) -> tuple[Offer, ...]:
        """What the chooser shows."""
        return tuple(
            Offer(
                provider.name,
                provider.display_name,
                provider.audience,
                own_address(issuer, f"login/{provider.name}", language, login=handle),
            )
            for provider in providers
        )

    def request_id(self) -> str:
        """A new id of a request; an answer to an earlier one counts no more."""
        return f"_{self._random(_REQUEST_ID_BYTES).hex()}"

    @staticmethod
    def chosen(login: LoginUnderWay, provider: IdentityProvider, request_id: str, now: datetime) -> LoginUnderWay:
        """The login as it goes to the provider with that request."""
        return replace(login, provider=provider.name, request_id=request_id, requested_at=now, answer=None)

    async def go(  # noqa: PLR0913 - each named
        self,
        login: LoginUnderWay,
        handle: str,
        provider: IdentityProvider,
        *,
        back: Answering,
        language: str,
        cookies: SetCookies = _NO_COOKIES,
    ) -> Step:
        """The browser goes to the provider that was chosen; what it is asked stands in the login, and is kept."""
        assert login.request_id is not None, "made by `chosen`"
        assert login.requested_at is not None, "made by `chosen`"
        least = min((level for level in provider.levels if level >= login.level), default=login.level)
        asked = LoginRequest(login.request_id, handle, least, language or _DEFAULT_LANGUAGE, login.requested_at)
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
