"""The checks of identity providers, for `gateway check`: metadata, keys, certificates and clocks.

Knows: what is said of each, and whose affair it is. Never does: fetch (the caller hands that in), print.
Standard: fixed interfaces §1 (`check`). Start reading: `identity_provider`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from gateway.bundid.expiry import Expiry, ending, ends
from gateway.bundid.idp_metadata import REASONS
from gateway.bundid.provider import SamlProvider
from gateway.errors import GatewayError
from gateway.operators.checks import Affair, CheckLine, Checks
from gateway.settings.municipality import MunicipalityFile
from gateway.settings.server import ClientSection

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


def logins(checks: Checks, clients: Sequence[ClientSection], towns: Sequence[MunicipalityFile]) -> list[CheckLine]:
    """Which clients people log in to, and where; what is still missing for it. Nothing where nobody logs in."""
    portals = [client for client in clients if client.redirect_uris]
    open_at = {town.ars for town in towns if any(each.enabled for each in town.identity.providers.values())}
    if not portals and not open_at:
        return []
    if not portals:
        seen = checks.text("kein Zugang hat redirect_uris", "no client has redirect_uris")
        remedy = checks.text(
            "Bei dem Portal ergänzen, an dem sich Menschen anmelden (docs/how-to/log-people-in.md).",
            "Add them to the portal that people log in to (docs/how-to/log-people-in.md).",
        )
        return [CheckLine("logins", True, seen, remedy)]
    return [_client(checks, portal, towns, open_at) for portal in portals]


def _client(
    checks: Checks, portal: ClientSection, towns: Sequence[MunicipalityFile], open_at: Collection[str]
) -> CheckLine:
    served = [town for town in towns if not portal.municipalities or town.ars in portal.municipalities]
    seen = ", ".join(town.slug for town in served if town.ars in open_at)
    closed = ", ".join(town.slug for town in served if town.ars not in open_at)
    remedy = checks.text(
        f"Niemand kann sich anmelden bei: {closed}. Dort fehlt ein Identitätsanbieter, der eingeschaltet ist.",
        f"Nobody can log in at: {closed}. An identity provider that is switched on is missing there.",
    )
    if not closed:
        remedy = checks.text(
            "municipalities dieses Zugangs nennt keine Kommune, die es hier gibt; bitte berichtigen.",
            "municipalities of this client names no town that there is here; correct it.",
        )
    nowhere = checks.text("nirgends", "nowhere")
    needed = closed or not seen
    return CheckLine(f"logins {portal.id}", bool(seen), seen or nowhere, remedy if needed else "", Affair.SETTINGS)


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
    seen = ", ".join(_said(checks, one) for one in soon)
    remedy = checks.text(
        "Erneuern, bevor es endet: eigene mit next_… (docs/how-to/connect-bundid.md), die des Anbieters dort erfragen.",
        "Renew before the end: ours with next_… (docs/how-to/connect-bundid.md), ask the provider for its own.",
    )
    ended = soon[0].until <= now
    if ended:
        seen = checks.text(f"abgelaufen: {seen}", f"ended: {seen}")
    return CheckLine(check, not ended, seen, remedy, Affair.SETTINGS)


def _said(checks: Checks, one: Expiry) -> str:
    return f"{checks.text(*_EXPIRING[one.part])} ≤ {one.until:%Y-%m-%d}"
