"""What a destination takes: a token bucket, places, and a line in which nobody asks again and again. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.delivery.rate_limit import LOOK_AGAIN, SLACK, Observed, RateLimit, TokenBucket, decide

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ONE_A_SECOND = RateLimit(per_minute=60)


def test_an_idle_destination_takes_a_few_at_once_and_then_one_at_a_time():
    bucket, gone = None, []
    for _ in range(9):
        turn = decide(ONE_A_SECOND, Observed(bucket, 0, 0), NOW)
        bucket = turn.bucket
        gone.append((turn.ask_at or NOW) - NOW)
    burst = int(SLACK.total_seconds()) + 1
    assert gone[:burst] == [timedelta()] * burst
    assert gone[burst:] == [timedelta(seconds=each) for each in (1, 2, 3)]


def test_a_slow_rate_has_no_burst():
    first = decide(RateLimit(per_minute=2), Observed(None, 0, 0), NOW)
    assert first.ask_at is None
    second = decide(RateLimit(per_minute=2), Observed(first.bucket, 0, 0), NOW)
    assert second.ask_at == first.bucket
    assert second.ask_at - NOW >= timedelta(seconds=25)


def test_over_a_long_time_the_rate_holds():
    bucket, now, gone = None, NOW, 0
    while now < NOW + timedelta(minutes=10):
        turn = decide(ONE_A_SECOND, Observed(bucket, 0, 0), now)
        if turn.ask_at is None:
            bucket, gone = turn.bucket, gone + 1
        now += timedelta(milliseconds=100)
    assert 600 <= gone <= 606


def test_an_instant_that_was_given_stays_and_costs_no_second_token():
    waits = decide(ONE_A_SECOND, Observed(NOW + timedelta(seconds=30), 0, 0), NOW)
    assert waits.ask_at == NOW + timedelta(seconds=30)
    early = decide(ONE_A_SECOND, Observed(waits.bucket, 0, 0, known=True, go_at=waits.go_at), NOW)
    assert (early.ask_at, early.bucket) == (waits.ask_at, waits.bucket)
    goes = decide(ONE_A_SECOND, Observed(waits.bucket, 0, 0, known=True, go_at=waits.go_at), waits.go_at)
    assert (goes.ask_at, goes.bucket) == (None, waits.bucket)


def test_places_are_given_up_to_the_bound():
    bound = RateLimit(at_once=2)
    assert decide(bound, Observed(None, 1, 0), NOW).ask_at is None
    assert decide(bound, Observed(None, 2, 0), NOW).ask_at == NOW + LOOK_AGAIN


def test_a_newcomer_leaves_a_free_place_to_those_that_wait():
    bound = RateLimit(at_once=2)
    assert decide(bound, Observed(None, 1, 1), NOW).ask_at is not None
    assert decide(bound, Observed(None, 1, 1, known=True, go_at=NOW), NOW).ask_at is None
    assert decide(bound, Observed(None, 0, 1), NOW).ask_at is None


@pytest.mark.parametrize("rate", [1, 2, 3, 7, 60, 400, 7919])
def test_a_bucket_that_holds_a_minute_gives_its_rate_and_no_more(rate):
    every = timedelta(minutes=1) / rate
    tokens = TokenBucket(every, timedelta(minutes=1) - every)
    first = tokens.first(None, NOW)
    assert tokens.there(first, NOW) == rate
    kept = first + rate * every
    assert tokens.there(tokens.first(kept, NOW), NOW) == 0
    assert tokens.there(tokens.first(kept, NOW), NOW + every) == 1
    for later in (NOW + timedelta(minutes=1), NOW + timedelta(hours=1)):
        assert tokens.there(tokens.first(kept, later), later) == rate
