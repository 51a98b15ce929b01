"""Summer and winter in Germany, both ways."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from gateway.german_time import german_date, german_instant, german_time


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "01:59 MEZ"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "03:00 MESZ"),
        (datetime(2026, 10, 25, 0, 59, tzinfo=UTC), "02:59 MESZ"),
        (datetime(2026, 10, 25, 1, 0, tzinfo=UTC), "02:00 MEZ"),
    ],
)
def test_german_time_changes_on_the_last_sundays(moment: datetime, expected: str) -> None:
    local, zone = german_time(moment)
    assert f"{local:%H:%M} {zone}" == expected


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), date(2027, 1, 1)),
        (datetime(2026, 7, 1, 21, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 22, 0, tzinfo=UTC), date(2026, 7, 2)),
        (datetime(2026, 3, 28, 22, 30, tzinfo=UTC), date(2026, 3, 28)),
        (datetime(2026, 3, 29, 22, 30, tzinfo=UTC), date(2026, 3, 30)),
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), date(2026, 10, 25)),
        (datetime(2026, 10, 25, 22, 30, tzinfo=UTC), date(2026, 10, 25)),
    ],
)
def test_the_date_of_an_application_is_the_one_on_calendars_in_germany(instant: datetime, day: date) -> None:
    assert german_date(instant) == day


@pytest.mark.parametrize(
    ("clock", "day", "utc"),
    [
        ("01:59", "2026-03-29", "00:59"),
        ("02:30", "2026-03-29", "01:30"),  # a time that no clock shows counts as winter
        ("03:00:00", "2026-03-29", "01:00"),
        ("02:30", "2026-10-25", "00:30"),  # shown twice: summer comes first
        ("03:00", "2026-10-25", "02:00"),
    ],
)
def test_a_local_time_becomes_an_instant_through_both_turns(clock: str, day: str, utc: str) -> None:
    assert f"{german_instant(day, clock):%H:%M}" == utc
