"""Genuine events that do not count: what they lack, so that somebody asks who issued them.

Knows: the rules of form and content that an event breaks whose signature was verified. Never does: judge an event
(that is `fitconnect.events`), let one count. Standard: FIT-Connect "set-validation". Start reading: `reason`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from gateway.model import Event, EventMeaning, Reason
from gateway.submission.states import ENDS

CODE: Final = "event_not_counted"
DECIDING: Final = frozenset({EventMeaning.SUBMITTED, *ENDS})
"""Events that a submission waits for; others change nothing of it."""
SENTENCES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "tags_missing": (
            "die Prüfmarken der verschlüsselten Teile fehlen (authenticationTags)",
            "the authentication tags of the sealed parts are missing (authenticationTags)",
        ),
        "tags_form": (
            "die Prüfmarken haben nicht die vorgeschriebene Form (authenticationTags)",
            "the authentication tags have not the form that is prescribed (authenticationTags)",
        ),
        "tags": (
            "die Prüfmarken sind nicht die der übergebenen Teile (authenticationTags)",
            "the authentication tags are not those of what was uploaded (authenticationTags)",
        ),
        "problems": (
            "die Gründe haben nicht die vorgeschriebene Form (problems)",
            "the problems are malformed (problems)",
        ),
        "schema": ("es nennt ein unbekanntes Schema ($schema)", "it names an unknown schema ($schema)"),
        "sub": ("es nennt keine Einreichung (sub)", "it names no submission (sub)"),
        "subject": ("es nennt eine andere Einreichung (sub)", "it names another submission (sub)"),
        "txn": ("es nennt keinen Vorgang (txn)", "it names no case (txn)"),
        "case": ("es nennt einen anderen Vorgang (txn)", "it names another case (txn)"),
        "iat": ("es nennt keine brauchbare Zeit (iat)", "it names no usable time (iat)"),
        "future": ("seine Zeit liegt zu weit voraus (iat)", "its time lies too far ahead (iat)"),
        "jti": (
            "es hat keine eigene Kennung oder die eines anderen (jti)",
            "it has no id of its own, or that of another (jti)",
        ),
        "events": ("sein Inhalt hat nicht die vorgeschriebene Form (events)", "its content is malformed (events)"),
        "unknown_event": ("diese Art von Ereignis ist unbekannt", "this type of event is unknown"),
        "issuer_of_event": ("sein Aussteller darf es nicht ausstellen (iss)", "its issuer may not issue it (iss)"),
        "order": ("es kann auf die Ereignisse davor nicht folgen", "it cannot follow the events before it"),
        "repeated": ("es gibt zu viele dieser Art", "there are too many of its type"),
    }
)
"""By rule broken: what is missing or wrong, German and English."""


def lack(event: Event) -> tuple[str, str] | None:
    """What a genuine event that does not count lacks; None for one that counts, or that may be anybody's."""
    rule = str(event.problems[0].get("rule", "")) if event.problems and not event.verified else ""
    return SENTENCES.get(rule)


def reason(events: Iterable[Event]) -> Reason | None:
    """Why a submission still waits though an event that decides is there: the first one that none made good."""
    log = tuple(events)
    counted = {event.meaning for event in log if event.verified}
    for event in log:
        said = lack(event)
        if said and event.meaning in DECIDING - counted:
            return Reason(
                CODE,
                f"Das Ereignis {event.type} ist echt, zählt aber nicht: {said[0]}. Die Einreichung wartet weiter; ein "
                "berichtigtes Ereignis muss ausgestellt werden.",
                f"The event {event.type} is genuine but does not count: {said[1]}. The submission goes on waiting; a "
                "corrected event has to be issued.",
            )
    return None
