"""The stage of DIN 91379: no text of a document leaves the repertoire that every authority can read.

Knows: texts and attributes of a tree. Never does: change them; `normaliser.py` proposes what would fit.
Standard: DIN 91379:2022-08, datatype E, the widest; narrower ones are the schema's affair. Start reading: `noted`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final

from lxml import etree

from gateway.model import Finding
from gateway.xoev.latin.datatypes import Datatype, offence
from gateway.xoev.latin.normaliser import suggestion
from gateway.xoev.report.model import Noted
from gateway.xoev.report.sentences import said
from gateway.xoev.xml.paths import readable_path

MAX_NOTED: Final = 500


def noted(root: etree._Element, source: str, datatype: Datatype = Datatype.EVERYTHING) -> Iterator[Noted]:
    """A finding for each text or attribute with a character outside the datatype: the first such character of each.

    Args:
        root: the parsed document.
        source: the same document as text; where no character of it is outside, there is nothing to look for.
        datatype: what is allowed.
    """
    if "&#" not in source and offence(source.removeprefix("\ufeff"), datatype) is None:
        return
    count = 0
    for element, suffix, text in _texts(root):
        position = offence(text, datatype)
        if position is None:
            continue
        count += 1
        if count > MAX_NOTED:
            yield Noted(said("/", "too_many_findings", limit=MAX_NOTED))
            return
        yield Noted(_finding(readable_path(element) + suffix, text, position, datatype), element.sourceline or 0)


def _texts(root: etree._Element) -> Iterator[tuple[etree._Element, str, str]]:
    for element in root.iter(etree.Element):
        if element.text:
            yield element, "", element.text
        for child in element:
            if child.tail:
                yield element, "", child.tail
        for name, value in element.attrib.items():
            yield element, f"/@{etree.QName(name).localname}", str(value)


def _finding(pointer: str, text: str, position: int, datatype: Datatype) -> Finding:
    if offence(unicodedata.normalize("NFC", text), datatype) is None:
        return said(pointer, "document_not_composed", position=position + 1)
    de, en = suggestion(text[position], datatype)
    return said(
        pointer,
        "document_characters",
        point=f"U+{ord(text[position]):04X}",
        position=position + 1,
        suggestion_de=de,
        suggestion_en=en,
    )
