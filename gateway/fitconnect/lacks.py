"""Why a genuine event does not count, in sentences, so that its issuer can be asked.

Knows: the rules of form and content that an event breaks whose signature was verified. Never does: judge an event
(that is `events`). Standard: FIT-Connect "set-validation". Start reading: `SENTENCES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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
