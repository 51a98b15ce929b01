"""Reading a mapping file and refusing one that does not fit its form schema.

Knows: format 1 of the file, and what fits what. Never does: stop at the first fault.
Standard: of this project. Start reading: `read_mapping`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as ReadOnly
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Final

from gateway.model import Finding
from gateway.xoev.fim import Field, FieldKind, FieldType, FormSchema, Group
from gateway.xoev.fim.model import transported
from gateway.xoev.latin.datatypes import Datatype
from gateway.xoev.mapping import attached, constants
from gateway.xoev.mapping import sentences as say
from gateway.xoev.mapping.converters import CONVERTERS, Shape, default_converter, possible_values
from gateway.xoev.mapping.model import BEYOND, STAR, Condition, FieldEntry, GroupEntry, Mapping, Rule, RuleKind, Tokens
from gateway.xoev.record.patterns import is_pattern

FORMAT: Final = 1
MAX_DAYS: Final = 36_500
_MAX_TOTAL: Final = Decimal(10) ** 15
_UNSAID: Final[Shape] = {"format": ""}
"""The shape of a value whose entry is faulty, or whose form is."""
_POINTER: Final = re.compile(r"(?:/(?:[a-z][a-z0-9_]{0,63}|\*))+")


def read_mapping(table: ReadOnly[str, object], form: FormSchema | None) -> tuple[Mapping | None, tuple[Finding, ...]]:
    """Turn a mapping file into a mapping.

    Args:
        table: the parsed TOML file.
        form: the form schema of the same service; None where it cannot be read, then only what needs no form is judged.

    Returns:
        the mapping and no findings, or None and all faults; pointers are key paths of the file (`/fields/3/to`).
    """
    reader = _Reader(form)
    mapping = reader.whole(table)
    return (None if reader.faults or form is None else mapping), tuple(reader.faults)


class _Reader:
    """One reading: collects faults and goes on."""

    def __init__(self, form: FormSchema | None) -> None:
        self.form = form
        self.elements = dict(form.elements()) if form else {}
        self.faults: list[Finding] = []
        self.groups: dict[str, GroupEntry] = {}
        self.fields: dict[str, FieldEntry] = {}
        self.shapes: dict[Tokens, Shape] = {}
        self.sources: set[Tokens] = set()
        self.conditions: list[tuple[str, Condition]] = []

    def whole(self, table: ReadOnly[str, object]) -> Mapping:
        self.keys("", table, {"format", "version", "form_schema", "form_version", "groups", "fields", "rules"})
        if table.get("format") != FORMAT:
            self.fault("/format", "mapping_value", str(FORMAT))
        form = self.form
        if form and (table.get("form_schema"), table.get("form_version")) != (form.id, form.version):
            self.fault("/form_schema", "mapping_form", f"{form.id} {form.version}")
        version = self.text("/version", table.get("version"))
        for pointer, entry in self.tables("groups", table.get("groups", [])):
            self.group(pointer, entry)
        for pointer, entry in self.tables("fields", table.get("fields", [])):
            self.field(pointer, entry)
        rules = tuple(self.rule(pointer, entry) for pointer, entry in self.tables("rules", table.get("rules", [])))
        self.overlaps()
        for pointer, condition in self.conditions:
            self.judged(pointer, condition)
        if form:
            self.mandatory("", form.children)
        return Mapping(version, self.groups, self.fields, rules)

    def group(self, pointer: str, entry: ReadOnly[str, object]) -> None:
        self.keys(pointer, entry, {"from", "to"})
        source, target = self.source(f"{pointer}/from", entry.get("from")), self.text(f"{pointer}/to", entry.get("to"))
        self.sources.add(source)
        element = self.target(f"{pointer}/to", target, Group)
        if not isinstance(element, Group):
            return
        if target in self.groups:
            self.fault(f"{pointer}/to", "mapping_twice")
            return
        if source[-1:] != (STAR,) and element.minimum > 1:
            self.fault(f"{pointer}/from", "mapping_repeat", say.listed(element.id))
        self.nested(f"{pointer}/from", source, target, element)
        self.groups[target] = GroupEntry(source, target)

    def field(self, pointer: str, entry: ReadOnly[str, object]) -> None:
        self.keys(pointer, entry, {"from", "to", "as", "codes", "latin", "normalise", "constant", "attachment", "when"})
        target = self.text(f"{pointer}/to", entry.get("to"))
        element = self.target(f"{pointer}/to", target, Field)
        if target in self.fields:
            self.fault(f"{pointer}/to", "mapping_twice")
        when = self.condition(f"{pointer}/when", entry["when"]) if "when" in entry else None
        if "attachment" in entry or (isinstance(element, Field) and element.type is FieldType.FILE):
            self.attachment(pointer, entry, element, target, when)
            return
        if "constant" in entry:
            self.constant(pointer, entry, element, target, when)
            return
        source = self.source(f"{pointer}/from", entry.get("from"))
        self.sources.add(source)
        datatype = self.datatype(f"{pointer}/latin", entry.get("latin", Datatype.NORMATIVE.value))
        if not isinstance(element, Field):
            return
        self.nested(f"{pointer}/from", source, target, element)
        name = self.converter(f"{pointer}/as", entry.get("as", default_converter(element)), element)
        codes = self.codes(f"{pointer}/codes", entry.get("codes"), element) if name == "code" else {}
        if name:
            self.remember(f"{pointer}/from", source, CONVERTERS[name].shape(element, codes))
        normalise = self.normalise(f"{pointer}/normalise", entry.get("normalise", False), name, datatype)
        self.fields.setdefault(target, FieldEntry(source, target, name, codes, datatype, None, when, normalise))

    def target(self, pointer: str, path: str, kind: type[Field | Group]) -> Field | Group | None:
        """The element at a path, if it is of that kind and part of documents; without a form nothing is judged."""
        element = self.elements.get(path)
        if isinstance(element, kind) and not (isinstance(element, Field) and element.kind is FieldKind.LABEL):
            return element
        if self.form and path:
            self.fault(pointer, "mapping_target", say.GROUP if kind is Group else say.FIELD)
        return None

    def constant(
        self,
        pointer: str,
        entry: ReadOnly[str, object],
        field: Field | Group | None,
        target: str,
        when: Condition | None,
    ) -> None:
        value = self.text(f"{pointer}/constant", entry.get("constant"))
        if "from" in entry:
            self.fault(f"{pointer}/from", "mapping_value", say.SOURCE_OR_CONSTANT)
        if not isinstance(field, Field):
            return
        if field.codes and value not in {code.code for code in field.codes}:
            self.fault(f"{pointer}/constant", "mapping_codes", ", ".join(code.code for code in field.codes))
        elif value and not constants.fits(field, value):
            self.fault(f"{pointer}/constant", "mapping_value", say.limits(field.type.value))
        self.fields.setdefault(target, FieldEntry((), target, "", {}, Datatype.EVERYTHING, value, when))

    def attachment(
        self,
        pointer: str,
        entry: ReadOnly[str, object],
        field: Field | Group | None,
        target: str,
        when: Condition | None,
    ) -> None:
        element, listed = field if isinstance(field, Field) else None, self.enclosing(target) is not None
        read, faults = attached.read_entry(pointer, entry, element, when, listed=listed)
        self.faults += faults
        if element is not None:
            self.fields.setdefault(target, read or FieldEntry((), target, "", {}, Datatype.EVERYTHING))

    def converter(self, pointer: str, name: object, field: Field) -> str:
        listed = {"code"} if field.coded else set[str]()  # a select field takes codes, whatever its datentyp
        fitting = [key for key, converter in CONVERTERS.items() if field.type in converter.types or key in listed]
        if isinstance(name, str) and name in fitting:
            return name
        self.fault(pointer, "mapping_converter", ", ".join(fitting))
        return ""

    def codes(self, pointer: str, table: object, field: Field) -> dict[str, str]:
        known = [code.code for code in field.codes]
        if table is None:
            return {code: code for code in known}
        if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()) or not table:
            self.fault(pointer, "mapping_value", say.CODE_TABLE)
            return {}
        for key, code in table.items():
            if code not in known:
                self.fault(f"{pointer}/{key}", "mapping_codes", ", ".join(known))
        return dict(table)

    def datatype(self, pointer: str, value: object) -> Datatype:
        if isinstance(value, str) and value in {member.value for member in Datatype}:
            return Datatype(value)
        self.fault(pointer, "mapping_value", "A, B, C, D, E")
        return Datatype.NORMATIVE

    def normalise(self, pointer: str, value: object, converter: str, datatype: Datatype) -> bool:
        """Whether a text may be normalised: free texts may, names are refused with a suggestion and never changed."""
        if not isinstance(value, bool) or (value and (converter != "text" or datatype is Datatype.PERSON_NAME)):
            self.fault(pointer, "mapping_normalise")
        return value is True

    def rule(self, pointer: str, entry: ReadOnly[str, object]) -> Rule:
        self.keys(pointer, entry, {"kind", "of", "pattern", "when", "other", "days", "total"})
        kinds = {member.value for member in RuleKind}
        kind = entry.get("kind")
        if not isinstance(kind, str) or kind not in kinds:
            self.fault(f"{pointer}/kind", "mapping_value", ", ".join(sorted(kinds)))
            kind = RuleKind.REQUIRED.value
        entries = entry.get("of")
        sources = [
            self.source(f"{pointer}/of/{n}", item)
            for n, item in enumerate(entries if isinstance(entries, list) else [])
        ]
        known = self.known()
        for number, source in enumerate(sources):
            if source and (source not in known or source[-1:] == (STAR,)):
                self.fault(f"{pointer}/of/{number}", "mapping_unknown")
        if not sources or len({source[:-1] for source in sources}) != 1:
            self.fault(f"{pointer}/of", "mapping_value", say.SIBLINGS)
        pattern = entry.get("pattern", "")
        if not isinstance(pattern, str) or bool(pattern) != (kind == RuleKind.PATTERN.value) or not is_pattern(pattern):
            self.fault(f"{pointer}/pattern", "mapping_pattern")
            pattern = ""
        parent = sources[0][:-1] if sources and kind not in BEYOND else ()
        when = self.condition(f"{pointer}/when", entry["when"], parent) if "when" in entry else None
        plain = Rule(RuleKind(kind), tuple(sources), pattern, when)
        self.confirmed(pointer, plain)
        return self.bounded(pointer, entry, plain)

    def confirmed(self, pointer: str, rule: Rule) -> None:
        for number, source in enumerate(rule.of if rule.kind is RuleKind.CONFIRMED else ()):
            if self.shapes.get(source, _UNSAID).get("type", "boolean") != "boolean":
                self.fault(f"{pointer}/of/{number}", "mapping_value", say.YES_OR_NO)

    def bounded(self, pointer: str, entry: ReadOnly[str, object], rule: Rule) -> Rule:
        """The rule with its day or its sum, where it is of such a kind."""
        days, other, total = entry.get("days"), entry.get("other"), entry.get("total")
        if rule.kind is RuleKind.SUM:
            number = _number(total)
            if number is None or len(rule.of) != 1 or STAR not in rule.of[0]:
                self.fault(pointer, "mapping_value", say.TOTAL)
                return Rule(RuleKind.REQUIRED, ())
            return replace(rule, total=number)
        if rule.kind in {RuleKind.NOT_BEFORE, RuleKind.NOT_AFTER}:
            if (days is None) == (other is None) or not _is_span(days):
                self.fault(pointer, "mapping_value", say.BOUND)
            bound = self.source(f"{pointer}/other", other) if other is not None else ()
            if bound and bound not in self.known():
                self.fault(f"{pointer}/other", "mapping_unknown")
            for source in (*rule.of, *([bound] if bound else [])):
                if self.shapes.get(source, _UNSAID).get("format") not in {"date", ""} or (
                    source is bound and STAR in source
                ):
                    self.fault(pointer, "mapping_value", say.DAYS)
            return replace(rule, other=bound, days=days if isinstance(days, int) and _is_span(days) else None)
        if (days, other, total) != (None, None, None):
            self.fault(pointer, "mapping_value", say.UNBOUND)
        return rule

    def condition(self, pointer: str, entry: object, parent: Tokens = ()) -> Condition:
        """A condition; `*` in it means the item of the list that the rule's values stand in (`around`)."""
        if not isinstance(entry, dict):
            self.fault(pointer, "mapping_value", say.CONDITION)
            return Condition((), ())
        self.keys(pointer, entry, {"pointer", "in", "absent"})
        source = self.source(f"{pointer}/pointer", entry.get("pointer"))
        values, absent = entry.get("in", []), entry.get("absent", False)
        lists = source[: len(source) - source[::-1].index(STAR)] if STAR in source else ()
        if lists != parent[: len(lists)] or source[-1:] == (STAR,):
            self.fault(
                f"{pointer}/pointer", "mapping_repeat", say.inside("/" + "/".join(parent) if STAR in parent else "")
            )
        if not isinstance(values, list) or not all(isinstance(value, (str, bool)) for value in values):
            self.fault(f"{pointer}/in", "mapping_value", say.CONDITION_VALUES)
            values = []
        if not isinstance(absent, bool):
            self.fault(f"{pointer}/absent", "mapping_value", say.TRUTH)
        condition = Condition(source, tuple(values), absent is True)
        self.conditions.append((pointer, condition))
        return condition

    def judged(self, pointer: str, condition: Condition) -> None:
        """A condition asks for a value that the record may hold; one that can never hold is a fault."""
        shape = self.shapes.get(condition.source)
        if condition.source and shape is None and condition.source not in self.known():
            self.fault(f"{pointer}/pointer", "mapping_unknown")
            return
        if not condition.values and not condition.absent:
            self.fault(f"{pointer}/in", "mapping_value", say.CONDITION_NEVER)
        shape = self.above(condition.source) if shape is None else shape
        if shape is None:
            return
        possible = possible_values(shape)
        for number, value in enumerate(condition.values):
            if isinstance(value, bool) if possible is None else value not in possible:
                words = [str(choice).lower() if isinstance(choice, bool) else choice for choice in possible or ()]
                self.fault(f"{pointer}/in/{number}", "mapping_value", say.one_of(", ".join(words) or "absent"))

    def above(self, source: Tokens) -> Shape | None:
        """The shape of an object or a list; None for a value whose own entry is faulty."""
        return {"type": "object"} if any(known[:-1] == source for known in self.known()) else None

    def known(self) -> set[Tokens]:
        """Every place of the record that some entry names, and what is above it."""
        return {source[:length] for source in self.sources for length in range(1, len(source) + 1)}

    def nested(self, pointer: str, source: Tokens, target: str, element: Group | Field) -> None:
        """A source repeats only where its element may, and stands inside the list of the group around its target."""
        if source[-1:] == (STAR,):
            source = source[:-1]
            if element.maximum == 1:
                self.fault(pointer, "mapping_repeat", say.once(element.id))
        group = self.enclosing(target)
        base = group.source if group else ()
        if source[: len(base)] != base or STAR in source[len(base) :]:
            self.fault(pointer, "mapping_repeat", say.inside("/" + "/".join(base) if base else ""))

    def enclosing(self, target: str) -> GroupEntry | None:
        """The nearest repeated group around a target; groups are listed before what they hold."""
        while "/" in target:
            target = target.rpartition("/")[0]
            entry = self.groups.get(target)
            if entry and entry.source[-1:] == (STAR,):
                return entry
        return None

    def remember(self, pointer: str, source: Tokens, shape: Shape) -> None:
        before = self.shapes.setdefault(source, shape)
        if before != shape:
            self.fault(pointer, "mapping_conflict", "/" + "/".join(source))

    def overlaps(self) -> None:
        objects = {source[:n] for source in self.shapes for n in range(1, len(source))}
        objects |= {entry.source for entry in self.groups.values()}
        for source in sorted(objects & set(self.shapes)):
            self.fault("/fields", "mapping_conflict", "/" + "/".join(source))

    def mandatory(self, above: str, children: tuple[Group | Field, ...], *, choice: bool = False) -> None:
        """Each mandatory field is mapped; of a choice at least one side, and that one wholly."""
        below = [(f"{above}/{child.id}" if above else child.id, child) for child in transported(children)]
        if choice and below and not any(self.mapped(path) for path, _ in below):
            self.fault("/fields", "mapping_mandatory", above)
        for path, child in below:
            needed = child.minimum > 0 and not choice
            if isinstance(child, Field):
                if needed and path not in self.fields:
                    self.fault("/fields", "mapping_mandatory", path)
            elif needed or self.mapped(path):
                self.mandatory(path, child.children, choice=child.choice)

    def mapped(self, path: str) -> bool:
        named = path in self.fields or path in self.groups
        return named or any(key.startswith(path + "/") for key in self.fields)

    def tables(self, name: str, value: object) -> list[tuple[str, dict[str, object]]]:
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.fault(f"/{name}", "mapping_value", f"[[{name}]]")
            return []
        return [(f"/{name}/{number}", entry) for number, entry in enumerate(value)]

    def keys(self, pointer: str, table: ReadOnly[str, object], allowed: set[str]) -> None:
        for key in sorted(set(table) - allowed):
            self.fault(f"{pointer}/{key}", "mapping_key", ", ".join(sorted(allowed)))

    def text(self, pointer: str, value: object) -> str:
        if isinstance(value, str) and value:
            return value
        self.fault(pointer, "mapping_value", say.TEXT)
        return ""

    def source(self, pointer: str, value: object) -> Tokens:
        if isinstance(value, str) and _POINTER.fullmatch(value) and not value.startswith("/*"):
            return tuple(value[1:].split("/"))
        self.fault(pointer, "mapping_source")
        return ()

    def fault(self, pointer: str, rule: str, *params: say.Words) -> None:
        self.faults.append(say.mapping_fault(pointer, rule, *params))


def _number(value: object) -> Decimal | None:
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() and abs(number) < _MAX_TOTAL else None


def _is_span(days: object) -> bool:
    """Days from the day of receipt, or none: at most a century, so that the day stands in every calendar."""
    return days is None or (isinstance(days, int) and not isinstance(days, bool) and abs(days) <= MAX_DAYS)
