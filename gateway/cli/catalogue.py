"""`gateway catalogue`: the municipality's offer in the OZG catalogue."""

from __future__ import annotations

import click

from gateway.cli.catalogue_readback import readback
from gateway.cli.language import text


@click.group(help=text("Der OZG-Katalog", "The OZG catalogue"))
def catalogue() -> None:
    """Group of the commands of the catalogue."""


for command in (readback,):
    catalogue.add_command(command)
