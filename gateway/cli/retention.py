"""`gateway retention`: what is erased when, holds, subject access and erasure on request."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from gateway.cli.console import emit, guarded, options, say, sentence_of
from gateway.cli.language import in_language, language, text
from gateway.cli.local import uuids, with_runtime
from gateway.errors import ErasureFailed, GatewayError, InvalidParameter
from gateway.model import Finding, instant

_PAYLOAD = ("record", "document", "reference", "attachments")
_WHO = ("identity", "account")
_NOTHING = {
    "de": "Zu diesem Aktenzeichen liegt nichts (mehr) vor.",
    "en": "Nothing is held about this reference (any more).",
}


@click.group(help=text("Löschfristen und Auskunft", "Erasure and subject access"))
@in_language
def retention() -> None:
    """Entry of the five commands."""


@retention.command(help=text("Zeigen, was jetzt zu löschen ist", "Show what is due now"))
@options
@guarded
def plan(config: Path | None, as_json: bool) -> None:
    """One line a town, service and stage."""

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - the runtime, imported late
        for period in runtime.periods:
            _line(period, "due", await runtime.retention.due(period), as_json=as_json)

    with_runtime(config, main, services=True)


@retention.command(name="run", help=text("Löschen, was jetzt zu löschen ist", "Erase what is due now"))
@options
@guarded
def run_(config: Path | None, as_json: bool) -> None:
    """One line a town, service and stage. The worker does the same every hour."""

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - as above
        failed: ErasureFailed | None = None
        for period in runtime.periods:
            try:
                number = await runtime.retention.run(period)
            except ErasureFailed as error:  # said once the other periods had their turn
                failed = failed or error
                number = error.params["erased"]
            _line(period, "erased", number, as_json=as_json)
        if failed is not None:
            raise failed

    with_runtime(config, main, services=True)


@retention.command(help=text("Von der Löschung ausnehmen", "Keep in spite of every period"))
@click.argument("submission_id", metavar="ID")
@click.option("--release", is_flag=True, help=text("Die Ausnahme beenden", "End it"))
@options
@guarded
def hold(config: Path | None, as_json: bool, submission_id: str, release: bool) -> None:
    """A legal hold on one submission."""
    (submission,) = uuids([submission_id])

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - as above
        await runtime.retention.hold(submission, held=not release)
        emit({"ok": True, "submission_id": str(submission), "held": not release}, as_json=as_json)

    with_runtime(config, main)


@retention.command(help=text("Auskunft: was liegt zu diesem Aktenzeichen vor?", "What is held about a reference?"))
@click.argument("reference")
@options
@guarded
def subject(config: Path | None, as_json: bool, reference: str) -> None:
    """One line a submission of the portal's reference: what of it is there, and until when."""

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - as above
        days = {(p.municipality, p.service): p.days for p in runtime.periods}
        rows = await runtime.retention.subject(reference)
        if not rows:
            say(_NOTHING[language()])
        for row in rows:
            line = {
                "ok": True,
                "submission_id": str(row["id"]),
                "municipality": row["municipality"],
                "service": row["service"],
                "state": row["state"],
                "created_at": instant(row["created_at"]),
                "erased_at": instant(row["erased_at"]) if row["erased_at"] else None,
                "held": row["held"],
                "kept": [] if row["erased_at"] else [*_PAYLOAD, *(name for name in _WHO if row[name])],
                "attachments": row["attachments"],
                "evidence_entries": row["evidence"],
                "days_after_end": days.get((row["municipality"], row["service"])),
            }
            emit(line, as_json=as_json)

    with_runtime(config, main, services=True)


@retention.command(help=text("Auf Verlangen löschen", "Erase on request"))
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--reference", help=text("Alles zu diesem Aktenzeichen", "Everything of this reference"))
@options
@guarded
def erase(config: Path | None, as_json: bool, ids: tuple[str, ...], reference: str | None) -> None:
    """One line a submission; those still on their way or on legal hold are named and stay."""
    submissions = uuids(ids)
    if not submissions and reference is None:
        fault = Finding("erase", "selection", "Bitte IDs oder --reference angeben.", "Give ids or --reference.")
        raise InvalidParameter(findings=(fault,))

    async def main(runtime: Any, _: asyncio.Event) -> bool:  # noqa: ANN401 - as above
        of_reference = (
            [row["id"] for row in await runtime.retention.subject(reference)] if reference is not None else []
        )
        if reference is not None and not of_reference:
            say(_NOTHING[language()])
        complete = bool(of_reference) or reference is None
        for submission in (*submissions, *of_reference):
            try:
                newly_erased = await runtime.retention.erase(submission, "request")
            except GatewayError as error:
                complete = False
                say(f"{submission}: {sentence_of(error)}")
                emit({"ok": False, "submission_id": str(submission), "code": error.code}, as_json=as_json)
                continue
            emit({"ok": True, "submission_id": str(submission), "erased": newly_erased}, as_json=as_json)
        return complete

    with_runtime(config, main)


def _line(period: Any, name: str, number: int, *, as_json: bool) -> None:  # noqa: ANN401 - imported late
    line = {
        "ok": True,
        "municipality": period.municipality,
        "service": period.service,
        "stage": period.stage,
        "days": period.days,
        name: number,
    }
    human = f"{period.municipality}  {period.stage:<9} {period.service or '–':<24} {period.days:>6}  {number:>8}"
    emit(line, as_json=as_json, human=human)
