"""The deadlines of a submission as a table: when somebody has to be told, and what to do then.

Knows: our own times, those around the times of a channel, and those that a municipality sets.
Never does: I/O, clocks; know the times of any channel; tell (`alarm` says to whom).
Standard: architecture §3 (deadlines are states, not hopes). Start reading: `RULES`, then `Limit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Final, Literal

from gateway.model import State
from gateway.ports.channel import ChannelLimits
from gateway.submission import uncounted_events
from gateway.submission.states import ANSWERED, WAITING


class AlarmLevel(IntEnum):
    """How much an alarm asks for: to know of it, to look today, to act now."""

    NOTICE = 1
    WARNING = 2
    URGENT = 3


class Since(StrEnum):
    """From when a deadline counts."""

    CREATED = "created_at"
    UPDATED = "updated_at"
    SUBMITTED = "submitted_at"


@dataclass(frozen=True, slots=True)
class Around:
    """A time as far after (or before) the one that the channel sets."""

    limit: Literal["answer_due", "erased_after", "events_kept"]
    offset: timedelta

    def of(self, limits: ChannelLimits) -> timedelta | None:
        """The time; None where the channel sets none."""
        limit: timedelta | None = getattr(limits, self.limit)
        return None if limit is None else limit + self.offset


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """After `after` in one of `states`, counted from `since`, somebody is told `de`/`en`."""

    name: str
    states: frozenset[State]
    since: Since
    after: timedelta | Around
    severity: AlarmLevel
    de: str
    en: str


_OUT = frozenset({State.SUBMITTED})

RULES = (
    DeadlineRule(
        "held",
        frozenset({State.HELD}),
        Since.UPDATED,
        timedelta(hours=1),
        AlarmLevel.WARNING,
        "Wartet seit einer Stunde auf einen Menschen; `gateway held list` nennt Ursache und Vorschlag.",
        "Waits for a person since an hour; `gateway held list` names cause and suggestion.",
    ),
    DeadlineRule(
        "not_submitted_24h",
        WAITING,
        Since.CREATED,
        timedelta(hours=24),
        AlarmLevel.URGENT,
        "Nach 24 Stunden noch nicht eingereicht; Gegenstelle, Pausen und Worker prüfen (`gateway check`).",
        "Not submitted after 24 hours; look at counterpart, pauses and workers (`gateway check`).",
    ),
    DeadlineRule(
        "unanswered_day_3",
        _OUT,
        Since.SUBMITTED,
        timedelta(days=3),
        AlarmLevel.NOTICE,
        "Seit drei Tagen ohne Antwort der Behörde; ein Hinweis.",
        "No answer of the authority for three days; a notice.",
    ),
    DeadlineRule(
        "unanswered_day_9",
        _OUT,
        Since.SUBMITTED,
        timedelta(days=9),
        AlarmLevel.WARNING,
        "Seit neun Tagen ohne Antwort; bitte bei der Behörde nachfragen.",
        "No answer for nine days; ask the authority.",
    ),
    DeadlineRule(
        "unanswered_day_13",
        _OUT,
        Since.SUBMITTED,
        Around("answer_due", timedelta(days=-1)),
        AlarmLevel.URGENT,
        "Morgen beendet der Zustelldienst die Einreichung; die Behörde heute erreichen.",
        "Tomorrow the delivery service ends the submission; reach the authority today.",
    ),
    DeadlineRule(
        "unanswered_day_14",
        _OUT,
        Since.SUBMITTED,
        Around("answer_due", timedelta(hours=6)),
        AlarmLevel.URGENT,
        "Die Frist des Zustelldienstes ist vorbei, sein Ereignis dazu fehlt; Erreichbarkeit prüfen (`gateway check`).",
        "The delivery service's time is over and its event is missing; see whether it is reached (`gateway check`).",
    ),
    DeadlineRule(
        "unanswered_day_21",
        _OUT,
        Since.SUBMITTED,
        Around("erased_after", timedelta(0)),
        AlarmLevel.URGENT,
        "Der Zustelldienst hat die Einreichung gelöscht, kein Ereignis zeugt davon; neu übergeben.",
        "The delivery service erased the submission and no event tells of it; hand it off anew.",
    ),
    DeadlineRule(
        "events_vanish_day_700",
        ANSWERED,
        Since.SUBMITTED,
        Around("events_kept", timedelta(days=-30)),
        AlarmLevel.NOTICE,
        "In 30 Tagen löscht der Zustelldienst die Ereignisse; Nachweis ausgeben, wenn er außer Haus gebraucht wird.",
        "In 30 days the delivery service erases the events; export the evidence if it is needed elsewhere.",
    ),
)
"""Every deadline, the nearest first within a state."""


@dataclass(frozen=True, slots=True)
class FaultRule:
    """Told at once where a fault of the gateway itself stands in a submission's way; `held`, or else submitted."""

    name: str
    held: bool
    severity: AlarmLevel
    de: str
    en: str


FAULT_RULES: Final = (
    FaultRule(
        "held_by_fault",
        held=True,
        severity=AlarmLevel.URGENT,
        de="Durch einen Fehler des Gateways angehalten; `gateway held list` nennt den Vorschlag, das Protokoll die "
        "Stelle (`delivery.step_failed`).",
        en="Held by a fault of the gateway; `gateway held list` names the suggestion, the log the place "
        "(`delivery.step_failed`).",
    ),
    FaultRule(
        "events_unread",
        held=False,
        severity=AlarmLevel.URGENT,
        de="Die Antwort der Behörde kann durch einen Fehler des Gateways nicht gelesen werden und wird weiter erfragt; "
        "das Protokoll nennt die Stelle (`delivery.step_failed`).",
        en="The authority's answer cannot be read by a fault of the gateway and is asked for again; the log names the "
        "place (`delivery.step_failed`).",
    ),
)
"""Every rule about faults of our own."""


@dataclass(frozen=True, slots=True)
class EventRule:
    """Told at once where a submission waits in `submitted` though an event is there: its reason has this `code`."""

    name: str
    code: str
    severity: AlarmLevel
    de: str
    en: str


EVENT_RULES: Final = (
    EventRule(
        "event_not_counted",
        uncounted_events.CODE,
        AlarmLevel.URGENT,
        "Ein echtes Ereignis der Behörde oder des Zustelldienstes zählt nicht, weil ihm etwas fehlt; die Einreichung "
        "gilt nicht als beantwortet. `gateway status ID` nennt unter `reason`, was fehlt; dem Aussteller sagen.",
        "A genuine event of the authority or the delivery service does not count, since it lacks something; the "
        "submission is not taken as answered. `gateway status ID` names what under `reason`; tell its issuer.",
    ),
)
"""Every rule about events that are genuine and do not count."""


class ProofKind(StrEnum):
    """What a limit waits for: the counterpart's event for the submit, or the authority's answer."""

    HANDOVER = "handover"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class LimitRule:
    """Told where a submitted submission still lacks its proof when a limit has passed."""

    name: str
    proof: ProofKind
    hard: bool
    severity: AlarmLevel
    de: str
    en: str


LIMIT_RULES: Final = (
    LimitRule(
        "handover_unproven",
        ProofKind.HANDOVER,
        hard=False,
        severity=AlarmLevel.WARNING,
        de="Eingereicht, aber das Ereignis des Zustelldienstes fehlt noch; sein Ereignisprotokoll prüfen.",
        en="Submitted, but the delivery service's event is still missing; look at its event log.",
    ),
    LimitRule(
        "handover_unproven_hard",
        ProofKind.HANDOVER,
        hard=True,
        severity=AlarmLevel.URGENT,
        de="Die Übergabe ist nicht nachgewiesen, die Höchstfrist ist vorbei; beim Zustelldienst nachfragen.",
        en="The hand-over is not proven and its hard limit has passed; ask the delivery service.",
    ),
    LimitRule(
        "answer_late",
        ProofKind.ANSWER,
        hard=False,
        severity=AlarmLevel.WARNING,
        de="Die vereinbarte Zeit für eine Antwort ist vorbei; bei der Behörde nachfragen.",
        en="The time agreed for an answer has passed; ask the authority.",
    ),
    LimitRule(
        "answer_late_hard",
        ProofKind.ANSWER,
        hard=True,
        severity=AlarmLevel.URGENT,
        de="Auch die Höchstfrist für eine Antwort ist vorbei; die Behörde heute erreichen.",
        en="The hard limit for an answer has passed too; reach the authority today.",
    ),
)
"""Every rule whose time a municipality sets."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How long a service of a municipality may lack a proof after the submit before the rule of that name speaks."""

    rule: str
    municipality: str
    service: str
    after: timedelta
