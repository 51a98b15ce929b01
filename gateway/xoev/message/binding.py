"""Joining a mapping with its schema and its record: slots in the order of the schema, or every reason against it.

Knows: cardinality, choices, types; that nothing mandatory may lack a source. Never does: look at a record.
Standard: XML Schema 1.0 part 1 §3.8 (model groups). Start reading: `bind`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as default
from itertools import groupby
from typing import Final

from gateway.errors.sentences import Sentences
from gateway.model import Finding
from gateway.xoev.mapping.converters import Shape
from gateway.xoev.mapping.model import STAR, Tokens
from gateway.xoev.message import around
from gateway.xoev.message.declared import Content, Declarations, Element, Model, Simple
from gateway.xoev.message.entries import KNOWN, MessageEntry, MessageMapping, Slot
from gateway.xoev.message.fitness import default_converter, unfit_converter, unfit_text
from gateway.xoev.message.reading import lists

Labels = tuple[str, str]
_OWN: Final[Labels] = ("Kopf der Nachricht", "message header")
_ATTACHMENT: Final[Labels] = ("Anlage", "attachment")
_SENTENCES: Final = {
    "message_root": ("Das Schema kennt kein Wurzelelement {0}.", "The schema has no root element {0}."),
    "message_target": (
        "Dieses Ziel gibt es im Schema nicht; möglich: {0}.",
        "The schema has no such target; possible: {0}.",
    ),
    "message_kind": ("Dieses Ziel ist im Schema {0}.", "In the schema this target is {0}."),
    "message_source": (
        "Diese Quelle gibt es nicht; weder das Schema des Antrags noch das Gateway kennt sie ({0}).",
        "There is no such source; neither the record's schema nor the gateway knows it ({0}).",
    ),
    "message_repeat": ("Wiederholung passt nicht: {0}.", "Repetition does not fit: {0}."),
    "message_converter": (
        "Dieser Umwandler passt nicht zu Quelle und Ziel; möglich: {0}.",
        "This converter does not fit source and target; possible: {0}.",
    ),
    "message_text": ("Der Wert passt nicht zum Ziel: {0}.", "The value does not fit the target: {0}."),
    "message_mandatory": (
        "Das Pflichtelement {0} hat keine Quelle. Bitte zuordnen; nichts wird erfunden.",
        "The mandatory element {0} has no source. Map it; nothing is ever invented.",
    ),
    "message_model": (
        "Aus einer wiederholten Folge kann nur ein Element zugeordnet werden: {0}.",
        "Of a repeated sequence only one element can be mapped: {0}.",
    ),
}


@dataclass(frozen=True, slots=True)
class Sources:
    """What the record holds: the shape (JSON Schema) and label of each place; list items are `*`."""

    shapes: Mapping[Tokens, Shape]
    labels: Mapping[Tokens, Labels] = default(default_factory=dict)


def shapes(schema: Shape, place: Tokens = ()) -> dict[Tokens, Shape]:
    """The shape of every place of a record, from its JSON Schema."""
    by_place: dict[Tokens, Shape] = {place: schema} if place else {}
    for key, inner in schema.get("properties", {}).items():
        by_place |= shapes(inner, (*place, key))
    if "items" in schema:
        by_place |= shapes(schema["items"], (*place, STAR))
    return by_place


def bind(
    mapping: MessageMapping, declarations: Declarations, sources: Sources, name: str
) -> tuple[Slot | None, tuple[Finding, ...]]:
    """Join them.

    Args:
        mapping: read without faults.
        declarations: of the set that its `schema` begins.
        sources: what the record of the service holds.
        name: the file, for faults that belong to no entry.

    Returns:
        the slot of the root element and no findings, or None and all faults.
    """
    root = declarations.root(mapping.namespace, mapping.root)
    if root is None:
        return None, (_fault(f"{name}#/root", "message_root", mapping.root),)
    binding = _Binding(mapping, declarations, sources, name)
    slot = binding.visit(root, _tree(mapping.entries), "", ())
    return (None if binding.faults else slot), tuple(binding.faults)


@dataclass(slots=True)
class _Branch:
    """The entries at one target and below it."""

    group: MessageEntry | None = None
    field: MessageEntry | None = None
    below: dict[str, _Branch] = default(default_factory=dict)

    def first(self) -> MessageEntry:
        own = self.group or self.field
        return own if own is not None else next(iter(self.below.values())).first()


def _tree(entries: tuple[MessageEntry, ...]) -> _Branch:
    root = _Branch()
    for entry in entries:
        branch = root
        for step in entry.target:
            branch = branch.below.setdefault(step, _Branch())
        if entry.is_group:
            branch.group = entry
        else:
            branch.field = entry
    return root


class _Binding:
    """One joining: collects faults and goes on."""

    def __init__(self, mapping: MessageMapping, declarations: Declarations, sources: Sources, name: str) -> None:
        self.parameters = [parameter.name for parameter in mapping.parameters]
        self.declarations = declarations
        self.sources = sources
        self.name = name
        self.faults: list[Finding] = []

    def visit(self, element: Element, branch: _Branch, path: str, base: Tokens) -> Slot:
        """The slot of an element; `base` is the source of the nearest list item around it."""
        content = self.declarations.content(element)
        entry = branch.field or branch.group
        if branch.field and branch.group:
            self.fault(branch.group.place, "message_kind", self.kind(content))
        if entry is not None:
            base = self.source(entry, base)
        slot = Slot(element.tag, False, element.minimum, element.maximum, content.simple, self.label(entry), entry)
        if branch.field is not None:
            slot = replace(slot, entry=self.field(branch.field, content))
        children = (*self.attributes(content, branch, path, base), *self.elements(content, branch, path, base))
        groups = tuple(tuple(same) for _, same in groupby(children, key=lambda child: child.tag))
        sourced = (entry is not None and entry.from_record) or any(child.sourced for child in children)
        return replace(slot, groups=groups, sourced=sourced)

    def elements(self, content: Content, branch: _Branch, path: str, base: Tokens) -> tuple[Slot, ...]:
        targets = {step: below for step, below in branch.below.items() if not step.startswith("@")}
        declared = list(_effective(content.model)) if content.model else []
        needed = set(_always(content.model)) if content.model else set()
        by_name = {element.name: number for number, element in reversed(list(enumerate(declared)))}
        slots: list[tuple[int, Slot]] = []
        for step, below in targets.items():
            number = by_name.get(step.partition("#")[0])
            if number is None:
                self.fault(f"{below.first().place}/to", "message_target", ", ".join(by_name) or self.kind(content))
                continue
            element = declared[number]
            slot = self.visit(element, below, f"{path}/{element.name}" if path else element.name, base)
            slots.append((number, slot if element.tag in needed else replace(slot, minimum=0)))
        if branch.field is None:
            self.complete(content, {step.partition("#")[0] for step in targets}, path)
        self.cardinality(declared, targets, slots)
        return tuple(slot for _, slot in sorted(slots, key=lambda pair: pair[0]))

    def cardinality(self, declared: list[Element], targets: dict[str, _Branch], slots: list[tuple[int, Slot]]) -> None:
        for number in sorted({number for number, _ in slots}):
            element = declared[number]
            places = [below.first() for step, below in targets.items() if step.partition("#")[0] == element.name]
            repeated = any(slot.entry is not None and slot.entry.repeated for at, slot in slots if at == number)
            exclusive = all(slot.entry is not None and slot.entry.when for at, slot in slots if at == number)
            if element.maximum == 1 and (repeated or (len(places) > 1 and not exclusive)):
                self.fault(f"{places[-1].place}/to", "message_repeat", f"{element.name} 0..1")
            if not repeated and len(places) < element.minimum:
                self.fault(f"{places[-1].place}/to", "message_repeat", f"{element.name} {element.minimum}..")

    def attributes(self, content: Content, branch: _Branch, path: str, base: Tokens) -> list[Slot]:
        targets = {step[1:]: below for step, below in branch.below.items() if step.startswith("@")}
        for name in sorted(set(targets) - {attribute.name for attribute in content.attributes}):
            possible = ", ".join(f"@{attribute.name}" for attribute in content.attributes) or "-"
            self.fault(f"{targets[name].first().place}/to", "message_target", possible)
        slots = []
        for attribute in content.attributes:
            slot = Slot(attribute.tag, True, int(attribute.required), 1, attribute.simple, _OWN)
            below = targets.get(attribute.name)
            if below is not None and below.field is not None:
                self.source(below.field, base)
                entry = self.text(below.field, attribute.simple)
                if attribute.fixed is not None and below.field.constant != attribute.fixed:
                    self.fault(f"{below.field.place}/to", "message_text", attribute.fixed)
                label = self.label(below.field)
                sourced = below.field.from_record
                slots.append(replace(slot, label=label, entry=entry, sourced=sourced))
            elif attribute.fixed is not None:
                slots.append(replace(slot, constant=attribute.fixed))
            elif attribute.required:
                self.fault(self.name, "message_mandatory", f"{path}/@{attribute.name}".lstrip("/"))
        return slots

    def field(self, entry: MessageEntry, content: Content) -> MessageEntry:
        if content.simple is not None and not entry.embeds:
            return self.text(entry, content.simple)
        if not (entry.embeds and content.free):
            self.fault(f"{entry.place}/to", "message_kind", self.kind(content))
        return entry

    def text(self, entry: MessageEntry, simple: Simple) -> MessageEntry:
        """Whether what the entry gives can be the text of its target; the entry with its converter."""
        if entry.constant is not None and (limit := unfit_text(entry.constant, simple)):
            self.fault(f"{entry.place}/constant", "message_text", limit)
        for key, code in entry.codes.items():
            if limit := unfit_text(code, simple):
                self.fault(f"{entry.place}/codes/{key}", "message_text", limit)
        shape = self.shape(entry.source) if entry.source else None
        if shape is None:
            return entry
        if shape.get("type") in {"object", "array"}:
            self.fault(
                f"{entry.place}/from", "message_kind", "Text, Zahl oder Wahrheitswert / a text, number or boolean"
            )
            return entry
        converter = entry.converter or default_converter(shape, simple)
        if limit := unfit_converter(converter, shape, simple, known=not entry.from_record):
            self.fault(f"{entry.place}/as", "message_converter", limit)
        if entry.codes and (unknown := set(entry.codes) - set(shape.get("enum", entry.codes))):
            self.fault(f"{entry.place}/codes", "message_text", ", ".join(sorted(unknown)))
        return replace(entry, converter=converter)

    def complete(self, content: Content, mapped: set[str], path: str) -> None:
        """Each mandatory element is mapped; of a choice at least one side, and that one wholly."""
        if content.model is not None:
            for missing in _missing(content.model, mapped):
                self.fault(self.name, "message_mandatory", f"{path}/{missing}".lstrip("/"))
            for model in _repeated(content.model):
                both = [element.name for element in model.elements() if element.name in mapped]
                if len(both) > 1:
                    self.fault(self.name, "message_model", ", ".join(f"{path}/{name}".lstrip("/") for name in both))

    def source(self, entry: MessageEntry, base: Tokens) -> Tokens:
        """Check source and condition of an entry; returns the list item around the slots below it."""
        for key, source in (("from", entry.source), ("when/pointer", entry.when.source if entry.when else None)):
            if not source:
                continue
            if self.shape(source) is None:
                known = ", ".join("@/" + "/".join(path) for path in around.VOCABULARY) if source[0] == KNOWN else "-"
                self.fault(f"{entry.place}/{key}", "message_source", known)
            inner = lists(source[:-1] if key == "from" and entry.repeated else source)
            if inner and inner != base[: len(inner)]:
                expected = "/" + "/".join(base) if base else "keine Liste / no list"
                self.fault(f"{entry.place}/{key}", "message_repeat", expected)
        return entry.source if entry.repeated and entry.source else base

    def shape(self, source: Tokens) -> Shape | None:
        return around.shape(source, self.parameters) if source[0] == KNOWN else self.sources.shapes.get(source)

    def label(self, entry: MessageEntry | None) -> Labels:
        if entry is None or entry.source is None:
            return _OWN
        if entry.source[:2] == (KNOWN, "attachments"):
            return _ATTACHMENT
        tokens = entry.source[:-1] if entry.repeated else entry.source
        return self.sources.labels.get(tokens, _OWN)

    @staticmethod
    def kind(content: Content) -> str:
        if content.free:
            return "beliebiges XML / any XML"
        return "ein Text / a text" if content.simple else "eine Gruppe / a group"

    def fault(self, place: str, rule: str, *params: str) -> None:
        self.faults.append(_fault(place, rule, *params))


def _always(model: Model, *, forced: bool = True) -> list[str]:
    """The tags of elements that stand whenever their parent does."""
    forced = forced and model.minimum > 0 and model.kind == "sequence"
    tags: list[str] = []
    for member in model.members:
        if isinstance(member, Model):
            tags += _always(member, forced=forced)
        elif forced and member.minimum > 0:
            tags.append(member.tag)
    return tags


def _effective(model: Model, *, repeated: bool = False) -> Iterator[Element]:
    """Every element, in the order of the schema; without an upper bound where a model around it may repeat."""
    repeated = repeated or model.maximum != 1
    for member in model.members:
        if isinstance(member, Model):
            yield from _effective(member, repeated=repeated)
        else:
            yield replace(member, maximum=None) if repeated else member


def _missing(model: Model, mapped: set[str]) -> list[str]:
    touched = any(element.name in mapped for element in model.elements())
    if model.minimum == 0 and not touched:
        return []
    if model.kind == "choice":
        sides = [side for side in model.members if isinstance(side, Model)]
        if not touched and all(not isinstance(member, Element) or member.minimum > 0 for member in model.members):
            return [" | ".join(element.name for element in model.elements())]
        mapped_sides = [side for side in sides if any(element.name in mapped for element in side.elements())]
        return [name for side in mapped_sides for name in _missing(side, mapped)]
    names: list[str] = []
    for member in model.members:
        if isinstance(member, Model):
            names += _missing(member, mapped)
        elif member.minimum > 0 and member.name not in mapped:
            names.append(member.name)
    return names


def _repeated(model: Model) -> list[Model]:
    inner = [repeated for member in model.members if isinstance(member, Model) for repeated in _repeated(member)]
    return [model, *inner] if model.maximum != 1 and model.kind == "sequence" else inner


_fault: Final = Sentences(_SENTENCES).finding
