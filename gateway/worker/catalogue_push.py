"""Pushes what changed in the catalogue, one municipality at a time.

Knows: when it looks. Never does: push by itself (`catalogue.pushing` does, for the command as well).
Standard: architecture §2. Start reading: `chores`.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterable
from typing import Any, Final

from gateway.errors.recurring import Failures, repeat
from gateway.store.catalogue.pushes import StoredPushes
from gateway.wiring.catalogue_push import configured, open_pusher, stored_pushes
from gateway.wiring.runtime import Runtime

LOOK_EVERY_S: Final = 60.0


def chores(runtime: Runtime, failures: Failures) -> Iterable[Coroutine[Any, Any, None]]:
    """None where there is nobody to push to."""
    if configured(runtime.settings):
        rows = stored_pushes(runtime)
        yield repeat(failures, "catalogue_push", lambda: look(runtime, rows), LOOK_EVERY_S)


async def look(runtime: Runtime, rows: StoredPushes) -> int:
    """Everything that is due; how much it was."""
    done: set[int] = set()
    await rows.prune()
    if await rows.prepare() is not None and await rows.due():
        async with open_pusher(runtime, rows) as pusher:
            async for _ in pusher.each(lambda: False, done):
                pass  # the pusher keeps and logs each
    return len(done)
