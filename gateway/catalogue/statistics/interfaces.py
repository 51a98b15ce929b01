"""Names, paths and lists of the interfaces that figures are sent by, as data beside this module.

Knows: the form of `interfaces.toml`. Never does: send. Standards: Implementing Regulation (EU) 2020/1121, ISO 3166-1.
Start reading: `interfaces`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class SdgInterface:
    """The Commission's repository: paths below its base address, the key's header, the lists that it knows."""

    unique_id: str
    views: str
    feedback: str
    key_header: str
    transfer_type: str
    devices: tuple[str, ...]
    categories: tuple[str, ...]
    found: tuple[str, ...]
    countries: frozenset[str]


@dataclass(frozen=True, slots=True)
class TransactionsInterface:
    """The names of members in what the Zentrale Statistik-Komponente takes."""

    transfer: str
    month: str
    region: str
    total: str
    services: str
    service: str
    leika_key: str
    number: str
    suppressed: str


@dataclass(frozen=True, slots=True)
class StatisticsInterfaces:
    """Both of them."""

    sdg: SdgInterface
    transactions: TransactionsInterface


@cache
def interfaces() -> StatisticsInterfaces:
    """The interfaces as they are shipped."""
    values = tomllib.loads(resources.files(__package__).joinpath("interfaces.toml").read_text(encoding="utf-8"))
    sdg = values["sdg"]
    lists = {name: tuple(sdg[name]) for name in ("devices", "categories", "found")}
    known = SdgInterface(**{**sdg, **lists, "countries": frozenset(sdg["countries"].split())})
    return StatisticsInterfaces(known, TransactionsInterface(**values["transactions"]))
