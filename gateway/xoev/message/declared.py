"""What a schema set declares: elements with their content, expanded lazily.

Knows: named and anonymous types, extension, restriction, groups, references, attributes, facets.
Never does: judge a document (libxml2 does); follow substitution groups or xsi:type.
Standard: XML Schema 1.0 parts 1 and 2 (W3C). Start reading: `Declarations.root`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree

from gateway.xoev.latin.datatypes import Datatype
from gateway.xoev.schema.compiled_xsd import Facets
from gateway.xoev.schema.names import COUNTING, XS
from gateway.xoev.schema.sets import CompiledSet, SchemaPart

_XSD: Final = XS[1:-1]
_DIN: Final = "urn:xoev-de:kosit:xoev:datentyp:din-91379"
_MODELS: Final = {f"{XS}sequence": "sequence", f"{XS}choice": "choice", f"{XS}all": "sequence"}


@dataclass(frozen=True, slots=True)
class Simple:
    """The text of an element or attribute: facets, and the DIN 91379 datatype where the schema names one."""

    facets: Facets
    latin: Datatype | None = None


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute; `tag` in Clark notation. A `fixed` value is the schema's own."""

    name: str
    tag: str
    required: bool
    fixed: str | None
    simple: Simple


@dataclass(frozen=True, slots=True)
class Element:
    """An element where it stands; `tag` in Clark notation, `maximum` None for unbounded."""

    name: str
    tag: str
    minimum: int
    maximum: int | None
    node: etree._Element = field(repr=False, compare=False)
    part: SchemaPart = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Model:
    """A sequence or choice; an `all` counts as a sequence in the order of the schema, which it allows."""

    kind: str
    minimum: int
    maximum: int | None
    members: tuple[Element | Model, ...]

    def elements(self) -> Iterator[Element]:
        """Every element, in the order of the schema."""
        for member in self.members:
            yield from (member,) if isinstance(member, Element) else member.elements()


@dataclass(frozen=True, slots=True)
class Content:
    """What an element holds: text (`simple`), elements (`model`), attributes; `free` where any XML may stand."""

    simple: Simple | None = None
    model: Model | None = None
    attributes: tuple[Attribute, ...] = ()
    free: bool = False


class Declarations:
    """The declarations of one set; the content of each type is memoised."""

    def __init__(self, schema: CompiledSet) -> None:
        self._schema = schema
        self._contents: dict[int, tuple[etree._Element, Content]] = {}

    def root(self, namespace: str, name: str) -> Element | None:
        """A global element, or None."""
        declaration = self._schema.named.get(("element", namespace, name))
        return Element(name, f"{{{namespace}}}{name}", 1, 1, *declaration) if declaration else None

    def content(self, element: Element) -> Content:
        """What an element holds."""
        key = id(element.node)  # the node is kept beside its content, so that no other can get its id
        if key not in self._contents:
            self._contents[key] = (element.node, self._of(element.node, element.part))
        return self._contents[key][1]

    def of_type(self, namespace: str, name: str) -> Content | None:
        """What a global complex type holds, or None: for elements that name their type by `xsi:type`."""
        declaration = self._schema.named.get(("complexType", namespace, name))
        return self._complex(*declaration) if declaration else None

    def _of(self, node: etree._Element, part: SchemaPart) -> Content:
        if named := node.get("type"):
            return self._type(_qname(node, named))
        for child in node:
            if child.tag == f"{XS}complexType":
                return self._complex(child, part)
            if child.tag == f"{XS}simpleType":
                return Content(self._simple(child))
        return Content(free=True)  # xs:anyType

    def _type(self, name: tuple[str, str]) -> Content:
        if name[0] == _XSD:
            return Content(free=True) if name[1] == "anyType" else Content(Simple(Facets(name[1])))
        if declaration := self._schema.named.get(("complexType", *name)):
            return self._complex(*declaration)
        return Content(self._named_simple(name))

    def _complex(self, node: etree._Element, part: SchemaPart) -> Content:
        for child in node:
            if child.tag in {f"{XS}complexContent", f"{XS}simpleContent"}:
                return self._derived(child, part)
        return self._own(node, part)

    def _own(self, node: etree._Element, part: SchemaPart) -> Content:
        model: Model | None = None
        for child in node:
            if child.tag in _MODELS or child.tag == f"{XS}group":
                model = self._model(child, part)
        free = model is not None and any(particle.tag == f"{XS}any" for particle in node.iter())
        return Content(None, model, tuple(self._attributes(node, part)), free)

    def _derived(self, node: etree._Element, part: SchemaPart) -> Content:
        for child in node:
            if child.tag not in {f"{XS}extension", f"{XS}restriction"}:
                continue
            base = self._type(_qname(child, child.get("base", "")))
            own = self._own(child, part)
            attributes = {attribute.name: attribute for attribute in base.attributes}
            attributes |= {attribute.name: attribute for attribute in own.attributes}
            kept = tuple(attribute for name, attribute in attributes.items() if name not in _prohibited(child))
            if child.tag == f"{XS}extension":
                return Content(base.simple, _joined(base.model, own.model), kept, base.free or own.free)
            simple = self._restricted(child, base.simple) if base.simple else None
            return Content(simple, own.model, kept, own.free)
        return Content()

    def _model(self, node: etree._Element, part: SchemaPart) -> Model | None:
        if node.tag == f"{XS}group":
            group, owner = self._schema.named.get(("group", *_qname(node, node.get("ref", ""))), ((), part))
            inner = next((self._model(child, owner) for child in group if child.tag in _MODELS), None)
            minimum, maximum = _bounds(node)
            return replace(inner, minimum=minimum, maximum=maximum) if inner else None
        members: list[Element | Model] = []
        for child in node:
            if child.tag == f"{XS}element":
                members.append(self._element(child, part))
            elif (child.tag in _MODELS or child.tag == f"{XS}group") and (inner := self._model(child, part)):
                members.append(inner)
        return Model(_MODELS[str(node.tag)], *_bounds(node), tuple(members))

    def _element(self, node: etree._Element, part: SchemaPart) -> Element:
        bounds = _bounds(node)
        if ref := node.get("ref"):
            namespace, name = _qname(node, ref)
            declaration, owner = self._schema.named.get(("element", namespace, name), (node, part))
            return Element(name, f"{{{namespace}}}{name}", *bounds, declaration, owner)
        name = node.get("name", "")
        return Element(name, _tag(node, part, name, "element"), *bounds, node, part)

    def _attributes(self, node: etree._Element, part: SchemaPart) -> Iterator[Attribute]:
        for child in node:
            if child.tag == f"{XS}attributeGroup" and (ref := child.get("ref")):
                if declaration := self._schema.named.get(("attributeGroup", *_qname(child, ref))):
                    yield from self._attributes(*declaration)
            elif child.tag == f"{XS}attribute" and child.get("use") != "prohibited":
                yield self._attribute(child, part)

    def _attribute(self, node: etree._Element, part: SchemaPart) -> Attribute:
        required, declaration, owner = node.get("use") == "required", node, part
        name = node.get("name", "")
        tag = _tag(node, part, name, "attribute")
        if ref := node.get("ref"):
            namespace, name = _qname(node, ref)
            tag = f"{{{namespace}}}{name}"
            declaration, owner = self._schema.named.get(("attribute", namespace, name), (node, part))
        simple = self._of(declaration, owner).simple or Simple(Facets("string"))
        return Attribute(name, tag, required, node.get("fixed", declaration.get("fixed")), simple)

    def _named_simple(self, name: tuple[str, str]) -> Simple:
        if name[0] == _XSD:
            return Simple(Facets(name[1]))
        declaration = self._schema.named.get(("simpleType", *name))
        simple = self._simple(declaration[0]) if declaration else Simple(Facets())
        letter = name[1].removeprefix("datatype")
        if name[0].startswith(_DIN) and letter in {datatype.value for datatype in Datatype}:
            return replace(simple, latin=Datatype(letter))
        return simple

    def _simple(self, node: etree._Element) -> Simple:
        for child in node:
            if child.tag == f"{XS}restriction":
                return self._restricted(child, None)
        return Simple(Facets("string"))  # lists and unions: libxml2 alone judges the text

    def _restricted(self, node: etree._Element, base: Simple | None) -> Simple:
        if base is None and (named := node.get("base")):
            base = self._named_simple(_qname(node, named))
        if base is None:
            inner = node.find(f"{XS}simpleType")
            base = self._simple(inner) if inner is not None else Simple(Facets())
        return replace(base, facets=_narrowed(base.facets, node))


def _narrowed(base: Facets, node: etree._Element) -> Facets:
    changes: dict[str, object] = {}
    codes: list[str] = []
    patterns: list[str] = []
    for facet in node:
        kind = etree.QName(facet).localname if isinstance(facet.tag, str) else ""
        value = facet.get("value", "")
        if kind == "enumeration":
            codes.append(value)
        elif kind in COUNTING:
            changes[COUNTING[kind]] = int(value)
        elif kind == "length":
            changes |= {"min_length": int(value), "max_length": int(value)}
        elif kind == "pattern":
            patterns.append(value)
        elif kind in {"minInclusive", "minExclusive"}:
            changes["minimum"] = value
        elif kind in {"maxInclusive", "maxExclusive"}:
            changes["maximum"] = value
    if codes:
        changes["codes"] = tuple(codes)
    if patterns:  # of several in one restriction one has to hold
        changes["pattern"] = patterns[0] if len(patterns) == 1 else "|".join(f"({pattern})" for pattern in patterns)
    return replace(base, **changes)  # type: ignore[arg-type] # each key has the type of its facet


def _joined(first: Model | None, second: Model | None) -> Model | None:
    members = tuple(model for model in (first, second) if model is not None)
    return members[0] if len(members) == 1 else Model("sequence", 1, 1, members) if members else None


def _bounds(node: etree._Element) -> tuple[int, int | None]:
    upper = node.get("maxOccurs", "1")
    return int(node.get("minOccurs", "1")), None if upper == "unbounded" else int(upper)


def _prohibited(node: etree._Element) -> set[str]:
    return {child.get("name", "") for child in node.iterfind(f"{XS}attribute[@use='prohibited']")}


def _tag(node: etree._Element, part: SchemaPart, name: str, kind: str) -> str:
    form = node.get("form")
    qualified = form == "qualified" if form else part.qualifies(kind)
    return f"{{{part.namespace}}}{name}" if qualified else name


def _qname(node: etree._Element, name: str) -> tuple[str, str]:
    prefix, _, local = name.rpartition(":")
    return node.nsmap.get(prefix or None) or "", local
