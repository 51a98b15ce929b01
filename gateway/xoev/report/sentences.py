"""What the stages say about a document: a German and an English sentence for each rule.

Knows: rules by slug, and the remedy. Never does: repeat what the document holds; names of elements come from its
schema. Standard: house rule. Start reading: `SENTENCES`.
"""

from __future__ import annotations

from typing import Final

from gateway.errors.sentences import Sentences

SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "schema_element": (
        "Dieses Element gehört nicht hierher{expected_de}.",
        "This element has no place here{expected_en}.",
    ),
    "schema_missing": (
        "In diesem Element fehlt etwas{expected_de}.",
        "Something is missing in this element{expected_en}.",
    ),
    "schema_attribute": (
        "Ein Attribut fehlt oder ist hier nicht vorgesehen.",
        "An attribute is missing, or not expected here.",
    ),
    "schema_root": (
        "Das Wurzelelement ist im Schema nicht vorgesehen; bitte Schema und Namensraum prüfen.",
        "The schema has no such root element; check schema and namespace.",
    ),
    "schema_content": (
        "Der Inhalt ist von einer anderen Art, als das Schema verlangt.",
        "The content is not of the kind that the schema demands.",
    ),
    "schema_value": (
        "Der Wert verletzt eine Vorgabe des Schemas ({rule}).",
        "The value breaks a demand of the schema ({rule}).",
    ),
    "schema_rule": ("Das Schema ist verletzt (Regel {rule}).", "The schema is broken (rule {rule})."),
    "schema_overruled": (
        "Der Wert ist gültig, obwohl libxml2 ihn ablehnt: Leerraum um ihn zählt nicht (XML Schema Teil 2, 4.3.6).",
        "The value is valid, although libxml2 refuses it: outer white space does not count (XML Schema part 2, 4.3.6).",
    ),
    "schema_second_valid": (
        "Der zweite Prüfer (xmlschema) hält das Dokument für gültig; hier gilt das Urteil von libxml2.",
        "The second judge (xmlschema) finds the document valid; here the verdict of libxml2 stands.",
    ),
    "schema_second_invalid": (
        "Der zweite Prüfer (xmlschema) hält das Dokument für ungültig; hier gilt das Urteil von libxml2.",
        "The second judge (xmlschema) finds the document invalid; here the verdict of libxml2 stands.",
    ),
    "schema_second_unasked": (
        "Der zweite Prüfer (xmlschema) wurde nicht gehört: Schema nicht angenommen oder mehr als {limit} Elemente.",
        "The second judge (xmlschema) was not heard: it refused the schema, or there are more than {limit} elements.",
    ),
    "rules_broken": ("Die Regel {rule} ist verletzt.", "The rule {rule} is broken."),
    "rules_trouble": (
        "Die Regel {rule} lässt sich hier nicht auswerten; bitte Typ und Form der Werte prüfen.",
        "The rule {rule} cannot be evaluated here; check type and form of the values.",
    ),
    "rules_too_costly": (
        "Die Prüfung wurde bei {rule} abgebrochen: zu viel Rechenaufwand. Nicht alle Regeln sind geprüft.",
        "The check was stopped at {rule}: too much work. Not every rule was asked.",
    ),
    "rules_unusable": (
        "Die Prüfung wurde bei {rule} abgebrochen: die Regeldatei lässt sich nicht auswerten.",
        "The check was stopped at {rule}: the rule file cannot be evaluated.",
    ),
    "rules_cut": ("Es gibt mehr Verstöße, als hier stehen.", "There are more failures than are told here."),
    "too_many_findings": (
        "Es gibt mehr Befunde, als hier stehen (höchstens {limit} je Stufe).",
        "There are more findings than are told here (at most {limit} a stage).",
    ),
    "document_characters": (
        "Das Zeichen {point} an Stelle {position} ist nach DIN 91379 nicht erlaubt.{suggestion_de}",
        "DIN 91379 does not allow the character {point} at {position}.{suggestion_en}",
    ),
    "document_not_composed": (
        "Der Text ist nicht in Unicode-Normalform C (Stelle {position}). Bitte zusammengesetzt senden.",
        "The text is not in Unicode normalization form C (position {position}). Send it composed.",
    ),
}
"""Slug -> sentences with named places."""


said: Final = Sentences(SENTENCES).finding
"""A finding of a stage with its sentences."""
