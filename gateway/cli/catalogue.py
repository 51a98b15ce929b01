"""`gateway catalogue`: the municipality's offer in the OZG catalogue."""

from __future__ import annotations

import click

from gateway.cli.catalogue_probe import probe
from gateway.cli.language import text


@click.group(help=text("OZG-Katalog", "The OZG catalogue"))
def catalogue() -> None:
    """Group of the catalogue commands."""


for command in (probe,):
    catalogue.add_command(command)
