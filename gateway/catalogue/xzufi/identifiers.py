"""Ids of objects: made of agency, municipality and entry, the same for ever whatever the texts become.

Knows: the form that PVOG makes public ids of (`L100042.OD.102030`). Never does: remember (the store does, and refuses
an id that would be another object's). Standard: XZuFi Identifikator; PVOG's pattern of ids of online services.
Start reading: `object_id`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final
from uuid import UUID, uuid5

from gateway.catalogue.xzufi.profile import Kind

PREFIX: Final = {Kind.SERVICE: "LB", Kind.ONLINE_SERVICE: "OD", Kind.UNIT: "OE", Kind.RESPONSIBILITY: "ZS"}
_LEAST: Final = 10**17
_SPACE: Final = 9 * 10**17  # 18 digits: of a million objects two get the same once in two million exports
_TRANSFERS: Final = UUID("6f0b6a2e-7d0b-5d1b-9c55-2f3f6f2a9a51")


def object_id(agency: str, kind: Kind, municipality: str, name: str) -> str:
    """The public id; its last part is the value beside `schemeAgencyID`."""
    made_of = f"{agency}\n{kind.value}\n{municipality}\n{name}"
    number = int.from_bytes(hashlib.sha256(made_of.encode()).digest()[:16]) % _SPACE + _LEAST
    return f"{agency}.{PREFIX[kind]}.{number}"


def value_of(public_id: str) -> str:
    """The value of a public id, as it stands in an Identifikator."""
    return public_id.rpartition(".")[2]


def agency_of(public_id: str) -> str:
    """Whose id it is."""
    return public_id.partition(".")[0]


def transfer_ids(state: str, sequence: int) -> Iterator[str]:
    """First the id of the transaction, then one for each file: of what is written and how many came before.

    A state that comes back after another is a new transfer; the same state at another time of day is the same one.
    """
    position = 0
    while True:
        yield str(uuid5(_TRANSFERS, f"{state}:{sequence}:{position}"))
        position += 1
