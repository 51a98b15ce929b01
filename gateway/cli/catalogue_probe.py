"""`gateway catalogue probe`: one whole run over services and what they need, now."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.console import emit, guarded, options, say
from gateway.cli.language import text
from gateway.cli.local import with_runtime

if TYPE_CHECKING:
    from gateway.catalogue.probes.run import Prober, Run

LOOK_EVERY_S: Final = 0.5
"""Seconds between two looks whether a run in progress has ended."""


@click.command(
    help=text(
        "Jetzt messen, ob Dienste und das, was sie brauchen, funktionieren; wartet auf eine laufende Messung",
        "Probe now whether services, and what they need, work; waits for a run in progress",
    )
)
@options
@guarded
def probe(config: Path | None, as_json: bool) -> None:
    """One line a subject and a summary; exit code 1 where our own network was away or the run was taken over."""
    from gateway.wiring.catalogue_probes import open_prober  # noqa: PLC0415 - commands import what they need

    async def main(runtime: Any, stop: asyncio.Event) -> bool:  # noqa: ANN401 - the runtime, imported late
        async with open_prober(runtime) as prober:
            run = await _unless(stop, _made(prober))
        for result in run.results:
            seen = "ok " if result.measurement.good else "!! "
            reason = f"  {result.measurement.reason}" if result.measurement.reason else ""
            human = f"{seen}{result.subject.path}  {result.measurement.milliseconds} ms{reason}"
            emit(result.as_json(), as_json=as_json, human=human)
        summary = run.as_json()
        figures = summary["summary"]
        human = text(
            f"{figures['good']} gut, {figures['bad']} schlecht, {figures['down']} gestört",
            f"{figures['good']} good, {figures['bad']} bad, {figures['down']} down",
        )
        emit(summary, as_json=as_json, human=human)
        if not run.own_network:
            say(
                text(
                    "Das eigene Netz war fort: Die Messung sagt nichts über andere.",
                    "Our own network was away: the run says nothing of others.",
                )
            )
        return run.own_network and run.whole

    with_runtime(config, main)


async def _made(prober: Prober) -> Run:
    """A run, once none is in progress."""
    waiting = False
    while (run := await prober.run()) is None:
        if not waiting:
            say(text("Eine andere Messung läuft; ihr Ende wird abgewartet.", "Another run is in progress; waiting."))
        waiting = True
        await asyncio.sleep(LOOK_EVERY_S)
    return run


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, Run]) -> Run:
    """What the work gives; given up as soon as somebody wants an end. Raises `CancelledError` then."""
    task, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not task.done():
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return await task
