"""`gateway validate`: a document that came from elsewhere, judged in stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from gateway import __version__
from gateway.cli.console import FINDINGS, USAGE, emit, guarded, options, say, show
from gateway.cli.file_path import FilePath
from gateway.cli.language import text
from gateway.input import regular_file
from gateway.model import Finding

if TYPE_CHECKING:
    from gateway.sets.library import Library
    from gateway.settings.gateway import Settings
    from gateway.xoev.report import Report, Scenario
    from gateway.xoev.report.schema_stage import Judge
    from gateway.xoev.report.stages import CodeCheck
    from gateway.xoev.schematron import RuleSet

_MOST_FILES = 500
_MOST_BYTES = 64 << 20
_FILE = FilePath(dir_okay=False, exists=True)


@click.command(
    name="validate",
    help=text(
        "Ein XML-Dokument in Stufen prüfen: Wohlgeformtheit, Schema, Regeln (Schematron), Codelisten, DIN 91379",
        "Judge an XML document in stages: well-formed, schema, rules (Schematron), code lists, DIN 91379",
    ),
)
@click.argument("document", type=_FILE)
@click.option(
    "--service", metavar="ID", help=text("Schema und Regeln dieses Dienstes", "Schema and rules of a service")
)
@click.option(
    "--xsd", type=_FILE, help=text("Schema; weitere Dateien liegen daneben", "Schema; its parts lie beside it")
)
@click.option(
    "--schema-set",
    metavar="URN_VERSION",
    help=text(
        "Installierte Schemamenge (gateway schemas list); mit --xsd nur sie für das, was nicht daneben liegt",
        "An installed schema set (gateway schemas list); with --xsd it alone answers what does not lie beside",
    ),
)
@click.option(
    "--schematron",
    "rule_files",
    type=_FILE,
    multiple=True,
    help=text(
        "Regeldatei (mehrfach möglich); Einbindungen liegen daneben", "Rule file (repeatable); parts lie beside it"
    ),
)
@click.option("--phase", metavar="ID", help=text("Phase der Regeln", "Phase of the rules"))
@click.option("--report", type=FilePath(dir_okay=False), help=text("Prüfbericht (XML)", "XML report"))
@click.option(
    "--second-opinion",
    is_flag=True,
    help=text("Immer auch den zweiten Schemaprüfer (xmlschema) fragen", "Always ask the second judge of schemas, too"),
)
@click.option("--values", is_flag=True, help=text("Meldungen dürfen Werte nennen", "Messages may name values"))
@options
@guarded
def validate(  # noqa: PLR0913 - the options of the command
    *,
    config: Path | None,
    as_json: bool,
    document: Path,
    service: str | None,
    xsd: Path | None,
    schema_set: str | None,
    rule_files: tuple[Path, ...],
    phase: str | None,
    report: Path | None,
    second_opinion: bool,
    values: bool,
) -> None:
    """One line with stages and findings; exit code 3 where the document should be rejected."""
    from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need
    from gateway.xoev import report as reports  # noqa: PLC0415 - as above
    from gateway.xoev.xml import strict_xml  # noqa: PLC0415 - commands import what they need

    if service and (xsd or schema_set):
        raise click.UsageError(text("--service oder ein Schema, nicht beides.", "--service or a schema, not both."))
    configured = settings.read(config)
    library = _installed(configured)
    scenario = _service(configured, service, library) if service else _given(document, xsd, schema_set, library)
    rules = scenario.rules + _rules(rule_files, phase)
    codes = _codes(library, scenario.schema)
    scenario = replace(scenario, rules=rules, phase=phase, codes=codes, values=values, second=second_opinion)
    data = regular_file.content(document, strict_xml.DEFAULT_LIMITS.size + 1)
    result = reports.validate(data, scenario, datetime.now(UTC))
    if report is not None:
        _write(report, result, document.name)
    _tell(result, as_json=as_json)
    if result.recommendation is reports.Recommendation.REJECT:
        raise SystemExit(FINDINGS)


def _service(values: Settings, service: str, library: Library) -> Scenario:
    from gateway.services.loader import load  # noqa: PLC0415 - commands import what they need

    return load(values.services.dir, None, lambda: library).get(service).scenario


def _installed(values: Settings) -> Library:
    """What is installed; what is faulty is told and not used."""
    from gateway.sets.installed import load  # noqa: PLC0415 - commands import what they need
    from gateway.sets.manifest import shipped  # noqa: PLC0415 - as above

    library, faults = load(values.schema_dir, shipped(), values.trusted_sets)
    if faults := (*faults, *library.faults):
        say(text("Nicht benutzt, da fehlerhaft:", "Not used, being faulty:"))
        show(faults)
    return library


def _codes(library: Library, schema: Judge | None) -> CodeCheck | None:
    """The check against the code lists that are installed; None where none are."""
    from gateway.xoev.codes.document_codes import Codes  # noqa: PLC0415 - commands import what they need
    from gateway.xoev.report.code_stage import looked_up  # noqa: PLC0415 - as above
    from gateway.xoev.schema.sets import CompiledSet  # noqa: PLC0415 - as above

    if not any(True for _ in library.code_lists):
        return None
    return looked_up(library.code_lists, Codes(schema if isinstance(schema, CompiledSet) else None))


def _given(document: Path, xsd: Path | None, schema_set: str | None, library: Library) -> Scenario:
    from gateway.xoev.report import Scenario  # noqa: PLC0415 - commands import what they need
    from gateway.xoev.schema.sets import SchemaSet  # noqa: PLC0415 - as above

    only = None if schema_set is None else library.find(schema_set)
    if schema_set is not None and only is None:
        names = ", ".join(identity.name for identity in library.identities() if identity.kind == "schema") or "–"
        raise click.BadParameter(
            text(
                f"nicht installiert oder mehrdeutig; da sind: {names}",
                f"not installed or ambiguous; there are: {names}",
            ),
            param_hint="--schema-set",
        )
    if xsd is None and only is None:
        return Scenario(document.name)
    if xsd is None:
        schema, faults = library.schema(only.urn, only.version) if only else (None, ())
    else:
        files = dict(_beside(xsd, "*.xsd"))
        schema, faults = library.around(SchemaSet("", "", files, frozenset(files)), xsd.name, only)
    if schema is None:
        _refuse(faults)
    return Scenario(document.name, schema, xsd.name if xsd else schema_set or "")


def _rules(files: Sequence[Path], phase: str | None) -> tuple[tuple[str, RuleSet], ...]:
    from gateway.xoev import schematron  # noqa: PLC0415 - commands import what they need

    read: list[tuple[str, RuleSet]] = []
    faults: list[Finding] = []
    for file in files:
        sources = dict(_beside(file, "*.sch"))
        rules, findings = schematron.read(sources[file.name], sources)
        faults += [replace(finding, pointer=f"{file.name}#{finding.pointer}") for finding in findings]
        if rules is not None:
            read.append((file.name, rules))
    if faults:
        _refuse(faults)
    if phase is not None and not any(phase in rules.phases for _, rules in read):
        raise click.UsageError(text("Diese Phase hat keine Regeldatei.", "No rule file has this phase."))
    return tuple(read)


def _beside(file: Path, pattern: str) -> Iterator[tuple[str, bytes]]:
    """The file and those of the same kind in its folder and one below, by relative name, within bounds."""
    folder, bytes_left = file.parent, _MOST_BYTES
    siblings = sorted([*folder.glob(pattern), *folder.glob(f"*/{pattern}")])
    files = [file, *(path for path in siblings[:_MOST_FILES] if path.is_file() and path != file)]
    for path in files:
        bytes_left -= path.stat().st_size
        if bytes_left < 0 or path.is_symlink():
            raise click.UsageError(
                text("Neben der Datei liegt zu viel oder ein Verweis: ", "Too much beside the file, or a link: ")
                + path.name
            )
        yield path.relative_to(folder).as_posix(), regular_file.content(path)


def _refuse(faults: Sequence[Finding]) -> NoReturn:
    say(
        text(
            "Schema oder Regeln enthalten Fehler; alle sind aufgeführt.", "Schema or rules have faults; all are listed."
        )
    )
    show(tuple(faults))
    raise SystemExit(USAGE)


def _write(path: Path, report: Report, reference: str) -> None:
    from gateway.xoev.report import kosit  # noqa: PLC0415 - commands import what they need

    try:
        path.write_bytes(kosit.write(report, engine="OZG-Gateway", version=__version__, reference=reference))
    except OSError as error:
        raise click.UsageError(text("Nicht beschreibbar: ", "Cannot be written: ") + str(error)) from None


_STAGES = {
    "well_formed": ("Wohlgeformt", "Well-formed"),
    "schema": ("Schema", "Schema"),
    "rules": ("Regeln", "Rules"),
    "code_lists": ("Codelisten", "Code lists"),
    "characters": ("DIN 91379", "DIN 91379"),
    "service": ("Dienstregeln", "Rules of the service"),
}
_STATES = {
    "passed": ("bestanden", "passed"),
    "failed": ("nicht bestanden", "failed"),
    "not_asked": ("nicht gefragt", "not asked"),
    "not_reached": ("nicht erreicht", "not reached"),
}
_RECOMMENDATIONS = {
    "acceptable": ("annehmen", "accept"),
    "reject": ("zurückweisen", "reject"),
    "undefined": ("keine: weder Schema noch Regeln gefragt", "none: neither schema nor rules asked"),
}


def _tell(report: Report, *, as_json: bool) -> None:
    line: dict[str, Any] = report.as_json()
    human = [f"{text(*_STAGES[stage['stage']])}: {text(*_STATES[stage['state']])}" for stage in line["stages"]]
    human.append(text("Empfehlung: ", "Recommendation: ") + text(*_RECOMMENDATIONS[line["recommendation"]]))
    emit(line, as_json=as_json, human="\n".join(human))
    if not as_json:
        show(report.findings)
