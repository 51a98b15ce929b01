"""What a published XSD says of a form's fields: its limits count, and each difference is a finding.

Knows: which of two limits is narrower. Never does: drop a limit of the form that the XSD is silent about.
Standard: XML Schema 1.0 part 2 (facets), XDatenfelder 3. Start reading: `as_published`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from gateway.model import Finding
from gateway.xoev.fim import Code, Field, FieldType, Group, pattern
from gateway.xoev.fim.expression import PatternBroken, Unsupported, spell
from gateway.xoev.fim.model import MOMENTS, NUMBERS, TEXTS
from gateway.xoev.form.published_sentences import told
from gateway.xoev.message.declared import Element
from gateway.xoev.schema.compiled_xsd import Facets

_TEXT: Final = frozenset({"string", "normalizedString", "token"})
_INTEGER: Final = frozenset({"integer", "int", "long", "short", "nonNegativeInteger", "positiveInteger"})
_FREE: Final = frozenset({"anyType", "anySimpleType"})
_BASES: Final = {
    FieldType.TEXT: _TEXT,
    FieldType.TEXT_LATIN: _TEXT,
    FieldType.DATE: frozenset({"date"}),
    FieldType.TIME: frozenset({"time"}),
    FieldType.DATETIME: frozenset({"dateTime"}),
    FieldType.BOOL: _TEXT | {"boolean"},
    FieldType.NUM: frozenset({"decimal", "double", "float"}),
    FieldType.NUM_INT: _INTEGER | {"decimal"},
    FieldType.NUM_CURRENCY: frozenset({"decimal"}),
    FieldType.FILE: _FREE,
    FieldType.OBJECT: _FREE,
}
"""The types of XML Schema that hold what a field of a type becomes."""
_SHOWN: Final = 20
_FACETS: Final = {
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_value": "minInclusive",
    "earliest": "minInclusive",
    "max_value": "maxInclusive",
    "latest": "maxInclusive",
    "pattern": "pattern",
}
_LOWER: Final = frozenset({"min_length", "min_value", "earliest"})


def as_published(path: str, field: Field, facets: Facets) -> tuple[Field, list[Finding]]:
    """A field with the limits that the XSD gives it, and each difference; a limit that only the form has stays.

    Args:
        path: of the field in the form.
        field: as the form has it.
        facets: what the XSD says of its text.
    """
    if field.coded or (facets.codes and field.type in TEXTS):
        return _coded(field, facets), [*_type(path, field, facets), *_codes(path, field, facets)]
    limits = dict(_limits(field.type, facets))
    findings = _type(path, field, facets)
    if field.type is FieldType.BOOL:
        findings += _codes(path, replace(field, codes=(Code("true", ""), Code("false", ""))), facets)
    for name, value in limits.items():
        findings += _limit(path, name, getattr(field, name), value)
    changes: dict[str, Any] = {name: value for name, value in limits.items() if value is not None}
    if facets.pattern is not None and field.type in TEXTS and changes.get("pattern") is None:
        changes["pattern"] = None  # one that only the XSD can judge; the form's may contradict it
        findings.append(told(f"/{path}", "document_pattern", facets.pattern))
    return replace(field, **changes), findings


def counts(path: str, child: Group | Field, element: Element) -> list[Finding]:
    """Whether an element may stand as often as the form says."""
    low, high, least, most = child.minimum, child.maximum, element.minimum, element.maximum
    if (low, high) == (least, most):
        return []
    written = [f"{few}:{'*' if many is None else many}" for few, many in ((low, high), (least, most))]
    narrower = least > low or (most is not None and (high is None or most < high))
    return [told(f"/{path}", "document_narrower" if narrower else "document_wider", "anzahl", *written)]


def version(path: str, child: Group | Field, named: str | None) -> list[Finding]:
    """Whether the XSD names the version of an element that the form holds."""
    if not named or not child.version or named == child.version:
        return []
    return [told(f"/{path}", "document_version", named, child.version)]


def missing(absent: Iterable[str], mapped: AbstractSet[str]) -> Iterator[Finding]:
    """Elements of the form that the XSD does not have; an error where the mapping puts a value there."""
    for path in absent:
        lost = any(target == path or target.startswith(f"{path}/") for target in mapped)
        yield told(f"/{path}", "document_lost" if lost else "document_less")


def _coded(field: Field, facets: Facets) -> Field:
    """The codes of the XSD with the names that the form gives them; those of the form where the XSD lists none."""
    names = {code.code: code for code in field.codes}
    return replace(field, codes=tuple(names.get(value, Code(value, value)) for value in facets.codes) or field.codes)


def _codes(path: str, field: Field, facets: Facets) -> Iterator[Finding]:
    listed, form = set(facets.codes), {code.code for code in field.codes}
    if not listed:
        if field.type is not FieldType.BOOL:
            yield told(f"/{path}", "document_wider", "enumeration", _shown(form), "-")
        return
    if gone := form - listed:
        yield told(f"/{path}", "document_codes", _shown(gone))
    elif not form:
        yield told(f"/{path}", "document_narrower", "enumeration", "-", _shown(listed))
    if form and (more := listed - form):
        yield told(f"/{path}", "document_wider", "enumeration", "-", _shown(more))


def _shown(codes: AbstractSet[str]) -> str:
    listed = sorted(codes)
    return ", ".join(listed[:_SHOWN]) + (" …" if len(listed) > _SHOWN else "") or "-"


def _type(path: str, field: Field, facets: Facets) -> list[Finding]:
    bases = _TEXT if field.coded else _BASES[field.type]
    if facets.base in bases or facets.base in _FREE:
        return []
    rule = "document_type_wider" if facets.base in _TEXT else "document_type"
    return [told(f"/{path}", rule, f"xs:{facets.base}", field.type.value)]


def _limits(kind: FieldType, facets: Facets) -> Iterator[tuple[str, int | str | Decimal | None]]:
    """The members of `Field` that a type has limits in, with what the XSD says; None where it says nothing."""
    if kind in TEXTS:
        yield "min_length", facets.min_length
        yield "max_length", facets.max_length
        yield "pattern", _spelled(facets.pattern)
    elif kind in NUMBERS:
        yield "min_value", _number(facets.minimum)
        yield "max_value", _number(facets.maximum)
    elif kind in MOMENTS:
        yield "earliest", facets.minimum
        yield "latest", facets.maximum


def _limit(path: str, name: str, form: Any, xsd: Any) -> list[Finding]:  # noqa: ANN401 - both of one type, by name
    if xsd == form or (xsd is None and name == "pattern"):
        return [] if xsd == form else [told(f"/{path}", "document_wider", "pattern", str(form), "-")]
    order: Callable[[Any, Any], bool] = (lambda a, b: a > b) if name in _LOWER else (lambda a, b: a < b)
    narrower = xsd is not None and (form is None or name == "pattern" or order(xsd, form))
    if xsd is not None and not xsd and form is None:
        return []  # a minimum length of zero allows every text
    words = [_FACETS[name], *("-" if value is None else str(value) for value in (form, xsd))]
    return [told(f"/{path}", "document_narrower" if narrower else "document_wider", *words)]


def _spelled(written: str | None) -> str | None:
    """A pattern in the spelling that all who judge a record read; None where only the XSD can."""
    try:
        return None if written is None else spell(pattern.read(written))
    except (PatternBroken, Unsupported):
        return None


def _number(text: str | None) -> Decimal | None:
    try:
        number = None if text is None else Decimal(text)
    except InvalidOperation:
        return None
    return number if number is not None and number.is_finite() else None
