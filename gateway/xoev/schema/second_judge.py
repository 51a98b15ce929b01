"""A second judge of documents and schemas, asked where libxml2 refuses: the library `xmlschema`.

Knows: which verdicts of libxml2 the recommendation overrules. Never does: compile before it is asked, load a file
(every location is answered from the same texts in memory), repeat values. Standard: XML Schema 1.0 parts 1 and 2.
Start reading: `SecondJudge.opinion`, then `overruled`.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from posixpath import basename
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.request import BaseHandler, OpenerDirector, Request
from urllib.response import addinfourl

from lxml import etree

from gateway.xoev.xml.paths import element_at

if TYPE_CHECKING:
    from xmlschema import XMLSchema10

MAX_ELEMENTS: Final = 20_000
"""Elements of a document that is shown to the second judge; it takes some 40 times as long as the first."""

_ATTRIBUTE: Final = re.compile(r", attribute '(\{[^}']*\})?([\w.-]{1,100})'")
_VALUE: Final = re.compile(r"SCHEMAV_CVC_(DATATYPE_VALID_|[A-Z]+_VALID$|TYPE_3_1_3|FACET_VALID|ATTRIBUTE_3)")
_OUTER_SPACE: Final = re.compile(r"[ \t\r\n].*|.*[ \t\r\n]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the second judge says: the paths of the elements that it finds wrong (as libxml2 writes paths)."""

    places: frozenset[str]

    @property
    def valid(self) -> bool:
        """Whether the document is valid."""
        return not self.places


class SecondJudge:
    """The same schema, compiled lazily by `xmlschema` (at the first question). Safe from several threads."""

    def __init__(self, address: str, texts: Mapping[str, bytes]) -> None:
        self._address, self._texts = address, texts
        self._schema: XMLSchema10 | None = None
        self._refused = False
        self._lock = threading.Lock()

    def takes(self) -> bool:
        """Whether it finds the schema itself valid."""
        with self._lock:
            return self._compiled() is not None

    def opinion(self, root: etree._Element) -> Opinion | None:
        """Its opinion of a document; None where it refuses the schema or the document is too large for it."""
        if int(root.xpath("count(//*)")) > MAX_ELEMENTS:
            return None
        with self._lock:
            schema = self._compiled()
            if schema is None:
                return None
            tree = root.getroottree()
            try:
                wrong = [error.elem for error in schema.iter_errors(cast("Any", root))]
            except Exception:  # noqa: BLE001 - as above: it has no opinion, and the first judge's word stands
                return None
        is_element = etree.iselement
        return Opinion(frozenset(tree.getpath(element) if is_element(element) else "/*" for element in wrong))

    def _compiled(self) -> XMLSchema10 | None:
        if self._schema is None and not self._refused:
            from xmlschema import XMLSchema10  # noqa: PLC0415 - 0.2 s, paid by who asks

            try:
                self._schema = XMLSchema10(
                    self._texts[self._address].decode(),
                    base_url="memory:///",
                    opener=_opener(self._texts),
                    allow="all",
                    use_fallback=False,
                )
            except Exception:  # noqa: BLE001 - whatever the library raises at a strange schema, it does not take it
                self._refused = True
        return self._schema


def is_of_value(error: etree._LogEntry) -> bool:
    """Whether libxml2 refuses a value, not the order or the name of elements."""
    return bool(_VALUE.match(error.type_name or ""))


def overruled(errors: Sequence[etree._LogEntry], root: etree._Element, opinion: Opinion) -> tuple[etree._LogEntry, ...]:
    """Errors of libxml2 that the recommendation does not know.

    `whiteSpace` is `collapse` and fixed for every simple type but strings (part 2 §4.3.6), so white space around a
    date, time or duration is no part of its value; libxml2 takes it for one.

    Args:
        errors: what libxml2 found in the document.
        root: its root element.
        opinion: what the second judge says of it.

    Returns:
        those among `errors` at a value with white space around it which the second judge finds valid.
    """
    lifted = []
    for error in errors:
        if not is_of_value(error) or (error.path or "/*") in opinion.places:
            continue
        value = _value(root, error)
        if value is not None and _OUTER_SPACE.fullmatch(value):
            lifted.append(error)
    return tuple(lifted)


def _value(root: etree._Element, error: etree._LogEntry) -> str | None:
    declared = {prefix: uri for element in root.iter() for prefix, uri in element.nsmap.items() if prefix}
    element = element_at(root, error.path or "/*", declared)
    if element is None:
        return None
    attribute = _ATTRIBUTE.search(error.message or "")
    return element.text if attribute is None else element.get((attribute[1] or "") + attribute[2])


class _Memory(BaseHandler):
    """Answers every address from memory; there is no other handler, so nothing else can be opened."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._texts = {basename(address): text for address, text in texts.items()}

    def memory_open(self, request: Request) -> Any:  # noqa: ANN401 - as urllib has it
        """The text of an address that `Reach` gave; of any other an empty one."""
        return addinfourl(
            io.BytesIO(self._texts.get(basename(request.full_url), b"")), Message(), request.full_url, 200
        )


def _opener(texts: Mapping[str, bytes]) -> OpenerDirector:
    opener = OpenerDirector()
    opener.add_handler(_Memory(texts))
    return opener
