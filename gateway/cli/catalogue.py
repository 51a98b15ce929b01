"""`gateway catalogue`: the municipality's offer in the OZG catalogue."""

from __future__ import annotations

import click

from gateway.cli.catalogue_entries import check, list_, show
from gateway.cli.catalogue_export import export
from gateway.cli.catalogue_probe import probe
from gateway.cli.catalogue_push import push
from gateway.cli.catalogue_readback import readback
from gateway.cli.catalogue_report import report, verify_report
from gateway.cli.catalogue_statistics import statistics
from gateway.cli.catalogue_worklist import worklist
from gateway.cli.language import in_language, text


@click.group(help=text("Das Angebot im OZG-Katalog", "The offer in the OZG catalogue"))
@in_language
def catalogue() -> None:
    """Group of the catalogue commands."""


for command in (check, export, list_, probe, push, readback, report, show, statistics, verify_report, worklist):
    catalogue.add_command(command)
