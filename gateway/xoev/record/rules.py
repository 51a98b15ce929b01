"""Rules between values of a record: what each kind demands, and what is found where it is broken.

Knows: the kinds of `RuleKind`. Never does: evaluate expressions, read a clock: the day of receipt is given.
Standard: of this project; rules are data of a service. Start reading: `broken`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

from gateway.model import Finding
from gateway.xoev.form.filling import Labels
from gateway.xoev.mapping.model import BEYOND, Rule, RuleKind, Tokens, every, look_up, pointer
from gateway.xoev.record.patterns import matches
from gateway.xoev.record.sentences import finding

LabelOf = Callable[[Tokens], Labels]


def broken(rule: Rule, record: dict[str, object], today: date | None, label: LabelOf) -> list[Finding]:
    """What of a rule the record breaks, where its condition holds.

    What has the wrong type or is missing above is not reported again.
    """
    if rule.kind in BEYOND:
        if rule.when is not None and not rule.when.holds(record):
            return []
        return _sum(rule, record, label) if rule.kind is RuleKind.SUM else _day(rule, record, today, label)
    findings: list[Finding] = []
    for parent, where in every(record, rule.of[0][:-1]):
        if isinstance(parent, dict) and (rule.when is None or rule.when.holds(record, where)):
            findings += _siblings(rule, parent, where, label)
    return findings


def _siblings(rule: Rule, parent: dict[str, object], where: Tokens, label: LabelOf) -> list[Finding]:
    names = [source[-1] for source in rule.of]
    present = [name for name in names if name in parent]
    if rule.kind is RuleKind.REQUIRED:
        slug, faulty = "missing", [name for name in names if name not in parent]
    elif rule.kind is RuleKind.CONFIRMED:
        slug, faulty = "not_confirmed", [name for name in names if parent.get(name) is False]
    elif rule.kind is RuleKind.PATTERN:
        texts = ((name, parent.get(name)) for name in names)
        faulty = [name for name, text in texts if isinstance(text, str) and not matches(rule.pattern, text)]
        slug = "pattern"
    elif len(present) == 1 or (present and rule.kind is RuleKind.AT_LEAST_ONE):
        return []
    else:
        labels = [label((*where, name)) for name in names]
        both = (" / ".join(words[0] for words in labels), " / ".join(words[1] for words in labels))
        return [finding(pointer(where), rule.kind.value, both)]
    return [finding(pointer((*where, name)), slug, label((*where, name)), limit=rule.pattern) for name in faulty]


def _day(rule: Rule, record: dict[str, object], today: date | None, label: LabelOf) -> list[Finding]:
    if rule.other:
        bound, (limit_de, limit_en) = _date(look_up(record, rule.other)), label(rule.other)
    else:
        bound = today + timedelta(days=rule.days or 0) if today else None
        limit_de, limit_en = (f"{bound:%d.%m.%Y}", bound.isoformat()) if bound else ("", "")
    if bound is None:
        return []
    early = rule.kind is RuleKind.NOT_BEFORE
    findings = []
    for source in rule.of:
        for value, where in every(record, source):
            day = _date(value)
            if day and (day < bound if early else day > bound):
                name = "too_early" if early else "too_late"
                findings.append(finding(pointer(where), name, label(where), limit_de=limit_de, limit_en=limit_en))
    return findings


def _sum(rule: Rule, record: dict[str, object], label: LabelOf) -> list[Finding]:
    (source,) = rule.of
    values = [value for value, _ in every(record, source)]
    numbers = [Decimal(str(v)) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if not values or len(numbers) != len(values) or sum(numbers) == rule.total:
        return []
    path = source[: source.index("*")]
    return [finding(pointer(path), "sum", label(source), limit=rule.total)]


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) and len(value) == 10 else None
    except ValueError:
        return None
