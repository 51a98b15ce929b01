"""`gateway pause`, `resume`, `maintenance`: stopping deliveries without losing any."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from gateway.cli.console import emit, guarded, options, run, set_up_logging
from gateway.cli.language import text
from gateway.errors import InvalidParameter
from gateway.model import Finding, instant

TARGET = click.argument("target", metavar="DESTINATION|all")


@click.command(help=text("Zustellung an ein Ziel oder alle anhalten", "Stop deliveries to one destination or all"))
@TARGET
@options
@guarded
def pause(config: Path | None, as_json: bool, target: str) -> None:
    """What is on its way ends its step; nothing new begins. New applications are still taken over."""
    wanted = _target(target)

    async def main(store: Any) -> None:  # noqa: ANN401 - the store, imported late
        since = await store.pauses.stop(wanted)
        line = {"destination": wanted, "paused": True, "since": instant(since)}
        emit(line, as_json=as_json, human=text("Angehalten: ", "Stopped: ") + wanted)

    _with_store(config, main)


@click.command(help=text("Angehaltene Zustellung fortsetzen", "Continue deliveries that were stopped"))
@TARGET
@options
@guarded
def resume(config: Path | None, as_json: bool, target: str) -> None:
    """Everything that waited goes on at once."""
    wanted = _target(target)

    async def main(store: Any) -> None:  # noqa: ANN401 - as above
        woken = await store.pauses.go(wanted)
        line = {"destination": wanted, "paused": False, "woken": woken}
        emit(line, as_json=as_json, human=text("Fortgesetzt: ", "Continued: ") + f"{wanted} ({woken})")

    _with_store(config, main)


@click.command(help=text("Wartung beginnen (on) oder beenden (off)", "Begin (on) or end (off) maintenance"))
@click.argument("switch", type=click.Choice(["on", "off"]))
@options
@guarded
def maintenance(config: Path | None, as_json: bool, switch: str) -> None:
    """While it lasts portals get 503 for what is new, reading goes on, and deliveries rest."""
    from gateway.store.pauses import MAINTENANCE  # noqa: PLC0415 - commands import what they need

    async def main(store: Any) -> None:  # noqa: ANN401 - as above
        if switch == "on":
            since = await store.pauses.stop(MAINTENANCE)
            line: dict[str, Any] = {"maintenance": True, "since": instant(since)}
            human = text("Wartung läuft; Portale erhalten 503.", "Maintenance is on; portals get 503.")
        else:
            line = {"maintenance": False, "woken": await store.pauses.go(MAINTENANCE)}
            human = text("Wartung beendet.", "Maintenance is over.")
        emit(line, as_json=as_json, human=human)

    _with_store(config, main)


def _with_store(config: Path | None, work: Callable[[Any], Awaitable[None]]) -> None:
    from gateway import settings  # noqa: PLC0415 - commands import what they need
    from gateway.wiring import open_house  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    set_up_logging("error")

    async def main(_: asyncio.Event) -> None:
        async with open_house(values) as house:
            await work(house.store)

    run(main)


def _target(given: str) -> str:
    if given == "all":
        return given
    try:
        return str(UUID(given))
    except ValueError:
        fault = Finding(
            "DESTINATION",
            "format",
            "Erwartet wird die UUID eines Ziels oder `all`.",
            "The UUID of a destination or `all` is expected.",
        )
    raise InvalidParameter(findings=(fault,))
