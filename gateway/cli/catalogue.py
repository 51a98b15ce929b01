"""`gateway catalogue`: the municipality's offer in the OZG catalogue."""

from __future__ import annotations

import click

from gateway.cli.catalogue_report import report, verify_report
from gateway.cli.language import text


@click.group(help=text("Angebot im OZG-Katalog", "The offer in the OZG catalogue"))
def catalogue() -> None:
    """Group of the catalogue commands."""


for command in (report, verify_report):
    catalogue.add_command(command)
