"""`gateway schemas`: form schemas and document schemas."""

from __future__ import annotations

import click

from gateway.cli.language import text
from gateway.cli.schemas_fim import fim


@click.group(help=text("Schemata einlesen", "Take in schemas"))
def schemas() -> None:
    """Group of the schema commands."""


schemas.add_command(fim)
