"""What can be wrong with a form schema or a code list, in two languages, with line and element id.

Knows: every sentence. Never does: repeat content of the file other than ids of elements and names of code lists.
Start reading: `Faults`.
"""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from gateway.model import Finding, Severity
from gateway.xoev.fim.model import ListReference

_LONGEST_ID: Final = 64
_SHOWN: Final = re.compile(r"[A-Z][A-Z0-9.-]{0,40}")

FAULTS: Final = {
    "fim_message": (
        "ein Stammdatenschema in XDatenfelder 2.0 oder 3.0.0 (Nachricht 0102)",
        "a form schema in XDatenfelder 2.0 or 3.0.0 (message 0102)",
    ),
    "fim_missing": ("genau ein Element stammdatenschema", "exactly one element stammdatenschema"),
    "fim_id": (
        "eine Kennung: S (Schema), G (Gruppe) oder F (Feld) und Ziffern, üblich sind 8 oder 11",
        "an id: S (schema), G (group) or F (field) and digits, usually 8 or 11",
    ),
    "fim_version": (
        "eine Version wie 1.0 oder 1.0.0; nur bei Gruppen und Feldern darf sie fehlen",
        "a version such as 1.0 or 1.0.0; only groups and fields may have none",
    ),
    "fim_twice": (
        "jede Kennung nur einmal in derselben Gruppe (XFall benennt danach); sonst die Anzahl erhöhen",
        "each id only once in the same group (XFall names by it); else raise the number of occurrences",
    ),
    "fim_occurs": (
        "eine Anzahl wie 0:1, 1:1 oder 1:*, die Höchstzahl nicht unter der Mindestzahl",
        "occurrences such as 0:1, 1:1 or 1:*, the maximum not below the minimum",
    ),
    "fim_recursion": (
        "eine Gruppe, die sich nicht selbst enthält, auch nicht über andere Gruppen",
        "a group that does not contain itself, not by way of other groups either",
    ),
    "fim_empty": (
        "mindestens ein Element in jeder Gruppe und im Schema (struktur/enthaelt)",
        "at least one element in each group and in the schema (struktur/enthaelt)",
    ),
    "fim_contained": (
        "in enthaelt ein datenfeld oder eine datenfeldgruppe",
        "in enthaelt a datenfeld or a datenfeldgruppe",
    ),
    "fim_depth": ("höchstens 18 Gruppen ineinander", "at most 18 groups inside each other"),
    "fim_many": (
        "höchstens 20.000 Elemente im Schema und 2 Millionen Zeichen an Pflichtangaben (Anzahl, minLength)",
        "at most 20,000 elements in the schema and 2 million characters of mandatory values (anzahl, minLength)",
    ),
    "fim_doubled": (
        "diese Angabe an ihrer Stelle nur einmal; eine von beiden entfernen",
        "this once in its place only; remove one of the two",
    ),
    "fim_optional": (
        "höchstens etwa 1000 freigestellte Elemente nacheinander, bei mehreren Reihen weniger; in Gruppen teilen",
        "at most about 1000 optional elements in a row, with several such rows fewer; divide them into groups",
    ),
    "fim_include": (
        "ein Schema aus einer Datei, ohne XInclude; die eingebundenen Teile einsetzen",
        "a schema in one file, without XInclude; put the included parts in place",
    ),
    "fim_codes": (
        "mindestens ein Wert mit Code, wo Werte (werte/wert) oder eine Codeliste stehen",
        "at least one value with a code where there are values (werte/wert) or a code list",
    ),
    "fim_feldart": (
        "eine feldart aus input, select, label, hidden, locked",
        "a feldart out of input, select, label, hidden, locked",
    ),
    "fim_datentyp": (
        "ein datentyp aus text, text_latin, date, time, datetime, bool, num, num_int, num_currency, file, obj",
        "a datentyp out of text, text_latin, date, time, datetime, bool, num, num_int, num_currency, file, obj",
    ),
    "fim_art": ("als art einer Gruppe der Code X (Auswahlgruppe) oder keiner", "as art of a group code X or none"),
    "fim_limits": (
        "eine untere Grenze, die nicht über der oberen liegt",
        "a lower limit that is not above the upper one",
    ),
    "list_doctype": (
        "eine Codeliste ohne Dokumenttyp-Deklaration (DOCTYPE)",
        "a code list without document type declaration (DOCTYPE)",
    ),
    "list_encoding": (
        "eine Codeliste in der Kodierung, die sie nennt (UTF-8, UTF-16 oder die der XML-Deklaration)",
        "a code list in the encoding that it names (UTF-8, UTF-16 or that of its XML declaration)",
    ),
    "list_root": ("eine Codeliste in genericode 1.0 (CodeList)", "a code list in genericode 1.0 (CodeList)"),
    "list_identity": (
        "in Identification eine CanonicalUri oder CanonicalVersionUri",
        "in Identification a CanonicalUri or a CanonicalVersionUri",
    ),
    "list_columns": (
        "im ColumnSet höchstens 100 Spalten, jede mit eigener Id, und ein Key, der eine davon nennt",
        "in the ColumnSet at most 100 columns, each with its own Id, and a Key that names one of them",
    ),
    "list_valid_from": (
        "als Beginn der Gültigkeit ein Datum wie 2026-01-31",
        "as first day of validity a date such as 2026-01-31",
    ),
    "list_value": (
        "in jedem Value ein ColumnRef auf eine Spalte des ColumnSet",
        "in each Value a ColumnRef to a column of the ColumnSet",
    ),
    "list_large": (
        "eine Codeliste bis 32 MiB mit höchstens 200.000 Zeilen",
        "a code list of up to 32 MiB and 200,000 rows",
    ),
}

_NOTICES: Final = {
    "fim_list_absent": (
        "Die Codeliste {list} liegt nicht bei; ihre Werte werden nicht geprüft. Die Datei (genericode) danebenlegen.",
        "The code list {list} is not at hand; its values are not enforced. Put the genericode file beside the schema.",
    ),
    "fim_list_column": (
        "Die Codeliste hat die in codeKey, nameKey oder helpKey genannte Spalte nicht; genommen wird ihr erster Key.",
        "The code list lacks the column named in codeKey, nameKey or helpKey; its first Key is taken.",
    ),
    "fim_codes_twice": (
        "Codes, die leer sind oder sich wiederholen, zählen nicht.",
        "Codes that are empty or repeat themselves do not count.",
    ),
    "fim_free_text": (
        "Die Präzisierung ist kein JSON mit minLength, maxLength, minValue, maxValue, pattern; sie bleibt ein Hinweis.",
        "The praezisierung is no JSON with minLength, maxLength, minValue, maxValue, pattern; it stays a note.",
    ),
    "fim_unused_limit": (
        "Eine Angabe der Präzisierung passt nicht zum Datentyp oder zur Feldart; sie bleibt ein Hinweis.",
        "A limit of the praezisierung does not fit the datentyp or feldart; it stays a note.",
    ),
    "fim_limit": (
        "Nicht geprüft: eine Grenze, die keine Zahl bis 18 Stellen (1.5, nicht 1,5) oder als Länge nicht ganz ist.",
        "Not enforced: a limit that is no number of up to 18 digits (1.5, not 1,5), or as a length not whole.",
    ),
    "fim_no_codes": (
        "Das Auswahlfeld hat weder Werte (werte/wert) noch eine Codeliste; jeder Text wird genommen.",
        "The select field has neither values (werte/wert) nor a code list; any text is taken.",
    ),
    "fim_file_codes": (
        "Ein Feld vom Typ file nennt eine Anlage; seine Werte oder seine Codeliste zählen nicht.",
        "A field of type file names an attachment; its values or its code list do not count.",
    ),
    "fim_draft": (
        "Das Schema hat keine Version; es wird als Entwurf mit der Version 0.0 gelesen.",
        "The schema has no version; it is read as a draft with version 0.0.",
    ),
    "fim_pattern": (
        "Das pattern ist kein gültiger regulärer Ausdruck; es wird nicht geprüft.",
        "The pattern is no valid regular expression; it is not enforced.",
    ),
    "fim_pattern_spelling": (
        "Das pattern ist zu verwickelt oder braucht, was XML-Schema nicht kann (Vorausschau); es wird nicht geprüft.",
        "The pattern is too intricate or needs what XML Schema cannot do (look-ahead); it is not enforced.",
    ),
    "fim_pattern_length": (
        "Kein Text erfüllt pattern, minLength und maxLength zugleich; das pattern wird nicht geprüft.",
        "No text meets pattern, minLength and maxLength at once; the pattern is not enforced.",
    ),
    "fim_never": (
        "Die Anzahl 0:0 heißt, dass es das Element hier nicht gibt; es entfällt.",
        "The occurrences 0:0 mean that the element does not occur here; it is left out.",
    ),
    "fim_foreign": (
        "Elemente eines fremden Namensraums werden übergangen.",
        "Elements of a foreign namespace are passed over.",
    ),
}


class Faults:
    """The faults and notices of one reading, in the order they were found, without duplicates."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Finding] = {}
        self._notices: dict[tuple[str, str], Finding] = {}
        self._absent: set[str] = set()

    def fault(self, element: etree._Element, identifier: str, rule: str) -> None:
        """Something is wrong; `identifier` is the id of the element concerned, as far as it has one."""
        self.at(element.sourceline or 0, identifier, rule)

    def at(self, line: int, identifier: str, rule: str, shown: str = "") -> None:
        """The same by line; `found` is what stands there."""
        de, en = FAULTS[rule]
        if shown:
            de, en = f"{de}; gefunden: {shown}", f"{en}; found: {shown}"
        pointer, word_de, word_en = _place(line, identifier)
        self._found.setdefault(
            (pointer, rule), Finding(pointer, rule, f"{word_de}: Erwartet wird {de}.", f"{word_en}: expected is {en}.")
        )

    def notice(self, element: etree._Element, identifier: str, rule: str, named: str = "") -> None:
        """Something could not be taken over; `named` is the list concerned."""
        de, en = (sentence.replace("{list}", named) for sentence in _NOTICES[rule])
        pointer, word_de, word_en = _place(element.sourceline or 0, identifier)
        self._notices.setdefault(
            (pointer, rule), Finding(pointer, rule, f"{word_de}: {de}", f"{word_en}: {en}", Severity.WARNING)
        )

    def unknown_id(self, element: etree._Element, identifier: str) -> None:
        """What stands where an id is expected, as far as it can be shown on one line."""
        shown = "".join(char if char.isprintable() else "?" for char in identifier[:_LONGEST_ID])
        self.at(element.sourceline or 0, identifier, "fim_id", shown or "–")

    def absent(self, element: etree._Element, identifier: str, reference: ListReference) -> None:
        """A code list is not at hand; noted once, at the first field that names it."""
        named = " / ".join(part for part in (reference.id, reference.version_uri or reference.uri) if part)
        if reference.version and not reference.version_uri:
            named += f" ({reference.version})"
        if named not in self._absent:
            self._absent.add(named)
            self.notice(element, identifier, "fim_list_absent", named)

    @property
    def found(self) -> tuple[Finding, ...]:
        """Every fault."""
        return tuple(self._found.values())

    @property
    def notices(self) -> tuple[Finding, ...]:
        """Every notice."""
        return tuple(self._notices.values())


def _place(line: int, identifier: str) -> tuple[str, str, str]:
    if not _SHOWN.fullmatch(identifier):
        return f"/{line}", f"Zeile {line}", f"Line {line}"
    return f"/{line}/{identifier}", f"Zeile {line} ({identifier})", f"Line {line} ({identifier})"
