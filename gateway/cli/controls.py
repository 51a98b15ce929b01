"""`gateway pause`, `resume`, `maintenance`: stopping deliveries without losing any."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from gateway.cli.console import emit, guarded, options, say
from gateway.cli.language import text
from gateway.cli.local import uuids, with_runtime
from gateway.model import instant

TARGET = click.argument("target", metavar="DESTINATION|all")


@click.command(help=text("Zustellung an ein Ziel oder alle anhalten", "Stop deliveries to one destination or all"))
@TARGET
@options
@guarded
def pause(config: Path | None, as_json: bool, target: str) -> None:
    """What is on its way ends its step; nothing new begins. New applications are still taken over."""
    destination = _target(target)

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - the runtime, imported late
        since = await runtime.store.pauses.stop(destination)
        line = {
            "destination": destination,
            "paused": True,
            "since": instant(since),
            "known": await _known(runtime, destination),
        }
        emit(line, as_json=as_json, human=text("Angehalten: ", "Stopped: ") + destination)

    with_runtime(config, main)


@click.command(help=text("Angehaltene Zustellung fortsetzen", "Continue deliveries that were stopped"))
@TARGET
@options
@guarded
def resume(config: Path | None, as_json: bool, target: str) -> None:
    """Everything that waited goes on at once."""
    destination = _target(target)

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - as above
        woken = await runtime.store.pauses.go(destination)
        line = {"destination": destination, "paused": False, "woken": woken}
        emit(line, as_json=as_json, human=text("Fortgesetzt: ", "Continued: ") + f"{destination} ({woken})")

    with_runtime(config, main)


@click.command(help=text("Wartung beginnen (on) oder beenden (off)", "Begin (on) or end (off) maintenance"))
@click.argument("switch", type=click.Choice(["on", "off"]))
@options
@guarded
def maintenance(config: Path | None, as_json: bool, switch: str) -> None:
    """While it lasts portals get 503 for what is new, reading goes on, and deliveries rest."""
    from gateway.store.operation.pauses import MAINTENANCE  # noqa: PLC0415 - commands import what they need

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - as above
        if switch == "on":
            since = await runtime.store.pauses.stop(MAINTENANCE)
            line: dict[str, Any] = {"maintenance": True, "since": instant(since)}
            human = text("Wartung läuft; Portale erhalten 503.", "Maintenance is on; portals get 503.")
        else:
            line = {"maintenance": False, "woken": await runtime.store.pauses.go(MAINTENANCE)}
            human = text("Wartung beendet.", "Maintenance is over.")
        emit(line, as_json=as_json, human=human)

    with_runtime(config, main)


def _target(target: str) -> str:
    if target == "all":
        return target
    return str(uuids([target], "DESTINATION|all")[0])


async def _known(runtime: Any, target: str) -> bool:  # noqa: ANN401 - as above
    """Whether anything goes to the destination; a mistyped id stops nothing while everybody believes it does."""
    destinations = sorted({d.destination_id for town in runtime.municipalities.values() for d in town.destinations})
    if target == "all" or target in destinations or await runtime.store.pauses.concerns(target):
        return True
    say(text("Noch geht nichts an dieses Ziel; eingerichtet sind: ", "Nothing goes to it yet; there are: "))
    say(", ".join(destinations) or "–")
    return False
