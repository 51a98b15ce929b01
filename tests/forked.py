"""A process that has its imports already: for tests in which one dies at each of many points, or serves for a moment.

It is forked from a server that imported once what those tests need; a new interpreter takes more than a second for it.
What a new interpreter alone shows is tried with one (`demo_fixture`).
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from gateway.cli.main import main

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        "tests.store.test_catalogue_push_killed",
        "tests.store.test_catalogue_export_killed",
        "gateway.sandbox.catalogue.server",
        "gateway.serve.serving",
    ]
)
SECONDS = 15


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


@contextmanager
def serving(*arguments: object) -> Iterator[dict[str, Any]]:
    """The readiness line of a command that stays; it is told to end afterwards, and does."""
    ours, theirs = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_serve, args=(theirs, [str(argument) for argument in arguments]))
    process.start()
    theirs.close()
    try:
        with ours, os.fdopen(os.dup(ours.fileno()), encoding="utf-8") as told:
            yield json.loads(told.readline())
    finally:
        process.terminate()
        process.join(SECONDS)
        code = process.exitcode
        process.close()
    assert code == 0


def _serve(there: Connection, arguments: list[str]) -> None:
    sys.stdout = os.fdopen(there.fileno(), "w", encoding="utf-8", closefd=False)
    sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - as long as the process lives
    sys.argv = ["gateway", *arguments, "--json"]
    main()


def _live(there: Connection, life: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...]) -> None:
    there.send(asyncio.run(life(*arguments)))


def _received(there: Connection) -> Any:
    try:
        return there.recv()
    except EOFError:
        return None
