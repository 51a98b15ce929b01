"""Long rows of elements: an XSD compiled so that a content model costs memory by its elements, not by their square.

Knows: libxml2 turns a content model into a table of every state by every name, unless the model counts something.
Never does: change what is valid, or the bytes of the schema. Standard: XML Schema 1.0 part 1 §3.8.
Start reading: `counting`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from lxml import etree

from gateway.xoev.schema.names import XS

_SEQUENCE: Final = f"{XS}sequence"
LONG: Final = 200
"""Elements of a row from which on the table (12 bytes by their square) is not made; 200 take half a megabyte."""


@contextmanager
def counting(root: etree._Element) -> Iterator[etree._Element]:
    """The schema as it is to be compiled; afterwards it is as before.

    Behind the elements of a long sequence, and behind a long choice, an empty sequence has to stand twice, which every
    document meets. It counts, so libxml2 keeps the transitions of the model and makes no table of them.

    Args:
        root: the root element of the schema.
    """
    rows = [row for row in root.iter(_SEQUENCE) if len(row) > LONG]
    choices = [choice for choice in root.iter(f"{XS}choice") if len(choice) > LONG]
    for choice in choices:
        rows.append(around := etree.Element(_SEQUENCE))
        choice.getparent().replace(choice, around)  # type: ignore[union-attr]
        around.append(choice)
    for row in rows:
        etree.SubElement(row, _SEQUENCE, minOccurs="2", maxOccurs="2")
    try:
        yield root
    finally:
        for row in rows:
            del row[-1]
        for choice in choices:
            around = choice.getparent()  # type: ignore[assignment]
            around.getparent().replace(around, choice)  # type: ignore[union-attr]
