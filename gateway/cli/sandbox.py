"""`gateway sandbox …`: counterparts of our own to run offline."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.console import emit_ready, guarded, options, run, set_up_logging
from gateway.cli.file_path import FilePath
from gateway.cli.language import in_language, text
from gateway.cli.local import installed_sets

if TYPE_CHECKING:
    from gateway.sandbox.fitconnect.offers import SampleService
    from gateway.services.service import Service


@click.group(help=text("Gegenstelle zum Ausprobieren starten", "Start a counterpart to try out"))
@in_language
def sandbox() -> None:
    """Group of the sandboxes."""


@sandbox.command(help=text("FIT-Connect-Sandbox starten", "Start the FIT-Connect sandbox"))
@click.option("--data", type=FilePath(file_okay=False), help=text("Verzeichnis", "Directory"))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help=text("0: das System wählt", "0: system's choice")
)
@click.option("--until-stdin-closes", "tied", is_flag=True, hidden=True)
@options
@guarded
def fitconnect(config: Path | None, as_json: bool, data: Path | None, port: int, tied: bool) -> None:
    """Run until SIGTERM, SIGINT or, tied to a parent, until that is gone."""
    from gateway import failpoints  # noqa: PLC0415 - commands import what they need
    from gateway.sandbox.fitconnect.offers import JSON_EXAMPLE  # noqa: PLC0415 - commands import what they need
    from gateway.sandbox.fitconnect.server import serve  # noqa: PLC0415 - commands import what they need
    from gateway.services.loader import load  # noqa: PLC0415 - commands import what they need
    from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    set_up_logging(values.log.level, values.log.format)
    failpoints.arm("sandbox", values.failpoints)
    services = load(values.services.dir, {}, installed_sets(values))
    offered = (*(_offer(service) for _, service in services.items()), JSON_EXAMPLE)

    def ready(line: dict[str, Any]) -> None:
        human = text("Sandbox läuft: ", "Sandbox runs: ") + str(line["submission_api_v2"])
        emit_ready(line, as_json=as_json, human=human)

    async def main(stop: asyncio.Event) -> None:
        await serve(data=data, port=port, on_ready=ready, stop=stop, offered=offered)

    run(main, tied=tied)


@sandbox.command(
    help=text(
        "Identitätsanbieter-Sandbox starten (BundID, Mein Unternehmenskonto)",
        "Start the identity provider sandbox (BundID, Mein Unternehmenskonto)",
    )
)
@click.option("--data", type=FilePath(file_okay=False), help=text("Verzeichnis", "Directory"))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help=text("0: das System wählt", "0: system's choice")
)
@click.option(
    "--trust",
    multiple=True,
    metavar="FILE|URL",
    help=text("Metadaten eines Dienstes, mehrfach", "Metadata of a service provider, repeatable"),
)
@click.option("--until-stdin-closes", "tied", is_flag=True, hidden=True)
@options
@guarded
def identity(  # noqa: PLR0913 - what the command can be told
    *, config: Path | None, as_json: bool, data: Path | None, port: int, trust: tuple[str, ...], tied: bool
) -> None:
    """Run until SIGTERM, SIGINT or, tied to a parent, until that is gone."""
    from gateway import failpoints  # noqa: PLC0415 - commands import what they need
    from gateway.sandbox.identity.server import serve  # noqa: PLC0415 - commands import what they need
    from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    set_up_logging(values.log.level, values.log.format)
    failpoints.arm("sandbox", values.failpoints)

    def ready(line: dict[str, Any]) -> None:
        emit_ready(line, as_json=as_json, human=_told(line))

    async def main(stop: asyncio.Event) -> None:
        await serve(data=data, port=port, trusted=trust, on_ready=ready, stop=stop)

    run(main, tied=tied)


@sandbox.command(help=text("Katalog-Sandbox starten (PVOG, Data Hub)", "Start the catalogue sandbox (PVOG, Data Hub)"))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help=text("0: das System wählt", "0: system's choice")
)
@click.option("--until-stdin-closes", "tied", is_flag=True, hidden=True)
@options
@guarded
def catalogue(*, config: Path | None, as_json: bool, port: int, tied: bool) -> None:
    """Run until SIGTERM, SIGINT or, tied to a parent, until that is gone."""
    from gateway.cli.demo import catalogue as examples  # noqa: PLC0415 - commands import what they need
    from gateway.sandbox.catalogue.server import serve  # noqa: PLC0415 - commands import what they need
    from gateway.services.loader import load  # noqa: PLC0415 - commands import what they need
    from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    set_up_logging(values.log.level, values.log.format)
    services = load(values.services.dir, {}, installed_sets(values))
    titles = {**examples.titles(), **{service_id: service.titles for service_id, service in services.items()}}

    def ready(line: dict[str, Any]) -> None:
        emit_ready(line, as_json=as_json, human=text("Sandbox läuft: ", "Sandbox runs: ") + str(line["pvog"]))

    async def main(stop: asyncio.Event) -> None:
        await serve(port=port, pages_of=titles, on_ready=ready, stop=stop)

    run(main, tied=tied)


def _told(line: dict[str, Any]) -> str:
    """What a person needs of the identity sandbox: addresses, and whom one can log in as."""
    people = ", ".join(str(account["id"]) for account in (*line["persons"], *line["organisations"]))
    return "\n".join(
        (
            text("Sandbox läuft: ", "Sandbox runs: ") + str(line["idp_metadata"]),
            text("  Unternehmenskonto: ", "  Mein Unternehmenskonto: ") + str(line["muk"]["idp_metadata"]),
            text("  Anmelden als: ", "  Log in as: ") + people,
            text("  eigene Schnittstelle: ", "  interface of its own: ") + str(line["admin"]),
        )
    )


def _offer(service: Service) -> SampleService:
    """A service as the sandbox's destinations take it, with the XSD that they hold its documents to.

    Schemas of messages consist of many files of an installed set; documents by them are looked at as XML only.
    """
    from gateway.sandbox.fitconnect.offers import SampleService  # noqa: PLC0415 - commands import what they need

    schemas = tuple((uri, "application/xml") for uri in service.schema_uris)
    return SampleService(service.identifier, ("DE",), schemas, {schemas[0]: service.compiled.schema.source})
