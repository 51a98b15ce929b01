"""Durations of all processes add up, and a counterpart that is slow becomes an alarm until it is not any more."""

from __future__ import annotations

from datetime import timedelta

from gateway.outbound.durations import BUCKETS, Durations
from gateway.outbound.pace import Counterpart
from gateway.store.operation.alarms import open_alarms
from gateway.store.operation.exchange_durations import CALM_AFTER, RULE, look, read, write
from gateway.web.http.metrics import NAMES, Metrics


def measured(*seconds, counterpart=Counterpart.FITCONNECT):
    durations = Durations()
    for each in seconds:
        durations.note(counterpart, "delivery.example", each)
    return durations.take()


async def test_what_several_processes_measured_adds_up_and_shows_in_the_figures(store, clock):
    now = clock.now()
    await write(store.database, measured(0.01, 0.2), now)
    await write(store.database, measured(0.01, 59.0), now)
    await write(store.database, measured(0.01, counterpart=Counterpart.MAIL), now)
    found = await read(store.database)
    assert found["fitconnect"].numbers[:2] == [2, 1]
    assert found["fitconnect"].numbers[BUCKETS.index(60.0)] == 1
    assert (found["fitconnect"].slow, found["mail"].slow) == (1, 0)
    figures = Metrics()
    figures.exchanges(found)
    text = figures.exposition().decode()
    assert 'gateway_exchange_seconds_bucket{counterpart="fitconnect",le="0.05"} 2.0' in text
    assert 'gateway_exchange_seconds_bucket{counterpart="fitconnect",le="+Inf"} 4.0' in text
    assert 'gateway_exchange_seconds_count{counterpart="mail"} 1.0' in text
    assert 'gateway_slow_exchanges_total{counterpart="fitconnect"} 1.0' in text
    assert "delivery.example" not in text
    assert {"gateway_exchange_seconds", "gateway_slow_exchanges_total"} <= NAMES.keys()


async def test_a_slow_exchange_raises_an_alarm_once_which_ends_when_none_was_for_a_while(store, clock):
    await write(store.database, measured(0.01, counterpart=Counterpart.MAIL), clock.now())
    assert await look(store.database, clock.now()) == 0
    await write(store.database, measured(59.0), clock.now())
    assert [await look(store.database, clock.now()) for _ in range(2)] == [1, 0]
    (alarm,) = await open_alarms(store.database)
    assert (alarm["rule"], alarm["subject"]) == (RULE, "fitconnect")
    clock.at += CALM_AFTER - timedelta(seconds=1)
    await write(store.database, measured(0.01), clock.now())
    await look(store.database, clock.now())
    assert len(await open_alarms(store.database)) == 1
    clock.advance(seconds=2)
    await look(store.database, clock.now())
    assert await open_alarms(store.database) == []
    await write(store.database, measured(59.0), clock.now())
    assert await look(store.database, clock.now()) == 1
