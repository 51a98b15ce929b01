"""Filling a message: the record's values, and what the gateway knows around it, at their places in the document.

Knows: slots (mapping and schema joined once), lists, conditions. Never does: invent, reorder or drop a value; make an
identifier that is not derived from the case. Standard: XML Schema 1.0 (the XSD decides order and cardinality), UUID
version 5 (RFC 9562). Start reading: `fill`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from gateway.model import Finding
from gateway.xoev.mapping.converters import CONVERTERS, Unfit
from gateway.xoev.mapping.model import STAR, Condition, Tokens, every, look_up, pointer
from gateway.xoev.message.entries import KNOWN, MessageEntry, Slot
from gateway.xoev.record.sentences import finding


@dataclass(frozen=True, slots=True)
class FilledMessage:
    """An element or attribute with content. `place` says where in the record it came from.

    `by_record`: something of the portal's record is in it; an optional element of constants alone is not written.
    """

    slot: Slot
    place: Tokens
    text: str | None = field(default=None, repr=False)
    children: tuple[FilledMessage, ...] = field(default=(), repr=False)
    by_record: bool = False

    @property
    def pointer(self) -> str:
        """The RFC 6901 pointer into the create body."""
        return where(self.place)


@dataclass(frozen=True, slots=True)
class _Scope:
    """The list item around a slot: its source with `*`, its place with numbers, its value."""

    general: Tokens = ()
    place: Tokens = ()
    value: object = None


def where(path: Tokens) -> str:
    """The RFC 6901 pointer into the create body: attachments are beside the record; else the whole body."""
    if path[:1] != (KNOWN,):
        return pointer(path)
    return "/" + "/".join(path[1:]) if path[1:2] == ("attachments",) else ""


def fill(
    root: Slot, record: Mapping[str, object], known: Mapping[str, Any], case_id: UUID
) -> tuple[FilledMessage, list[Finding]]:
    """Put values into the document.

    Args:
        root: the slot of the root element.
        record: the portal's record in NFC.
        known: what `Around.known` gave.
        case_id: the name from which identifiers inside the document are derived.

    Returns:
        the filled root, and a finding for each missing, superfluous, doubled or unconvertible value.
    """
    filler = _Filler({**record, KNOWN: known}, case_id)
    return FilledMessage(root, (), None, filler.below(root, _Scope())), filler.findings


class _Filler:
    """One filling: collects findings and goes on."""

    def __init__(self, values: Mapping[str, object], case_id: UUID) -> None:
        self.values = values
        self.case_id = case_id
        self.findings: list[Finding] = []
        self.once: set[tuple[str, str]] = set()

    def below(self, parent: Slot, scope: _Scope) -> tuple[FilledMessage, ...]:
        if not parent.groups:
            return ()
        filled: list[FilledMessage] = []
        for together in parent.groups:
            written: list[FilledMessage] = []
            refused = 0
            for slot in together:
                before = len(self.findings)
                written += self.field(slot, scope) if slot.is_field else self.group(slot, scope)
                if slot.is_field:
                    refused += sum(finding.rule != "not_unique" for finding in self.findings[before:])
            self.count(together, len(written) + refused, scope)
            filled += written
        return tuple(filled)

    def count(self, slots: tuple[Slot, ...], number: int, scope: _Scope) -> None:
        first = slots[0]
        if first.minimum <= number and (first.maximum is None or number <= first.maximum):
            return
        blamed = next((source for slot in slots if (source := _source(slot))), None)
        if blamed is None:
            return  # nothing of the record decides: the schema says what is wrong
        at = where(self.concrete(blamed.entry.source, scope) if blamed.entry and blamed.entry.source else ())
        if number == 0:
            self.findings.append(finding(at, "missing", blamed.label))
        elif number < first.minimum:
            self.findings.append(finding(at, "too_few", blamed.label, limit=first.minimum))
        else:
            self.findings.append(finding(at, "too_many", blamed.label, limit=first.maximum))

    def group(self, slot: Slot, scope: _Scope) -> list[FilledMessage]:
        entry = slot.entry
        if entry is not None and not self.holds(entry.when, scope):
            return []
        if entry is None or entry.source is None:
            before = len(self.findings)
            inner = self.below(slot, scope)
            by_record = any(child.by_record for child in inner)
            if inner and (by_record or slot.minimum or not slot.sourced):
                return [FilledMessage(slot, scope.place, None, inner, by_record)]
            if not slot.minimum:
                self.findings[before:] = [kept for kept in self.findings[before:] if kept.rule != "missing"]
            return []
        filled = []
        for value, path in self.resolve(entry.source, scope):
            if value is None:
                continue
            inside = _Scope(entry.source, path, value) if entry.repeated else scope
            inner = self.below(slot, inside)
            if inner:
                filled.append(FilledMessage(slot, path, None, inner, by_record=True))
        return filled

    def field(self, slot: Slot, scope: _Scope) -> list[FilledMessage]:
        entry = slot.entry
        if entry is None:
            return [FilledMessage(slot, scope.place, slot.constant)]
        if not self.holds(entry.when, scope):
            return []
        if entry.source is not None:
            return list(self.converted(slot, entry, scope))
        text = entry.constant
        if entry.made:
            text = str(uuid5(self.case_id, "/".join((*entry.target, *scope.place))))
        return [FilledMessage(slot, scope.place, text, self.below(slot, scope))]

    def converted(self, slot: Slot, entry: MessageEntry, scope: _Scope) -> Iterator[FilledMessage]:
        assert entry.source is not None
        for value, path in self.resolve(entry.source, scope):
            if value is None:
                continue
            try:
                text = CONVERTERS[entry.converter].convert(value, entry.codes)
            except Unfit as unfit:
                label, limit = slot.label, unfit.limit
                self.findings.append(finding(where(path), unfit.rule, label, limit=limit, types_de="-", types_en="-"))
                continue
            if text is not None and not text.strip():
                self.findings.append(finding(where(path), "too_short", slot.label, limit=1))
            elif text is not None:
                if entry.unique:
                    self.twice(slot, entry, text, path)
                yield FilledMessage(slot, path, text, self.below(slot, scope), by_record=entry.from_record)

    def holds(self, condition: Condition | None, scope: _Scope) -> bool:
        if condition is None:
            return True
        values = [value for value, _ in self.resolve(condition.source, scope) if value is not None]
        return condition.absent if not values else any(condition.met(value) for value in values)

    def resolve(self, source: Tokens, scope: _Scope) -> list[tuple[object, Tokens]]:
        """The values at a source: below the list item around it where it says so, else from the top."""
        length = len(scope.general)
        if length and source[:length] == scope.general:
            return _values(scope.value, source[length:], scope.place)
        return _values(self.values, source, ())

    @staticmethod
    def concrete(source: Tokens, scope: _Scope) -> Tokens:
        length = len(scope.general)
        inside = length and source[:length] == scope.general
        relative = source[length:] if inside else source
        return (scope.place if inside else ()) + tuple(token for token in relative if token != STAR)

    def twice(self, slot: Slot, entry: MessageEntry, text: str, path: Tokens) -> None:
        """A finding for a text that has to be the only one of its kind and is not."""
        if (entry.place, text) in self.once:
            self.findings.append(finding(where(path), "not_unique", slot.label))
        self.once.add((entry.place, text))


def _values(value: object, source: Tokens, path: Tokens) -> list[tuple[object, Tokens]]:
    if STAR in source:
        return list(every(value, source, path))
    inner = look_up(value, source)
    return [] if inner is None else [(inner, path + source)]


def _source(slot: Slot) -> Slot | None:
    """The first slot, here or below, whose value comes from the record or from the attachments."""
    if slot.entry is not None and slot.entry.source is not None:
        return slot
    return next((source for child in slot.children if (source := _source(child))), None)
