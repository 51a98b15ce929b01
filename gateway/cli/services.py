"""`gateway services`: check the services' files, try a record against a service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from gateway.cli.console import FINDINGS, emit, finding_line, guarded, options, show
from gateway.cli.file_path import FilePath
from gateway.cli.language import in_language, text
from gateway.cli.local import installed_sets, json_file
from gateway.cli.services_diff import diff
from gateway.cli.services_pdf import write_readable
from gateway.errors import DataInvalid, SettingsInvalid
from gateway.model import Finding, Severity

if TYPE_CHECKING:
    from gateway.services.loader import Services
    from gateway.settings.municipality import MunicipalityFile


@click.group(help=text("Dienste prüfen", "Check services"))
@in_language
def services() -> None:
    """Group of the service commands."""


@services.command(name="check", help=text("Alle Dateien der Dienste prüfen", "Check every file of the services"))
@click.argument("directory", required=False, type=FilePath(file_okay=False, exists=True))
@options
@guarded
def check(config: Path | None, as_json: bool, directory: Path | None) -> None:
    """One line a finding; none means everything fits, and warnings alone are no failure."""
    from gateway.services.loader import load  # noqa: PLC0415 - commands import what they need
    from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    faults: list[Finding] = []
    files: tuple[MunicipalityFile, ...] = ()
    try:
        files = settings.read_municipalities(values)
    except SettingsInvalid as error:
        faults += error.findings
    names: tuple[str, ...] = ()
    try:
        parameters = {file.ars: file.parameters for file in files}
        services = load(directory or values.services.dir, parameters, installed_sets(values))
        names = services.ids()
        faults += [finding for _, service in services.items() for finding in service.compiled.differences]
        faults += _codes(services, parameters)
        faults += _notices(services)
        faults += _printing(services, files)
    except DataInvalid as error:
        faults += error.findings
    faults += _without_service(files, names)
    for finding in faults:
        emit(finding.as_json(), as_json=as_json, human=finding_line(finding))
    if any(finding.severity is Severity.ERROR for finding in faults):
        raise SystemExit(FINDINGS)
    if not as_json:
        emit({}, as_json=False, human=text("In Ordnung: ", "In order: ") + ", ".join(names))


@services.command(name="try", help=text("Einen Antrag gegen einen Dienst probieren", "Try a record against a service"))
@click.argument("service")
@click.argument("record", type=FilePath(exists=True, dir_okay=False))
@click.option("--municipality", default="", metavar="ARS", help=text("Zwölfstelliger ARS", "12-digit ARS"))
@click.option(
    "--pdf",
    type=FilePath(dir_okay=False),
    metavar="FILE",
    help=text("Den lesbaren Antrag hierhin schreiben", "Write the readable application to this file"),
)
@click.option(
    "--language",
    "printed_in",
    type=click.Choice(["de", "en"]),
    default="de",
    help=text("Sprache des lesbaren Antrags", "Language of the readable application"),
)
@options
@guarded
def try_(  # noqa: PLR0913, PLR0917 - what a trial can be told, each by name
    config: Path | None, as_json: bool, service: str, record: Path, municipality: str, pdf: Path | None, printed_in: str
) -> None:
    """The document, every finding, and which value of the record went where. Nothing is stored or sent."""
    from gateway.german_time import german_date  # noqa: PLC0415 - commands import what they need
    from gateway.services.attachments import sample  # noqa: PLC0415 - commands import what they need
    from gateway.services.loader import load  # noqa: PLC0415 - commands import what they need
    from gateway.services.service import PRODUCT  # noqa: PLC0415 - commands import what they need
    from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need
    from gateway.xoev.message.around import Around  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    towns = {file.ars: file for file in settings.read_municipalities(values)}
    parameters = {ars: file.parameters for ars, file in towns.items()}
    services = load(values.services.dir, parameters, installed_sets(values))
    chosen = services.get(service).rules_for(municipality)
    data, reference = _record(record)
    now = datetime.now(UTC)
    name = towns[municipality].name if municipality in towns else "-"
    around = Around(
        uuid4(), uuid4(), now, municipality, name, PRODUCT, sample(chosen.attachments, chosen.compiled.plan), test=True
    )
    today = german_date(now)
    findings = [
        finding
        for finding in chosen.check(data, (), ars=municipality, today=today)
        if not finding.rule.startswith("attachment_")  # a record alone has none
    ]
    document, trace = None, []
    if not any(finding.severity is Severity.ERROR for finding in findings):
        document, document_findings = chosen.document(data, around)
        findings += document_findings
        trace = chosen.trace(data, around)
    if document is not None and pdf is not None:
        write_readable(chosen, data, around, reference, pdf, language=printed_in)
    line = {
        "document": document.content.decode() if document else None,
        "findings": [finding.as_json() for finding in findings],
        "mapping": trace,
    }
    human = "" if document is None else document.content.decode() + "\n"
    human += "".join(f"{step['from']} -> {step['to']} ({step['value_type']})\n" for step in trace)
    emit(line, as_json=as_json, human=human.rstrip())
    if not as_json:
        show(tuple(findings))
    if document is None:
        raise SystemExit(FINDINGS)


services.add_command(diff)


def _codes(services: Services, parameters: Mapping[str, Mapping[str, object]]) -> Iterator[Finding]:
    """Code lists that messages of municipalities use and that have run out or are not installed."""
    from gateway.services.standard_support import message_findings  # noqa: PLC0415 - commands import what they need

    now = datetime.now(UTC)
    for ars, by_service in parameters.items():
        for service in sorted(set(by_service) & set(services.ids())):
            for finding in message_findings(services.get(service), ars, now):
                yield replace(finding, pointer=f"parameters/{ars}#/{service}{finding.pointer}")


def _notices(services: Services) -> Iterator[Finding]:
    """What of the services' form schemas is not enforced, names and formats that differ."""
    from gateway.services.cross_checks import unlisted  # noqa: PLC0415 - commands import what they need

    for service in map(services.get, services.ids()):
        for notice in service.definition.notices:
            yield replace(notice, pointer=f"{service.id}/service.toml#{notice.pointer}")
        for notice in service.compiled.texts.form.notices:
            yield replace(notice, pointer=f"{service.id}/form.xml#{notice.pointer}")
        for notice in unlisted(service.compiled.plan, service.attachments):
            yield replace(notice, pointer=f"{service.id}/{notice.pointer}")


def _printing(services: Services, files: Iterable[MunicipalityFile]) -> Iterator[Finding]:
    """What the PDF cannot show of the texts of services and municipalities."""
    from gateway.services.printing import findings, shown_otherwise  # noqa: PLC0415 - commands import what they need

    for service in map(services.get, services.ids()):
        yield from findings(service)
    for file in files:
        if note := shown_otherwise(f"{file.slug}: name", file.name):
            yield note


def _without_service(files: Iterable[MunicipalityFile], names: tuple[str, ...]) -> Iterator[Finding]:
    """Destinations for a service that is not there: nothing would ever be delivered to them."""
    if not names:
        return
    for file in files:
        for number, destination in enumerate(file.destinations):
            for service in destination.services:
                if service not in {"*", *names}:
                    yield Finding(
                        f"{file.slug}: destinations.{number}.services",
                        "unknown_service",
                        f"Den Dienst {service} gibt es nicht; bitte Schreibweise prüfen oder entfernen.",
                        f"There is no service {service}; check the spelling or remove it.",
                    )


def _record(path: Path) -> tuple[Any, str | None]:
    """The record, and the portal's reference where the file is a whole create body that has one."""
    value = json_file(path)
    if not (isinstance(value, dict) and {"service", "record"} <= value.keys()):
        return value, None
    reference = value.get("reference")
    return value["record"], reference if isinstance(reference, str) else None
