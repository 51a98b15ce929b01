"""Work on the catalogue whose failure is kept until it succeeds, and the rows that say what waits or failed.

Knows: what a failure is about. Never does: work. Standard: architecture §3. Start reading: `noted`.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from gateway.catalogue.work import WorkKind
from gateway.errors import CatalogueEmpty, DatabaseAway, GatewayError, NotFound
from gateway.store.catalogue.work import StoredWork
from gateway.wiring.runtime import Runtime

_T = TypeVar("_T")
_MOST_PLACES = 50
"""Alarms that one failure raises at most."""


def stored_work(runtime: Runtime) -> StoredWork:
    """What waits or failed."""
    return StoredWork(runtime.store.database, runtime.settings.catalogue.push.address)


async def noted(runtime: Runtime, kind: WorkKind, work: Awaitable[_T]) -> _T:
    """Do it, and keep whether it failed and whose fault lies where. Raises what it raises."""
    rows = StoredWork(runtime.store.database)
    try:
        done = await work
    except (DatabaseAway, CatalogueEmpty, NotFound):
        raise  # nothing can be kept now, or there is nothing to work on yet
    except Exception as error:
        cause = error.code if isinstance(error, GatewayError) else "internal"
        await rows.failed(kind, _places(runtime, error), cause, runtime.clock.now())
        raise
    await rows.succeeded(kind)
    return done


def _places(runtime: Runtime, error: Exception) -> list[tuple[str, str]]:
    """Municipality and service of each finding that names them; of all where none does."""
    findings = error.findings if isinstance(error, GatewayError) else ()
    places: dict[tuple[str, str], None] = {}
    for finding in findings:
        town, _, path = finding.pointer.partition("/")
        if town in runtime.municipalities:
            places[town, path.partition("/")[0]] = None
    return list(places)[:_MOST_PLACES] or [("", "")]
