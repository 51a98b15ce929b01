"""When a message is tried again: by the table, later where a receiver asks for it, and not for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from gateway.notify.schedule import DELAYS, GIVEN_UP_AFTER, LONGEST_WISH, DueMessage, next_try, seconds

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FIRST = DueMessage(UUID(int=1), 1, NOW)


def waits(message: DueMessage, wish: float | None = None) -> float:
    then = next_try(message, NOW, wish)
    assert then is not None
    return (then - NOW).total_seconds()


def test_delays_grow_and_the_last_one_repeats():
    assert [waits(replace(FIRST, failures=no)) for no in range(len(DELAYS) + 2)] == [*DELAYS, DELAYS[-1], DELAYS[-1]]


@pytest.mark.parametrize(
    ("wish", "expected"), [(None, 1), (0.5, 1), (120, 120), (LONGEST_WISH, 3600), (86_400, LONGEST_WISH)]
)
def test_a_receiver_may_ask_for_later_but_not_for_sooner_and_not_for_long(wish, expected):
    assert waits(FIRST, wish) == expected


def test_tries_of_workers_that_died_are_no_failures():
    assert waits(replace(FIRST, tries=9)) == DELAYS[0]


def test_it_is_given_up_where_the_next_try_would_come_too_late():
    began = NOW - GIVEN_UP_AFTER + timedelta(seconds=DELAYS[3])
    assert waits(replace(FIRST, began=began, failures=3)) == DELAYS[3]
    assert next_try(replace(FIRST, began=began, failures=4), NOW) is None


def test_what_is_tried_once_is_not_tried_again():
    assert next_try(replace(FIRST, once=True), NOW, 5) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("120", 120.0), ("0", 0.0), ("", None), ("-1", None), ("1e9", None), ("٣", None), ("9" * 9, None),
     ("Tue, 24 Nov 2026 12:00:00 GMT", None)],
)  # fmt: skip
def test_only_seconds_are_read_of_what_a_receiver_asks(text, expected):
    assert seconds(text) == expected
