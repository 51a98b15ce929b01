"""What the addresses of a login ask: the flow of logins and the identity providers.

Knows: the shape of each question. Never does: anything itself; `gateway/login` fulfils it.
Standards: OpenID Connect Core 1.0, RFC 9126. Start reading: `LoginFlow`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.login.certificates import Presented
from gateway.login.figures import LoginFigures
from gateway.login.provider import OAuthAnswer
from gateway.login.steps import BrowserCookies, Step
from gateway.login.tokens import Issuer
from gateway.ports.identity import IdentityProvider

Pairs = Sequence[tuple[str, str]]
"""Names and values of a query or form as they came, repeated ones too."""


class LoginFlow(Protocol):
    """The flow of a login. Each may raise `DatabaseAway`."""

    async def authorize(self, issuer: Issuer, parameters: Pairs, cookies: BrowserCookies, address: str, /) -> Step:
        """An authorization request; `address` is the caller's."""
        ...

    async def choose(self, issuer: Issuer, handle: str, provider: str, cookies: BrowserCookies, /) -> Step:
        """The person chose an identity provider."""
        ...

    async def answered(self, municipality: str, provider: str, form: Pairs, /) -> Step:
        """An identity provider's answer, brought by a browser from another site: no cookie comes with it."""
        ...

    async def finish(self, issuer: Issuer, handle: str, proof: str, cookies: BrowserCookies, /) -> Step:
        """The browser comes back with its cookie and the proof of its answer; now that is judged."""
        ...

    async def push(
        self, issuer: Issuer, authorization: str | None, body: bytes, presented: Presented | None, address: str, /
    ) -> OAuthAnswer:
        """A pushed authorization request; certificate and address are the caller's. May raise `TooManyRequests`."""
        ...

    async def userinfo(self, issuer: Issuer, authorization: Sequence[str], form: Pairs, address: str, /) -> OAuthAnswer:
        """What an access token of a login opens. May raise `TooManyRequests`."""
        ...

    async def logout(self, issuer: Issuer, parameters: Pairs, cookies: BrowserCookies, /) -> Step:
        """The end of the browser's sessions."""
        ...


@dataclass(frozen=True, slots=True)
class LoginDependencies:
    """What the addresses of logins are made of. `providers` finds one by slug of its municipality and its name.

    Without `federation` nobody logs in yet: identity providers get our metadata, there is no other address.
    `figures` is what the flow counts, shown at `/metrics`.
    """

    federation: LoginFlow | None
    providers: Callable[[str, str], IdentityProvider | None]
    figures: LoginFigures = field(default_factory=LoginFigures)
