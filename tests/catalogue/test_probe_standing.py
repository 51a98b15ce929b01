"""How a subject stands after its probes, whatever they were."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.probes.maintenance import MaintenanceWindow, began, maintained
from gateway.catalogue.probes.network import ours_is_there
from gateway.catalogue.probes.standing import (
    FAILURES,
    SUCCESSES,
    Consequence,
    Measurement,
    Standing,
    Subject,
    after,
    consequence,
)

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PAGE, OTHER, TOKEN = Subject("150900546546", "hausnummer"), Subject("150900546546", "termin"), Subject("", "token:test")


def measured(good, minutes=0, **more):
    return Measurement(NOW + timedelta(minutes=minutes), good, 5, None if good else "status", **more)


def stood(seen, runs=None):
    """The standing after each probe; `seen` is a string of + and -, each in the run of its place."""
    standing, each = Standing(), []
    for place, sign in enumerate(seen):
        standing = after(standing, measured(sign == "+", place), runs[place] if runs else place)
        each.append(standing)
    return each


@pytest.mark.parametrize(
    ("seen", "works"),
    [
        ("+", True),
        ("--", None),
        ("---", False),
        ("---+", True),  # the first good one ever
        ("+--", True),
        ("+---", False),
        ("+--+--", True),  # not in a row
        ("+---++", False),
        ("+---+++", True),
        ("+---++-++", False),
        ("+---++-+++", True),
        ("--+", True),
    ],
)
def test_what_several_probes_mean(seen, works):
    assert stood(seen)[-1].works is works


def test_failures_of_one_run_are_one_moment():
    assert stood("+---", runs=[1, 2, 2, 2])[-1].works is True
    assert stood("+----", runs=[1, 2, 2, 2, 3])[-1].works is False
    assert stood("+---", runs=[1, 2, 2, 3])[-1].works is False
    assert stood("---+", runs=[2, 2, 2, 2])[-1].works is True


def test_a_standing_says_since_when_and_why():
    *_, down = stood("+---")
    assert (down.since, down.failed_at, down.reason) == (
        NOW + timedelta(minutes=3),
        NOW + timedelta(minutes=1),
        "status",
    )
    up = after(down, measured(True, 4), 9)
    assert (up.since, up.failed_at, up.reason, up.works) == (down.since, None, None, False)


@given(st.text("+-", max_size=40))
def test_works_changes_only_after_enough_in_a_row(seen):
    standings = [Standing(), *stood(seen)]
    for place, (before, then) in enumerate(pairwise(standings), 1):
        if then.works is before.works:
            assert then.since == before.since
        elif then.works:
            assert seen[:place].endswith("+" * SUCCESSES) or "+" not in seen[: place - 1]
        else:
            assert then.works is False
            assert seen[:place].endswith("-" * FAILURES)
        row = len(seen[:place]) - len(seen[:place].rstrip(seen[place - 1]))
        assert (then.successes if seen[place - 1] == "+" else then.failures) == row
        assert not (then.works is False and then.successes >= SUCCESSES)
        assert not (then.works and then.failures >= FAILURES)


@given(st.text("+-", min_size=1, max_size=20), st.booleans())
def test_maintenance_tells_nothing_new_and_hides_no_recovery(seen, in_maintenance):
    standing = stood(seen)[-1]
    told = consequence(standing, maintained=in_maintenance)
    assert (told is Consequence.DOWN) == (standing.works is False and not in_maintenance)
    assert (told is Consequence.OVER) == (standing.works is True)


def test_a_window_is_half_open_and_about_its_services():
    hour = timedelta(hours=1)
    some, every = MaintenanceWindow(NOW, NOW + hour, frozenset({"termin"})), MaintenanceWindow(NOW, NOW + hour)
    assert maintained([some], "termin", NOW)
    assert not maintained([some], "hausnummer", NOW)
    assert maintained([every], "hausnummer", NOW)
    assert not maintained([every], "hausnummer", NOW + hour)
    assert not maintained([every], "hausnummer", NOW - hour)


def test_an_outage_that_outlasts_its_maintenance_begins_where_that_was_to_end():
    end = NOW + timedelta(hours=1)
    window, later = MaintenanceWindow(NOW, end), end + timedelta(minutes=5)
    assert began([window], "termin", NOW + timedelta(minutes=2), later) == end
    assert began([window], "termin", later, later) == later
    assert began([], "termin", NOW, later) == NOW
    assert began([MaintenanceWindow(NOW, end, frozenset({"hund"}))], "termin", NOW, later) == NOW


THIRD, REFUSED = Subject("150900546546", "hund"), replace(measured(False, host="10.0.0.1"), reason="address_refused")
AWAY, AWAY_TOO = measured(False, away=True, host="a.example"), measured(False, away=True, host="b.example")
BROKEN, GOOD = measured(False, host="a.example"), measured(True, host="b.example")


@pytest.mark.parametrize(
    ("seen", "references", "there"),
    [
        ({PAGE: AWAY, OTHER: AWAY_TOO}, [], False),
        ({PAGE: AWAY, TOKEN: AWAY_TOO}, [], False),
        ({PAGE: AWAY, TOKEN: AWAY_TOO, Subject("", "database:"): GOOD}, [], False),
        ({PAGE: AWAY, OTHER: AWAY}, [], True),  # one host: its own silence
        ({PAGE: AWAY, OTHER: BROKEN}, [], True),
        ({PAGE: AWAY, OTHER: AWAY_TOO, THIRD: REFUSED}, [], False),  # refused by ourselves, whatever the network
        ({THIRD: REFUSED}, [], True),
        ({PAGE: BROKEN, OTHER: BROKEN}, [False, False], False),
        ({PAGE: AWAY, OTHER: AWAY_TOO}, [False, True], True),
        ({PAGE: AWAY, OTHER: GOOD}, [False], True),
        ({}, [False], True),
        ({}, [], True),
    ],
)
def test_whose_outage_it_is(seen, references, there):
    assert ours_is_there(seen, references) is there
