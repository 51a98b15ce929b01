"""Parameters of a municipality: overrides applied where the service declares them.

Knows: which parameter may change and within which bounds. Never does: accept what was not declared.
Standard: `design` of this project (one file a municipality). Start reading: `override`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from gateway.model import Finding
from gateway.services.definition import Definition, Parameter

_TYPES: Final[Mapping[str, type]] = {"integer": int, "boolean": bool, "string": str}


def override(definition: Definition, values: Mapping[str, Any]) -> tuple[Definition, list[Finding]]:
    """A definition with a municipality's parameters.

    Args:
        definition: the service as its folder defines it.
        values: overrides, nested as in TOML tables or with dotted keys.

    Returns:
        the definition with every acceptable override, and a finding for each other one (pointer `/key/path`).
    """
    declared = {parameter.key: parameter for parameter in definition.parameters}
    faults: list[Finding] = []
    for key, value in _flat(values, ""):
        parameter = declared.get(key)
        if parameter is None:
            known = ", ".join(declared) or "-"
            de = f"Diesen Parameter gibt der Dienst nicht frei; bitte entfernen, möglich: {known}."
            en = f"The service does not offer this parameter; remove it, possible: {known}."
            faults.append(_fault(key, "parameter_unknown", de, en))
        elif not _fits(parameter, value):
            bounds = _bounds(parameter)
            faults.append(_fault(key, "parameter_value", f"Erwartet wird {bounds}.", f"Expected is {bounds}."))
        else:
            definition = _set(definition, key, value)
    return definition, faults


def _flat(values: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        path = f"{above}.{key}" if above else str(key)
        if isinstance(value, Mapping):
            yield from _flat(value, path)
        else:
            yield path, value


def _fits(parameter: Parameter, value: object) -> bool:
    if type(value) is not _TYPES[parameter.type] or value == "":
        return False
    if isinstance(value, int) and not isinstance(value, bool):
        low, high = parameter.minimum, parameter.maximum
        return (low is None or value >= low) and (high is None or value <= high)
    return not parameter.choices or value in parameter.choices


def _bounds(parameter: Parameter) -> str:
    if parameter.choices:
        return ", ".join(parameter.choices)
    if parameter.minimum is None and parameter.maximum is None:
        return parameter.type
    return f"{parameter.type} {parameter.minimum}..{parameter.maximum}"


def _set(definition: Definition, key: str, value: Any) -> Definition:  # noqa: ANN401 - checked against the declaration
    if key in {"assurance", "standard"}:
        return replace(definition, **{key: value})
    if key.startswith("message."):
        return replace(definition, message={**definition.message, key.removeprefix("message."): value})
    _, kind, name = key.split(".")
    rules = (replace(rule, **{name: value}) if rule.kind == kind else rule for rule in definition.attachments)
    return replace(definition, attachments=tuple(rules))


def _fault(key: str, rule: str, de: str, en: str) -> Finding:
    return Finding("/" + key.replace(".", "/"), rule, de, en)
