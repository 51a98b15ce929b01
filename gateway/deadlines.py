"""The deadlines of a submission as a table: when somebody has to be told, and what to do then.

Knows: FIT-Connect's times (24 hours, 14, 21 and 730 days) and our own before them. Never does: I/O, clocks; tell.
Standard: architecture §3 (deadlines are states, not hopes). Start reading: `RULES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from gateway.model import State


class Since(StrEnum):
    """From when a deadline counts."""

    CREATED = "created_at"
    UPDATED = "updated_at"
    SUBMITTED = "submitted_at"


@dataclass(frozen=True, slots=True)
class Rule:
    """After `after` in one of `states`, counted from `since`, somebody is told `de`/`en`."""

    name: str
    states: frozenset[State]
    since: Since
    after: timedelta
    de: str
    en: str


_BEFORE = frozenset({State.RECEIVED, State.SEALED, State.ANNOUNCED, State.UPLOADED})
_OUT = frozenset({State.SUBMITTED})
_DONE = frozenset({State.ACCEPTED, State.REJECTED, State.EXPIRED})

RULES = (
    Rule(
        "held",
        frozenset({State.HELD}),
        Since.UPDATED,
        timedelta(hours=1),
        "Wartet seit einer Stunde auf einen Menschen; `gateway held list` nennt Ursache und Vorschlag.",
        "Waits for a person since an hour; `gateway held list` names cause and suggestion.",
    ),
    Rule(
        "not_submitted_24h",
        _BEFORE,
        Since.CREATED,
        timedelta(hours=24),
        "Nach 24 Stunden noch nicht eingereicht; Gegenstelle, Pausen und Worker prüfen (`gateway check`).",
        "Not submitted after 24 hours; look at counterpart, pauses and workers (`gateway check`).",
    ),
    Rule(
        "unanswered_day_3",
        _OUT,
        Since.SUBMITTED,
        timedelta(days=3),
        "Seit drei Tagen ohne Antwort der Behörde; ein Hinweis.",
        "No answer of the authority for three days; a notice.",
    ),
    Rule(
        "unanswered_day_9",
        _OUT,
        Since.SUBMITTED,
        timedelta(days=9),
        "Seit neun Tagen ohne Antwort; bitte bei der Behörde nachfragen.",
        "No answer for nine days; ask the authority.",
    ),
    Rule(
        "unanswered_day_13",
        _OUT,
        Since.SUBMITTED,
        timedelta(days=13),
        "Morgen beendet der Zustelldienst die Einreichung; die Behörde heute erreichen.",
        "Tomorrow the delivery service ends the submission; reach the authority today.",
    ),
    Rule(
        "unanswered_day_21",
        _OUT,
        Since.SUBMITTED,
        timedelta(days=21),
        "Der Zustelldienst hat die Einreichung gelöscht, kein Ereignis zeugt davon; neu übergeben.",
        "The delivery service erased the submission and no event tells of it; hand it off anew.",
    ),
    Rule(
        "events_vanish_day_700",
        _DONE,
        Since.SUBMITTED,
        timedelta(days=700),
        "In 30 Tagen löscht der Zustelldienst die Ereignisse; Nachweis ausgeben, wenn er außer Haus gebraucht wird.",
        "In 30 days the delivery service erases the events; export the evidence if it is needed elsewhere.",
    ),
)
"""Every deadline, the nearest first within a state."""


def rule_of(name: str) -> Rule | None:
    """The rule of that name."""
    return next((rule for rule in RULES if rule.name == name), None)
