"""The JSON Schema of the portal's record, made from form schema and mapping.

Knows: which shape each value has and what is required. Never does: judge a record (`checking.py` does).
Standard: JSON Schema 2020-12. Start reading: `build`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from gateway.xoev.fim import Field
from gateway.xoev.form.filling import FillingPlan, Labels
from gateway.xoev.mapping.converters import CONVERTERS, Shape
from gateway.xoev.mapping.model import BEYOND, STAR, Condition, Rule, RuleKind, Tokens
from gateway.xoev.xfall.json_schema import DIALECT


@dataclass(slots=True)
class _Part:
    """A place in the record while the schema is being put together."""

    label: Labels = ("", "")
    hint: str = ""
    required: bool = False
    declared: bool = False
    shape: Shape | None = None
    minimum: int = 0
    maximum: int | None = None
    below: dict[str, _Part] = field(default_factory=dict)

    def at(self, tokens: Tokens) -> _Part:
        part = self
        for token in tokens:
            part = part.below.setdefault(token, _Part())
        return part

    def needed(self) -> bool:
        if self.declared:
            return self.required
        return any(part.needed() for part in self.below.values())


def build(
    root: FillingPlan, rules: tuple[Rule, ...], *, identifier: str, title: str
) -> tuple[Shape, dict[Tokens, Labels]]:
    """The schema of the record and the label of every place in it.

    Args:
        root: the plan of the service.
        rules: rules between values, published as `allOf`.
        identifier: the `$id`, a URN that names service and version.
        title: the title, in German.
    """
    record = _Part(label=(title, title), declared=True)
    _collect(root, record, (), (), mandatory=True)
    schema: Shape = {"$schema": DIALECT, "$id": identifier, **_render(record)}
    if published := [_rule(rule) for rule in rules if rule.kind not in BEYOND]:
        schema["allOf"] = published
    return schema, dict(_labels(record, ()))


def _collect(parent: FillingPlan, record: _Part, base: Tokens, inside: Tokens, *, mandatory: bool) -> None:
    for child in parent.children:
        required = mandatory and child.node.minimum > 0
        if child.source is None:
            _collect(child, record, base, inside, mandatory=required)
            continue
        path = base + child.source
        if child.entry is None:
            _declare(record, path, parent, child, required=required)
            _collect(child, record, path if child.repeated else base, path, mandatory=True)
        elif child.entry.recorded:
            required = required and child.entry.when is None and path[: len(inside)] == inside
            _declare(record, path, parent, child, required=required)


def _declare(record: _Part, path: Tokens, parent: FillingPlan, child: FillingPlan, *, required: bool) -> None:
    part = record.at(path[:-1] if child.repeated else path)
    first = not part.declared
    part.declared, part.required = True, part.required or required
    if child.repeated:
        part.minimum, part.maximum = child.node.minimum, child.node.maximum
        part.label = child.label
    part = record.at(path)
    part.declared = True
    if first:
        part.label = child.label
        part.hint = child.element.hint if child.element else ""
    if child.entry is not None and isinstance(child.element, Field):
        if part.shape is not None and parent.source is None:  # several fields of one group share this value
            part.label, part.hint = parent.label, parent.element.hint if parent.element else ""
        part.shape = CONVERTERS[child.entry.converter].shape(child.element, child.entry.codes)
        _name_codes(part, child)


def _name_codes(part: _Part, child: FillingPlan) -> None:
    assert isinstance(child.element, Field)
    assert child.entry is not None
    if child.entry.codes:
        names = {code.code: code.name for code in child.element.codes}
        listed = "; ".join(f"{key}: {names[code]}" for key, code in child.entry.codes.items())
        part.hint = f"{part.hint} ({listed})".strip() if part.hint else listed


def _render(part: _Part) -> Shape:
    words: Shape = {}
    if part.label[0]:
        words["title"] = part.label[0]
    if part.hint:
        words["description"] = part.hint
    if part.shape is not None:
        return {**words, **part.shape}
    if STAR in part.below:
        bounds: Shape = {"minItems": part.minimum} if part.minimum else {}
        if part.maximum is not None:
            bounds["maxItems"] = part.maximum
        return {**words, "type": "array", **bounds, "items": _render(part.below[STAR])}
    required = [key for key, below in part.below.items() if below.needed()]
    return {
        **words,
        "type": "object",
        "properties": {key: _render(below) for key, below in part.below.items()},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _labels(part: _Part, tokens: Tokens) -> Iterator[tuple[Tokens, Labels]]:
    yield tokens, part.label if part.label[0] else (tokens[-1], tokens[-1])
    for key, below in part.below.items():
        yield from _labels(below, (*tokens, key))


def _rule(rule: Rule) -> Shape:
    parent = rule.of[0][:-1]
    names = [source[-1] for source in rule.of]
    demand: Shape
    if rule.kind is RuleKind.EXACTLY_ONE:
        demand = {"oneOf": [{"required": [name]} for name in names]}
    elif rule.kind is RuleKind.AT_LEAST_ONE:
        demand = {"anyOf": [{"required": [name]} for name in names]}
    elif rule.kind is RuleKind.REQUIRED:
        demand = {"required": names}
    elif rule.kind is RuleKind.CONFIRMED:
        demand = {"properties": {name: {"const": True} for name in names}}
    else:
        demand = {"properties": {name: {"pattern": f"^(?:{rule.pattern})$"} for name in names}}
    if rule.when is None:
        return _nest(parent, demand)
    source = rule.when.source
    shared = len(source) - source[::-1].index(STAR) if STAR in source else 0  # the list whose item both speak of
    condition = _condition(replace(rule.when, source=source[shared:]))
    return _nest(parent[:shared], {"if": condition, "then": _nest(parent[shared:], demand)})


def _condition(condition: Condition) -> Shape:
    shape: Shape = {"enum": list(condition.values)}
    for token in reversed(condition.source):
        shape = {"properties": {token: shape}, **({} if condition.absent else {"required": [token]})}
    return shape


def _nest(tokens: Tokens, shape: Shape) -> Shape:
    for token in reversed(tokens):
        shape = {"items": shape} if token == STAR else {"properties": {token: shape}}
    return shape
