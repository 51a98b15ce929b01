"""`gateway evidence`: hand out the proof of a submission, check one, name the keys to trust."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from gateway.cli.console import FAILED, emit, guarded, options, run, show
from gateway.cli.file_path import FilePath
from gateway.cli.language import in_language, text
from gateway.cli.local import bounded_content, command_settings, uuids, write_whole
from gateway.errors import EvidenceKeysInvalid, InvalidParameter
from gateway.model import Finding
from gateway.settings.gateway import Settings


@click.group(help=text("Nachweise ausgeben und prüfen", "Hand out and check evidence"))
@in_language
def evidence() -> None:
    """Group of the evidence commands."""


@evidence.command(help=text("Nachweis einer Einreichung als ZIP ausgeben", "Hand out a submission's evidence as ZIP"))
@click.argument("submission_id", metavar="ID")
@click.option("--out", type=FilePath(dir_okay=False), required=True, help=text("Ziel", "Target"))
@options
@guarded
def export(config: Path | None, as_json: bool, submission_id: str, out: Path) -> None:
    """Write the archive; what the database holds is judged first, and nothing is written where it does not verify."""
    values = command_settings(config)
    (submission,) = uuids([submission_id])
    packed, entries = run(lambda _: _exported(values, submission))
    write_whole(out, packed, 0o600)
    line = {"ok": True, "submission_id": str(submission), "entries": entries, "out": str(out)}
    human = text(f"{entries} Einträge, geprüft: {out}", f"{entries} entries, verified: {out}")
    emit(line, as_json=as_json, human=human)


async def _exported(values: Settings, submission_id: UUID) -> tuple[bytes, int]:
    from gateway.store.proof import export  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.clock import SystemClock  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.database import connections  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.evidence_signing import guard, token_key  # noqa: PLC0415 - commands import what they need

    async with connections(values) as database:
        key = await asyncio.to_thread(token_key, values)
        packed, verdict = await export.export(database, submission_id, key, SystemClock().now(), guard(values))
    return packed, verdict.entries


@evidence.command(help=text("Einen Nachweis ohne Netz und Datenbank prüfen", "Check evidence, offline"))
@click.argument("file", type=FilePath(exists=True, dir_okay=False))
@click.option(
    "--trust",
    type=FilePath(exists=True, dir_okay=False),
    help=text("Schlüssel (JWK-Satz), denen vertraut wird", "Keys (JWK set) to trust"),
)
@options
@guarded
def verify(config: Path | None, as_json: bool, file: Path, trust: Path | None) -> None:
    """Print the verdict; every fault goes to standard error, and the exit code is 1 where there is one."""
    from gateway.evidence import container  # noqa: PLC0415 - commands import what they need
    from gateway.evidence import trust as keys  # noqa: PLC0415 - commands import what they need
    from gateway.evidence.verify import verify as judged  # noqa: PLC0415 - commands import what they need

    _ = config
    trusted = keys.read(bounded_content(trust, keys.LARGEST_SET, EvidenceKeysInvalid), str(trust)) if trust else None
    verdict = judged(bounded_content(file, container.LARGEST_FILE, EvidenceKeysInvalid), trusted)
    show(verdict.findings)
    emit(verdict.as_json(), as_json=as_json, human=_sentence(verdict))
    if not verdict.ok:
        raise SystemExit(FAILED)


@evidence.command(help=text("Öffentliche Schlüssel zum Prüfen (JWK-Satz)", "Public keys to check with (JWK set)"))
@options
@guarded
def keys(config: Path | None, as_json: bool) -> None:
    """Print the JWK set; give it to whoever checks, by another way than the archives."""
    from gateway.keys.files import published_keys  # noqa: PLC0415 - commands import what they need
    from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.evidence_signing import token_key  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    emit({"keys": [dict(jwk) for jwk in (token_key(values).public_jwk, *published_keys(values))]}, as_json=as_json)


@evidence.command(
    help=text(
        "Die Wurzelwerte der Datenbank als richtig annehmen, obwohl welche fehlen",
        "Take the database's roots as right although some are missing",
    )
)
@click.option("--why", required=True, help=text("Was mit der Datenbank geschah", "What happened to the database"))
@options
@guarded
def accept(config: Path | None, as_json: bool, why: str) -> None:
    """Note the database's newest root outside of it, with the reason; from then on it is signed on again."""
    from gateway.store.proof import judging  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.clock import SystemClock  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.database import connections  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.evidence_signing import witness_file  # noqa: PLC0415 - commands import what they need

    values = command_settings(config)
    if not why.strip():
        fault = Finding("--why", "empty", "Bitte einen Grund nennen.", "Give a reason.")
        raise InvalidParameter(findings=(fault,))

    async def main(_: asyncio.Event) -> dict[str, Any]:
        witness = witness_file(values)
        async with connections(values) as database:
            newest = await judging.newest(database)
        before = witness.read()
        await asyncio.to_thread(witness.accept, newest, why.strip(), SystemClock().now())
        return {"ok": True, "root": newest.no, "before": before.no, "why": why.strip()}

    line = run(main)
    human = text(
        f"Neuester Wurzelwert: {line['root']} (bisher vermerkt: {line['before']})",
        f"Newest root: {line['root']} (noted before: {line['before']})",
    )
    emit(line, as_json=as_json, human=human)


def _sentence(verdict: Any) -> str:  # noqa: ANN401 - a Verdict, whose module only `verify` imports
    if not verdict.ok:
        pointer = verdict.findings[0].pointer
        return text(f"NICHT in Ordnung; zuerst gebrochen: {pointer}", f"NOT in order; first broken link: {pointer}")
    sentence = text(
        f"In Ordnung: {verdict.entries} Einträge zu {verdict.submission_id}.",
        f"In order: {verdict.entries} entries on {verdict.submission_id}.",
    )
    if verdict.trust == "given":
        return sentence
    return f"{sentence} " + text(
        "Die Schlüssel stammen aus dem Archiv selbst; wer es ausgestellt hat, ist damit nicht belegt (--trust).",
        "The keys come from the archive itself; that does not prove who issued it (--trust).",
    )
