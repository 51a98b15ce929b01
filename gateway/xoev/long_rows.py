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

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
LONG: Final = 200
"""Elements of a row from which on the table (12 bytes by their square) is not made; 200 take half a megabyte."""


@contextmanager
def counting(root: etree._Element) -> Iterator[etree._Element]:
    """The schema as it is to be compiled; afterwards it is as before.

    A long sequence gets an empty one at its end that has to stand twice, which every document meets. It counts, so
    libxml2 keeps the transitions of the model and makes no table of them.

    Args:
        root: the root element of the schema.
    """
    rows = [row for row in root.iter(f"{_XS}sequence") if len(row) > LONG]
    for row in rows:
        etree.SubElement(row, f"{_XS}sequence", minOccurs="2", maxOccurs="2")
    try:
        yield root
    finally:
        for row in rows:
            del row[-1]
