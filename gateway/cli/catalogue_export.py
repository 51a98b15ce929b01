"""`gateway catalogue export`: make and accept an export in XZuFi, write its files to a directory."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.catalogue_entries import show_errors
from gateway.cli.console import emit, guarded, options, say, unwritable
from gateway.cli.file_path import FilePath
from gateway.cli.language import text
from gateway.cli.local import with_runtime
from gateway.errors import InvalidParameter
from gateway.model import Finding

if TYPE_CHECKING:
    from gateway.catalogue.losses import AllowedLoss
    from gateway.wiring.catalogue_registry import EntryRegistration


@click.command(help=text("In XZuFi exportieren", "Export in XZuFi"))
@click.option(
    "--out",
    type=FilePath(file_okay=False),
    help=text(
        "Verzeichnis für index.txt und Dateien; ein früherer Export darin wird ersetzt",
        "Directory for index.txt and files; an earlier export in it is replaced",
    ),
)
@click.option(
    "--allow-loss",
    is_flag=True,
    help=text(
        "Auch annehmen, was Dienste verliert (mit --by und --reason)",
        "Accept what loses services, too (with --by and --reason)",
    ),
)
@click.option("--by", help=text("Wer den Verlust erlaubt", "Who allows the loss"))
@click.option("--reason", help=text("Warum", "Why"))
@options
@guarded
def export(  # noqa: PLR0913, PLR0917 - options of the fixed interface
    config: Path | None, as_json: bool, out: Path | None, allow_loss: bool, by: str | None, reason: str | None
) -> None:
    """One line: the accepted export, whether it is a new one, whether it was held to the official schema."""
    loss = _loss(by, reason, allowed=allow_loss)

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - the runtime, imported late
        from gateway.store.catalogue.exported_files import ExportedFiles  # noqa: PLC0415 - commands import what they need
        from gateway.wiring.catalogue_export import exported  # noqa: PLC0415 - as above
        from gateway.wiring.export_directory import ForeignFiles, write  # noqa: PLC0415 - as above

        async def told(registration: EntryRegistration) -> None:
            show_errors(registration)

        summary = await exported(runtime, loss, told)
        if out is not None:
            try:
                await write(ExportedFiles(runtime.store.database), summary.accepted.no, out)
            except ForeignFiles:
                raise InvalidParameter(findings=(_foreign(out),)) from None
            except OSError as error:
                raise unwritable(str(out), error) from None
        if not summary.accepted.verified:
            say(_unverified())
        line = summary.as_json()
        emit(line, as_json=as_json, human=_human(line))

    with_runtime(config, main, services=True)


def _human(line: Mapping[str, Any]) -> str:
    objects = ", ".join(f"{kind} {number}" for kind, number in line["objects"].items())
    new = text("neu", "new") if line["changed"] else text("wie zuvor", "as before")
    services, files = line["services"], line["files"]
    return text(
        f"Export {line['export']} ({new}): {services} Dienste, {files} Dateien; {objects}",
        f"Export {line['export']} ({new}): {services} services, {files} files; {objects}",
    )


def _loss(by: str | None, reason: str | None, *, allowed: bool) -> AllowedLoss | None:
    from gateway.catalogue.losses import AllowedLoss  # noqa: PLC0415 - commands import what they need

    named = bool(by and by.strip() and reason and reason.strip())
    if allowed != named or (not allowed and (by or reason)):
        fault = Finding(
            "--allow-loss",
            "person_and_reason",
            "--allow-loss, --by NAME und --reason GRUND gehören zusammen.",
            "--allow-loss, --by NAME and --reason TEXT belong together.",
        )
        raise InvalidParameter(findings=(fault,))
    return AllowedLoss(str(by).strip(), str(reason).strip()) if allowed else None


def _foreign(out: Path) -> Finding:
    return Finding(
        str(out),
        "foreign_files",
        "In diesem Verzeichnis liegt anderes als ein Export; bitte ein leeres oder neues angeben.",
        "This directory holds something else than an export; give an empty or a new one.",
    )


def _unverified() -> str:
    return text(
        "Ungeprüft: das amtliche XZuFi-Schema ist nicht installiert (gateway schemas install).",
        "Unverified: the official XZuFi schema is not installed (gateway schemas install).",
    )
