"""Reading XML that strangers wrote, and writing XML whose bytes never vary.

Knows: limits, and that a document type, an entity or an encoding other than UTF-8 has no place in a document here.
Never does: load anything, resolve anything. Standard: XML 1.0, Exclusive C14N 1.0 (W3C).
Start reading: `parse`. Faults are values with rule, line and two sentences; no fault repeats content.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from functools import cache
from typing import Final

from lxml import etree

from gateway.model import Finding

_PROLOG: Final = re.compile(rb"\s+|<!--.*?-->|<\?(?P<target>[A-Za-z_:][\w:.-]*)(?P<content>.*?)\?>", re.DOTALL)
_ENCODING: Final = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_UTF8_NAMES: Final = frozenset({b"utf-8", b"us-ascii", b"ascii"})
_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """How much XML is read at most: `size` in bytes, `depth` in elements below each other (at most 200)."""

    size: int = 16 << 20
    depth: int = 64


@dataclass(frozen=True, slots=True)
class XmlFault:
    """Why a text is no acceptable XML. `line` counts from 1, 0 where no line can be named."""

    rule: str
    line: int
    de: str
    en: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What reading gave: the root, or every fault found."""

    root: etree._Element | None
    faults: tuple[XmlFault, ...] = ()

    def findings(self, file: str = "") -> tuple[Finding, ...]:
        """The faults as findings at their lines of `file`."""
        return tuple(Finding(f"{file}/{fault.line}", fault.rule, fault.de, fault.en) for fault in self.faults)


DEFAULT_LIMITS: Final = XmlLimits()


def parse(data: bytes, limits: XmlLimits = DEFAULT_LIMITS, *, doctype: bool = False) -> Parsed:
    """Read an XML document without document type, entities, network or surprises.

    Args:
        data: the document in UTF-8, with or without a byte order mark.
        limits: upper bounds for size and depth.
        doctype: accept a document type, of which only the internal part counts; for files known by their digest.

    Returns:
        the root element, or the faults; never both, and no exception for any input.
    """
    before = _before_parsing(data, limits, doctype=doctype)
    if before is not None:
        return Parsed(None, (before,))
    parser = _parser()
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        return Parsed(None, syntax_faults(parser.error_log, error, limits.depth))
    except ValueError:
        return Parsed(None, (_fault("xml_not_well_formed", 0),))
    if root.getroottree().docinfo.doctype and not doctype:
        return Parsed(None, (_fault("xml_doctype", 0),))
    if _deeper_than(limits.depth)(root):
        return Parsed(None, (_fault("xml_too_deep", 0, limits.depth),))
    return Parsed(root)


def canonical(element: etree._Element) -> bytes:
    """The element as Exclusive C14N 1.0 without comments: UTF-8, one spelling, no declaration."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def _before_parsing(data: bytes, limits: XmlLimits, *, doctype: bool) -> XmlFault | None:
    if len(data) > limits.size:
        return _fault("xml_too_large", 0, limits.size)
    if b"\x00" in data[:2]:  # UTF-16 or UTF-32 without a byte order mark (XML 1.0, appendix F)
        return _fault("xml_encoding", 1)
    try:
        data.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        return _fault("xml_encoding", data.count(b"\n", 0, error.start) + 1)
    position = len(_BOM) if data.startswith(_BOM) else 0
    while match := _PROLOG.match(data, position):
        position = match.end()
        if match["target"] == b"xml":
            declared = _ENCODING.search(match["content"])
            if declared and declared[1].lower() not in _UTF8_NAMES:
                return _fault("xml_encoding", 1)
    if doctype or not data.startswith(b"<!", position):
        return None
    return _fault("xml_doctype", data.count(b"\n", 0, position) + 1)


class _Parsers(threading.local):
    """A parser for each thread (thread-local): making one takes as long as reading a small document."""

    parser: etree.XMLParser | None = None


_PARSERS: Final = _Parsers()


def _parser() -> etree.XMLParser:
    if _PARSERS.parser is None:
        _PARSERS.parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            dtd_validation=False,
            attribute_defaults=False,
            huge_tree=False,
            recover=False,
            remove_blank_text=False,
        )
    return _PARSERS.parser


@cache
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath("boolean(" + "/*" * (depth + 1) + ")")


def syntax_faults(
    log: etree._ListErrorLog, error: etree.XMLSyntaxError, depth: int = DEFAULT_LIMITS.depth
) -> tuple[XmlFault, ...]:
    """Why a parser refused a text: a line each, or that it nests too deeply or has a text too long to be read at all.

    Args:
        log: the log of this very parser; the log of `error` is shared by all parsers of the thread.
        error: what the parser raised.
        depth: the limit that the sentence names.
    """
    beyond = [entry for entry in log if entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT]
    if beyond:
        first = beyond[0]
        return (_fault("xml_too_deep" if "depth" in first.message else "xml_too_long", first.line, depth),)
    lines = sorted({entry.line for entry in log}) or [error.lineno or 0]
    return tuple(_fault("xml_not_well_formed", line) for line in lines)


_SENTENCES: Final = {
    "xml_too_large": ("Das XML ist größer als {limit} Bytes.", "The XML is larger than {limit} bytes."),
    "xml_too_deep": (
        "Das XML ist tiefer als {limit} Ebenen verschachtelt.",
        "The XML nests deeper than {limit} levels.",
    ),
    "xml_too_long": (
        "Ein Text, Name oder Attribut im XML ist zu lang (Zeile {line}; höchstens 10 MB, Namen 50.000 Zeichen).",
        "A text, name or attribute in the XML is too long (line {line}; at most 10 MB, names 50,000 characters).",
    ),
    "xml_not_well_formed": (
        "Das XML ist nicht wohlgeformt (Zeile {line}).",
        "The XML is not well-formed (line {line}).",
    ),
    "xml_doctype": (
        "Eine Dokumenttyp-Deklaration ist nicht erlaubt. Bitte ohne DOCTYPE senden.",
        "A document type declaration is not allowed. Send the document without DOCTYPE.",
    ),
    "xml_encoding": (
        "Das XML ist nicht in UTF-8 kodiert (Zeile {line}); bitte so speichern.",
        "The XML is not encoded in UTF-8 (line {line}); save it so.",
    ),
}


def _fault(rule: str, line: int, limit: int = 0) -> XmlFault:
    de, en = (sentence.format(line=line, limit=limit) for sentence in _SENTENCES[rule])
    return XmlFault(rule, line, de, en)
