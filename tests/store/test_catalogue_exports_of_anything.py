"""Whatever happens to entries between exports: never dangling, never smaller in silence, an id never moves."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.catalogue.entry import LifeCycle, Unit
from gateway.catalogue.losses import AllowedLoss
from gateway.catalogue.xzufi.identifiers import object_id
from gateway.catalogue.xzufi.profile import Kind
from gateway.errors import CatalogueEmpty, CatalogueExportShrinks
from gateway.store.connection.database import Database, numbered
from tests.catalogue.entries import ARS, UNIT, entry
from tests.catalogue.exporting import AGENCY, exporter, read_export, register, served
from tests.properties import TIMES

OTHER = "150900225225"
AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
LOSS = AllowedLoss("Erika Mustermann", "Probe")
TABLES = ("catalogue_files", "catalogue_exports", "catalogue_delivered", "catalogue_objects", "catalogue_revisions")
UNITS = (None, UNIT, Unit("bauamt", {"de": "Bauamt", "en": "Building office"}, "Weg 1", "39517", "Tangerhütte"))
STEPS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "municipality": st.sampled_from([ARS, OTHER]),
                "service": st.sampled_from("abcd"),
                "titles": st.sampled_from([{"de": "A"}, {"de": "B", "en": "C"}]),
                "url": st.sampled_from([None, "https://a.example/", "https://b.example/x?y=1&z=2"]),
                "leika_key": st.sampled_from([None, "99012021002000"]),
                "life_cycle": st.sampled_from(LifeCycle),
                "unit": st.sampled_from(UNITS),
            }
        ),
        st.sampled_from(["export", "export", "allow"]),
    ),
    min_size=1,
    max_size=14,
)


def wanted(claims) -> set[tuple[str, str]]:
    out = {LifeCycle.DRAFT, LifeCycle.WITHDRAWN}
    return {
        place for place, each in claims.items() if each["leika_key"] and each["url"] and each["life_cycle"] not in out
    }


def silently_lost(held, claims) -> set[tuple[str, str]]:
    withdrawn = {place for place, each in claims.items() if each["life_cycle"] is LifeCycle.WITHDRAWN}
    return held - wanted(claims) - withdrawn


class Follower:
    """Exports, and compares what a collector sees with what was claimed."""

    def __init__(self, database: Database) -> None:
        self.database, self.claims, self.held, self.files, self.at = database, {}, set(), {}, AT

    async def step(self, step) -> None:
        self.at += timedelta(hours=1)
        if isinstance(step, dict):
            self.claims[step["municipality"], step["service"]] = step
            await register(self.database, entry(**step), self.at)
            return
        make = exporter(self.database, towns=[ARS, OTHER], shrink_percent=100.0)
        lost = silently_lost(self.held, self.claims)
        refused = True
        with suppress(CatalogueExportShrinks, CatalogueEmpty):
            done = await make.make(self.at, LOSS if step == "allow" else None)
            refused = False
        files = await served(self.database)
        if refused:
            assert files == self.files
            assert (lost and step == "export") or (not self.files and not wanted(self.claims))
            return
        assert step == "allow" or not lost
        self.held, self.files = wanted(self.claims), files
        await self.sound(done)
        again = await make.make(self.at + timedelta(days=9))
        assert (again.changed, await served(self.database)) == (False, files)

    async def sound(self, done) -> None:
        held = read_export(self.files)
        assert set(held.pointers) <= set(held.objects)
        counts = {kind: len(held.of(kind)) for kind in done.accepted.objects}
        assert counts == done.accepted.objects
        for kind in (Kind.SERVICE, Kind.ONLINE_SERVICE, Kind.RESPONSIBILITY):
            ids = {object_id(AGENCY, kind, town, service).rpartition(".")[2] for town, service in self.held}
            assert held.ids(kind.value) == ids


@settings(max_examples=25 * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_exports_follow_what_is_claimed_and_lose_nothing_in_silence(postgres_dsn, steps):
    async def main() -> None:
        database = await Database.open(postgres_dsn, size=2)
        try:
            for table in TABLES:
                await database.run(numbered(f"DELETE FROM {table}"))
            follower = Follower(database)
            for step in [*steps, "export"]:
                await follower.step(step)
        finally:
            await database.close()

    asyncio.run(main())
