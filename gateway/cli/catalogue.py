"""`gateway catalogue`: the municipality's offer in the OZG catalogue."""

from __future__ import annotations

import click

from gateway.cli.catalogue_entries import check, list_, show
from gateway.cli.catalogue_probe import probe
from gateway.cli.language import text


@click.group(help=text("Das Angebot im OZG-Katalog", "The offer in the OZG catalogue"))
def catalogue() -> None:
    """Group of the catalogue commands."""


for command in (check, list_, probe, show):
    catalogue.add_command(command)
