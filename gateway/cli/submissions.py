"""`gateway send`, `status`, `list`: submissions from the machine itself, without HTTP."""

from __future__ import annotations

import asyncio
import mimetypes
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import click

from gateway.cli.console import FAILED, emit, guarded, options, run
from gateway.cli.file_path import FilePath
from gateway.cli.language import text
from gateway.cli.local import command_settings, json_file, uuids, with_runtime
from gateway.errors import InvalidParameter, UnknownMunicipality
from gateway.input import regular_file
from gateway.model import ALL_SCOPES, Client, Finding, Scope, State
from gateway.ports.blobs import IncomingUpload
from gateway.ports.store import Filter, View
from gateway.settings.gateway import Settings
from gateway.submission.states import TERMINAL

MACHINE = Client("gateway-cli", frozenset(ALL_SCOPES), frozenset())
EVERYTHING = Scope(None, None)
BLOCK = 1 << 20


@click.command(help=text("Einen Antrag übergeben", "Hand off an application"))
@click.argument("service")
@click.argument("record", type=FilePath(exists=True, dir_okay=False))
@click.option("--municipality", required=True, metavar="ARS", help=text("Zwölfstelliger ARS", "12-digit ARS"))
@click.option("--attach", multiple=True, metavar="KIND=FILE", help=text("Anlage", "Attachment"))
@click.option("--wait", type=click.IntRange(0, 86_400), default=0, help=text("Sekunden", "Seconds"))
@click.option("--key", help="Idempotency-Key")
@options
@guarded
def send(  # noqa: PLR0913, PLR0917 - one parameter an option
    config: Path | None,
    as_json: bool,
    service: str,
    record: Path,
    municipality: str,
    attach: tuple[str, ...],
    wait: int,
    key: str | None,
) -> None:
    """Take the record in, print the submission; with `--wait`, carry it out here until it ended."""
    values = command_settings(config)
    body = {"service": service, "municipality": municipality, "record": json_file(record)}
    files = [_attached(item) for item in attach]

    async def main(stop: asyncio.Event) -> View:
        return await _send(values, body, files, key or str(uuid4()), wait, stop)

    view = run(main)
    emit(view.as_json(), as_json=as_json)
    if wait and view.submission.state.value != "accepted":
        raise SystemExit(FAILED)


async def _send(  # noqa: PLR0913, PLR0917 - what a hand-off is made of
    values: Settings, body: dict[str, Any], files: list[tuple[str, Path]], key: str, wait: int, stop: asyncio.Event
) -> View:
    from gateway.intake.body import Application  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.runtime import open_runtime  # noqa: PLC0415 - as above

    async with open_runtime(values) as runtime:
        if body["municipality"] not in runtime.municipalities:
            raise UnknownMunicipality
        listed = []
        for kind, path in files:
            media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            incoming = IncomingUpload(MACHINE.id, body["municipality"], uuid4(), media_type, path.stat().st_size, None)
            await runtime.store.receive_upload(incoming, _blocks(path))
            listed.append(
                {"kind": kind, "filename": path.name, "media_type": media_type, "upload": str(incoming.upload)}
            )
        view = await runtime.intake.create(MACHINE, Application.of({**body, "attachments": listed}), key)
        if wait:
            await _carried_out(runtime, view.submission.id, wait, stop)
        return await runtime.store.view(view.submission.id, EVERYTHING)


async def _carried_out(runtime: Any, submission_id: UUID, wait: int, stop: asyncio.Event) -> None:  # noqa: ANN401
    """Advance here as a worker would; where one is running, versions see to it that nothing happens twice."""
    deadline = asyncio.get_running_loop().time() + wait
    while asyncio.get_running_loop().time() < deadline and not stop.is_set():
        await runtime.delivery.advance(submission_id)
        if (await runtime.store.load(submission_id)).state in TERMINAL:
            return
        await asyncio.sleep(0.5)


async def _blocks(path: Path) -> AsyncIterator[bytes]:
    with regular_file.opened(path) as file:
        while block := await asyncio.to_thread(file.read, BLOCK):
            yield block


def _attached(item: str) -> tuple[str, Path]:
    kind, _, name = item.partition("=")
    if not kind or not Path(name).is_file():
        fault = Finding(
            "--attach",
            "no_file",
            "Erwartet wird ART=DATEI, eine gewöhnliche Datei.",
            "KIND=FILE is expected, a regular file.",
        )
        raise InvalidParameter(findings=(fault,))
    return kind, Path(name)


@click.command(help=text("Eine Einreichung ansehen", "Look at a submission"))
@click.argument("submission_id", metavar="ID")
@options
@guarded
def status(config: Path | None, as_json: bool, submission_id: str) -> None:
    """Print the submission as the API would."""
    (submission,) = uuids([submission_id])

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - the runtime, imported late
        emit((await runtime.store.view(submission, EVERYTHING)).as_json(), as_json=as_json)

    with_runtime(config, main)


@click.command(name="list", help=text("Einreichungen auflisten", "List submissions"))
@click.option(
    "--state",
    multiple=True,
    type=click.Choice([state.value for state in State]),
    help=text("Nur dieser Zustand", "Only this state"),
)
@options
@guarded
def list_(config: Path | None, as_json: bool, state: tuple[str, ...]) -> None:
    """One line each, newest first."""

    async def main(runtime: Any, stop: asyncio.Event) -> None:  # noqa: ANN401 - as above
        cursor: str | None = None
        while not stop.is_set():
            views, cursor = await runtime.store.list_views(Filter(states=state, cursor=cursor, limit=200), EVERYTHING)
            for view in views:
                row = view.submission
                human = f"{row.id}  {row.state.value:<10} {row.service:<20} {row.updated_at:%Y-%m-%d %H:%M:%S}"
                emit(view.as_json(), as_json=as_json, human=human)
            if cursor is None:
                return

    with_runtime(config, main)
