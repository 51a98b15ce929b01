"""The words of formatted text: HTML in base64 becomes plain paragraphs, so that no foreign markup goes any further.

Knows: which elements end a paragraph and which hold no words. Never does: render, load, follow a link.
Standard: XBau-Kernmodul 1.3.0, type `TextFormatiert` (HTML 5 in base64). Start reading: `plain`.
"""

from __future__ import annotations

import binascii
from typing import Final

import pybase64
from lxml import etree

_ENDS: Final = frozenset(
    {"p", "div", "br", "li", "ul", "ol", "tr", "table", "section", "body", *(f"h{n}" for n in range(1, 7))}
)
_SILENT: Final = frozenset({"script", "style", "head", "template"})


def plain(encoded: str) -> tuple[str, ...] | None:
    """The paragraphs of a text; None where it is no base64 of readable HTML in UTF-8."""
    try:
        markup = pybase64.b64decode("".join(encoded.split()), validate=True)
        markup.decode("utf-8")
    except (binascii.Error, ValueError):
        return None
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    try:
        root = etree.fromstring(markup, parser) if markup.strip() else None
    except etree.XMLSyntaxError:
        return None
    return tuple(_paragraphs(root)) if root is not None else ()


def _paragraphs(root: etree._Element) -> list[str]:
    paragraphs: list[str] = []
    words: list[str] = []

    def end() -> None:
        if text := " ".join("".join(words).split()):
            paragraphs.append(text)
        words.clear()

    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        silent = element.tag in _SILENT
        if element.tag in _ENDS:
            end()
        if event == "start":
            if silent:
                walk.skip_subtree()
            else:
                words.append(element.text or "")
        elif element is not root:
            words.append(element.tail or "")
    end()
    return paragraphs
