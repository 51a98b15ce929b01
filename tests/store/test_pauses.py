"""Pauses as several processes know them: each remembers for a second what it read."""

from __future__ import annotations

from gateway.store.operation.pauses import ALL, Pauses


async def test_whoever_is_to_wait_is_not_told_of_a_pause_that_has_ended(store, clock):
    here, there = store.pauses, Pauses(store.database, clock)
    await there.stop(ALL)
    assert await here.stopped(ALL)
    await there.go(ALL)
    assert not await here.stopped(ALL)
    assert not await store.paused("a-destination")
