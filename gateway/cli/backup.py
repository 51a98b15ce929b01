"""`gateway backup`, `restore`: everything into one file, and back onto an empty machine."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gateway.cli.console import FAILED, emit, guarded, options, run, say, unwritable
from gateway.cli.file_path import FilePath
from gateway.cli.language import language, text
from gateway.cli.local import command_settings

_NO_LIST = {
    "de": (
        "Keine Liste der Löschungen gefunden ({file}), obwohl schon vor der Sicherung gelöscht wurde: was danach "
        "gelöscht wurde, kommt zurück. Bitte `erased.jsonl` jeder Maschine mit --erased angeben und in eine neue "
        "Datenbank wiederherstellen."
    ),
    "en": (
        "No list of erasures found ({file}), although something was erased before the backup: what was erased after it "
        "comes back. Give `erased.jsonl` of every machine with --erased and restore into a new database."
    ),
}


@click.command(help=text("Alles in eine Datei sichern", "Save everything into one file"))
@click.argument("out", type=FilePath(dir_okay=False))
@options
@guarded
def backup(config: Path | None, as_json: bool, out: Path) -> None:
    """One moment of the whole database, while the gateway goes on. The master key is not in it: keep that apart."""
    from gateway.store.server import backup as files  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.database import database  # noqa: PLC0415 - commands import what they need

    values = command_settings(config)

    async def main(_: asyncio.Event) -> Any:  # noqa: ANN401 - the summary, imported late
        async with database(values) as dsn:
            try:
                return await asyncio.to_thread(files.write, dsn, out, datetime.now(UTC))
            except OSError as error:
                raise unwritable(str(out), error) from None

    summary = run(main)
    emit(_line(summary, file=str(out), bytes=out.stat().st_size), as_json=as_json)


@click.command(help=text("Aus einer Sicherung wiederherstellen", "Restore from a backup"))
@click.argument("source", type=FilePath(exists=True, dir_okay=False))
@click.option("--check", "only_check", is_flag=True, help=text("Nur daneben prüfen", "Only check it, aside"))
@click.option(
    "--erased",
    "lists",
    multiple=True,
    type=FilePath(exists=True, dir_okay=False),
    help=text("Liste der Löschungen einer weiteren Maschine", "List of erasures of one more machine"),
)
@options
@guarded
def restore(config: Path | None, as_json: bool, source: Path, only_check: bool, lists: tuple[Path, ...]) -> None:
    """Into an empty database; what was erased since stays erased. With `--check` into a database made for it alone.

    The list of erasures in the data directory is always asked; where there is none at all although the backup knows of
    erasures, a sentence says so.
    """
    values = command_settings(config)
    line = run(lambda _: _checked(values, source) if only_check else _restored(values, source, lists))
    emit(line, as_json=as_json)
    if not line["ok"]:
        raise SystemExit(FAILED)


async def _restored(values: Any, source: Path, lists: Sequence[Path]) -> dict[str, Any]:  # noqa: ANN401 - settings
    from gateway.catalogue.statistics import months  # noqa: PLC0415 - commands import what they need
    from gateway.keys.files import master_keys  # noqa: PLC0415 - commands import what they need
    from gateway.store.catalogue import restored_statistics  # noqa: PLC0415 - commands import what they need
    from gateway.store.erasure.erased_list import NAME, ErasedList  # noqa: PLC0415 - commands import what they need
    from gateway.store.proof import judging  # noqa: PLC0415 - commands import what they need
    from gateway.store.server import backup as files  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.database import database  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.evidence_signing import witness_file  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.runtime import open_runtime  # noqa: PLC0415 - commands import what they need

    own_list = ErasedList(values.data_dir / NAME)
    existing = [path for path in (own_list.path, *lists) if path.exists()]
    erasures = [erasure for path in existing for erasure in ErasedList(path)]
    keys = {key.id for key in master_keys(values, data_exist=bool(files.needs(source)))}
    witness = witness_file(values)
    before = witness.read()
    async with database(values, migrate=False) as dsn:
        summary = await asyncio.to_thread(files.load, dsn, source, keys)
        if not existing and await asyncio.to_thread(files.knows_erasures, dsn):
            say(_NO_LIST[language()].format(file=own_list.path))
        await asyncio.to_thread(own_list.adopt, erasures)
        async with open_runtime(values, restoring=True) as runtime:
            again = [await runtime.retention.replay(e.submission, e.keys) for e in erasures]
            newest = await judging.newest(runtime.store.database)
            held = months.last_closed(runtime.clock.now())
            await restored_statistics.hold(runtime.store.database, held)
        why = f"restore of the backup of {summary.made_at}"
        await asyncio.to_thread(witness.accept, newest, why, datetime.now(UTC))
        await asyncio.to_thread(files.finish, dsn)
    return _line(
        summary,
        erased_again=sum(again),
        erased_lists=list(map(str, existing)),
        root_before=before.no,
        statistics_held=months.written(held),
    )


async def _checked(values: Any, source: Path) -> dict[str, Any]:  # noqa: ANN401 - as above
    from gateway.keys.files import master_keys  # noqa: PLC0415 - commands import what they need
    from gateway.store.proof.integrity import audit  # noqa: PLC0415 - commands import what they need
    from gateway.store.server import backup as files  # noqa: PLC0415 - commands import what they need
    from gateway.store.server import embedded  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.database import open_store  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.evidence_signing import guard, token_key  # noqa: PLC0415 - commands import what they need

    master = master_keys(values, data_exist=True)
    evidence_guard, token = guard(values), token_key(values)
    aside = Path(tempfile.mkdtemp(prefix="gateway-restore-"))
    os.chmod(aside, 0o711)  # noqa: PTH101, S103 - the database may run as another system user
    try:
        running = await asyncio.to_thread(embedded.start, aside)
        summary = await asyncio.to_thread(files.load, running.dsn, source, {key.id for key in master})
        async with open_store(running.dsn, master) as store:
            known = evidence_guard.known()
            if known.no > summary.newest.no:  # the backup is older, which is no fault of it
                known = summary.newest
            result = await audit(store, (token.public_jwk, *evidence_guard.published), known)
    finally:
        await asyncio.to_thread(embedded.stop, aside)
        shutil.rmtree(aside, ignore_errors=True)
    line = _line(
        summary,
        roots=result.roots,
        chains=result.chains,
        records=result.records,
        blobs=result.blobs,
        broken=result.broken,
    )
    return {**line, "ok": not result.broken}


def _line(summary: Any, **more: object) -> dict[str, Any]:  # noqa: ANN401 - the summary, imported late
    rows = summary.rows
    return {
        "ok": True,
        "made_at": summary.made_at,
        "schema": summary.revision,
        "submissions": rows["submissions"],
        "rows": sum(rows.values()),
        "root": {"no": summary.newest.no, "sha256": summary.newest.digest},
        **more,
    }
