"""Where an element stands, in words that people can follow: local names, counted only where there are several.

Knows: element trees. Never does: show what an element holds. Standard: of this project.
Start reading: `readable_path`.
"""

from __future__ import annotations

from itertools import islice
from typing import Final

from lxml import etree

COUNTED: Final = 1_000
"""Siblings that are counted."""


def readable_path(element: etree._Element) -> str:
    """The way from the root, such as `/antrag.1200/antragsteller[2]/name`; a number counts siblings of one name.

    From the thousandth on it is `[>1000]`: a path is for people, and counting takes time.
    """
    steps: list[str] = []
    current: etree._Element | None = element
    while current is not None:
        steps.append(_step(current))
        current = current.getparent()
    return "/" + "/".join(reversed(steps))


def element_at(root: etree._Element, path: str, namespaces: dict[str, str]) -> etree._Element | None:
    """The first element at a path as libxml2 writes it in errors; None where there is none."""
    try:
        nodes = root.getroottree().xpath(path, namespaces=namespaces)
    except etree.XPathError:
        return None
    first = nodes[0] if isinstance(nodes, list) and nodes else None
    return first if isinstance(first, etree._Element) else None  # noqa: SLF001 - lxml names its element so


def _step(element: etree._Element) -> str:
    if not isinstance(element.tag, str):
        return "node()"
    name = etree.QName(element).localname
    before = sum(1 for _ in islice(element.itersiblings(element.tag, preceding=True), COUNTED))
    if before == 0 and next(element.itersiblings(element.tag), None) is None:
        return name
    return f"{name}[{before + 1}]" if before < COUNTED else f"{name}[>{COUNTED}]"
