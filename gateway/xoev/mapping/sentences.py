"""What can be wrong with a mapping file: one German and one English sentence for each rule.

Knows: rules by their slug and the way out of each. Never does: judge. Standard: house rule; the slugs are stable.
Start reading: `mapping_fault`.
"""

from __future__ import annotations

from typing import Final

from gateway.errors.sentences import Sentences

Words = str | tuple[str, str]
"""The same in both languages, or German and English."""

SENTENCES: Final = {
    "mapping_key": ("Unbekannter Schlüssel; bitte entfernen, erlaubt: {0}.", "Unknown key; remove it, allowed: {0}."),
    "mapping_value": ("Dieser Wert passt nicht; erwartet wird {0}.", "This value does not fit; expected is {0}."),
    "mapping_form": (
        "Die Zuordnung gehört zu einem anderen Stammdatenschema; die Datei form.xml nennt {0}.",
        "The mapping belongs to another form schema; the file form.xml names {0}.",
    ),
    "mapping_target": (
        "Dieses Ziel gibt es im Stammdatenschema nicht als {0}; erwartet wird ein Pfad aus Kennungen (G…/F…).",
        "The form schema has no such target as a {0}; expected is a path of ids (G…/F…).",
    ),
    "mapping_twice": (
        "Dieses Ziel ist schon zugeordnet; bitte eine der beiden Zuordnungen entfernen.",
        "This target is mapped already; remove one of the two entries.",
    ),
    "mapping_source": (
        "Die Quelle muss ein Zeiger wie /applicant/name sein; * steht für jeden Eintrag einer Liste.",
        "The source has to be a pointer such as /applicant/name; * stands for every item of a list.",
    ),
    "mapping_unknown": (
        "Diese Stelle des Antrags ist keinem Feld zugeordnet; bitte Schreibweise prüfen oder zuordnen.",
        "This place of the record is mapped to no field; check its spelling or map it.",
    ),
    "mapping_repeat": ("Wiederholung passt nicht; erwartet wird {0}.", "Repetition does not fit; expected is {0}."),
    "mapping_converter": (
        "Dieser Umwandler (as) passt nicht zum Feld; möglich: {0}.",
        "This converter (as) does not fit the field; possible: {0}.",
    ),
    "mapping_codes": (
        "Dieser Codewert steht nicht in der Liste des Feldes; erlaubt: {0}.",
        "This code is not on the field's list; allowed: {0}.",
    ),
    "mapping_conflict": (
        "Diese Quelle wird schon anders verwendet ({0}); ein Wert des Antrags hat nur eine Form.",
        "This source is used in another way already ({0}); a value of the record has one shape only.",
    ),
    "mapping_mandatory": (
        "Das Pflichtelement {0} hat keine Quelle. Bitte zuordnen; nichts wird erfunden.",
        "The mandatory element {0} has no source. Map it; nothing is ever invented.",
    ),
    "mapping_attachment": (
        'Ein Feld vom Typ file, und nur ein solches, nennt eine Anlage: attachment = "ART" statt from oder constant.',
        'A field of type file, and no other, names an attachment: attachment = "KIND" in place of from or constant.',
    ),
    "mapping_normalise": (
        "normalise ist true oder false, und true nur für Texte, die kein Name sind (latin nicht A).",
        "normalise is true or false, and true only for texts that are no name (latin other than A).",
    ),
    "mapping_pattern": (
        (
            "Nur die Art pattern hat einen regulären Ausdruck; er muss gültig sein, höchstens 500 Zeichen lang und "
            "ohne Rückverweise und Vorausschau (RE2)."
        ),
        (
            "Only the kind pattern has a regular expression; it has to be valid, at most 500 characters long and "
            "without back-references and look-around (RE2)."
        ),
    ),
}
"""Rule -> sentences; `{0}` is what would be right."""

TEXT: Final = ("ein Text", "a text")
GROUP: Final = ("Gruppe", "group")
FIELD: Final = ("Feld", "field")
SIBLINGS: Final = ("eine Liste von Geschwistern in einem Objekt (of)", "a list of siblings in one object (of)")
CODE_TABLE: Final = ('eine Tabelle wie { wert = "01" }', 'a table such as { value = "01" }')
SOURCE_OR_CONSTANT: Final = ("entweder from oder constant, nicht beides", "either from or constant, not both")
NO_ITEM: Final = (
    "ein Ziel außerhalb von Listen; zu welchem Eintrag eine Anlage gehört, weiß niemand",
    "a target outside of lists; nobody knows to which item an attachment belongs",
)
TRUTH: Final = ("true oder false", "true or false")
CONDITION: Final = (
    'eine Tabelle wie { pointer = "/role", in = ["agent"] }',
    'a table such as { pointer = "/role", in = ["agent"] }',
)
CONDITION_VALUES: Final = ("eine Liste aus Texten oder true/false", "a list of texts or true/false")
CONDITION_NEVER: Final = ("mindestens ein Wert oder absent = true", "at least one value or absent = true")
TOTAL: Final = (
    'total als Text ("100") und in of eine Stelle in einer Liste (/…/*/…)',
    'total as a text ("100") and in of one place inside a list (/…/*/…)',
)
BOUND: Final = (
    "entweder days (ganze Zahl von -36500 bis 36500) oder other (Zeiger), nicht beides",
    "either days (a whole number from -36500 to 36500) or other (a pointer), not both",
)
DAYS: Final = ("in of und other nur Felder mit einem ganzen Datum", "in of and other only fields with a whole date")
YES_OR_NO: Final = ("ein Feld vom Typ bool", "a field of type bool")
UNBOUND: Final = (
    "days und other nur bei not_before und not_after, total nur bei sum",
    "days and other only with not_before and not_after, total only with sum",
)


def once(identifier: str) -> Words:
    """An element that stands at most once."""
    return f"eine Quelle ohne * ({identifier} steht höchstens einmal)", f"a source without * ({identifier} stands once)"


def listed(identifier: str) -> Words:
    """An element that has to stand several times."""
    return f"eine Quelle mit * ({identifier} steht mehrmals)", f"a source with * ({identifier} stands several times)"


def inside(base: str) -> Words:
    """Where a source has to begin, because its target stands in a repeated group."""
    if not base:
        return "eine Quelle ohne Liste darüber", "a source with no list above it"
    return f"eine Quelle unter {base}, wie bei der Gruppe", f"a source below {base}, as with its group"


def limits(kind: str) -> Words:
    """A constant for a field of a type."""
    return f"ein Wert, den das Feld erlaubt ({kind})", f"a value that the field allows ({kind})"


def one_of(values: str) -> Words:
    """One of some values."""
    return f"einer dieser Werte: {values}", f"one of these values: {values}"


mapping_fault: Final = Sentences(SENTENCES).finding
"""A fault at a key path of the file (`/fields/3/to`); the parameters are what would be right (`Words`)."""
