"""Which events of a log are kept with a submission: every proven one, few of those refused; the rest are counted.

Knows: that anybody can make events that are refused, as many as they like. Never does: judge an event (that is
`fitconnect.events`). Standard: none; the bounds fit what an evidence archive holds. Start reading: `fresh`.

What is not kept is told by an event of its own, `refused-events`: one for each rule and power of ten, so that neither
a log that grows nor one that is read again makes more than a handful of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from gateway.model import Event

KEPT_OF_A_RULE: Final = 3
"""Refused events that are kept of each rule broken, for the whole life of a submission."""
COUNTED: Final = "refused-events"
_MARKS: Final = (10_000, 1_000, 100, 10, 1)


def fresh(known: Sequence[Event], log: Iterable[Event], now: datetime) -> tuple[Event, ...]:
    """The events of the log that are to be kept beside those `known`, in order, then what is counted only."""
    ids = {event.jti for event in known}
    kept = Counter(_rule(event) for event in known if not event.verified and event.type != COUNTED)
    beyond: Counter[str] = Counter()
    new: list[Event] = []
    for event in log:
        if event.jti in ids:
            continue
        if not event.verified:
            rule = _rule(event)
            if kept[rule] >= KEPT_OF_A_RULE:
                beyond[rule] += 1
                continue
            kept[rule] += 1
        ids.add(event.jti)
        new.append(event)
    summaries = (_counted(rule, count, ids, now) for rule, count in beyond.items())
    return (*new, *(event for event in summaries if event))


def _counted(rule: str, count: int, ids: set[str], now: datetime) -> Event | None:
    """How many more there were, unless as many are told already."""
    reached = [mark for mark in _MARKS if mark <= count]
    greater = [mark for mark in _MARKS if mark >= reached[0]]
    if any(_id(rule, mark) in ids for mark in greater):
        return None
    return Event(COUNTED, "", False, now, ({"rule": rule, "count": count},), _id(rule, reached[0]))


def _id(rule: str, mark: int) -> str:
    return f"refused:{rule}:{mark}"


def _rule(event: Event) -> str:
    return str(event.problems[0].get("rule", "")) if event.problems else ""
