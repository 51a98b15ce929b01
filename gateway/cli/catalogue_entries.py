"""`gateway catalogue list|show|check`: the entries, what is known of each, and what is wrong with their files."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.console import FINDINGS, emit, finding_line, guarded, options, say
from gateway.cli.language import language, text
from gateway.cli.local import with_runtime
from gateway.errors import InvalidParameter, UnknownMunicipality
from gateway.german_time import german_date
from gateway.model import Finding, Severity, instant

if TYPE_CHECKING:
    from gateway.catalogue.entry import Entry, Revision
    from gateway.catalogue.status import CatalogueFinding, ServiceStatus
    from gateway.wiring.catalogue_registry import EntryRegistration

_MUNICIPALITY = click.option(
    "--municipality", metavar="ARS", help=text("Zwölfstelliger ARS; sonst alle", "12-digit ARS; else all")
)


@click.command(name="list", help=text("Einträge und was von ihnen bekannt ist", "Entries and what is known of them"))
@_MUNICIPALITY
@options
@guarded
def list_(config: Path | None, as_json: bool, municipality: str | None) -> None:
    """One line an entry, a last one where work waits or failed; what is wrong with files goes to standard error."""
    from gateway.store.catalogue.statuses import StoredStatuses  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.catalogue_registry import registered  # noqa: PLC0415 - as above
    from gateway.wiring.catalogue_work import stored_work  # noqa: PLC0415 - as above

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - the runtime, imported late
        show_errors(await registered(runtime))
        day = german_date(runtime.clock.now())
        known = await StoredStatuses(runtime.store.database).of(municipality)
        if municipality is not None and not known and municipality not in runtime.municipalities:
            raise UnknownMunicipality(municipality=municipality)
        for status in known:
            emit(status.as_json(day), as_json=as_json, human=_row(status, day))
        if work := await stored_work(runtime).open(runtime.clock.now(), municipality):
            lines = [item.as_json() for item in work]
            emit({"work": lines}, as_json=as_json, human="\n".join(map(_waiting, lines)))

    with_runtime(config, main, services=True)


@click.command(help=text("Einen Eintrag mit allen Fassungen ansehen", "Look at an entry and all its revisions"))
@click.argument("service")
@_MUNICIPALITY
@options
@guarded
def show(config: Path | None, as_json: bool, service: str, municipality: str | None) -> None:
    """One line for each municipality that has the entry: facts, what is known, every revision."""
    from gateway.store.catalogue.entries import StoredEntries  # noqa: PLC0415 - commands import what they need
    from gateway.store.catalogue.statuses import StoredStatuses  # noqa: PLC0415 - as above
    from gateway.wiring.catalogue_registry import registered  # noqa: PLC0415 - as above

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - the runtime, imported late
        show_errors(await registered(runtime))
        database, day = runtime.store.database, german_date(runtime.clock.now())
        by_town: dict[str, list[Revision]] = {}
        for revision in await StoredEntries(database).revisions(service, municipality):
            by_town.setdefault(revision.entry.municipality, []).append(revision)
        if not by_town:
            raise InvalidParameter(findings=(_unknown(),))
        for ars, revisions in by_town.items():
            known = await StoredStatuses(database).of(ars)
            status = next((candidate for candidate in known if candidate.revision.entry.service == service), None)
            emit(_shown(revisions, status, day), as_json=as_json, human=_page(revisions, status, day))

    with_runtime(config, main, services=True)


@click.command(help=text("Alle Dateien der Einträge prüfen", "Check every file of entries"))
@options
@guarded
def check(config: Path | None, as_json: bool) -> None:
    """One line a finding; warnings alone are no failure."""
    from gateway.wiring.catalogue_registry import registered  # noqa: PLC0415 - commands import what they need

    registrations: list[EntryRegistration] = []

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - the runtime, imported late
        registrations.append(await registered(runtime))

    with_runtime(config, main, services=True)
    (registration,) = registrations
    for finding in registration.findings:
        emit(finding.as_json(), as_json=as_json, human=finding_line(finding))
    if not registration.sound:
        raise SystemExit(FINDINGS)
    if not as_json:
        emit({}, as_json=False, human=text("In Ordnung.", "In order."))


def show_errors(registration: EntryRegistration) -> None:
    """What is wrong with files, on standard error."""
    for finding in registration.findings:
        if finding.severity is Severity.ERROR:
            say(f"  {finding_line(finding)}")


def _unknown() -> Finding:
    de, en = (
        "Diesen Eintrag gibt es nicht; `gateway catalogue list` nennt alle.",
        "There is no such entry; `list` names all.",
    )
    return Finding("SERVICE", "unknown_entry", de, en)


def _row(status: ServiceStatus, day: date) -> str:
    entry = status.revision.entry
    title = entry.titles.get(language()) or entry.titles["de"]
    return f"{entry.municipality}  {entry.leika_key or '-':<14}  {entry.service:<28} {title} ({_known(status, day)})"


def _waiting(work: Mapping[str, Any]) -> str:
    town, cause = work["municipality"] or text("alle", "all"), work["cause"] or "-"
    return f"! {work['kind']}  {town}  {work['state']}  {work['since']}  {cause}: {work['suggestion'][language()]}"


def _known(status: ServiceStatus, day: date) -> str:
    words = (
        *_uncounted(status.revision.entry, day),
        _said(status.delivered, ("geliefert", "delivered"), ("nicht geliefert", "not delivered")),
        _listed(status),
        _said(status.works, ("erreichbar", "works"), ("gestört", "does not work")),
    )
    return ", ".join((*words, *status.codes))


def _uncounted(entry: Entry, day: date) -> Sequence[str]:
    """Why an entry is none of the offer on that day; nothing where it is."""
    if entry.published_on(day):
        return ()
    why = {
        "to_come": text(f"gilt erst ab {entry.valid_from}", f"valid from {entry.valid_from} only"),
        "ended": text(f"galt bis vor {entry.valid_until}", f"valid before {entry.valid_until} only"),
        "current": text("zurückgezogen", "withdrawn"),
    }
    return (f"{text('zählt nicht', 'does not count')}: {why[entry.validity_on(day).value]}",)


def _listed(status: ServiceStatus) -> str:
    if status.listed is None and status.revision.entry.leika_key is None:
        return text("ohne Leistungsschlüssel nicht listbar", "cannot be listed without a service key")
    return _said(status.listed, ("gelistet", "listed"), ("nicht gelistet", "not listed"))


def _said(truth: bool | None, yes: tuple[str, str], no: tuple[str, str]) -> str:
    if truth is None:
        return f"{text(*yes)}: {text('noch unbekannt', 'not known yet')}"
    return text(*yes) if truth else text(*no)


def _shown(revisions: Sequence[Revision], status: ServiceStatus | None, day: date) -> dict[str, Any]:
    from gateway.catalogue import entry_json  # noqa: PLC0415 - commands import what they need

    latest = revisions[0]
    known = {} if status is None else status.as_json(day)
    findings = () if status is None else status.findings
    return {
        **known,
        "municipality": latest.entry.municipality,
        "service": latest.entry.service,
        "entry": entry_json.as_json(latest.entry),
        "details": [_finding(finding) for finding in findings],
        "listings": [
            {
                "source": listing.source.value,
                "listed": listing.listed,
                "seen_at": instant(listing.seen_at),
                "url": listing.url,
            }
            for listing in (status.listings if status else ())
        ],
        "revisions": [
            {
                "number": revision.number,
                "digest": revision.digest,
                "at": instant(revision.changed_at),
                "by": revision.changed_by,
            }
            for revision in revisions
        ],
    }


def _finding(finding: CatalogueFinding) -> dict[str, Any]:
    return {
        "code": finding.code.value,
        "source": finding.source.value if finding.source else None,
        "since": instant(finding.since),
        "place": finding.place,
        "expected": finding.expected,
        "found": finding.found,
    }


def _finding_line(finding: CatalogueFinding) -> str:
    seen = f"{finding.source.value}, " if finding.source else ""
    parts = (
        f"{finding.code.value} ({seen}{text('seit', 'since')} {instant(finding.since)})",
        finding.place,
        finding.expected and f"{text('erwartet', 'expected')}: {finding.expected}",
        finding.found and f"{text('gefunden', 'found')}: {finding.found}",
    )
    return "  ".join(part for part in parts if part)


def _page(revisions: Sequence[Revision], status: ServiceStatus | None, day: date) -> str:
    entry = revisions[0].entry
    lines = [
        f"{entry.municipality}  {entry.service}",
        *(f"  {name}: {title}" for name, title in sorted(entry.titles.items())),
        f"  {text('Leistungsschlüssel', 'Service key')}: {entry.leika_key or '-'}",
        f"  {text('Adresse', 'Address')}: {entry.url or '-'}",
        f"  {text('Lebenslauf', 'Life cycle')}: {entry.life_cycle.value}",
    ]
    if status is not None:
        lines.append(f"  {_known(status, day)}")
        lines += [f"    {_finding_line(finding)}" for finding in status.findings]
    lines += [
        f"  {text('Fassung', 'Revision')} {revision.number}: {instant(revision.changed_at)}, {revision.changed_by}"
        for revision in revisions
    ]
    return "\n".join(lines)
