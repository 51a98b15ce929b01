"""`gateway schemas`: form schemas and document schemas."""

from __future__ import annotations

import click

from gateway.cli.language import in_language, text
from gateway.cli.schemas_fim import fim
from gateway.cli.schemas_sets import install, list_, verify


@click.group(help=text("Schemata und Codelisten", "Schemas and code lists"))
@in_language
def schemas() -> None:
    """Group of the schema commands."""


for command in (fim, install, list_, verify):
    schemas.add_command(command)
