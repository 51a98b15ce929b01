"""A published XSD as the document schema of a form: its root, namespace, order, cardinality and facets count.

Knows: that elements carry the ids of the form, with or without the version behind (`F60000227V1.2`). Never does: guess
a root, I/O, judge a document. Standard: XML Schema 1.0; XFall, whichever converter wrote the XSD.
Start reading: `read_published`; what is compared with the form stands in `published_limits.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from gateway.model import Finding
from gateway.xoev.fim import Field, FormSchema, Group
from gateway.xoev.fim.model import transported
from gateway.xoev.form import published_limits
from gateway.xoev.form.published_sentences import told
from gateway.xoev.message.declared import Content, Declarations, Element, Model
from gateway.xoev.schema.compiled_xsd import Facets, Node, Schema
from gateway.xoev.schema.sets import CompiledSet

_ID: Final = re.compile(r"(?P<id>[GF][0-9]+)(?:V(?P<version>[0-9]+(?:\.[0-9]+)*))?")
_ANYTHING: Final = Facets("anyType")
_CODE: Final = "code"
"""The child for the code by the XÖV datatype Code (`xoev-code.xsd`)."""
_Held = tuple[Group | Field, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """A published XSD and its form.

    `form` has the cardinality and limits that the XSD gives it; `absent` are paths of the form that the XSD has no
    element for; `differences` are all others, an error where no document could be right.
    """

    schema: Schema
    form: FormSchema
    absent: tuple[str, ...]
    differences: tuple[Finding, ...]


def read_published(
    compiled: CompiledSet, form: FormSchema, root: str = ""
) -> tuple[Published | None, tuple[Finding, ...]]:
    """Join a published XSD with the form that it is said to belong to.

    Args:
        compiled: the schema set.
        form: the form schema of the service.
        root: the name of the element that documents begin with; empty where the XSD leaves no doubt.

    Returns:
        both joined and no findings, or None and why no root was found. Pointers are paths of the form (`/G…/F…`).
    """
    declared = Declarations(compiled)
    roots = _roots(compiled, form, root)
    if len(roots) != 1:
        candidates = sorted(name for _, namespace, name in _elements(compiled) if namespace)
        return None, (told("", "document_root", root or form.id, ", ".join(candidates[:20]) or "-"),)
    namespace, name = roots[0]
    element = declared.root(namespace, name)
    assert element is not None
    reader = _Reader(declared)
    children, nodes, choice = reader.group("", element, form.children, choice=False)
    node = Node(name, "", 1, 1, None, nodes, choice, namespace, reader.attributes("", element, None))
    validator, lock = compiled.validator
    others = tuple(sorted({etree.QName(tag).namespace or "" for tag in node.tags()} - {namespace, ""}))
    schema = Schema(namespace, node, element.part.source, validator, compiled.second, lock, others)
    return Published(schema, replace(form, children=children), tuple(reader.absent), tuple(reader.differences)), ()


def _elements(compiled: CompiledSet) -> list[tuple[str, str, str]]:
    return [key for key in compiled.named if key[0] == "element" and key[1] in compiled.namespaces]


def _roots(compiled: CompiledSet, form: FormSchema, root: str) -> list[tuple[str, str]]:
    """The elements that documents may begin with: those that carry the form's id, else the only one that is no field.

    Of several that do, the one with the version of the form counts.
    """
    elements = [(namespace, name) for _, namespace, name in _elements(compiled) if namespace]
    if root:
        return [element for element in elements if element[1] == root]
    named = [element for element in elements if re.search(rf"{form.id}(?![0-9])", element[1], re.IGNORECASE)]
    exact = [element for element in named if re.search(rf"V{re.escape(form.version)}(?![0-9.])", element[1])]
    if named:
        return exact if len(exact) == 1 else named
    return [element for element in elements if _ID.fullmatch(element[1]) is None]


class _Reader:
    """One walk along the form and the XSD; notes what differs and goes on."""

    def __init__(self, declared: Declarations) -> None:
        self.declared = declared
        self.differences: list[Finding] = []
        self.absent: list[str] = []

    def group(
        self, path: str, element: Element, children: _Held, *, choice: bool
    ) -> tuple[_Held, tuple[Node, ...], bool]:
        """The children as the XSD has them, in the form and as nodes, and whether the XSD has a choice of them.

        `choice` says whether the form has one.
        """
        content = self.declared.content(element)
        expected = {child.id: child for child in transported(children)}
        if content.model is None and expected:
            self.tell(path, "document_shape", element.name)
            return children, (), False
        model = _unwrapped(content.model)
        one_of = model is not None and model.kind == "choice"
        if one_of != choice and len(expected) > 1:
            words = ["sequence", "choice"] if one_of else ["choice", "sequence"]
            self.tell(path, "document_narrower" if one_of else "document_wider", "choice/sequence", *words)
        joined: dict[str, tuple[Group | Field, Node]] = {}
        for member in _members(model):
            match = _ID.fullmatch(member.name)
            child = expected.get(match["id"]) if match else None
            if child is None:
                self.tell(path, "document_surplus" if member.minimum else "document_more", member.name)
            elif child.id in joined or _repeats(model):
                self.tell(_below(path, child.id), "document_shape", member.name)
            else:
                self.differences += published_limits.version(_below(path, child.id), child, match and match["version"])
                joined[child.id] = self.child(_below(path, child.id), member, child, alone=choice or one_of)
        self.absent += [_below(path, identifier) for identifier in expected if identifier not in joined]
        order = [identifier for identifier in expected if identifier in joined]
        if not one_of and list(joined) != order:
            self.tell(path, "document_order", ", ".join(joined), ", ".join(order))
        published = tuple(
            joined[child.id][0] if child.id in joined else replace(child, minimum=0) for child in children
        )
        return published, tuple(node for _, node in joined.values()), one_of

    def child(self, path: str, element: Element, child: Group | Field, *, alone: bool) -> tuple[Group | Field, Node]:
        """A child as the XSD has it; where it stands `alone`, in a choice, the minimum is not compared."""
        counted = replace(element, minimum=child.minimum) if alone else element
        self.differences += published_limits.counts(path, child, counted)
        namespace = etree.QName(element.tag).namespace or ""
        node = Node(element.name, path, element.minimum, element.maximum, None, namespace=namespace)
        node = replace(node, attributes=self.attributes(path, element, child))
        if isinstance(child, Group):
            children, nodes, one_of = self.group(path, element, child.children, choice=child.choice)
            node = replace(node, children=nodes, choice=one_of)
            choice = child.choice or one_of
            child = replace(child, children=children, choice=choice)
            return replace(child, minimum=counted.minimum, maximum=counted.maximum), node
        facets, code = self.facets(path, element)
        narrowed, differing = published_limits.as_published(path, child, facets)
        self.differences += differing
        node = replace(node, facets=facets, code=code)
        return replace(narrowed, minimum=counted.minimum, maximum=counted.maximum), node

    def facets(self, path: str, element: Element) -> tuple[Facets, str]:
        """What the text of a field has to be, and the child that it stands in where the field is a Code."""
        content = self.declared.content(element)
        if (code := _code(content)) is not None:
            simple = self.declared.content(code).simple
            return (simple.facets if simple else _ANYTHING), code.tag
        if content.simple is None and content.model is not None and not content.free:
            self.tell(path, "document_shape", element.name)
        return (content.simple.facets if content.simple else _ANYTHING), ""

    def attributes(self, path: str, element: Element, child: Group | Field | None) -> tuple[tuple[str, str], ...]:
        """The attributes that have to stand: what the XSD fixes, and of which list a code is, as the form says."""
        known = child.code_list if isinstance(child, Field) else None
        listed = {"listURI": known.uri, "listVersionID": known.version} if known else {}
        attributes: list[tuple[str, str]] = []
        for attribute in self.declared.content(element).attributes:
            fixed = attribute.fixed if attribute.required else None
            value = listed.get(attribute.name) if attribute.fixed is None else fixed
            if value:
                attributes.append((attribute.tag, value))
            elif attribute.required:
                self.tell(path, "document_surplus", f"@{attribute.name}")
        return tuple(attributes)

    def tell(self, path: str, rule: str, *params: str) -> None:
        self.differences.append(told(f"/{path}" if path else "", rule, *params))


def _code(content: Content) -> Element | None:
    """The child that holds the code of an element of the XÖV datatype Code, if it has no other mandatory child."""
    if content.simple is not None or content.free or _repeats(content.model):
        return None
    children = [child for child in _members(content.model) if child.minimum or child.name == _CODE]
    alone = [(child.name, child.minimum, child.maximum) for child in children] == [(_CODE, 1, 1)]
    return children[0] if alone else None


def _members(model: Model | None, *, free: bool = False, many: bool = False) -> Iterator[Element]:
    """Every element with how often it may stand, whatever models are around it."""
    if model is None or model.maximum == 0:
        return
    free = free or model.kind == "choice" or model.minimum == 0
    many = many or model.maximum != 1
    for member in model.members:
        if isinstance(member, Model):
            yield from _members(member, free=free, many=many)
        elif member.maximum != 0:
            yield replace(member, minimum=0 if free else member.minimum, maximum=None if many else member.maximum)


def _unwrapped(model: Model | None) -> Model | None:
    while model and (model.minimum, model.maximum, len(model.members)) == (1, 1, 1):
        if not isinstance(model.members[0], Model):
            break
        model = model.members[0]
    return model


def _repeats(model: Model | None) -> bool:
    """Whether several elements repeat together, which a record cannot say."""
    if model is None:
        return False
    alone = model.kind == "choice" or model.maximum in {0, 1} or len(model.members) < 2
    return not alone or any(_repeats(member) for member in model.members if isinstance(member, Model))


def _below(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name
