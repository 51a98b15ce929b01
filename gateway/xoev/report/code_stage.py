"""The code list stage: each code of a document looked up in the list and version that it names.

Knows: how a document names list and version (attributes of the code's element). Never does: hold a list; whoever calls
brings a look-up, or a check of its own (`stages.Scenario.codes`). Standard: XÖV-Handbuch (code types 1 to 4),
Codelisten-Handbuch 1.2. Start reading: `looked_up`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from enum import StrEnum
from typing import Final, Protocol

from lxml import etree

from gateway.model import Severity
from gateway.xoev.paths import readable_path
from gateway.xoev.report.model import Noted
from gateway.xoev.report.sentences import said


class Verdict(StrEnum):
    """What a look-up says about a code; all but `known` are slugs of rules."""

    KNOWN = "known"
    UNKNOWN = "code_unknown"
    EXPIRED = "code_expired"
    NO_LIST = "code_list_unknown"
    NO_VERSION = "code_version_unknown"
    NOT_YET = "code_version_early"


class CodeLists(Protocol):
    """Installed code lists. Safe from several threads; no I/O of its own."""

    def verdict(self, list_uri: str, version: str, code: str, on_date: date) -> StrEnum:
        """Whether a code of a version of a list is one that is valid on that day; the values are those of `Verdict`."""


_UNJUDGED: Final = frozenset({Verdict.NO_LIST.value, Verdict.NO_VERSION.value})
MAX_NOTED: Final = 500


def looked_up(lists: CodeLists) -> Callable[[etree._Element, date], Iterator[Noted]]:
    """A check for `Scenario.codes` that looks each code up in these lists."""
    return lambda root, on_date: noted(root, lists, on_date)


def noted(root: etree._Element, lists: CodeLists, on_date: date) -> Iterator[Noted]:
    """A finding for each code that is not in its list; a list that is not installed is a warning.

    Args:
        root: a document whose codes carry `listURI` and `listVersionID`; codes without them have their list fixed in
            the schema, which has judged them (type 1) or leaves them open (type 2).
        lists: what is installed.
        on_date: the day on which the codes have to be valid.
    """
    told = 0
    for element in root.iter(etree.Element):
        uri = element.get("listURI")
        if uri is None:
            continue
        found = _judged(element, uri, lists, on_date)
        if found is None:
            continue
        told += 1
        if told > MAX_NOTED:
            yield Noted(said("/", "too_many_findings", limit=MAX_NOTED))
            return
        rule, severity = found
        yield Noted(said(readable_path(element), rule, severity=severity, list=uri), element.sourceline or 0)


def _judged(element: etree._Element, uri: str, lists: CodeLists, on_date: date) -> tuple[str, Severity] | None:
    code = next(
        (child for child in element.iterchildren(etree.Element) if etree.QName(child).localname == "code"), None
    )
    text = " ".join((code.text or "").split()) if code is not None else ""
    version = element.get("listVersionID")
    if not text:
        return "code_missing", Severity.ERROR
    if version is None:
        return "code_version_missing", Severity.ERROR
    said = str(lists.verdict(uri, version, text, on_date).value)
    if said == Verdict.KNOWN.value:
        return None
    return said, Severity.WARNING if said in _UNJUDGED else Severity.ERROR
