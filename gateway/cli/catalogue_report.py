"""`gateway catalogue report` and `verify-report`: the signed report of the day, made and checked."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.catalogue_entries import show_errors
from gateway.cli.console import FAILED, emit, guarded, options, show
from gateway.cli.file_path import FilePath
from gateway.cli.language import text
from gateway.cli.local import bounded_content, with_runtime, write_together

if TYPE_CHECKING:
    from gateway.catalogue.publication.report_check import ReportVerdict
    from gateway.wiring.runtime import Runtime

SIGNATURE = ".jws"


@click.command(
    help=text("Tagesbericht erstellen und signieren (FILE und FILE.jws)", "Make and sign the report of the day")
)
@click.option(
    "--out",
    type=FilePath(dir_okay=False),
    help=text("Ziel; sonst availability-report-DATUM.json hier", "Target; else availability-report-DATE.json here"),
)
@options
@guarded
def report(config: Path | None, as_json: bool, out: Path | None) -> None:
    """Make it as things stand now; everybody gets it until what it says changes."""

    async def main(runtime: Runtime, _: asyncio.Event) -> None:
        from gateway.catalogue.work import WorkKind  # noqa: PLC0415 - commands import what they need
        from gateway.wiring.catalogue_publication import daily_reports  # noqa: PLC0415 - as above
        from gateway.wiring.catalogue_registry import registered  # noqa: PLC0415 - as above
        from gateway.wiring.catalogue_work import noted  # noqa: PLC0415 - as above

        show_errors(await registered(runtime))
        new_report = await noted(runtime, WorkKind.REPORT, daily_reports(runtime).anew())
        target = out or Path(f"availability-report-{new_report.day.isoformat()}.json")
        signature = target.with_name(target.name + SIGNATURE)
        write_together({target: new_report.body, signature: new_report.signature.encode() + b"\n"})
        line = {
            "ok": True,
            "date": new_report.day.isoformat(),
            "out": str(target),
            "signature": str(signature),
            "sha256": hashlib.sha256(new_report.body).hexdigest(),
        }
        emit(line, as_json=as_json, human=f"{target}\n{signature}")

    with_runtime(config, main, services=True)


@click.command(
    name="verify-report",
    help=text("Einen Tagesbericht ohne Netz und Datenbank prüfen", "Check a report of the day, offline"),
)
@click.argument("file", type=FilePath(exists=True, dir_okay=False))
@click.option(
    "--trust",
    type=FilePath(exists=True, dir_okay=False),
    help=text("Schlüssel (JWK-Satz), denen vertraut wird", "Keys (JWK set) to trust"),
)
@options
@guarded
def verify_report(config: Path | None, as_json: bool, file: Path, trust: Path | None) -> None:
    """Print the verdict; every fault goes to standard error, and the exit code is 1 where there is one."""
    from gateway.catalogue.publication import report_check  # noqa: PLC0415 - commands import what they need
    from gateway.evidence import trust as keys  # noqa: PLC0415 - commands import what they need

    _ = config
    trusted = keys.read(bounded_content(trust, keys.LARGEST_SET), str(trust)) if trust else None
    signature = file.with_name(file.name + SIGNATURE)
    token = bounded_content(signature, report_check.LARGEST_SIGNATURE) if signature.exists() else None
    body = bounded_content(file, report_check.LARGEST)
    verdict = report_check.check(body, None if token is None else token.decode("ascii", "replace"), trusted)
    show(verdict.findings)
    emit(verdict.as_json(), as_json=as_json, human=_sentence(verdict))
    if not verdict.ok:
        raise SystemExit(FAILED)


def _sentence(verdict: ReportVerdict) -> str:
    if verdict.day is None:
        return text("NICHT in Ordnung", "NOT in order")
    sentence = text(f"In Ordnung: Bericht vom {verdict.day}.", f"In order: report of {verdict.day}.")
    if verdict.trust == "given":
        return sentence
    return f"{sentence} " + text(
        "Der Schlüssel stammt aus dem Bericht selbst; wer ihn ausgestellt hat, ist damit nicht belegt (--trust).",
        "The key comes from the report itself; that does not prove who issued it (--trust).",
    )
