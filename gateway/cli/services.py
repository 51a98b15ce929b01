"""`gateway services`: check the services' files, try a record against a service."""

from __future__ import annotations

from pathlib import Path

import click

from gateway.cli.console import FINDINGS, emit, guarded, options
from gateway.cli.language import language, text
from gateway.errors import DataInvalid


@click.group(help=text("Dienste prüfen", "Check services"))
def services() -> None:
    """Group of the service commands."""


@services.command(name="check", help=text("Alle Dateien der Dienste prüfen", "Check every file of the services"))
@click.argument("directory", required=False, type=click.Path(path_type=Path, file_okay=False, exists=True))
@options
@guarded
def check(config: Path | None, as_json: bool, directory: Path | None) -> None:
    """One line a finding; none means everything fits."""
    from gateway import settings  # noqa: PLC0415 - commands import what they need
    from gateway.services.loader import load  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    files = settings.read_municipalities(values)
    try:
        catalogue = load(directory or values.services.dir, {file.ars: file.parameters for file in files})
    except DataInvalid as error:
        for finding in error.findings:
            sentence = finding.de if language() == "de" else finding.en
            emit(finding.as_json(), as_json=as_json, human=f"{finding.pointer}: {sentence} [{finding.rule}]")
        raise SystemExit(FINDINGS) from None
    if not as_json:
        emit({}, as_json=False, human=text("In Ordnung: ", "In order: ") + ", ".join(sorted(catalogue.ids())))
