"""What a person can do about what is held.

Knows: whose fault a cause is, and what mends it, in both languages. Never does: decide. Start reading: `suggestion`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.errors import every_error
from gateway.model import Blame

_SENTENCES: Final[Mapping[Blame, tuple[str, str]]] = {
    Blame.OPERATOR: (
        (
            "Einstellung, Schlüssel oder Zugang berichtigen (`gateway check` nennt die Stelle), dann fortsetzen. "
            "Ein berichtigtes Geheimnis und ein berichtigter Schlüssel gelten sofort; geänderte Einstellungen "
            "brauchen vorher einen Neustart von `serve` und `worker`."
        ),
        (
            "Correct setting, key or access (`gateway check` names the place), then resume. A corrected secret or "
            "key file counts at once; changed settings need a restart of `serve` and `worker` first."
        ),
    ),
    Blame.COUNTERPART: (
        "Die Behörde oder den Betreiber des Ziels ansprechen; nach der Behebung fortsetzen.",
        "Talk to the authority or the operator of the destination; resume once it is mended.",
    ),
    Blame.PORTAL: (
        "Das Portal muss den Antrag berichtigt neu übergeben; diesen danach abbrechen.",
        "The portal has to hand off a corrected application; cancel this one afterwards.",
    ),
    Blame.GATEWAY: (
        "Ein Fehler des Gateways: Protokoll ansehen und melden; nach der Behebung fortsetzen.",
        "A fault of the gateway: look into the log and report it; resume once it is mended.",
    ),
}


def suggestion(cause: str) -> dict[str, str]:
    """What to do about a cause, in both languages; by whose fault it is, ours where nobody knows it."""
    blame = next((error.blame for error in every_error() if error.code == cause), Blame.GATEWAY)
    return dict(zip(("de", "en"), _SENTENCES[blame], strict=True))
