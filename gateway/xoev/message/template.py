"""A kind of message of one service: mapping and schema joined, ready to write documents.

Knows: how filling, embedding the form, and judging follow each other. Never does: I/O; everything was read before.
Standard: see the room. Start reading: `Template.document`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from lxml import etree

from gateway.german_time import german_date
from gateway.model import Document, Finding
from gateway.xoev.codes.document_codes import BY_DAY, Codes, Offence
from gateway.xoev.codes.lists import CodeLists
from gateway.xoev.mapping.model import STAR, Tokens
from gateway.xoev.message.around import Around
from gateway.xoev.message.entries import KNOWN, MessageMapping, Slot
from gateway.xoev.message.filling import FilledMessage, fill
from gateway.xoev.message.fitness import unfit_text
from gateway.xoev.message.writing import Asking, document
from gateway.xoev.schema.sets import CompiledSet
from gateway.xoev.schematron import RuleSet
from gateway.xoev.xml import strict_xml


@dataclass(frozen=True, slots=True)
class Setting:
    """What a municipality and a service say about their messages: parameters, and titles of kinds of attachments."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """A mapping joined with its schema."""

    mapping: MessageMapping
    schema: CompiledSet = field(repr=False)
    root: Slot = field(repr=False)
    codes: Codes = field(repr=False)
    lists: CodeLists = field(repr=False)
    rules: tuple[RuleSet, ...] = field(default=(), repr=False)

    @property
    def embeds(self) -> bool:
        """Whether the message carries the whole form as XML."""
        return any(entry.embeds for entry in self.mapping.entries)

    def fill(
        self, record: Mapping[str, object], around: Around, setting: Setting
    ) -> tuple[FilledMessage, list[Finding]]:
        """Put a record into the message; see `filling.fill`."""
        return fill(self.root, record, around.known(setting.titles, self.values(setting)), around.case_id)

    def document(
        self, record: Mapping[str, object], around: Around, setting: Setting, form: bytes | None
    ) -> tuple[Document | None, list[Finding]]:
        """The message of a record, validated.

        Args:
            record: in NFC.
            around: ids, instants and attachments of this very message.
            setting: what municipality and service say.
            form: the whole form as canonical XML, for a mapping that embeds it.

        Returns:
            the document and findings that stop nothing, or None and the findings, with pointers into the create body.
        """
        filled, findings = self.fill(record, around, setting)
        if findings:
            return None, findings
        embedded = strict_xml.parse(form).root if form is not None and self.embeds else None
        today = german_date(around.created_at)
        asking = Asking(lambda root: self.offences(root, today), self.rules, around.created_at)
        return document(self.mapping, self.schema, filled, embedded, asking)

    def offences(self, root: etree._Element, on_date: date) -> Iterator[Offence]:
        """What the code lists at hand say against the codes of a document on a day."""
        return self.codes.offences(root, self.lists, on_date)

    @property
    def by_day(self) -> frozenset[str]:
        """Rules of findings whose answer another day may change."""
        timed = [pattern for rules in self.rules if rules.timed for pattern in rules.patterns]
        return BY_DAY | {check.id for pattern in timed for rule in pattern.rules for check in rule.checks}

    @property
    def judges_codes(self) -> bool:
        """Whether a list is at hand that the schema names."""
        return any(self.lists.versions(code_type.list_uri) for code_type in self.codes.types)

    def demanding(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON Schema of a record with everything required that the message cannot do without."""
        demanding = deepcopy(dict(schema))
        for tokens in _demanded(self.root):
            _require(demanding, tokens)
        return demanding

    def values(self, setting: Setting) -> dict[str, str]:
        """The municipality's parameters with the defaults of the mapping."""
        defaults = {entry.name: entry.default for entry in self.mapping.parameters if entry.default is not None}
        return {**defaults, **setting.parameters}

    def unfit(self, setting: Setting) -> Iterator[tuple[str, str]]:
        """Parameters that are missing (limit empty) or do not fit their place (limit says what they break)."""
        values = self.values(setting)
        yield from ((parameter.name, "") for parameter in self.mapping.parameters if parameter.name not in values)
        seen: set[str] = set()
        for slot in _slots(self.root):
            source = slot.entry.source if slot.entry else None
            if source is None or source[:2] != (KNOWN, "parameters") or slot.simple is None or source[2] in seen:
                continue
            limit = unfit_text(values[source[2]], slot.simple) if source[2] in values else None
            if limit is not None:
                seen.add(source[2])
                yield source[2], limit


def trace(filled: FilledMessage, above: str = "") -> Iterator[dict[str, str]]:
    """Which value went where: pointer, path of names below the root, kind of value; no values."""
    for child in filled.children:
        name = etree.QName(child.slot.tag).localname
        path = f"{above}/@{name}" if child.slot.attribute else f"{above}/{name}"
        entry = child.slot.entry
        if child.slot.is_field and entry is not None:
            origin = "constant" if entry.source is None else child.pointer or "@/" + "/".join(entry.source[1:])
            kind = "xml" if entry.embeds else "uuid" if entry.made else entry.converter or "text"
            yield {"from": origin, "to": path.lstrip("/"), "value_type": kind}
        yield from trace(child, path)


def _demanded(slot: Slot) -> Iterator[Tokens]:
    """The places of the record without which the document lacks something mandatory, whatever else it holds."""
    tags = [child.tag for child in slot.children]
    for child in slot.children:
        entry = child.entry
        if child.minimum == 0 or tags.count(child.tag) > 1 or (entry is not None and entry.when is not None):
            continue
        if entry is not None and entry.source is not None and entry.from_record:
            yield entry.source
        yield from _demanded(child)


def _require(schema: dict[str, Any], tokens: Tokens) -> None:
    for token in tokens:
        if token == STAR:
            schema["minItems"] = max(1, schema.get("minItems", 0))
            schema = schema["items"]
        else:
            required = schema.setdefault("required", [])
            required += [] if token in required else [token]
            schema = schema["properties"][token]


def _slots(slot: Slot) -> Iterator[Slot]:
    yield slot
    for child in slot.children:
        yield from _slots(child)
