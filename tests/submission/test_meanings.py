"""The inside knows what an event means, never the word that a channel has for it."""

from __future__ import annotations

from pathlib import Path

import pytest

import gateway
from gateway.fitconnect import names
from gateway.fitconnect.limits import LIMITS
from gateway.submission.deadlines import RULES, Around

ROOT = Path(gateway.__file__).parent
INSIDE = ("submission", "delivery", "intake", "notify", "backpressure", "store")


@pytest.mark.parametrize("room", INSIDE)
def test_no_room_of_the_inside_names_an_event_by_the_wire(room):
    words = {*names.EVENT_ISSUERS, *names.REPLY_EVENTS, "authenticationTags"}
    for file in (ROOT / room).rglob("*.py"):
        assert not [word for word in words if word in file.read_text(encoding="utf-8")], file.name


def test_the_times_of_the_rules_are_those_of_the_channel():
    days = {rule.name: rule.after.of(LIMITS) for rule in RULES if isinstance(rule.after, Around)}
    assert {name: after.total_seconds() / 86_400 for name, after in days.items() if after} == {
        "unanswered_day_13": 13,
        "unanswered_day_14": 14.25,
        "unanswered_day_21": 21,
        "events_vanish_day_700": 700,
    }
