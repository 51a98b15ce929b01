"""What kind of value a setting holds, said by its type: a path, a secret's file, an address of a counterpart.

Knows: the types, how a path is made absolute, the walk over every value of a section. Never does: I/O, rules.
Standard: house rule. Start reading: `SettingKind`, then `every`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo


class SettingKind(Enum):
    """What a value is beyond its Python type."""

    OWN_ADDRESS = auto()
    COUNTERPART = auto()
    COUNTERPART_HOST = auto()
    ISSUER = auto()
    LINK = auto()
    SECRET = auto()
    PASSWORD = auto()
    MASTER_KEY = auto()
    FORMER_KEY = auto()
    PRIVATE_KEY = auto()
    JWK = auto()
    COMMAND = auto()
    DATABASE = auto()
    ENTRY_NAME = auto()
    FILE_OR_ADDRESS = auto()


OwnAddress = Annotated[str, SettingKind.OWN_ADDRESS]
"""An address by which others reach the gateway."""
Counterpart = Annotated[str, SettingKind.COUNTERPART]
"""An address that the gateway calls."""
CounterpartHost = Annotated[str, SettingKind.COUNTERPART_HOST]
"""The name of a machine that the gateway calls."""
IssuerName = Annotated[str, SettingKind.ISSUER]
"""A name by which a counterpart signs; mostly an address, never called."""
Link = Annotated[str, SettingKind.LINK]
"""A page that people are led to; never called."""
SecretFile = Annotated[Path, SettingKind.SECRET]
"""A file with a secret in text."""
PasswordFile = Annotated[Path, SettingKind.PASSWORD]
"""A file with a password that somebody else has set."""
MasterKeyFile = Annotated[Path, SettingKind.MASTER_KEY]
"""A file with the master key in use."""
MasterKeyText = Annotated[SecretStr, SettingKind.MASTER_KEY]
"""The master key in use itself."""
FormerKeyFile = Annotated[Path, SettingKind.FORMER_KEY]
"""A file with a master key that is on its way out."""
PrivateKeyFile = Annotated[Path, SettingKind.PRIVATE_KEY]
"""A file with a private key (PEM)."""
JwkFile = Annotated[Path, SettingKind.JWK]
"""A file with a JWK, private or public."""
Command = Annotated[tuple[str, ...], SettingKind.COMMAND]
"""A program by its path, and its arguments."""
DatabaseAddress = Annotated[SecretStr, SettingKind.DATABASE]
"""The address of the database, which may hold a password."""
EntryName = Annotated[str, SettingKind.ENTRY_NAME]
"""The name by which people find an entry of a list in their file."""
FileOrAddress = Annotated[str, SettingKind.FILE_OR_ADDRESS]
"""A file by its path, or the address of a counterpart that gives what would stand in it."""


def is_address(text: str) -> bool:
    """Whether a file or address is the latter."""
    return "://" in text


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One value, or one section, with the place by which people find it in their file."""

    place: str
    value: Any
    kind: SettingKind | None


def kind_of(field: FieldInfo) -> SettingKind | None:
    """The kind that a field's type names; None where it is nothing but its Python type."""
    return next(_kinds((field.annotation, *field.metadata)), None)


def _kinds(parts: tuple[Any, ...]) -> Iterator[SettingKind]:
    for part in parts:
        if isinstance(part, SettingKind):
            yield part
        elif get_origin(part) is not None:
            yield from _kinds(get_args(part))


def every(section: BaseModel, place: str = "") -> Iterator[SettingValue]:
    """Each value that is set, the section itself first; of what stands in a list each entry by its name or number."""
    yield SettingValue(place, section, None)
    for name, field in type(section).model_fields.items():
        yield from _every(getattr(section, name), _joined(place, name), kind_of(field))


def _every(value: Any, place: str, kind: SettingKind | None) -> Iterator[SettingValue]:  # noqa: ANN401 - any setting
    if isinstance(value, BaseModel):
        yield from every(value, place)
    elif isinstance(value, tuple) and kind is not SettingKind.COMMAND:
        for number, entry in enumerate(value):
            entry_place = _joined(place, _entry_name(entry) or str(number)) if isinstance(entry, BaseModel) else place
            yield from _every(entry, entry_place, kind)
    elif isinstance(value, dict):
        for name, entry in value.items():
            yield from _every(entry, _joined(place, str(name)), kind)
    elif value is not None:
        yield SettingValue(place, value, kind)


def _entry_name(entry: BaseModel) -> str | None:
    fields = type(entry).model_fields.items()
    return next((getattr(entry, key) for key, field in fields if kind_of(field) is SettingKind.ENTRY_NAME), None)


def _joined(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def anchored(values: Mapping[str, Any], section: type[BaseModel], base: Path) -> dict[str, Any]:
    """The values as written, each path in them made absolute against `base`; what is no path by its type stays."""
    absolute = dict(values)
    for name, field in section.model_fields.items():
        if name in absolute:
            absolute[name] = _anchored(absolute[name], field.annotation, base)
            if kind_of(field) is SettingKind.COMMAND:
                absolute[name] = _program(absolute[name], base)
            if kind_of(field) is SettingKind.FILE_OR_ADDRESS and isinstance(absolute[name], str):
                absolute[name] = absolute[name] if is_address(absolute[name]) else str(base / absolute[name])
    return absolute


def _anchored(value: Any, annotation: Any, base: Path) -> Any:  # noqa: ANN401 - any setting of any type
    origin, parts = get_origin(annotation), get_args(annotation)
    if annotation is Path and isinstance(value, str):
        return str(base / value)
    if origin is Annotated:
        return _anchored(value, parts[0], base)
    if origin in {Union, UnionType}:
        for part in parts:
            value = _anchored(value, part, base)
    elif origin is tuple and isinstance(value, list):
        return [_anchored(entry, parts[0], base) for entry in value]
    elif origin is dict and isinstance(value, dict):
        return {name: _anchored(entry, parts[1], base) for name, entry in value.items()}
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and isinstance(value, dict):
        return anchored(value, annotation, base)
    return value


def _program(value: Any, base: Path) -> Any:  # noqa: ANN401 - whatever stands there, judged later
    if isinstance(value, list) and value and isinstance(value[0], str):
        return [str(base / value[0]), *value[1:]]
    return value
