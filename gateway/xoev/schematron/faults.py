"""What can be wrong with a Schematron file, in German and English.

Knows: rules by slug. Never does: repeat an expression. Standard: house rule. Start reading: `SENTENCES`.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from gateway.errors.sentences import Sentences
from gateway.model import Finding

SCH: Final = "{http://purl.oclc.org/dsdl/schematron}"
XSL: Final = "{http://www.w3.org/1999/XSL/Transform}"

SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "sch_root": (
        "Erwartet wird ein ISO-Schematron-Schema (http://purl.oclc.org/dsdl/schematron).",
        "Expected is an ISO Schematron schema (http://purl.oclc.org/dsdl/schematron).",
    ),
    "sch_binding": (
        'Ausgeführt werden nur Regeln in XPath 2.0; bitte queryBinding="xslt2" angeben.',
        'Only rules in XPath 2.0 are executed; set queryBinding="xslt2".',
    ),
    "sch_xslt": (
        "XSLT ({0}) wird nicht ausgeführt; bitte in XPath 2.0 ausdrücken oder mit let.",
        "XSLT ({0}) is not executed; say it in XPath 2.0 or by a let.",
    ),
    "sch_element": (
        "Das Element {0} gehört nicht hierher; möglich: {1}.",
        "The element {0} has no place here; possible: {1}.",
    ),
    "sch_documents": (
        "Regeln über andere Dokumente (documents) werden nicht ausgeführt.",
        "Rules about other documents (documents) are not executed.",
    ),
    "sch_attribute": ("Das Attribut {0} fehlt.", "The attribute {0} is missing."),
    "sch_xpath": (
        "{0} ist kein XPath 2.0, nennt ein unbekanntes Präfix oder eine Funktion, die hier nicht erlaubt ist (doc, …).",
        "{0} is no XPath 2.0, names an unknown prefix or a function that is not allowed here (doc, …).",
    ),
    "sch_unknown": ("Das gibt es in dieser Datei nicht: {0}.", "This file has no such thing: {0}."),
    "sch_cycle": ("{0} bezieht sich auf sich selbst.", "{0} refers to itself."),
    "sch_too_many": ("Höchstens {0} Prüfungen je Datei.", "At most {0} checks a file."),
    "sch_include": (
        "Diese Datei wird nicht eingebunden; erlaubt sind nur Dateien neben dieser (relativer Name ohne ..): {0}.",
        "This file is not included; only files beside this one are (a relative name without ..): {0}.",
    ),
}
"""Slug -> sentences with placeholders."""
_SAID: Final = Sentences(SENTENCES)


class Faults:
    """What was found so far. Included parts are noted with their file, so that a line can be found."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._files: dict[etree._Element, str] = {}

    def belongs(self, element: etree._Element, file: str) -> None:
        """Remember from which file an element came."""
        self._files[element] = file

    def file_of(self, element: etree._Element) -> str:
        """The included file that an element came from; empty for the main file."""
        current: etree._Element | None = element
        while current is not None:
            if current in self._files:
                return self._files[current]
            current = current.getparent()
        return ""

    def add(self, element: etree._Element, rule: str, *params: str) -> None:
        """Note a fault at an element."""
        self._found.append(fault(element, rule, *params, file=self.file_of(element)))

    def findings(self) -> tuple[Finding, ...]:
        """Everything found, each once."""
        return tuple(dict.fromkeys(self._found))


def fault(element: etree._Element, rule: str, *params: str, file: str = "") -> Finding:
    """A fault at an element's line."""
    prefix = f"/{file}" if file else ""
    return _SAID.finding(f"{prefix}/{element.sourceline or 0}", rule, *params)


def local(element: etree._Element) -> str:
    """The name of an element without its namespace; empty for comments and instructions."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
