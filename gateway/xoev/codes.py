"""The codes of a document against their lists, by code type.

Knows: the four code types and what each leaves to the message. Never does: I/O, repeat a code in a finding.
Standard: XÖV-Handbuch (code types), XÖV datatype Code 1.0. Start reading: `CodeCheck`.

Type 1: list in the schema. Type 2: list and version fixed in the schema. Type 3: list fixed, version in the message.
Type 4: both in the message. What the schema fixes a message may leave out; it is filled in before anything is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from lxml import etree

from gateway.model import Finding, Severity
from gateway.xoev.codelists import Verdict
from gateway.xoev.schema_sets import CompiledSet

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_MOST: Final = 500


class Lookup(Protocol):
    """Code lists at hand, as `codelists.CodeLists`."""

    def verdict(self, list_uri: str, version: str, code: str, on_date: date) -> Verdict:
        """Whether a code of a version of a list may be used on a day."""


@dataclass(frozen=True, slots=True)
class CodeType:
    """A datatype of a schema that restricts Code: its type (1 to 4) and what it fixes; empty for what it leaves."""

    kind: int
    list_uri: str
    version: str
    codes: frozenset[str] = frozenset()


def code_types(schemas: Iterable[etree._Element]) -> tuple[CodeType, ...]:
    """The code types that a schema declares, from the roots of its files."""
    found: dict[CodeType, None] = {}
    roots = tuple(schemas)
    named = {
        name: _enumerated(one)
        for root in roots
        for one in root.findall(f"{_XS}simpleType")
        if (name := one.get("name"))
    }
    for root in roots:
        for attribute in root.iter(f"{_XS}attribute"):
            holder = attribute.getparent()
            if attribute.get("name") == "listURI" and holder is not None and holder.get("base") is not None:
                found[_code_type(attribute, holder, named)] = None
    return tuple(found)


class CodeCheck:
    """Judges the codes of documents of one schema set. Make one for each set and keep it; safe from several threads.

    Args:
        schema: the compiled schema set; it says what is fixed.
    """

    def __init__(self, schema: CompiledSet) -> None:
        self._schema = schema
        self._own = {(one.list_uri, one.version): one.codes for one in code_types(schema.schemas) if one.kind == 1}
        self._names = _declared(schema.schemas)

    def findings(self, document: etree._Element, lists: Lookup, on_date: date) -> tuple[Finding, ...]:
        """Judge every code of a document.

        Args:
            document: a document of the schema; it is not changed.
            lists: the code lists at hand.
            on_date: the day on which the codes have to be valid.

        Returns:
            findings with the path of the element as pointer. A list that is not at hand is a warning: nothing was
            judged.
        """
        whole = deepcopy(document)
        self._schema.fill(whole)
        found: list[Finding] = []
        for code in whole.iter("{*}code"):
            element = code.getparent()
            if element is not None and self._is_code(element, code):
                found += _judged(element, code, self._own, lists, on_date)
            if len(found) >= _MOST:
                break
        return tuple(found)

    def _is_code(self, element: etree._Element, code: etree._Element) -> bool:
        """Whether an element is a Code: one child `code`, behind it at most `name`, and declared or marked as such."""
        children = [child for child in element if isinstance(child.tag, str)]
        shaped = children[0] is code and [etree.QName(child).localname for child in children[1:]] in ([], ["name"])
        marked = element.get("listURI") is not None or element.get("listVersionID") is not None
        return shaped and (marked or etree.QName(element).localname in self._names)


def _declared(schemas: Iterable[etree._Element]) -> frozenset[str]:
    """Names of elements that a schema declares to be a Code or a restriction of it, by name or in place."""
    roots = tuple(schemas)
    types, names = {"Code"}, set[str]()
    for attribute in (one for root in roots for one in root.iter(f"{_XS}attribute") if one.get("name") == "listURI"):
        holder = next(attribute.iterancestors(f"{_XS}complexType"), None)
        above = None if holder is None else holder.getparent()
        if holder is not None and holder.get("name"):
            types.add(holder.get("name", ""))
        elif above is not None and above.get("name"):
            names.add(above.get("name", ""))
    for element in (one for root in roots for one in root.iter(f"{_XS}element")):
        if element.get("type", "").rpartition(":")[2] in types:
            names.add(element.get("name", ""))
    return frozenset(names)


def _judged(
    element: etree._Element,
    code: etree._Element,
    own: Mapping[tuple[str, str], frozenset[str]],
    lists: Lookup,
    on_date: date,
) -> Iterator[Finding]:
    uri, version = element.get("listURI", ""), element.get("listVersionID", "")
    if not uri or not version:
        yield _finding(element, "code_list_missing" if not uri else "code_version_missing", uri)
        return
    text = " ".join((code.text or "").split())
    if (uri, version) in own:  # the schema holds the list itself
        verdict = Verdict.KNOWN if text in own[uri, version] else Verdict.UNKNOWN
    else:
        verdict = lists.verdict(uri, version, text, on_date)
    if verdict is not Verdict.KNOWN:
        yield _finding(element, verdict.value, f"{uri}_{version}")


def _code_type(attribute: etree._Element, holder: etree._Element, named: Mapping[str, frozenset[str]]) -> CodeType:
    version = next((one for one in holder.findall(f"{_XS}attribute") if one.get("name") == "listVersionID"), None)
    uri = attribute.get("fixed", "")
    fixed = "" if version is None else version.get("fixed", "")
    if not uri:
        return CodeType(4, "", "")
    if not fixed:
        return CodeType(3, uri, "")
    code = next((one for one in holder.iter(f"{_XS}element") if one.get("name") == "code"), None)
    codes = frozenset[str]()
    if code is not None:
        codes = _enumerated(code) or named.get(code.get("type", "").rpartition(":")[2], codes)
    return CodeType(1 if codes else 2, uri, fixed, codes)


def _enumerated(element: etree._Element) -> frozenset[str]:
    return frozenset(one.get("value", "") for one in element.iter(f"{_XS}enumeration"))


_SENTENCES: Final = {
    "code_list_missing": (
        "Zum Code fehlt die Codeliste (listURI).",
        "The code lacks its list (listURI).",
    ),
    "code_version_missing": (
        "Zum Code der Liste {0} fehlt die Version (listVersionID).",
        "The code of the list {0} lacks the version (listVersionID).",
    ),
    "code_unknown": (
        "Der Code steht nicht in der Codeliste {0}.",
        "The code is not in the code list {0}.",
    ),
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
_UNJUDGED: Final = frozenset({Verdict.NO_LIST.value, Verdict.NO_VERSION.value})


def _finding(element: etree._Element, rule: str, about: str) -> Finding:
    de, en = _SENTENCES[rule]
    severity = Severity.WARNING if rule in _UNJUDGED else Severity.ERROR
    return Finding(element.getroottree().getpath(element), rule, de.format(about), en.format(about), severity)
