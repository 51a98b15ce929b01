"""Exports in the database: whole or not at all, never smaller by accident, the same bytes for the same state."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.catalogue.delta import delta
from gateway.catalogue.entry import LifeCycle
from gateway.catalogue.losses import AllowedLoss
from gateway.errors import (
    CatalogueEmpty,
    CatalogueExportBusy,
    CatalogueExportInvalid,
    CatalogueExportShrinks,
    InternalError,
)
from gateway.store.catalogue import exports
from gateway.store.catalogue.exported_files import ExportedFiles
from gateway.store.catalogue.exports import StoredExports
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.store.connection.database import numbered
from tests.catalogue.entries import ARS, entry
from tests.catalogue.exporting import AGENCY, exporter, read, read_export, register, served, writer
from tests.catalogue.test_xzufi_schema import official

LOSS = AllowedLoss("Erika Mustermann", "Zusammenlegung")
HISTORY = numbered("SELECT state, verified, services, allowed_by, allowed_why FROM catalogue_exports ORDER BY no")
OBJECTS = numbered("SELECT kind, id, service, digest FROM catalogue_objects ORDER BY kind, id")
KEPT = numbered("SELECT count(*) AS number FROM catalogue_files WHERE content IS NOT NULL")
OTHER_TOWN = "150900225225"


@pytest.fixture
async def town(store, clock):
    """Twenty services, all exported once."""
    for number in range(20):
        await register(store.database, entry(service=f"s{number:02}"), clock.now())
    await exporter(store.database).make(clock.now())
    clock.advance(days=1)
    return store.database


async def change(database, clock, service, **changes):
    clock.advance(minutes=1)
    await register(database, entry(service=service, **changes), clock.now())


async def test_a_collector_gets_what_the_summary_counts(town, clock):
    (done,) = await town.rows(HISTORY)
    held = read_export(await served(town))
    last = await StoredExports(town).last()
    assert last.objects == {"Leistung": 20, "Onlinedienst": 20, "Organisationseinheit": 1, "Zustaendigkeit": 20}
    assert {kind: len(held.of(kind)) for kind in last.objects} == last.objects
    assert (done["verified"], done["services"], done["allowed_by"]) == (False, 20, None)
    assert all(status.delivered for status in await StoredStatuses(town).of(ARS))


async def test_the_same_state_is_the_same_export_whatever_the_clock_says(town, clock):
    before = await served(town)
    clock.advance(days=40)
    again = await exporter(town).make(clock.now())
    assert (again.changed, await served(town)) == (False, before)


async def test_the_same_state_gives_the_same_bytes_in_another_database(town, store, clock):
    before = await served(town)
    for table in ("catalogue_exports", "catalogue_delivered", "catalogue_objects"):
        await town.run(numbered(f"DELETE FROM {table}"))
    clock.advance(days=3)
    assert (await exporter(town).make(clock.now())).changed
    assert await served(town) == before


async def test_a_state_that_comes_back_is_a_new_transfer(town, clock):
    before = await served(town)
    for titles in ({"de": "Anders"}, entry().titles):
        await change(town, clock, "s00", titles=titles)
        await exporter(town).make(clock.now())
    after = await served(town)
    assert set(after) & set(before) == {"index.txt"}
    assert read_export(after).objects.keys() == read_export(before).objects.keys()


async def test_an_edited_text_keeps_every_id(town, clock):
    before = read_export(await served(town))
    await change(town, clock, "s00", titles={"de": "Neuer Titel"}, url="https://neu.example/")
    assert (await exporter(town).make(clock.now())).changed
    after = read_export(await served(town))
    assert after.objects.keys() == before.objects.keys()
    assert "https://neu.example/" in {each.text for each in after.of("Onlinedienst")[0].iter()} | {
        each.text for element in after.of("Onlinedienst") for each in element.iter()
    }


async def test_files_of_the_export_before_stay_for_whoever_has_its_index(town, clock):
    first = await served(town)
    for number in range(2):
        await change(town, clock, "s00", titles={"de": f"Titel {number}"})
        await exporter(town).make(clock.now())
        (name,) = set(first) - {"index.txt"}
        found = await ExportedFiles(town).file(name)
        assert (found is not None) == (number == 0)
    assert await town.number(KEPT) == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"leika_key": None},
        {"url": None},
        {"life_cycle": LifeCycle.DRAFT},
        {"valid_from": date(2030, 1, 1)},
        {"municipality": OTHER_TOWN},
    ],
)
async def test_a_service_that_nobody_withdrew_is_not_lost(town, clock, changes):
    before = await served(town)
    if "municipality" in changes:
        await town.run(numbered("DELETE FROM catalogue_revisions WHERE service = 's00'"))
    else:
        await change(town, clock, "s00", **changes)
    with pytest.raises(CatalogueExportShrinks) as error:
        await exporter(town).make(clock.now())
    assert [(each.pointer, each.rule) for each in error.value.findings] == [(f"{ARS}/s00", "service_lost")]
    assert await served(town) == before
    assert len(await town.rows(HISTORY)) == 1


@pytest.mark.parametrize("emptied", ["rows", "settings"])
async def test_an_empty_registry_or_a_town_without_its_file_loses_nothing(town, clock, emptied):
    towns = [OTHER_TOWN] if emptied == "settings" else [ARS]
    if emptied == "rows":
        await town.run(numbered("DELETE FROM catalogue_revisions"))
    with pytest.raises(CatalogueExportShrinks) as error:
        await exporter(town, towns=towns).make(clock.now())
    assert len(error.value.findings) == 20
    assert len(read_export(await served(town)).of("Leistung")) == 20


async def test_a_loss_that_a_person_allows_stands_in_the_history(town, clock):
    await change(town, clock, "s00", url=None)
    done = await exporter(town).make(clock.now(), LOSS)
    assert done.accepted.services == 19
    last = (await town.rows(HISTORY))[-1]
    assert (last["allowed_by"], last["allowed_why"]) == (LOSS.by, LOSS.reason)


@pytest.mark.parametrize("changes", [{"life_cycle": LifeCycle.WITHDRAWN}, {"valid_until": date(2026, 11, 24)}])
async def test_what_was_withdrawn_or_ended_goes(town, clock, changes):
    await change(town, clock, "s00", **changes)
    assert (await exporter(town).make(clock.now())).accepted.services == 19


async def test_too_many_withdrawn_at_once_are_told(town, clock):
    before = await served(town)
    for number in range(3):  # 9 of 61 objects
        await change(town, clock, f"s{number:02}", life_cycle=LifeCycle.WITHDRAWN)
    with pytest.raises(CatalogueExportShrinks) as error:
        await exporter(town).make(clock.now())
    assert [each.rule for each in error.value.findings] == ["objects_lost"]
    assert await served(town) == before
    assert (await exporter(town, shrink_percent=15.0).make(clock.now())).changed


async def test_a_small_town_s_ids_do_not_move_unseen_among_many(town, clock):
    await register(town, entry(municipality=OTHER_TOWN), clock.now())
    towns = [ARS, OTHER_TOWN]
    await exporter(town, towns=towns).make(clock.now())
    before = await served(town)
    moving = replace(exporter(town, towns=towns), agencies={ARS: AGENCY, OTHER_TOWN: "L100043"})
    with pytest.raises(CatalogueExportShrinks) as error:  # 4 of 65 objects
        await moving.make(clock.now())
    told = [(each.pointer, each.rule) for each in error.value.findings]
    assert told == [(f"{OTHER_TOWN}/{entry().service}", "id_moved")]
    assert await served(town) == before
    assert (await moving.make(clock.now(), LOSS)).changed


async def test_of_many_ids_that_would_move_some_are_named(town, clock):
    await change(town, clock, "s20")
    await exporter(town).make(clock.now())
    with pytest.raises(CatalogueExportShrinks) as error:
        await exporter(town, agency="L100043").make(clock.now())
    assert [each.rule for each in error.value.findings] == ["id_moved"] * 20 + ["more_moved"]


async def test_suspended_stays(town, clock):
    await change(town, clock, "s00", life_cycle=LifeCycle.SUSPENDED)
    assert (await exporter(town).make(clock.now())).accepted.services == 20


async def test_where_there_never_was_anything_there_is_nothing_to_export(store, clock):
    await register(store.database, entry(leika_key=None), clock.now())
    with pytest.raises(CatalogueEmpty):
        await exporter(store.database).make(clock.now())
    assert await served(store.database) == {}


async def test_nothing_is_accepted_of_an_export_with_one_fault(town, clock):
    before = await served(town), await town.rows(OBJECTS)
    await change(town, clock, "s07", titles={"de": "Titel\u200b"})
    with pytest.raises(CatalogueExportInvalid) as error:
        await exporter(town).make(clock.now())
    assert [each.pointer for each in error.value.findings] == [f"{ARS}/s07/titles/de"]
    assert (await served(town), await town.rows(OBJECTS)) == before


async def test_a_signature_that_was_cut_off_keeps_the_export_back(town, clock):
    with pytest.raises(CatalogueExportInvalid) as error:
        await exporter(town, signatures=lambda one: "x" * 80 if one.service == "s03" else None).make(clock.now())
    assert [(each.pointer, each.rule) for each in error.value.findings] == [
        (f"{ARS}/s03/destination_id", "signature_truncated")
    ]


async def test_a_new_signature_is_a_new_state(town, clock):
    done = await exporter(town, signatures=lambda _: "x" * 500).make(clock.now())
    assert done.changed
    assert not (await exporter(town, signatures=lambda _: "x" * 500).make(clock.now())).changed


async def test_an_installed_official_schema_makes_the_same_state_verified(town, clock):
    done = await exporter(town, writer=writer(official=official())).make(clock.now())
    assert (done.changed, done.accepted.verified) == (True, True)


async def test_an_id_is_never_used_for_another_object(town, clock):
    taken = (await town.rows(OBJECTS))[0]["id"]
    await town.run(numbered("UPDATE catalogue_objects SET service = 'anderer' WHERE id = %(id)s"), id=taken)
    await change(town, clock, "s00", titles={"de": "Anders"})
    with pytest.raises(CatalogueExportInvalid) as error:
        await exporter(town).make(clock.now())
    assert [(each.pointer, each.rule) for each in error.value.findings] == [(taken, "id_taken")]


async def test_two_processes_make_one_export(store, clock):
    await register(store.database, entry(), clock.now())
    one, two = await asyncio.gather(*(exporter(store.database).make(clock.now()) for _ in range(2)))
    assert sorted([one.changed, two.changed]) == [False, True]
    assert one.accepted == replace(two.accepted, accepted_at=one.accepted.accepted_at)
    assert len(await store.database.rows(HISTORY)) == 1


async def test_who_waits_too_long_for_anothers_export_is_told(town, clock):
    async with StoredExports(town).alone():
        with pytest.raises(CatalogueExportBusy):
            async with StoredExports(town, patience_s=0.0).alone():
                pass
    async with StoredExports(town, patience_s=0.0).alone():
        pass


async def test_the_lock_is_given_back_where_the_transaction_fails(town):
    with pytest.raises(InternalError):
        async with StoredExports(town).alone():
            raise InternalError
    async with StoredExports(town, patience_s=10.0).alone():
        pass


async def test_two_towns_have_objects_of_their_own(town, clock):
    await register(town, entry(municipality=OTHER_TOWN), clock.now())
    done = await exporter(town, towns=[ARS, OTHER_TOWN]).make(clock.now())
    assert done.accepted.objects["Organisationseinheit"] == 2
    held = read_export(await served(town))
    assert set(held.pointers) <= set(held.objects)


async def test_changes_since_an_export_bring_a_collector_to_the_last_one(town, clock):
    files = ExportedFiles(town)
    first = await StoredExports(town).last()
    held = read_export(await served(town))
    await change(town, clock, "s00", titles={"de": "Anders"})
    await change(town, clock, "s01", life_cycle=LifeCycle.WITHDRAWN)
    await register(town, entry(service="neu"), clock.now())
    last = (await exporter(town).make(clock.now())).accepted
    sent = await delta(files, last, first.no, writer())
    only = read(sent)
    assert len(only.of("Leistung")) == 2
    assert [kind for kind, _, _ in only.deleted] == ["Zustaendigkeit", "Onlinedienst", "Leistung"]
    now = read(sent, read_known(held, only))
    assert now.objects.keys() == read_export(await served(town)).objects.keys()
    assert await delta(files, last, last.no, writer()) == ()


def read_known(held, only):
    """What a collector held, without what is written anew: the reader takes an id once."""
    for key in only.objects:
        held.objects.pop(key, None)
    return held


async def test_a_collector_that_has_nothing_gets_all_and_what_came_back_is_written_again(town, clock, monkeypatch):
    monkeypatch.setattr("gateway.catalogue.delta.FILE_OBJECTS", 7)
    await change(town, clock, "s01", life_cycle=LifeCycle.WITHDRAWN)
    gone = (await exporter(town).make(clock.now())).accepted
    await change(town, clock, "s01")
    last = (await exporter(town).make(clock.now())).accepted
    only = read(await delta(ExportedFiles(town), last, gone.no, writer()))
    assert len(only.of("Onlinedienst")) == 1
    everything = await delta(ExportedFiles(town), last, 0, writer())
    assert len(everything) == 9
    assert read(everything).objects.keys() == read_export(await served(town)).objects.keys()


async def test_entries_are_read_a_bounded_number_at_once(town, clock, monkeypatch):
    monkeypatch.setattr(exports, "_AT_ONCE", 3)
    async with StoredExports(town).alone() as transaction:
        batches = [len(batch) async for batch in transaction.claims()]
    assert batches == [3] * 6 + [2]
    await change(town, clock, "s00", titles={"de": "Anders"})
    assert (await exporter(town).make(clock.now() + timedelta(hours=1))).accepted.services == 20


async def test_an_export_is_of_one_moment(town, store, clock):
    async with StoredExports(town).alone() as transaction:
        await transaction.previous()
        await register(town, entry(service="inzwischen"), clock.now())
        seen = {claim.service async for batch in transaction.claims() for claim in batch}
    assert "inzwischen" not in seen
    assert len(seen) == 20
