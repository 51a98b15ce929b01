"""The codes of a document against their lists, by code type.

Knows: the four code types and what each leaves to the message. Never does: I/O, repeat a code in a finding.
Standard: XÖV-Handbuch (code types), XÖV datatype Code 1.0, Codelisten-Handbuch 1.2. Start reading: `Codes.offences`.

Type 1: list in the schema. Type 2: list and version fixed in the schema. Type 3: list fixed, version in the message.
Type 4: both in the message. What the schema fixes a message may leave out; it is filled in before anything is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Final

from lxml import etree

from gateway.errors.sentences import Sentences
from gateway.model import Finding, Severity
from gateway.xoev.codes.lists import CodeLists, CodeVerdict
from gateway.xoev.schema.names import XS
from gateway.xoev.schema.sets import CompiledSet

MAX_TOLD: Final = 500
UNJUDGED: Final = frozenset({CodeVerdict.NO_LIST.value, CodeVerdict.NO_VERSION.value})
"""Rules of codes that nobody could judge, since their list is not at hand: warnings."""
BY_DAY: Final = frozenset({CodeVerdict.EXPIRED.value, CodeVerdict.NOT_YET.value})
"""Rules whose answer another day may change."""


@dataclass(frozen=True, slots=True)
class CodeType:
    """A datatype of a schema that restricts Code: its type (1 to 4) and what it fixes; empty for what it leaves."""

    kind: int
    list_uri: str
    version: str
    codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Offence:
    """A code that its list does not confirm: the element that holds it, the rule, and the list (`uri_version`)."""

    element: etree._Element = field(repr=False)
    rule: str
    about: str

    def finding(self, pointer: str) -> Finding:
        """The offence as a finding; a list that is not at hand is a warning."""
        severity = Severity.WARNING if self.rule in UNJUDGED else Severity.ERROR
        return Sentences(SENTENCES).finding(pointer, self.rule, self.about, severity=severity)


def code_types(schemas: Iterable[etree._Element]) -> tuple[CodeType, ...]:
    """The code types that a schema declares, from the roots of its files."""
    types: dict[CodeType, None] = {}
    roots = tuple(schemas)
    named = {
        name: _enumerated(simple)
        for root in roots
        for simple in root.findall(f"{XS}simpleType")
        if (name := simple.get("name"))
    }
    for root in roots:
        for attribute in root.iter(f"{XS}attribute"):
            holder = attribute.getparent()
            if attribute.get("name") == "listURI" and holder is not None and holder.get("base") is not None:
                types[_code_type(attribute, holder, named)] = None
    return tuple(types)


class Codes:
    """The codes of documents. Make one for each schema set and keep it; safe from several threads.

    Args:
        schema: the compiled schema set, which says what is a code and what is fixed; without it only those are codes
            whose element names a list or a version of one.
    """

    def __init__(self, schema: CompiledSet | None = None) -> None:
        self._schema = schema
        roots = () if schema is None else tuple(part.root for part in schema.parts)
        self.types = code_types(roots)
        self._own = {(kind.list_uri, kind.version): kind.codes for kind in self.types if kind.kind == 1}
        self._names = _declared(roots)

    def offences(self, document: etree._Element, lists: CodeLists, on_date: date) -> Iterator[Offence]:
        """Judge every code of a document, at most `MAX_TOLD` offences.

        Args:
            document: a document of the schema; it is not changed. Elements of offences may be those of a copy of it,
                which has the same paths.
            lists: the code lists at hand.
            on_date: the day on which the codes have to be valid.
        """
        codes = ((element, self._code(element)) for element in self._filled(document).iter(etree.Element))
        judged = (_judged(element, code, self._own, lists, on_date) for element, code in codes if code is not None)
        yield from islice(filter(None, judged), MAX_TOLD)

    def _filled(self, document: etree._Element) -> etree._Element:
        codes = (element for element in document.iter(etree.Element) if self._code(element) is not None)
        if self._schema is None or all(element.get("listURI") and element.get("listVersionID") for element in codes):
            return document
        filled = deepcopy(document)
        self._schema.fill(filled)
        return filled

    def _code(self, element: etree._Element) -> str | None:
        """The code that an element holds, empty where it should hold one; None for an element that is no Code.

        A Code has one child `code`, behind it at most `name`, and is declared or marked as such.
        """
        marked = element.get("listURI") is not None or element.get("listVersionID") is not None
        if not marked and etree.QName(element).localname not in self._names:
            return None
        names = [etree.QName(child).localname for child in element.iterchildren(etree.Element)]
        if names and (names[0] != "code" or names[1:] not in ([], ["name"])):
            return None
        if not names:
            return "" if marked else None
        return " ".join((next(element.iterchildren(etree.Element)).text or "").split())


def _declared(roots: tuple[etree._Element, ...]) -> frozenset[str]:
    """Names of elements that a schema declares to be a Code or a restriction of it, by name or in place."""
    types, names = {"Code"}, set[str]()
    for attribute in (part for root in roots for part in root.iter(f"{XS}attribute") if part.get("name") == "listURI"):
        holder = next(attribute.iterancestors(f"{XS}complexType"), None)
        above = None if holder is None else holder.getparent()
        if holder is not None and holder.get("name"):
            types.add(holder.get("name", ""))
        elif above is not None and above.get("name"):
            names.add(above.get("name", ""))
    for element in (part for root in roots for part in root.iter(f"{XS}element")):
        if element.get("type", "").rpartition(":")[2] in types:
            names.add(element.get("name", ""))
    return frozenset(names)


def _judged(
    element: etree._Element, code: str, own: Mapping[tuple[str, str], frozenset[str]], lists: CodeLists, on_date: date
) -> Offence | None:
    uri, version = element.get("listURI", ""), element.get("listVersionID", "")
    if not code:
        return Offence(element, "code_missing", uri)
    if not uri or not version:
        return Offence(element, "code_version_missing" if uri else "code_list_missing", uri)
    if (uri, version) in own:  # the schema holds the list itself
        verdict = CodeVerdict.KNOWN if code in own[uri, version] else CodeVerdict.UNKNOWN
    else:
        verdict = lists.verdict(uri, version, code, on_date)
    return None if verdict is CodeVerdict.KNOWN else Offence(element, verdict.value, f"{uri}_{version}")


def _code_type(attribute: etree._Element, holder: etree._Element, named: Mapping[str, frozenset[str]]) -> CodeType:
    version = next((child for child in holder.findall(f"{XS}attribute") if child.get("name") == "listVersionID"), None)
    uri = attribute.get("fixed", "")
    fixed = "" if version is None else version.get("fixed", "")
    if not uri:
        return CodeType(4, "", "")
    if not fixed:
        return CodeType(3, uri, "")
    code = next((child for child in holder.iter(f"{XS}element") if child.get("name") == "code"), None)
    codes = frozenset[str]()
    if code is not None:
        codes = _enumerated(code) or named.get(code.get("type", "").rpartition(":")[2], codes)
    return CodeType(1 if codes else 2, uri, fixed, codes)


def _enumerated(element: etree._Element) -> frozenset[str]:
    return frozenset(facet.get("value", "") for facet in element.iter(f"{XS}enumeration"))


SENTENCES: Final = {
    "code_missing": ("Ein Code fehlt ({0}).", "A code is missing ({0})."),
    "code_list_missing": ("Zum Code fehlt die Codeliste (listURI).", "The code lacks its list (listURI)."),
    "code_version_missing": (
        "Zum Code der Liste {0} fehlt die Version (listVersionID).",
        "The code of the list {0} lacks the version (listVersionID).",
    ),
    "code_unknown": ("Der Code steht nicht in der Codeliste {0}.", "The code is not in the code list {0}."),
    "code_expired": (
        "Der Code der Codeliste {0} gilt an diesem Tag nicht mehr.",
        "The code of the code list {0} is no longer valid on this day.",
    ),
    "code_version_early": (
        "Die Codeliste {0} gilt an diesem Tag noch nicht.",
        "The code list {0} is not valid yet on this day.",
    ),
    "code_list_unknown": (
        "Die Codeliste {0} ist nicht installiert; der Code wurde nicht geprüft (gateway schemas install).",
        "The code list {0} is not installed; the code was not checked (gateway schemas install).",
    ),
    "code_version_unknown": (
        "Diese Version der Codeliste ist nicht installiert ({0}); der Code wurde nicht geprüft.",
        "This version of the code list is not installed ({0}); the code was not checked.",
    ),
}
