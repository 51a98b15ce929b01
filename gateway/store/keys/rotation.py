"""Rotation of the master key by rewrapping, while everything else goes on.

Knows: the order of steps, each of which may be done again. Never does: forget a key. Standard: NIST SP 800-57 part 1.
Start reading: `Rotation.run`.

1. No process is connected that lacks the new master key, or nothing happens. 2. In one transaction the new one becomes
current: it wraps the key of digests, and the log says so. 3. Each municipality gets a new generation of its key under
it. 4. Data keys are wrapped by the newest generation, a batch in each transaction; rows that somebody holds are passed
over and come in the next pass. 5. Older generations are wrapped by the new master key: a process that has not noticed
the new one may still write under them, and what it writes stays readable. Then nothing hangs on the old master key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.crypto import vault
from gateway.errors import CryptoFailure, ProcessesWithoutKey
from gateway.ports.clock import Clock
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, numbered
from gateway.store.keys import master_keys
from gateway.store.keys.keyring import DataKeyring
from gateway.store.keys.master_keys import CHECK, DIGESTS, GENERATION, NONCE

BATCH: Final = 500
PASSES_MOST: Final = 50
LOOKS: Final = 10
BETWEEN_PASSES_S: Final = 0.2

pause = asyncio.sleep

# connections of releases that knew one master key only are named "gateway"
_WITHOUT = numbered(
    "SELECT count(*) AS number FROM pg_stat_activity WHERE datname = current_database() "
    "AND (application_name = 'gateway' OR application_name LIKE 'gateway keys %%') "
    "AND NOT %(master)s = ANY (string_to_array(application_name, ' '))"
)
_DIGESTS = numbered(f"SELECT value FROM facts WHERE name = '{DIGESTS}' FOR UPDATE")  # noqa: S608 - a constant
_FACT = numbered("UPDATE facts SET value = %(value)s WHERE name = %(name)s")
_LOG = numbered(
    "INSERT INTO key_log (at, kind, master, data_keys) VALUES (%(at)s, %(kind)s, %(master)s, %(data_keys)s)",
    commits="rotation.log",
)
_TOWNS = numbered(
    "SELECT DISTINCT ON (municipality) municipality, generation, master FROM municipality_keys "
    "ORDER BY municipality, generation DESC"
)
_OLD_GENERATIONS = numbered(
    "SELECT municipality, generation, master, wrapped FROM municipality_keys WHERE master <> %(master)s"
)
_REWRAP_GENERATION = numbered(
    "UPDATE municipality_keys SET master = %(master)s, wrapped = %(wrapped)s "
    "WHERE municipality = %(municipality)s AND generation = %(generation)s AND master = %(old)s",
    commits="rotation.generation",
)
_OUTDATED = (
    "FROM data_keys JOIN (SELECT municipality, max(generation) AS newest FROM municipality_keys GROUP BY 1) AS town "  # noqa: S608 - constants
    f"USING (municipality) WHERE {GENERATION} < town.newest"
)
_LEFT = numbered(f"SELECT count(*) AS number {_OUTDATED}")
_NEXT = numbered(
    f"SELECT id, municipality, wrapped {_OUTDATED} AND id > %(after)s "
    "ORDER BY id LIMIT %(batch)s FOR UPDATE OF data_keys SKIP LOCKED"
)
_REWRAP = numbered(
    "UPDATE data_keys SET wrapped = fresh.wrapped FROM unnest(%(ids)s::uuid[], %(wrapped)s::bytea[]) "
    "AS fresh (id, wrapped) WHERE data_keys.id = fresh.id"
)


@dataclass(frozen=True, slots=True)
class Rotated:
    """How many keys hang on the new master key now, how many data keys are left, and which ones nobody can open."""

    master: str
    data_keys: int
    municipality_keys: int
    left: int
    broken: tuple[str, ...]


class Rotation:
    """Makes the first of the given master keys the one that everything hangs on."""

    def __init__(self, database: Database, keyring: DataKeyring, clock: Clock) -> None:
        self._database, self._ring, self._clock = database, keyring, clock
        self._broken: set[str] = set()

    async def run(self, stopped: Callable[[], bool] = lambda: False) -> Rotated:
        """Do what is left to do; `stopped` is asked between batches, and a later run goes on.

        Raises `ProcessesWithoutKey` and changes nothing then.
        """
        master = self._ring.wanted
        await self._all_have_it()
        begun = await self._make_current()
        for town in await self._database.rows(_TOWNS):
            if town["master"] != master.id:
                await self._ring.begin(town["municipality"], town["generation"] + 1, master.id, self._clock.now())
        data_keys = await self._data_keys(stopped)
        left = await self._database.number(_LEFT)
        generations = 0 if stopped() else await self._generations()
        if not stopped() and (begun or data_keys or generations):
            await self._log("ended", data_keys)
        return Rotated(master.id, data_keys, generations, left, tuple(sorted(self._broken)))

    async def _all_have_it(self) -> None:
        number = 0
        for _ in range(LOOKS):
            if not (number := await self._database.number(_WITHOUT, master=self._ring.wanted.id)):
                return
            await asyncio.sleep(BETWEEN_PASSES_S)  # a process that just ended takes a moment to vanish
        raise ProcessesWithoutKey(key=self._ring.wanted.id, count=number)

    async def _make_current(self) -> bool:
        ring = self._ring
        async with self._database.transaction("rotation.make_current") as connection:
            row = await db.one(connection, _DIGESTS)
            if row is None:
                raise CryptoFailure
            old = master_keys.current_of(row["value"])
            if old == ring.wanted.id:
                return False
            digests = master_keys.digest_key(ring.masters[old], row["value"])
            facts = master_keys.facts_under(ring.wanted, digests, ring.random)
            for name in (CHECK, DIGESTS):
                await db.run(connection, _FACT, name=name, value=facts[name])
            await db.run(connection, _LOG, at=self._clock.now(), kind="began", master=ring.wanted.id, data_keys=0)
        return True

    async def _data_keys(self, stopped: Callable[[], bool]) -> int:
        done = 0
        for _ in range(PASSES_MOST):
            after: Any = "00000000-0000-0000-0000-000000000000"
            while not stopped():
                async with self._database.transaction("rotation.data_keys") as connection:
                    rows = await db.rows(connection, _NEXT, after=after, batch=BATCH)
                    done += await self._rewrap(connection, rows)
                if not rows:
                    break
                after = rows[-1]["id"]
            if stopped() or await self._database.number(_LEFT) == len(self._broken):
                break
            await pause(BETWEEN_PASSES_S)
        return done

    async def _rewrap(self, connection: Connection, rows: Sequence[Any]) -> int:
        ids, wrapped = [], []
        for row in rows:
            try:
                key = await self._ring.unwrap(row["municipality"], row["id"], row["wrapped"])
            except CryptoFailure:
                self._broken.add(str(row["id"]))
                continue
            fresh = await self._ring.wrapped_for(key.municipality, key.id, key.key, self._clock.now())
            ids.append(key.id)
            wrapped.append(fresh.wrapped)
        return await db.run(connection, _REWRAP, ids=ids, wrapped=wrapped) if ids else 0

    async def _generations(self) -> int:
        ring, done = self._ring, 0
        for row in await self._database.rows(_OLD_GENERATIONS, master=ring.wanted.id):
            town = row["municipality"]
            key, context = ring.open_municipality(town, row), master_keys.municipality_context(town)
            wrapped = vault.wrap(key, ring.wanted.wrapping, context=context, nonce=ring.random(NONCE))
            done += await self._database.run(
                _REWRAP_GENERATION,
                master=ring.wanted.id,
                wrapped=wrapped,
                municipality=town,
                generation=row["generation"],
                old=row["master"],
            )
        return done

    async def _log(self, kind: str, data_keys: int) -> None:
        await self._database.run(
            _LOG, at=self._clock.now(), kind=kind, master=self._ring.wanted.id, data_keys=data_keys
        )
