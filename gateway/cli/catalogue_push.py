"""`gateway catalogue push`: send what changed since the last push to the collector, at once."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.console import FINDINGS, UNREACHABLE, emit, guarded, options, say
from gateway.cli.language import language, text
from gateway.cli.local import with_runtime

if TYPE_CHECKING:
    from gateway.catalogue.pushing.push import Pusher, PushResult, PushState
    from gateway.store.catalogue.pushes import StoredPushes

WAITING_S: Final = 0.5
"""Between two looks whether another's push is over."""


@click.command(
    help=text(
        "Änderungen seit der letzten Übertragung dem Sammlerdienst senden",
        "Send changes since the last push to the collector",
    )
)
@options
@guarded
def push(config: Path | None, as_json: bool) -> None:
    """One line a municipality, refused ones once more; nothing where the collector has it all.

    Exit code 3 where the data were refused, 4 where the collector did not take them for now.
    """
    from gateway.catalogue.pushing.push import PushState  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.catalogue_push import configured, open_pusher, stored_pushes  # noqa: PLC0415 - as above
    from gateway.wiring.catalogue_work import stored_work  # noqa: PLC0415 - as above

    states: set[PushState] = set()

    async def main(runtime: Any, stop: asyncio.Event) -> bool:  # noqa: ANN401 - the runtime, imported late
        if not configured(runtime.settings):
            say(text("Es ist kein Empfänger gesetzt ([catalogue.push]).", "No collector is set ([catalogue.push])."))
            return False
        rows = stored_pushes(runtime)
        last = await rows.prepare()
        if last is None:
            say(text("Es gibt noch keinen Export (gateway catalogue export).", "There is no export yet."))
            return False
        async with open_pusher(runtime, rows) as pusher:
            if (refusal := pusher.refusal(last)) is not None:
                raise refusal
            states.update(await _pushed(pusher, rows, stop, as_json=as_json))
        await stored_work(runtime).tell(runtime.clock.now())
        if not states:
            say(text("Der Sammlerdienst hat alles.", "The collector has it all."))
        return True

    with_runtime(config, main)
    if PushState.REFUSED in states:
        raise SystemExit(FINDINGS)
    if PushState.WAITING in states:
        raise SystemExit(UNREACHABLE)


async def _pushed(pusher: Pusher, rows: StoredPushes, stop: asyncio.Event, *, as_json: bool) -> set[PushState]:
    """Push everything, and see others' pushes to their end."""
    from gateway.catalogue.pushing.push import PushState  # noqa: PLC0415 - commands import what they need

    done: set[int] = set()
    states: set[PushState] = set()
    waited = False
    while True:
        async for result in pusher.each(stop.is_set, done, at_once=True):
            states.add(result.state)
            emit(result.as_json(), as_json=as_json, human=_line(result))
        if PushState.WAITING in states or stop.is_set() or not await rows.under_way():
            return states
        if not waited:
            say(text("Eine andere Übertragung läuft; ihr Ende wird abgewartet.", "Another push is under way; waiting."))
        waited = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), WAITING_S)


def _line(result: PushResult) -> str:
    from gateway.catalogue.work import suggestion  # noqa: PLC0415 - commands import what they need

    line = f"{result.push.municipality}  {result.state.value}  "
    if result.cause is None:
        return line + text(f"{result.files} Dateien, Export {result.export}", f"{result.files} files")
    de, en = suggestion("push", result.cause)
    return f"{line}{result.cause} {result.status or ''}  {de if language() == 'de' else en}"
