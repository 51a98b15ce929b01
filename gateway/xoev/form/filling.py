"""Filling a form: the record's values at their places in the document, before any XML or PDF is written.

Knows: plan (schema, form and mapping joined once) and filling (one record).
Never does: invent, reorder or drop a value. Standard: XML Schema 1.0 (the XSD decides order and cardinality).
Start reading: `plan`, then `fill`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from typing import Final

from gateway.model import Finding
from gateway.xoev.fim import Field, FormSchema, Group
from gateway.xoev.form.texts import Texts
from gateway.xoev.mapping.attached import Attached
from gateway.xoev.mapping.converters import CONVERTERS, Unfit
from gateway.xoev.mapping.model import STAR, FieldEntry, Mapping, Tokens, pointer
from gateway.xoev.record.sentences import finding
from gateway.xoev.schema.compiled_xsd import Node, Schema

Labels = tuple[str, str]
_ABSENT: Final = frozenset({"missing", "attachment_missing"})


@dataclass(frozen=True, slots=True)
class FillingPlan:
    """One element of the document and where its content comes from.

    `source` is relative to the nearest list item around it; None for a group that has no object in the record.
    """

    node: Node
    element: Group | Field | None
    label: Labels
    source: Tokens | None
    entry: FieldEntry | None
    children: tuple[FillingPlan, ...] = ()

    @property
    def repeated(self) -> bool:
        """Whether each item of a list makes one element."""
        return self.source is not None and self.source[-1:] == (STAR,)

    def walk(self) -> Iterator[FillingPlan]:
        """The element and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def entries(self, base: Tokens = ()) -> Iterator[tuple[Tokens, FieldEntry]]:
        """The entry of each field below, with the pointer into the record that it reads (`*` for list items)."""
        for child in self.children:
            path = base + (child.source or ())
            if child.entry is None:
                yield from child.entries(path if child.repeated else base)
            else:
                yield path, child.entry


@dataclass(frozen=True, slots=True)
class FilledForm:
    """An element with content: `text` for a field, `children` for a group; `place` says where it came from.

    `origin` is the pointer where it came from elsewhere than the record.
    """

    plan: FillingPlan
    place: Tokens
    text: str | None = field(default=None, repr=False)
    children: tuple[FilledForm, ...] = field(default=(), repr=False)
    origin: str = ""

    @property
    def pointer(self) -> str:
        """The RFC 6901 pointer into the create body."""
        return self.origin or pointer(self.place)

    def walk(self) -> Iterator[FilledForm]:
        """The element and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def blanks(self) -> list[Finding]:
        """A finding for each text of white space alone: XÖV documents hold no empty elements (sch-xbau-gen-001)."""
        blank = (filled for filled in self.walk() if filled.text is not None and not filled.text.strip())
        return [finding(filled.pointer, "too_short", filled.plan.label, limit=1) for filled in blank]

    def trace(self) -> list[dict[str, str]]:
        """Which value of the record went where: pointer, path of elements, type of the value; no values."""
        return [
            {
                "from": "constant" if entry.constant is not None else filled.pointer,
                "to": filled.plan.node.path,
                "value_type": "code" if entry.codes else filled.plan.element.type.value,
            }
            for filled in self.walk()
            if (entry := filled.plan.entry) is not None and isinstance(filled.plan.element, Field)
        ]


def plan(schema: Schema, form: FormSchema, mapping: Mapping, texts: Texts) -> FillingPlan:
    """Join schema, form and mapping; the mapping was read against the same form without faults."""
    elements = dict(form.elements())

    def visit(node: Node, base: Tokens) -> FillingPlan | None:
        element = elements.get(node.path)
        label = texts.label(element or form)
        if node.facets is not None:
            entry = mapping.fields.get(node.path)
            return FillingPlan(node, element, label, entry.source[len(base) :], entry) if entry else None
        group = mapping.groups.get(node.path)
        context = group.source if group and group.source[-1:] == (STAR,) else base
        children = tuple(planned for child in node.children if (planned := visit(child, context)) is not None)
        if not children and group is None and node.path:
            return None
        return FillingPlan(node, element, label, group.source[len(base) :] if group else None, None, children)

    root = visit(schema.root, ())
    assert root is not None
    return root


def fill(
    root: FillingPlan, record: ReadOnly[str, object], attached: Sequence[Attached] = ()
) -> tuple[FilledForm, list[Finding]]:
    """Put a record's values into the form.

    Args:
        root: the plan of the service.
        record: the portal's record in NFC.
        attached: the files that came with it, for fields that name them.

    Returns:
        the filled form, and a finding for each missing, superfluous or unconvertible value.
    """
    filler = _Filler(record, attached)
    return FilledForm(root, (), None, tuple(filler.children(root, record, ()))), filler.findings


class _Filler:
    def __init__(self, record: ReadOnly[str, object], attached: Sequence[Attached]) -> None:
        self.record = record
        self.attached = attached
        self.findings: list[Finding] = []

    def children(self, parent: FillingPlan, context: object, base: Tokens) -> list[FilledForm]:
        filled: list[FilledForm] = []
        for child in parent.children:
            before = len(self.findings)
            elements = self.field(child, context, base) if child.entry else self.group(child, context, base)
            refused = len(self.findings) - before if child.entry else 0
            self.count(child, len(elements) + refused, base)
            filled += elements
        return filled

    def count(self, child: FillingPlan, number: int, base: Tokens) -> None:
        if child.node.minimum <= number and (child.node.maximum is None or number <= child.node.maximum):
            return
        kind = child.entry.attachment if child.entry else ""
        path = base + tuple(token for token in child.source or () if token != STAR)
        at = "/attachments" if kind else pointer(path)
        if number == 0:
            if kind:
                self.findings.append(finding(at, "attachment_missing", child.label, limit=kind))
            elif child.source is not None and (child.entry is None or child.entry.recorded):
                self.findings.append(finding(at, "missing", child.label))
        elif number < child.node.minimum:
            self.findings.append(finding(at, "too_few", child.label, limit=child.node.minimum))
        else:
            self.findings.append(finding(at, "too_many", child.label, limit=child.node.maximum))

    def group(self, child: FillingPlan, context: object, base: Tokens) -> list[FilledForm]:
        if child.source is None:
            before = len(self.findings)
            inner = self.children(child, context, base)
            if inner or child.node.minimum:
                return [FilledForm(child, base, None, tuple(inner))]
            self.findings[before:] = [kept for kept in self.findings[before:] if kept.rule not in _ABSENT]
            return []
        filled: list[FilledForm] = []
        for value, path in self.values(child, context, base):
            if isinstance(value, dict):
                scope = (value, path) if child.repeated else (context, base)
                filled.append(FilledForm(child, path, None, tuple(self.children(child, *scope))))
        return filled

    def field(self, child: FillingPlan, context: object, base: Tokens) -> list[FilledForm]:
        entry = child.entry
        assert entry is not None
        if entry.when is not None and not entry.when.holds(self.record):
            return []
        if entry.constant is not None:
            return [FilledForm(child, base, entry.constant)]
        if entry.attachment:
            files = [file for file in self.attached if file.kind == entry.attachment]
            return [FilledForm(child, base, file.names[entry.converter], origin=file.pointer) for file in files]
        filled: list[FilledForm] = []
        for value, path in self.values(child, context, base):
            try:
                text = CONVERTERS[entry.converter].convert(value, entry.codes)
            except Unfit as unfit:
                self.findings.append(
                    finding(pointer(path), unfit.rule, child.label, limit=unfit.limit, types_de="-", types_en="-")
                )
                continue
            if text is not None:
                filled.append(FilledForm(child, path, text))
        return filled

    @staticmethod
    def values(child: FillingPlan, context: object, base: Tokens) -> list[tuple[object, Tokens]]:
        current, source = context, child.source or ()
        for at, token in enumerate(source):
            if token == STAR:
                items, path = current if isinstance(current, list) else [], base + source[:at]
                return [(item, (*path, str(number))) for number, item in enumerate(items)]
            if not isinstance(current, dict) or (current := current.get(token)) is None:
                return []
        return [(current, base + source)]
