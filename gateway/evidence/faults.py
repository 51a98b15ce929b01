"""The sentences for what can be wrong with an archive, by rule.

Knows: every rule that a verdict can name, in German and English. Never does: find a fault.
Standard: none. Start reading: `fault`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.errors.sentences import Sentences

RULES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("Diese Datei fehlt im Archiv.", "This member is missing."),
    "unlisted": (
        "Diese Datei steht nicht im signierten Verzeichnis.",
        "The signed manifest does not list this member.",
    ),
    "digest": ("Die Prüfsumme ist nicht die signierte.", "The digest is not the signed one."),
    "form": ("Die Datei hat nicht die vorgeschriebene Form.", "The member does not have the form prescribed."),
    "link": (
        "Der Eintrag folgt nicht aus denen davor, oder sein Inhalt passt nicht zu seiner Prüfsumme.",
        "The entry does not follow from those before it, or its content does not match its hash.",
    ),
    "count": ("Es sind nicht so viele Einträge wie signiert.", "There are not as many entries as signed."),
    "derived": ("Die Datei sagt anderes als der Eintrag.", "The member says something else than the entry."),
    "key_missing": ("Der Schlüssel, den ein Eintrag nennt, fehlt.", "The key that an entry names is missing."),
    "receipt": (
        "Die Empfangsbestätigung ist nicht echt oder gehört zu einer anderen Einreichung.",
        "The receipt is not genuine, or is that of another submission.",
    ),
    "set_context": (
        "Vor dem Ereignis fehlt der Eintrag über Versiegelung oder Ankündigung.",
        "The entry on sealing or announcement is missing before the event.",
    ),
    "set_signature": (
        "Die Signatur des Ereignisses ist nicht die des genannten Schlüssels.",
        "The event's signature is not that of the key named.",
    ),
    "set_content": (
        "Das Ereignis sagt anderes, als der Eintrag behauptet.",
        "The event says something else than the entry claims.",
    ),
    "set_rule": (
        "Das Ereignis gehört nicht zu dieser Einreichung oder kann nicht an dieser Stelle stehen.",
        "The event does not belong to this submission or cannot stand at this place.",
    ),
    "signature": (
        "Die Signatur stammt von keinem der Schlüssel, denen vertraut wird.",
        "The signature is by none of the keys trusted.",
    ),
    "path": (
        "Der Weg führt vom Eintrag nicht zum signierten Wurzelwert.",
        "The path does not lead from the entry to the signed root.",
    ),
    "root_missing": (
        "Dieser signierte Wurzelwert fehlt in der Datenbank.",
        "This signed root is missing from the database.",
    ),
    "root_order": ("Der Wurzelwert folgt nicht auf den davor.", "The root does not follow the one before."),
    "root_leaves": (
        "Die Blätter in der Datenbank sind nicht die, über die dieser Wurzelwert signiert ist.",
        "The leaves in the database are not those that this root was signed over.",
    ),
    "root_unknown": (
        "Blätter stehen unter einem Wurzelwert, den es nicht gibt.",
        "Leaves stand under a root that does not exist.",
    ),
    "outside": (
        "Der Wurzelwert ist nicht der, der außerhalb der Datenbank vermerkt ist.",
        "The root is not the one that is noted outside the database.",
    ),
    "uncovered": (
        "Der letzte Eintrag steht unter keinem signierten Wurzelwert.",
        "The last entry stands under no signed root.",
    ),
    "stamp": (
        "Der Zeitstempel gehört nicht zu diesem Wurzelwert oder ist nicht echt.",
        "The time stamp does not belong to this root or is not genuine.",
    ),
}


fault: Final = Sentences(RULES).finding
"""The finding at a place: a member's name, for entries with `:` and the number."""
