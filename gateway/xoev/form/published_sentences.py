"""How a published XSD and a form may differ, in two languages.

Knows: every sentence and its weight. Never does: look at a schema. Standard: of this project.
Start reading: `told`.
"""

from __future__ import annotations

from typing import Final

from gateway.model import Finding, Severity

_ERROR, _WARNING, _INFO = Severity.ERROR, Severity.WARNING, Severity.INFO
SENTENCES: Final = {
    "document_root": (
        _ERROR,
        "Im veröffentlichten XSD ist zu {0} nicht genau ein Wurzelelement; es gibt: {1}. In [document] root nennen.",
        "The published XSD has not exactly one root element for {0}; there are: {1}. Name it in [document] root.",
    ),
    "document_lost": (
        _ERROR,
        "Das veröffentlichte XSD hat dieses Element nicht, mapping.toml füllt es; bitte dort entfernen.",
        "The published XSD has no such element, and mapping.toml fills it; remove it there.",
    ),
    "document_less": (
        _WARNING,
        "Das veröffentlichte XSD hat dieses Element nicht; es kommt in kein Dokument.",
        "The published XSD has no such element; no document will hold it.",
    ),
    "document_surplus": (
        _ERROR,
        "Das veröffentlichte XSD verlangt hier {0}, das Stammdatenschema kennt es nicht; bitte dessen Fassung nehmen.",
        "The published XSD demands {0} here, which the form schema does not have; take the version that belongs to it.",
    ),
    "document_more": (
        _WARNING,
        "Das veröffentlichte XSD erlaubt hier {0}, das Stammdatenschema kennt es nicht; es bleibt leer.",
        "The published XSD allows {0} here, which the form schema does not have; it stays empty.",
    ),
    "document_shape": (
        _ERROR,
        "Das veröffentlichte XSD baut {0} anders auf (Gruppe statt Feld, Feld statt Gruppe oder als Folge wiederholt).",
        "The published XSD builds {0} in another way (group for field, field for group, or a sequence that repeats).",
    ),
    "document_order": (
        _INFO,
        "Das veröffentlichte XSD ordnet anders und gilt: {0} (Stammdatenschema: {1}).",
        "The published XSD has another order, which counts: {0} (form schema: {1}).",
    ),
    "document_version": (
        _INFO,
        "Das veröffentlichte XSD nennt Version {0} dieses Elements, das Stammdatenschema {1}.",
        "The published XSD names version {0} of this element, the form schema {1}.",
    ),
    "document_narrower": (
        _WARNING,
        "{0} ist im veröffentlichten XSD enger und gilt: {2} (Stammdatenschema: {1}).",
        "{0} is narrower in the published XSD and counts: {2} (form schema: {1}).",
    ),
    "document_wider": (
        _INFO,
        "{0} ist im veröffentlichten XSD weiter oder nicht gesagt: {2} (Stammdatenschema: {1}).",
        "{0} is wider in the published XSD, or not said there: {2} (form schema: {1}).",
    ),
    "document_codes": (
        _WARNING,
        "Diese Codes des Stammdatenschemas lässt das veröffentlichte XSD nicht zu: {0}.",
        "The published XSD does not allow these codes of the form schema: {0}.",
    ),
    "document_pattern": (
        _WARNING,
        "Dieses Muster des veröffentlichten XSD kann nur das Schema selbst prüfen: {0}.",
        "Only the schema itself can judge this pattern of the published XSD: {0}.",
    ),
    "document_type": (
        _WARNING,
        "Das veröffentlichte XSD hat hier den Typ {0}, das Stammdatenschema {1}; was nicht passt, wird abgelehnt.",
        "The published XSD has type {0} here, the form schema {1}; what does not fit is refused.",
    ),
    "document_type_wider": (
        _INFO,
        "Das veröffentlichte XSD hat hier den weiteren Typ {0}, das Stammdatenschema {1}.",
        "The published XSD has the wider type {0} here, the form schema {1}.",
    ),
}
"""Rule -> weight and sentences."""


def told(pointer: str, rule: str, *params: str) -> Finding:
    """A difference at a path of the form (`/G…/F…`)."""
    severity, de, en = SENTENCES[rule]
    return Finding(pointer, rule, de.format(*params), en.format(*params), severity)
