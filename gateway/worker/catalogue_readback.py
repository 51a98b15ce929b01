"""Reads back what is due, one source of one municipality at a time, and forgets answers that are old.

Knows: when it looks. Never does: read back by itself (`catalogue.readback.reading` does, for the command as well).
Standard: architecture §2. Start reading: `chores`.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any, Final

from gateway.catalogue.readback.reading import ReadBack
from gateway.errors.recurring import Failures, repeat
from gateway.wiring.catalogue_readback import configured, open_read_back
from gateway.wiring.runtime import Runtime

LOOK_EVERY_S: Final = 60.0


def chores(runtime: Runtime, failures: Failures) -> Iterable[Coroutine[Any, Any, None]]:
    """None where there is nobody to ask."""
    if configured(runtime.settings, runtime.files):
        yield _follow(runtime, failures)


async def _follow(runtime: Runtime, failures: Failures) -> None:
    """Look again and again, by a client that is made once: trust in others takes its time to read."""
    async with AsyncExitStack() as stack:
        opened: list[ReadBack] = []

        async def look_by_one() -> None:
            if not opened:
                opened.append(await stack.enter_async_context(open_read_back(runtime)))
            await look(runtime, opened[0])

        await repeat(failures, "catalogue_readback", look_by_one, LOOK_EVERY_S)


async def look(runtime: Runtime, read_back: ReadBack) -> int:
    """Everything that is due; how much it was."""
    kept = timedelta(days=runtime.settings.catalogue.readback.kept_days)
    await read_back.rows.prune(runtime.clock.now() - kept)
    pairs = read_back.pairs(list(runtime.municipalities))
    number = 0
    while await read_back.next(pairs) is not None:
        number += 1
    return number
