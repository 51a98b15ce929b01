"""The registry's rows: a revision only where the state differs, none lost, none taken out, two processes at once."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import failpoints
from gateway.catalogue import entry_json
from gateway.store.catalogue.entries import Registered, StoredEntries, _differing
from gateway.store.catalogue.statuses import StoredStatuses
from tests.catalogue.entries import ARS, ENTRY, entry
from tests.properties import TIMES

FILES = "files"


@pytest.fixture
def stored(store):
    return StoredEntries(store.database)


async def test_the_same_state_makes_no_second_revision_and_another_one_does(stored, clock):
    began = clock.now()
    assert await stored.register(ARS, [ENTRY], began, FILES) == Registered(("hausnummer",))
    clock.advance(hours=1)
    turned = entry(titles=dict(reversed(ENTRY.titles.items())))
    assert await stored.register(ARS, [turned], clock.now(), FILES) == Registered(())
    await stored.register(ARS, [entry(url="https://neu.example/")], clock.now(), "Frau Ändersen")
    newer, older = await stored.revisions("hausnummer")
    assert (older.number, older.entry, older.changed_at, older.changed_by) == (1, ENTRY, began, FILES)
    assert (newer.number, newer.entry.url, newer.changed_by) == (2, "https://neu.example/", "Frau Ändersen")
    assert newer.changed_at == clock.now()


async def test_a_state_that_comes_back_is_a_new_revision(stored, clock):
    for url in ("https://a.example/", "https://b.example/", "https://a.example/"):
        await stored.register(ARS, [entry(url=url)], clock.now(), FILES)
    three, two, one = await stored.revisions("hausnummer", ARS)
    assert (three.number, three.digest) == (3, one.digest)
    assert two.digest != one.digest


async def test_what_no_file_names_stays_as_it_was(stored, store, clock):
    await stored.register(ARS, [ENTRY, entry(service="termin", leika_key=None)], clock.now(), FILES)
    assert await stored.register(ARS, [ENTRY], clock.now(), FILES) == Registered(())
    assert await stored.register(ARS, [], clock.now(), FILES) == Registered(())
    found = await StoredStatuses(store.database).of(ARS)
    assert {(each.revision.entry.service, each.revision.number) for each in found} == {("hausnummer", 1), ("termin", 1)}


async def test_each_municipality_has_its_own(stored, clock):
    other = "150900550550"
    await stored.register(ARS, [ENTRY], clock.now(), FILES)
    await stored.register(other, [replace(ENTRY, municipality=other)], clock.now(), FILES)
    assert (await stored.register(ARS, [ENTRY], clock.now(), FILES)).changed == ()
    assert [each.entry.municipality for each in await stored.revisions("hausnummer")] == [ARS, other]
    assert len(await stored.revisions("hausnummer", other)) == 1
    assert await stored.standing() == {ARS: 1, other: 1}


async def test_two_processes_that_register_at_once_make_one_revision(stored, clock):
    many = [entry(service=f"dienst-{number}") for number in range(50)]
    done = await asyncio.gather(*(stored.register(ARS, many, clock.now(), FILES) for _ in range(4)))
    assert sorted(len(each.changed) for each in done) == [0, 0, 0, 50]
    assert len(await stored.revisions("dienst-7")) == 1


async def test_more_than_one_statement_carries_is_one_transaction(stored, clock, monkeypatch):
    many = [entry(service=f"dienst-{number}") for number in range(2_100)]

    def die(name: str) -> None:
        if name == "catalogue.register":
            raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(failpoints, "before", die)
        with pytest.raises(KeyboardInterrupt):
            await stored.register(ARS, many, clock.now(), FILES)
    assert await stored.standing() == {}, "nothing half registered"
    assert len((await stored.register(ARS, many, clock.now(), FILES)).changed) == 2_100
    assert await stored.standing() == {ARS: 2_100}


@settings(max_examples=40 * TIMES)
@given(st.lists(st.sampled_from(["https://a.example/", "https://b.example/", "https://c.example/"]), max_size=8))
def test_numbers_grow_by_one_with_each_state_that_differs(urls):
    """The pure half: which entries differ."""
    latest, number = {}, 0
    for url in urls:
        state = entry(url=url)
        if _differing({state.service: (state, entry_json.digest(state))}, latest):
            number += 1
            latest[state.service] = {"digest": entry_json.digest(json_copy(state))}
    assert number == sum(1 for before, url in zip([None, *urls], urls, strict=False) if url != before)


def json_copy(state):
    """As the database gives it back."""
    return entry_json.of_json(json.loads(json.dumps(entry_json.as_json(state))))
