"""`gateway catalogue`: the municipality's offer in the OZG catalogue."""

from __future__ import annotations

import click

from gateway.cli.catalogue_entries import check, list_, show
from gateway.cli.catalogue_export import export
from gateway.cli.catalogue_probe import probe
from gateway.cli.catalogue_readback import readback
from gateway.cli.catalogue_report import report, verify_report
from gateway.cli.catalogue_statistics import statistics
from gateway.cli.language import text


@click.group(help=text("Das Angebot im OZG-Katalog", "The offer in the OZG catalogue"))
def catalogue() -> None:
    """Group of the catalogue commands."""


for command in (check, export, list_, probe, readback, report, show, statistics, verify_report):
    catalogue.add_command(command)
