"""Paths and limits of the interfaces that are read back, as data beside this module.

Knows: the form of `interfaces.toml`. Never does: ask anybody. Standard: PVOG interface versioning (version in the
path). Start reading: `interfaces`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class PvogInterface:
    """The Suchdienst: paths below its base address, how many keys a request names, where we stop."""

    online_services: str
    descriptions: str
    keys_separator: str
    keys_at_once: int
    page_size: int
    most_pages: int
    most_rows: int
    most_bytes: int
    accept: str
    client_id_header: str


@dataclass(frozen=True, slots=True)
class DataHubInterface:
    """The Data Hub: paths below its base address, with `{ars}`, and where we stop."""

    rows: str
    export: str
    page_size: int
    most_pages: int
    most_rows: int
    most_bytes: int
    accept: str
    accept_export: str


@dataclass(frozen=True, slots=True)
class Interfaces:
    """Both of them."""

    pvog: PvogInterface
    datahub: DataHubInterface


@cache
def interfaces() -> Interfaces:
    """The interfaces as they are shipped."""
    values = tomllib.loads(resources.files(__package__).joinpath("interfaces.toml").read_text(encoding="utf-8"))
    return Interfaces(PvogInterface(**values["pvog"]), DataHubInterface(**values["datahub"]))
