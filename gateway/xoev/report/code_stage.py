"""The code list stage: each code of a document looked up in the list and version that it names.

Knows: where a code stands, for the report. Never does: judge a code (`document_codes.py` does), hold a list (the
caller has it). Standard: XÖV-Handbuch (code types 1 to 4), Codelisten-Handbuch 1.2. Start reading: `looked_up`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from lxml import etree

from gateway.xoev.codes.document_codes import MAX_TOLD, Codes
from gateway.xoev.codes.lists import CodeLists
from gateway.xoev.report.model import Noted
from gateway.xoev.report.sentences import said
from gateway.xoev.xml.paths import readable_path


def looked_up(lists: CodeLists, codes: Codes | None = None) -> Callable[[etree._Element, date], Iterator[Noted]]:
    """A check for `Scenario.codes` that looks each code up in these lists.

    Args:
        lists: what is installed.
        codes: those of the document's schema set; without them a code is what names its list.
    """
    asked = codes or Codes()

    def noted(root: etree._Element, on_date: date) -> Iterator[Noted]:
        """The offences of one document."""
        for number, offence in enumerate(asked.offences(root, lists, on_date), start=1):
            yield Noted(offence.finding(readable_path(offence.element)), offence.element.sourceline or 0)
            if number == MAX_TOLD:
                yield Noted(said("/", "too_many_findings", limit=MAX_TOLD))

    return noted
