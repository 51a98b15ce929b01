"""`gateway check`: reads the settings, connects to everything, says for each line ok or what to do."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click

from gateway.cli.console import (
    FAILED,
    UNREACHABLE,
    USAGE,
    emit,
    exit_code,
    guarded,
    options,
    run,
    set_up_logging,
    unusable,
)
from gateway.cli.language import language, text
from gateway.errors import (
    CounterpartError,
    EvidenceShortened,
    EvidenceWitnessUnreadable,
    GatewayError,
    RestoreUnfinished,
    SettingsInvalid,
)
from gateway.model import Blame, Destination, Finding
from gateway.settings.gateway import Settings

LEAST_FREE_BYTES = 2_000_000_000
RENEW_BEFORE = timedelta(days=30)
_OF_DATA = (EvidenceShortened, EvidenceWitnessUnreadable, RestoreUnfinished)
"""Wrong with what was stored, not with settings."""
PLACES = 10
"""How many places where evidence is broken a line names."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what was checked, whether it holds, what was seen, what to do; `code` is its exit code if not."""

    check: str
    ok: bool
    detail: str
    remedy: str = ""
    code: int = FAILED

    def as_json(self) -> dict[str, Any]:
        """The line of the fixed interface."""
        return {"check": self.check, "ok": self.ok, "detail": self.detail, "remedy": self.remedy}

    def as_text(self) -> str:
        """The line for people."""
        mark = "ok " if self.ok else "!! "
        return f"{mark}{self.check}: {self.detail}" + (f" → {self.remedy}" if self.remedy else "")


@click.command(help=text("Einstellungen und Verbindungen prüfen", "Check settings and connections"))
@options
@guarded
def check(config: Path | None, as_json: bool) -> None:
    """Every check, a line each; where one does not hold, exit code 2 (settings), 1 (machine, evidence) or 4.

    Of several the worst one: settings stay as they are until somebody mends them, a counterpart may come back.
    """
    set_up_logging("error")
    rows = run(lambda _: _rows(config))
    for row in rows:
        emit(row.as_json(), as_json=as_json, human=row.as_text())
    codes = {row.code for row in rows if not row.ok}
    if codes:
        raise SystemExit(next(code for code in (USAGE, FAILED, UNREACHABLE) if code in codes))


async def _rows(config: Path | None) -> list[Row]:
    from gateway.serve.serving import attempts  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.runtime import read_settings  # noqa: PLC0415 - commands import what they need

    also = partial(attempts, worker=True)
    try:
        values = read_settings(config, also)
    except SettingsInvalid as error:
        return [_fault("settings", SettingsInvalid()), *map(_misfit, error.findings)]
    faults: list[Finding] = []
    inside = await _inside(values, also(values), faults)
    seen = text(f"Betriebsart {values.mode}", f"mode {values.mode}")
    settings = replace(_fault("settings", SettingsInvalid()) if faults else Row("settings", True, seen), detail=seen)
    return [settings, *map(_misfit, faults), _disk(values), *_schemas(values), *inside]


def _misfit(finding: Finding) -> Row:
    """One fault of the settings, or of a file that they name."""
    return Row(finding.pointer, False, finding.rule, finding.de if language() == "de" else finding.en, USAGE)


def _disk(values: Settings) -> Row:
    place = values.data_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    remedy = text("Bitte Platz schaffen.", "Make room.") if free < LEAST_FREE_BYTES else ""
    return Row("disk", free >= LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB", remedy)


def _schemas(values: Settings) -> list[Row]:
    """What is installed, what is wrong with it, and each code list that a later version replaces."""
    from gateway.sets.installed import load, read_index  # noqa: PLC0415 - commands import what they need
    from gateway.sets.manifest import shipped  # noqa: PLC0415 - as above

    try:
        count = len(read_index(values.schema_dir))
        library, findings = load(values.schema_dir, shipped(), values.trusted_sets)
        findings += library.faults
    except GatewayError as error:
        return [_fault("schemas", error)]
    if not count:
        return []
    counted = text(f"{count} Schemamengen und Codelisten", f"{count} schema sets and code lists")
    rows = [Row("schemas", not findings, counted, "; ".join(_told(one) for one in findings))]
    notices = library.code_lists.notices(date.today())  # noqa: DTZ011 - the operator's day
    rows += [Row(f"code_list {one.pointer}", True, one.de if language() == "de" else one.en) for one in notices]
    return rows


def _told(finding: Finding) -> str:
    return f"{finding.pointer}: {finding.de if language() == 'de' else finding.en}"


async def _inside(values: Settings, also: Iterable[Callable[[], object]], faults: list[Finding]) -> list[Row]:
    """What can be tried; faults of settings go into `faults`, and what they touch is left out."""
    from gateway.wiring.runtime import open_runtime  # noqa: PLC0415 - commands import what they need

    try:
        async with open_runtime(values, also=also, faults=faults) as runtime:
            rows = [Row("database", True, "embedded" if values.database.url is None else "external")]
            rows.append(await _evidence(runtime))
            rows += await _alarms(values)
            rows.append(Row("services", True, ", ".join(sorted(runtime.catalogue.ids()))))
            for ars in runtime.municipalities:
                rows += await _town(runtime, ars)
            return rows
    except SettingsInvalid as error:
        faults += [each for each in error.findings if each not in faults]
        return []
    except GatewayError as error:
        place = "database" if error.code == "database_away" else "wiring"
        return [_fault(place, error)]
    except OSError as error:  # what the settings name cannot be used: the faults found until then are told too
        return [_fault("data_dir", unusable(error))]


async def _town(runtime: Any, ars: str) -> list[Row]:  # noqa: ANN401 - imported late
    """The municipality's key, its login, and each destination; without a secret only what needs none."""
    from gateway.fitconnect.limits import FITCONNECT  # noqa: PLC0415 - commands import what they need

    town, channel = runtime.municipalities[ars], runtime.channels.get((ars, FITCONNECT))
    rows = [await _tried(f"signing_key {town.slug}", partial(_signing_key, runtime, ars))]
    if channel is None:
        return rows
    rows.append(await _tried(f"fitconnect_token {town.slug}", channel.check_token))
    if not rows[-1].ok:  # a destination is read with a token: it would only say the same again
        return rows
    for destination in town.destinations:
        name = f"destination {town.slug} {destination.destination_id}"
        to = runtime.channels[ars, destination.channel]
        rows.append(await _tried(name, partial(to.check_destination, destination.destination_id)))
        rows += await _taken(runtime, ars, destination) if rows[-1].ok else []
    return rows


async def _taken(runtime: Any, ars: str, destination: Destination) -> list[Row]:  # noqa: ANN401 - imported late
    """Whether a destination takes each service that goes there: what it does not take would be held after its 201.

    A misfit is a fault where the municipality names the service, and told where the destination stands for `*`.
    """
    from gateway.xoev.form.writing import MEDIA_TYPE  # noqa: PLC0415 - commands import what they need

    town, rows = runtime.municipalities[ars], []
    for service in map(runtime.catalogue.get, runtime.catalogue.ids()):
        tests = [test for test in (False, True) if town.destination_for(service.id, test=test) == destination]
        if not tests:
            continue
        uri = service.rules_for(ars).schema_uri
        name = f"service {town.slug} {service.id} {destination.destination_id}"
        channel = runtime.channels[ars, destination.channel]
        ask = partial(channel.check_service, service.id, ars, uri, MEDIA_TYPE, test=tests[0])
        row = await _tried(name, ask)
        if not row.ok and service.id not in destination.services:
            row = replace(row, ok=True, detail=f"{row.detail} (*): {row.remedy}", remedy="")
        rows.append(row)
    return rows


async def _evidence(runtime: Any) -> Row:  # noqa: ANN401 - the runtime, imported late
    """Judge every root and chain, as each night."""
    from gateway.store.proof.integrity import proofs  # noqa: PLC0415 - commands import what they need

    try:
        known = runtime.guard.known()
        found = await proofs(runtime.store, (runtime.keys.token.public_jwk, *runtime.guard.published), known)
    except GatewayError as error:
        return _fault("evidence", error)
    seen = text(
        f"{found.chains} Ketten, {found.roots} Wurzelwerte geprüft",
        f"{found.chains} chains, {found.roots} roots judged",
    )
    if not found.broken:
        return Row("evidence", True, seen)
    places = ", ".join(found.broken[:PLACES])
    remedy = text(
        f"Nicht schlüssig: {places}. Datenbank mit der Sicherung vergleichen.",
        f"Does not verify: {places}. Compare the database with the backup.",
    )
    return Row("evidence", False, seen, remedy)


async def _signing_key(runtime: Any, ars: str) -> str:  # noqa: ANN401 - the runtime, imported late
    """Judge key and certificates as of today, then sign once with what signs documents."""
    from gateway.keys.style import wanted  # noqa: PLC0415 - commands import what they need

    formats = wanted(runtime.municipalities[ars], runtime.catalogue)
    await asyncio.to_thread(partial(runtime.keys.check, ars, formats, at=runtime.clock.now()))
    identity = await runtime.keys.try_signer(ars, formats)
    said, until = f"kid {identity.kid}, {', '.join(sorted(formats))}", identity.not_after
    if until is None:
        return said
    soon = until - runtime.clock.now() < RENEW_BEFORE
    return f"{said}, ≤ {until:%Y-%m-%d}" + (text(" (bald erneuern)", " (renew soon)") if soon else "")


async def _alarms(values: Settings) -> list[Row]:
    """Whether alarms can reach people: up to the recipient's name everything is tried, nothing is sent."""
    from gateway.outbound import smtp  # noqa: PLC0415 - commands import what they need
    from gateway.wiring import recipients  # noqa: PLC0415 - commands import what they need

    try:
        targets, relay = recipients.targets(values), recipients.relay(values)
    except GatewayError as error:
        return [_fault("alarms", error)]
    if not targets:
        remedy = text("Empfänger unter [alarms] eintragen.", "Name recipients in [alarms].")
        told = text("niemand wird benachrichtigt", "nobody is told")
        return [Row("alarms", values.mode == "test", told, remedy, USAGE)]
    section = values.alarms.smtp

    async def tried(mail: str) -> str:
        assert relay is not None  # the settings see to it
        assert section is not None
        await smtp.probe(relay, section.sender, mail)
        return f"{relay.host}:{relay.port} {relay.tls}"

    rows = [await _tried(f"alarms {each.name}", partial(tried, each.mail)) for each in targets if each.mail]
    hint = text("Webhook; gateway alarms test sendet eine Probe", "webhook; gateway alarms test sends a test")
    return rows + [Row(f"alarms {each.name}", True, hint) for each in targets if each.url]


async def _tried(name: str, attempt: Callable[[], Awaitable[str]]) -> Row:
    try:
        return Row(name, True, await attempt())
    except GatewayError as error:
        return _fault(name, error)


def _fault(name: str, error: GatewayError) -> Row:
    said = [f.de if language() == "de" else f.en for f in error.findings]
    places = [f"{f.pointer}: {sentence}" for f, sentence in zip(error.findings, said, strict=True)]
    return Row(name, False, error.code, "; ".join([error.sentence(language()), *places]), _code(error))


def _code(error: GatewayError) -> int:
    """The exit code; what a counterpart says of our settings (secret, address, services) is no fault of its own."""
    if isinstance(error, _OF_DATA):
        return FAILED
    ours = isinstance(error, CounterpartError) and error.blame is Blame.OPERATOR and not error.retry
    return USAGE if ours else exit_code(error)
