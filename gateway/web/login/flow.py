"""What the addresses of logins are made of.

Knows: who judges, who knows the identity providers, who counts. Never does: anything itself.
Standards: OpenID Connect Core 1.0, RFC 9126. Start reading: `LoginDependencies`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.login.federation import Federation
from gateway.login.figures import LoginFigures
from gateway.ports.identity import IdentityProvider


@dataclass(frozen=True, slots=True)
class LoginDependencies:
    """What the addresses of logins are made of. `providers` finds one by slug of its municipality and its name.

    Without `federation` nobody logs in yet: identity providers get our metadata, there is no other address.
    `figures` is what the flow counts, shown at `/metrics`.
    """

    federation: Federation | None
    providers: Callable[[str, str], IdentityProvider | None]
    figures: LoginFigures = field(default_factory=LoginFigures)
