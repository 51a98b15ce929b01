"""What becomes different when a newer version of a service takes the place of an older one.

Knows: where each value of the record goes, rules, attachments, the record's schema. Never does: read files, judge
whether a change is wanted. Standard: semantic versioning 2.0.0 for the version of a service. Start reading: `compare`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.services.definition import AttachmentRule
from gateway.services.service import Service
from gateway.xoev.mapping.model import BEYOND, FieldEntry, pointer
from gateway.xoev.record.compatibility import narrowed

_WEIGHT: Final = {"none": 0, "patch": 1, "minor": 2, "major": 3}


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """One difference.

    `kind` is `gone`, `new`, `moved` or `converted` for a value of the record (`place`, with `*` for every item) and the
    elements it becomes, `narrowed` for a record schema that accepts less, `rule`, `attachment` or `schema` (of the
    document). `compatible` says whether a portal that fits the older version still fits.
    """

    kind: str
    place: str
    old: Any
    new: Any
    compatible: bool = True

    def as_json(self) -> dict[str, Any]:
        """The change as a line of JSON."""
        return {
            "change": self.kind,
            "from": self.place,
            "old": self.old,
            "new": self.new,
            "compatible": self.compatible,
        }


def compare(old: Service, new: Service) -> tuple[ServiceChange, ...]:
    """Every difference that a portal or a receiver can notice; empty for the same service.

    Args:
        old: the version that runs.
        new: the version that takes its place.
    """
    return (
        *_document(old, new),
        *_values(_targets(old), _targets(new)),
        *_narrower(old, new),
        *_rules(old, new),
        *_attachments(old, new),
    )


def needed(changes: tuple[ServiceChange, ...]) -> str:
    """Which part of the version has to rise: `major` where portals no longer fit, else `minor`, or `none`."""
    if not changes:
        return "none"
    return "minor" if all(change.compatible for change in changes) else "major"


def risen(old: str, new: str) -> str:
    """Which part of a version has risen: `major`, `minor`, `patch` or `none` (also where it fell)."""
    before, after = ([int(part) for part in version.split(".")] for version in (old, new))
    if after <= before:
        return "none"
    first = next(position for position, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1])
    return ("major", "minor", "patch")[first]


def suffices(old: Service, new: Service, changes: tuple[ServiceChange, ...]) -> bool:
    """Whether the version rose as much as the changes ask for."""
    return _WEIGHT[risen(old.version, new.version)] >= _WEIGHT[needed(changes)]


def _document(old: Service, new: Service) -> Iterator[ServiceChange]:
    for kind, before, after in (
        ("standard", old.standard, new.standard),
        ("namespace", old.namespace, new.namespace),
        ("schema_uri", old.schema_uri, new.schema_uri),
    ):
        if before != after:
            yield ServiceChange("schema", kind, before, after)
    if old.xsd != new.xsd and old.namespace == new.namespace:
        yield ServiceChange("schema", "xsd", hashlib.sha256(old.xsd).hexdigest(), hashlib.sha256(new.xsd).hexdigest())


def _targets(service: Service) -> dict[str, dict[str, FieldEntry]]:
    """Record value -> path of each element it becomes and how; constants and attachments have places of their own."""
    targets: dict[str, dict[str, FieldEntry]] = {}
    for element in service.compiled.plan.walk():
        if element.entry is not None:
            targets.setdefault(_place(element.entry), {})[element.node.path] = element.entry
    return targets


def _place(entry: FieldEntry) -> str:
    if entry.recorded:
        return pointer(entry.source)
    return f"attachment {entry.attachment}" if entry.attachment else "constant"


def _values(
    old: Mapping[str, Mapping[str, FieldEntry]], new: Mapping[str, Mapping[str, FieldEntry]]
) -> Iterator[ServiceChange]:
    for source in dict.fromkeys((*old, *new)):
        before, after = old.get(source, {}), new.get(source, {})
        if before and not after:
            constant = not any(entry.recorded for entry in before.values())
            yield ServiceChange("gone", source, list(before), None, compatible=constant)
        elif after and not before:
            yield ServiceChange("new", source, None, list(after))
        elif list(before) != list(after):
            yield ServiceChange("moved", source, list(before), list(after))
        for path in before.keys() & after.keys():
            if (shown := _conversion(before[path])) != _conversion(after[path]):
                yield ServiceChange("converted", source, {path: shown}, {path: _conversion(after[path])})


def _conversion(entry: FieldEntry) -> dict[str, Any]:
    conversion: dict[str, Any] = {"as": entry.converter, "latin": entry.datatype.value} if entry.converter else {}
    if entry.attachment:
        conversion = {"as": entry.converter}
    if entry.codes:
        conversion["codes"] = dict(entry.codes)
    if entry.constant is not None:
        conversion["constant"] = entry.constant
    if entry.when is not None:
        conversion["when"] = {
            "pointer": "/" + "/".join(entry.when.source),
            "in": list(entry.when.values),
            "absent": entry.when.absent,
        }
    return conversion


def _narrower(old: Service, new: Service) -> Iterator[ServiceChange]:
    for limit in narrowed(old.record_schema(), new.record_schema()):
        if limit.keyword != "properties":  # told as `gone`, by where it went
            before, after = {limit.keyword: limit.old}, {limit.keyword: limit.new}
            yield ServiceChange("narrowed", pointer(limit.place), before, after, compatible=False)


def _rules(old: Service, new: Service) -> Iterator[ServiceChange]:
    """Rules between values that no JSON Schema says; the others are reported as `narrowed`."""
    before, after = ([rule for rule in service.compiled.check.rules if rule.kind in BEYOND] for service in (old, new))
    for rule in before:
        if rule not in after:
            yield ServiceChange("rule", pointer(rule.of[0]), rule.kind.value, None)
    for rule in after:
        if rule not in before:
            yield ServiceChange("rule", pointer(rule.of[0]), None, rule.kind.value, compatible=False)


def _attachments(old: Service, new: Service) -> Iterator[ServiceChange]:
    before, after = ({rule.kind: rule for rule in service.attachments} for service in (old, new))
    for kind in dict.fromkeys((*before, *after)):
        was, now = before.get(kind), after.get(kind)
        if was != now:
            yield ServiceChange("attachment", kind, _asked(was), _asked(now), compatible=_still_taken(was, now))


def _asked(rule: AttachmentRule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {
        "required": rule.required,
        "media_types": list(rule.media_types),
        "max_bytes": rule.max_bytes,
        "max_count": rule.max_count,
        "expected": {"pointer": "/" + "/".join(rule.expected.source), "in": list(rule.expected.values)}
        if rule.expected
        else None,
    }


def _still_taken(was: AttachmentRule | None, now: AttachmentRule | None) -> bool:
    if was is None or now is None:
        return now is not None and not now.required
    return (
        (was.required or not now.required)
        and set(was.media_types) <= set(now.media_types)
        and now.max_bytes >= was.max_bytes
        and now.max_count >= was.max_count
    )
