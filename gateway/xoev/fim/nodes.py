"""Elements of XDatenfelder by their local names: any prefix, children with or without namespace, empty ones as absent.

Knows: how the standard's files are spelled in the wild. Never does: judge a value.
Start reading: `text`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from lxml import etree

from gateway.xoev.fim.model import Note

NAMESPACES: Final = {
    "urn:xoev-de:fim:standard:xdatenfelder_2": "2.0",
    "urn:xoev-de:fim:standard:xdatenfelder_3.0.0": "3.0.0",
}
_LISTED: Final = frozenset({"listURI", "listVersionID"})


def local(element: etree._Element) -> str:
    """The name without namespace; empty for comments, processing instructions and foreign elements."""
    return _local(element.tag)  # type: ignore[arg-type]  # a text or a function, never an array of bytes


@lru_cache(maxsize=1024)
def _local(tag: object) -> str:
    if not isinstance(tag, str):
        return ""
    namespace, _, name = tag.rpartition("}")
    return name if not namespace or namespace[1:] in NAMESPACES else ""


def below(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """The children of that name."""
    return (child for child in element if local(child) == name)


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The first element on a path of names."""
    for step in path:
        for part in element if element is not None else ():
            if local(part) == step:
                element = part
                break
        else:
            return None
    return element


def text(element: etree._Element | None, *path: str) -> str:
    """The text at the end of a path, without white space around it; empty where there is none."""
    last = child(element, *path)
    return "" if last is None else content(last)


def content(element: etree._Element) -> str:
    """The text inside an element; comments do not count."""
    if not len(element):
        return (element.text or "").strip()
    return "".join(str(part) for part in element.xpath(".//text()")).strip()


def notes(element: etree._Element, but: frozenset[str]) -> tuple[Note, ...]:
    """Every text and attribute below an element, with its path, but for the children named."""
    named = ((part, local(part)) for part in element)
    return tuple(note for part, name in named if name and name not in but for note in _notes(part, name))


def _notes(element: etree._Element, path: str) -> list[Note]:
    texts = [
        Note(f"{path}@{etree.QName(str(name)).localname}", str(value))
        for name, value in element.attrib.items()
        if name not in _LISTED and value
    ]
    parts = [part for part in element if local(part)]
    if not parts and (words := content(element)):
        texts.append(Note(path, words))
    for part in parts:
        texts += _notes(part, f"{path}/{local(part)}")
    return texts
