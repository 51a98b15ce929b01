"""A destination that does not answer is left alone for a while; others are not touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.delivery.circuit_breaker import OPENS_AFTER, PROBE_S, RESTS_S, Circuits

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def opened(now: datetime = NOW) -> Circuits:
    circuits = Circuits()
    assert [circuits.failed("a", now) for _ in range(OPENS_AFTER)] == [False] * (OPENS_AFTER - 1) + [True]
    return circuits


def test_it_opens_after_some_failures_in_a_row_and_only_for_that_destination():
    circuits = opened()
    assert circuits.wait("a", NOW) == NOW + seconds(RESTS_S[0])
    assert circuits.wait("b", NOW) is None


def test_an_answer_in_between_begins_the_count_anew():
    circuits = Circuits()
    for _ in range(3):
        for _ in range(OPENS_AFTER - 1):
            circuits.failed("a", NOW)
        circuits.succeeded("a")
    assert circuits.wait("a", NOW) is None


def test_after_the_rest_one_may_try_while_the_others_wait():
    circuits = opened()
    then = NOW + seconds(RESTS_S[0])
    assert circuits.wait("a", then) is None
    assert circuits.wait("a", then) == then + seconds(PROBE_S)


def test_each_failed_try_makes_the_rest_longer_to_a_bound():
    circuits, now, rests = opened(), NOW, []
    for _ in range(len(RESTS_S) + 2):
        now = circuits.wait("a", now)
        assert circuits.wait("a", now) is None
        circuits.failed("a", now)
        rests.append((circuits.wait("a", now) - now).total_seconds())
    assert rests == [*RESTS_S[1:], *[RESTS_S[-1]] * 3]


def test_stragglers_of_the_same_outage_do_not_make_it_longer():
    circuits = opened()
    for _ in range(20):
        circuits.failed("a", NOW)
    assert circuits.wait("a", NOW) == NOW + seconds(RESTS_S[0])


def test_an_answer_closes_it():
    circuits = opened()
    circuits.succeeded("a")
    assert circuits.wait("a", NOW) is None
