"""Blocking calls, each in a thread of its own.

Knows: one thread a call, which ends with the process. Never does: use the loop's own threads: they are few and shared
with sealing and signing, so that a few calls that never return would halt everything. Standard: none.
Start reading: `apart`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar, cast

T = TypeVar("T")


async def apart(work: Callable[[], T], name: str) -> T:
    """What `work` returns or raises. A caller that is cancelled goes on; the thread ends when its work does."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: Exception | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(cast("T", value))

    def run() -> None:
        value, error = None, None
        try:
            value = work()
        except Exception as failure:  # noqa: BLE001 - handed over to whoever waits
            error = failure
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future
