"""Genuine events that do not count: the reason says what they lack, so that their issuer can be asked.

Knows: which meanings a submission waits for. Never does: judge an event or say what it lacks (its channel does), let
one count. Standard: none. Start reading: `reason`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateway.model import Event, EventMeaning, Reason
from gateway.submission.states import ENDS

CODE: Final = "event_not_counted"
DECIDING: Final = frozenset({EventMeaning.SUBMITTED, *ENDS})
"""Events that a submission waits for; others change nothing of it."""


def reason(events: Iterable[Event]) -> Reason | None:
    """Why a submission still waits though an event that decides is there: the first one that none made good."""
    log = tuple(events)
    counted = {event.meaning for event in log if event.verified}
    for event in log:
        lack = event.lack
        if lack and event.meaning in DECIDING - counted:
            return Reason(
                CODE,
                f"Das Ereignis {event.type} ist echt, zählt aber nicht: {lack[0]}. Die Einreichung wartet weiter; ein "
                "berichtigtes Ereignis muss ausgestellt werden.",
                f"The event {event.type} is genuine but does not count: {lack[1]}. The submission goes on waiting; a "
                "corrected event has to be issued.",
            )
    return None
