"""The accounts that may be chosen: people of BundID and organisations of Mein Unternehmenskonto, all made up.

Knows: `accounts.toml`. Never does: know who asks; what depends on the service provider is made in `attributes`.
Standard: BundID interface 10.2 §6; NEZO. Start reading: `persons`.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from gateway.sandbox.identity import names


@dataclass(frozen=True, slots=True)
class PersonAccount:
    """An account of a person. `means` by which they log in, best first; none for a guest, who has an eID card at hand.

    `trust` is the STORK number of each attribute's proof.
    """

    id: str
    name: str
    means: tuple[str, ...]
    values: Mapping[str, str] = field(repr=False)
    trust: Mapping[str, int]
    mailbox: str | None = None
    guest: bool = False

    def method(self, level: int, allowed: frozenset[str]) -> str | None:
        """By which of the allowed means this level is reached; None: not at all."""
        return next((means for means in self.means if means in allowed and level in names.METHODS[means]), None)


@dataclass(frozen=True, slots=True)
class OrganisationAccount:
    """An account of an organisation, used by one acting person. `values` by attribute; a mapping is an address."""

    id: str
    name: str
    levels: tuple[int, ...]
    transmitter: str
    user: str
    values: Mapping[str, str | Mapping[str, str]] = field(repr=False)


@cache
def persons() -> Mapping[str, PersonAccount]:
    """Every person, by id, in the order of the file."""
    return {account.id: account for account in map(_person, _file()["person"])}


@cache
def organisations() -> Mapping[str, OrganisationAccount]:
    """Every organisation, by id, in the order of the file."""
    return {account.id: account for account in map(_organisation, _file()["organisation"])}


@cache
def _file() -> Mapping[str, Any]:
    text = resources.files(__package__).joinpath("accounts.toml").read_text(encoding="utf-8")
    return tomllib.loads(unicodedata.normalize("NFC", text))


def _person(entry: Mapping[str, Any]) -> PersonAccount:
    proved, other = entry["proved"], entry.get("trust", {})
    return PersonAccount(
        id=entry["id"],
        name=entry["name"],
        means=tuple(entry["means"]),
        values=entry["attributes"],
        trust={name: names.TRUST.index(other.get(name, proved)) + 1 for name in entry["attributes"]},
        mailbox=entry.get("mailbox"),
        guest=entry.get("guest", False),
    )


def _organisation(entry: Mapping[str, Any]) -> OrganisationAccount:
    return OrganisationAccount(
        id=entry["id"],
        name=entry["name"],
        levels=tuple(names.LEVELS[level] for level in entry["levels"]),
        transmitter=entry["transmitter"],
        user=entry["user"],
        values=entry["attributes"],
    )
