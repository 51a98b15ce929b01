"""`gateway catalogue`: what the municipality offers in the OZG catalogue."""

from __future__ import annotations

import click

from gateway.cli.catalogue_export import export
from gateway.cli.language import text


@click.group(help=text("OZG-Katalog", "OZG catalogue"))
def catalogue() -> None:
    """Group of the catalogue commands."""


for command in (export,):
    catalogue.add_command(command)
