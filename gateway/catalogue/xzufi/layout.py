"""Where the schema at hand wants an element: its tag, its place among its siblings, the attributes that it may have.

Knows: the name of the root (whichever may hold `schreibe` and `loesche`), types that `xsi:type` names. Never does:
judge values (the schema does). Standard: XML Schema 1.0; XZuFi by the installed XSD, else by our profile.
Start reading: `Layout.write`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from lxml import etree

from gateway.catalogue.xzufi.profile import XzufiProfile
from gateway.xoev.message.declared import Content, Declarations, Element
from gateway.xoev.schema.sets import CompiledSet

_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE: Final = f"{{{_XSI}}}type"
_PREFIX: Final = "xzufi"


class Item(NamedTuple):
    """An element to write: `children` in any order, those of one name in theirs."""

    name: str
    text: str | None = None
    attributes: Mapping[str, str] = {}
    children: tuple[Item, ...] = ()


class Place:
    """An element as the schema declares it at one path; what it may hold is looked up when it is first asked for."""

    __slots__ = ("attributes", "children", "element", "path", "rank", "xsi_type")

    def __init__(self, element: Element, rank: int, path: str) -> None:
        self.element, self.rank, self.path = element, rank, path
        self.attributes: Mapping[str, str] | None = None
        self.children: dict[str, Place] = {}
        self.xsi_type: str | None = None


class Layout:
    """The places of one schema. `unknown` gathers paths that were to be written and that it does not declare.

    For one thread at a time.
    """

    def __init__(self, schema: CompiledSet, profile: XzufiProfile) -> None:
        self._declared, self._profile = Declarations(schema), profile
        self.unknown: dict[str, None] = {}
        root = self._find_root(schema)
        self.root = None if root is None else self._opened(Place(root, 0, ""))
        self.nsmap = {_PREFIX: profile.namespace, "xsi": _XSI}

    def document(self, attributes: Mapping[str, str]) -> etree._Element:
        """A new root element with those of the attributes that it may have."""
        assert self.root is not None
        known = self.root.attributes or {}
        allowed = {known[name]: value for name, value in attributes.items() if name in known}
        return etree.Element(self.root.element.tag, allowed, self.nsmap)

    def write(self, parent: etree._Element, place: Place, item: Item) -> etree._Element | None:
        """Write an item below its parent, whose place is given; None where the schema does not know it."""
        own = place.children.get(item.name)
        if own is None:
            path = self._below(place.path, item.name)
            if path not in self._profile.where_declared:
                self.unknown[path] = None
            return None
        known = own.attributes if own.attributes is not None else self._opened(own).attributes or {}
        element = etree.SubElement(parent, own.element.tag)
        if own.xsi_type is not None:
            element.set(_TYPE, own.xsi_type)
        for name, value in item.attributes.items():
            if name in known:
                element.set(known[name], value)
            else:
                self.unknown[f"{own.path}/@{name}"] = None
        if item.text is not None:
            element.text = item.text
        for child in sorted(item.children, key=lambda part: _rank(own, part.name)) if item.children else ():
            self.write(element, own, child)
        return element

    def below(self, parent: etree._Element, place: Place, name: str) -> tuple[etree._Element, Place]:
        """A new element with nothing in it yet, which the schema declares, and its place."""
        own = self._opened(place.children[name])
        return etree.SubElement(parent, own.element.tag), own

    def _find_root(self, schema: CompiledSet) -> Element | None:
        names = self._profile.names
        needed = {names["header"], names["write"], names["delete"]}
        for kind, namespace, name in schema.named:
            if kind != "element" or namespace != self._profile.namespace:
                continue
            element = self._declared.root(namespace, name)
            model = self._declared.content(element).model if element is not None else None
            if model is not None and needed <= {child.name for child in model.elements()}:
                return element
        return None

    def _opened(self, place: Place) -> Place:
        if place.attributes is None:
            content = self._content(place)
            place.attributes = {attribute.name: attribute.tag for attribute in content.attributes}
            for number, child in enumerate(content.model.elements() if content.model is not None else ()):
                place.children.setdefault(child.name, Place(child, number, self._below(place.path, child.name)))
        return place

    def _below(self, path: str, name: str) -> str:
        """Paths begin at the object: what is around it has none."""
        around = path in {"", self._profile.names["write"]}
        return name if around else f"{path}/{name}"

    def _content(self, place: Place) -> Content:
        named = self._profile.types.get(place.path)
        typed = self._declared.of_type(self._profile.namespace, named) if named else None
        if typed is None:
            return self._declared.content(place.element)
        place.xsi_type = f"{_PREFIX}:{named}"
        return typed


def _rank(place: Place, name: str) -> int:
    known = place.children.get(name)
    return -1 if known is None else known.rank
