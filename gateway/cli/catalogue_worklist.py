"""`gateway catalogue worklist`: what editors of the Land's system have to enter, change or delete."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.console import emit, guarded, options, say, unwritable
from gateway.cli.file_path import FilePath
from gateway.cli.language import text
from gateway.cli.local import with_runtime, write_together

if TYPE_CHECKING:
    from gateway.catalogue.worklist import WorkItem

CSV, HTML, OPEN_DATA = "worklist.csv", "worklist.html", "open-data.csv"


@click.command(
    help=text(
        "Was Redaktionen des Landes einzutragen, zu ändern, zu löschen haben",
        "What editors of the Land have to enter, change, delete",
    )
)
@click.option(
    "--out",
    type=FilePath(file_okay=False),
    help=text(
        f"Verzeichnis für {CSV}, {HTML} und {OPEN_DATA}",
        f"Directory for {CSV}, {HTML} and {OPEN_DATA}",
    ),
)
@options
@guarded
def worklist(config: Path | None, as_json: bool, out: Path | None) -> None:
    """One line a row; with a directory the files instead, and one line that counts them."""

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - the runtime, imported late
        from gateway.catalogue import worklist as work  # noqa: PLC0415 - commands import what they need
        from gateway.store.catalogue.statuses import StoredStatuses  # noqa: PLC0415 - as above

        statuses = StoredStatuses(runtime.store.database)
        items = work.rows(await statuses.of(), await statuses.findings())
        if out is None:
            for item in items:
                emit(item.as_json(), as_json=as_json, human=_line(item))
            if not items:
                say(text("Nichts zu tun.", "Nothing to do."))
            return
        services = await _written(runtime, items, out)
        line = {"rows": len(items), "services": services, "out": str(out)}
        emit(line, as_json=as_json, human="  ".join(f"{name}: {value}" for name, value in line.items()))

    with_runtime(config, main)


async def _written(runtime: Any, items: Sequence[WorkItem], out: Path) -> int:  # noqa: ANN401 - the runtime, imported late
    """Write the three files; how many services are offered."""
    from gateway.catalogue import worklist_files as files  # noqa: PLC0415 - commands import what they need
    from gateway.catalogue.publication.open_data import open_data  # noqa: PLC0415 - as above
    from gateway.wiring.catalogue_publication import publication  # noqa: PLC0415 - as above

    towns = [town async for town in publication(runtime).towns()]
    try:
        await asyncio.to_thread(out.mkdir, parents=True, exist_ok=True)
    except OSError as error:
        raise unwritable(f"--out {out}", error) from None
    html = files.as_html(items, runtime.clock.now())
    write_together({out / CSV: files.as_csv(items), out / HTML: html, out / OPEN_DATA: open_data(towns)})
    return sum(len(town.services) for town in towns)


def _line(item: WorkItem) -> str:
    title = item.title or item.leika_key or item.place
    change = f"{item.old or '-'} → {item.new or '-'}"
    return f"{item.action.value:<10} {item.source:<8} {item.municipality}  {title}: {change}"
