"""The checks of identity providers, for `gateway check`: metadata, keys, certificates and clocks.

Knows: what is said of each, whose affair it is, which services nobody can log in for. Never does: fetch (the caller
hands that in), print. Standard: fixed interfaces §1 (`check`). Start reading: `identity_provider`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from gateway.bundid.expiry import Expiry, ending, ends
from gateway.bundid.idp_metadata import REASONS
from gateway.bundid.provider import SamlProvider
from gateway.errors import GatewayError
from gateway.intake.create import offers
from gateway.intake.logins import needed_level
from gateway.model import Level, Municipality
from gateway.operators.checks import Affair, CheckLine, Checks
from gateway.services.loader import Services

CLOCK_MOST_S: Final = 60.0
_REFUSED: Final[Mapping[str, tuple[str, str]]] = {
    "other_entity_id": (
        "Die Adresse zeigt einen anderen Identitätsanbieter als bisher; die Einstellung prüfen.",
        "The address shows another identity provider than before; look at the setting.",
    ),
    "expired": (
        "Die abgerufenen Metadaten sind abgelaufen; beim Anbieter nachfragen.",
        "The fetched metadata have expired; ask the provider.",
    ),
    "no_trusted_key": (
        "Keiner der trusted_keys steht in den abgerufenen Metadaten; beim Anbieter nachfragen, dann ergänzen: {keys}",
        "None of the trusted_keys stands in the fetched metadata; ask the provider, then add: {keys}",
    ),
    "other_keys": (
        "Der Anbieter zeigt andere Schlüssel; sie gelten erst, wenn trusted_keys sie nennt. Nachfragen, dann: {keys}",
        "The provider shows other keys; they count once trusted_keys names them. Ask it, then: {keys}",
    ),
    "other_host": (
        "Die Anmeldung liefe über einen anderen Rechnernamen; beim Anbieter nachfragen, dann die Kopie löschen.",
        "Logins would go by another host; ask the provider, then remove the copy.",
    ),
}
_NO_METADATA: Final = (
    "Die bisherigen Metadaten gelten weiter; die Adresse berichtigen oder beim Anbieter nachfragen.",
    "The former metadata go on; correct the address or ask the provider.",
)
_NO_PROVIDER: Final = (
    "Jeder Antrag wird abgelehnt: unter [identity.providers] einen Anbieter mit Niveau und Konten eintragen, enabled.",
    "Every application is refused: name, or enable, a provider of such level and accounts in [identity.providers].",
)
_NO_PORTAL: Final = (
    "Jeder Antrag wird abgelehnt: bei einem Zugang redirect_uris eintragen.",
    "Every application is refused: give redirect_uris to a client.",
)
_EXPIRING: Final[Mapping[str, tuple[str, str]]] = {
    "signing_certificate": ("unser Zertifikat zum Signieren", "our certificate for signing"),
    "encryption_certificate": ("unser Zertifikat zum Verschlüsseln", "our certificate for encryption"),
    "provider_certificates": ("Zertifikat des Anbieters", "the provider's certificate"),
    "provider_metadata": ("Metadaten des Anbieters", "the provider's metadata"),
}


class Fetched(Protocol):
    """What came of fetching metadata by address (`wiring.identity_metadata.Renewal`)."""

    @property
    def refused(self) -> str | None:
        """Why they are not taken."""
        ...

    @property
    def added(self) -> frozenset[str]:
        """Digests of keys that are new."""
        ...

    @property
    def clock_ahead_s(self) -> float | None:
        """How far the provider's clock is ahead of ours."""
        ...


async def identity_provider(
    checks: Checks,
    name: str,
    fetch: Callable[[], Awaitable[Fetched | None]],
    provider: Callable[[], SamlProvider],
    now: datetime,
) -> list[CheckLine]:
    """The lines of one provider; `name` is municipality and provider. Metadata by address are fetched first."""
    fetched, lines = None, []
    try:
        fetched = await fetch()
    except GatewayError as error:
        lines.append(checks.fault(f"identity_address {name}", error))
    if fetched is not None and fetched.refused is not None:
        lines.append(_refused(checks, name, fetched))
    if fetched is not None and fetched.clock_ahead_s is not None:
        lines.append(_clock(checks, name, fetched.clock_ahead_s))
    try:
        current = provider()
    except GatewayError as error:
        return [*lines, checks.fault(f"identity_provider {name}", error)]
    return [*lines, _provider(checks, name, current), _certificates(checks, name, current, now)]


@dataclass(frozen=True, slots=True)
class OfferedAccounts:
    """What an enabled identity provider offers: whose accounts, and the levels that may be asked of it."""

    audience: str
    levels: Sequence[Level]


def needed_logins(
    checks: Checks, town: Municipality, services: Services, offered: Sequence[OfferedAccounts], *, portals: bool
) -> list[CheckLine]:
    """A warning for each service of the town that needs a login which nobody can have there.

    `portals`: whether any client has an address that people come back to.
    """
    lines = []
    for service in map(services.get, services.ids()):
        needed = needed_level(service)
        if needed is None or not offers(town, service.id):
            continue
        if portals and any(_serves(provider, needed, service.accounts) for provider in offered):
            continue
        name, level = f"login {town.slug} {service.id}", needed.name.lower()
        seen = checks.text(
            f"verlangt eine Anmeldung ({level}); hier ist keine möglich",
            f"needs a login ({level}); none is possible here",
        )
        lines.append(CheckLine(name, True, seen, checks.text(*(_NO_PROVIDER if portals else _NO_PORTAL))))
    return lines


def _serves(offered: OfferedAccounts, needed: Level, accounts: Sequence[str]) -> bool:
    return max(offered.levels, default=Level.BASIC) >= needed and (not accounts or offered.audience in accounts)


def _refused(checks: Checks, name: str, fetched: Fetched) -> CheckLine:
    rule = fetched.refused or ""
    if rule in _REFUSED:
        remedy = checks.text(*_REFUSED[rule]).format(keys=", ".join(sorted(fetched.added)) or "–")
    else:
        remedy = f"{checks.text(*REASONS[rule.removeprefix('metadata_')])} {checks.text(*_NO_METADATA)}"
    return CheckLine(f"identity_address {name}", False, rule, remedy, Affair.COUNTERPART)


def _clock(checks: Checks, name: str, ahead_s: float) -> CheckLine:
    fits = abs(ahead_s) <= CLOCK_MOST_S
    seen = checks.text(f"Uhr des Anbieters {ahead_s:+.0f} s", f"provider's clock {ahead_s:+.0f} s")
    remedy = checks.text("Uhr dieses Rechners mit NTP stellen.", "Set this machine's clock by NTP.")
    return CheckLine(f"identity_clock {name}", fits, seen, "" if fits else remedy)


def _provider(checks: Checks, name: str, provider: SamlProvider) -> CheckLine:
    check = f"identity_provider {name}"
    if provider.pinned is None:
        remedy = checks.text(
            "Es kamen noch keine Metadaten an, die gelten; metadata nennen, oder Adresse, Weg nach draußen und "
            "trusted_keys prüfen.",
            "No metadata that count came yet; name them in metadata, or look at the address, the way out and "
            "trusted_keys.",
        )
        return CheckLine(check, False, checks.text("ohne Metadaten", "no metadata"), remedy, Affair.COUNTERPART)
    keys = ", ".join(key.digest for key in provider.pinned.keys)
    off = "" if provider.enabled else checks.text(", abgeschaltet", ", switched off")
    seen = checks.text("Schlüssel", "keys")
    entity_id, expected = provider.pinned.metadata.entity_id, provider.profile.entity_id
    remedy = checks.text(
        f"Das Profil erwartet {expected}: eine Sandbox, oder Profil und Metadaten passen nicht zusammen.",
        f"The profile expects {expected}: a sandbox, or profile and metadata do not belong together.",
    )
    other = bool(expected) and entity_id != expected  # production refuses that
    return CheckLine(check, True, f"{entity_id}, {seen} {keys}{off}", remedy if other else "")


def _certificates(checks: Checks, name: str, provider: SamlProvider, now: datetime) -> CheckLine:
    check, soon = f"identity_certificates {name}", ending(provider, now)
    begins = max(provider.keys.signing.not_before, provider.keys.encryption.not_before)
    if begins > now:
        seen = checks.text(f"unser Zertifikat gilt erst ab {begins:%Y-%m-%d}", f"ours begins on {begins:%Y-%m-%d} only")
        remedy = checks.text(
            "Bis dahin das bisherige Paar nennen (das neue mit next_…), oder die Uhr dieses Rechners stellen.",
            "Name the former pair until then (the new one with next_…), or set this machine's clock.",
        )
        return CheckLine(check, False, seen, remedy, Affair.SETTINGS)
    if not soon:
        return CheckLine(check, True, f"≤ {min(end.until for end in ends(provider)):%Y-%m-%d}")
    seen = ", ".join(_said(checks, expiry) for expiry in soon)
    remedy = checks.text(
        "Erneuern, bevor es endet: eigene mit next_… (docs/how-to/connect-bundid.md), die des Anbieters dort erfragen.",
        "Renew before the end: ours with next_… (docs/how-to/connect-bundid.md), ask the provider for its own.",
    )
    ended = soon[0].until <= now
    if ended:
        seen = checks.text(f"abgelaufen: {seen}", f"ended: {seen}")
    return CheckLine(check, not ended, seen, remedy, Affair.SETTINGS)


def _said(checks: Checks, expiry: Expiry) -> str:
    return f"{checks.text(*_EXPIRING[expiry.part])} ≤ {expiry.until:%Y-%m-%d}"
