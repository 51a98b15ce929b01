"""Which portals people log in to, and where, for `gateway check`: what is still missing for it.

Knows: clients with addresses to come back to, towns with identity providers. Never does: print.
Standard: fixed interfaces §1 (`check`). Start reading: `logins`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from gateway.operators.checks import Affair, CheckLine, Checks
from gateway.settings.identity import IdentitySection
from gateway.settings.municipality import MunicipalityFile
from gateway.settings.server import ClientSection


def logins(checks: Checks, clients: Sequence[ClientSection], towns: Sequence[MunicipalityFile]) -> list[CheckLine]:
    """Which clients people log in to, and where; what is still missing for it. Nothing where nobody logs in."""
    portals = [client for client in clients if client.redirect_uris]
    open_at = {town.ars for town in towns if _open(town.identity)}
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


def _open(identity: IdentitySection) -> bool:
    return any(provider.enabled and provider.metadata is not None for provider in identity.providers.values())
