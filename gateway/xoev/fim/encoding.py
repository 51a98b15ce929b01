"""The encoding of a code list file, detected from its first bytes, and whether a parser failed because of it.

Knows: byte order marks, UTF-16 without one, the XML declaration. Never does: decode a file.
Standard: XML 1.0 §4.3.3 and appendix F. Start reading: `marked`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

HEAD: Final = 256
"""Bytes at the start of a file that hold its mark and its XML declaration."""
_DECLARED: Final = re.compile(rb"<\?xml[^>]{0,120}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_WIDE: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_OF_ENCODING: Final = frozenset({"ERR_INVALID_ENCODING", "ERR_UNSUPPORTED_ENCODING"})


def marked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The file in pieces, the first of `HEAD` bytes at least; UTF-16 without a byte order mark gets one."""
    further = iter(chunks)
    head = b""
    while len(head) < HEAD and (piece := next(further, b"")):
        head += piece
    yield _mark(head) + head
    yield from further


def _mark(head: bytes) -> bytes:
    """UTF-16 by its zero bytes: markup is ASCII, so every second byte of it is zero."""
    if len(head) < 4 or head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return b""
    zeros = [not byte for byte in head[:4]]
    if zeros == [False, True, False, True]:
        return codecs.BOM_UTF16_LE
    return codecs.BOM_UTF16_BE if zeros == [True, False, True, False] else b""


def named(head: bytes) -> str:
    """The encoding that a file has by its mark or says in its declaration, UTF-8 where it does neither."""
    if head.startswith(_WIDE):
        return "UTF-32"
    if head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "UTF-16"
    declared = _DECLARED.search(head.replace(b"\x00", b""))
    return declared[1].decode() if declared else "UTF-8"


def misread(log: etree._ListErrorLog, head: bytes) -> int | None:
    """The line at which the bytes are not of the encoding that the file names; None where something else is wrong."""
    lines = [entry.line for entry in log if entry.type_name in _OF_ENCODING]
    if lines:
        return lines[0]
    falsely = named(head).upper().startswith(("UTF-16", "UTF-32")) and b"\x00" not in head[:4]
    return 1 if falsely or head.startswith(_WIDE) else None
