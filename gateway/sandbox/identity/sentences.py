"""What the pages say, in German and English.

Knows: the sentences by key. Never does: choose the language. Standard: none. Start reading: `SENTENCES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "made_up": (
        "Sandbox: Alle Konten sind erfunden, ein Kennwort gibt es nicht.",
        "Sandbox: every account is made up, and there is no password.",
    ),
    "sign_in": ("Anmelden", "Sign in"),
    "for": ("Anmelden für", "Sign in for"),
    "account": ("Konto", "Account"),
    "level": ("Vertrauensniveau", "Level of assurance"),
    "1": ("Basisregistrierung", "Basic registration"),
    "2": ("niedrig", "Low"),
    "3": ("substantiell", "Substantial"),
    "4": ("hoch", "High"),
    "cancel": ("Abbrechen", "Cancel"),
    "errors": ("Fehler auslösen", "Cause an error"),
    "failed": ("Fehler bei der Anmeldung", "The login fails"),
    "unavailable": ("Dienst gestört", "The service is out of order"),
    "back": ("Zurück zum Onlinedienst", "Back to the online service"),
    "unreachable": (
        "Mit diesem Konto ist dieses Niveau nicht zu erreichen. Bitte anders wählen.",
        "This account does not reach that level. Please choose another one.",
    ),
    "other_language": ("English", "Deutsch"),
    "ready": ("Die Antwort ist bereit", "The answer is ready"),
    "carry_on": (
        "Mit der Schaltfläche geht es zurück zum Onlinedienst.",
        "The button leads back to the online service.",
    ),
    "go_on": ("Weiter", "Continue"),
    "refused": ("Die Anfrage wurde abgelehnt", "The request was refused"),
    "code": ("Fehlercode", "Error code"),
}
