"""A process that has its imports already: for tests in which one dies at each of many points.

It is forked from a server that imported once what those tests need; a new interpreter takes more than a second for it.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from typing import Any

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.store.test_catalogue_push_killed", "tests.store.test_catalogue_export_killed"])


async def lived(life: Callable[..., Awaitable[Any]], *arguments: Any) -> tuple[int, Any]:
    """Exit code of a process that runs `life`, and what that returned; None where it died before."""
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_live, args=(theirs, life, arguments))
    process.start()
    theirs.close()
    with ours:
        returned = await asyncio.to_thread(_received, ours)
    await asyncio.to_thread(process.join)
    code = process.exitcode
    process.close()
    return code, returned


def _live(there: Connection, life: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]) -> None:
    there.send(asyncio.run(life(*arguments)))


def _received(there: Connection) -> Any:
    try:
        return there.recv()
    except EOFError:
        return None
