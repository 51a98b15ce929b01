"""What an answer says of an account: the attributes that were asked for, each with its level.

Knows: which value an account has for a service provider. Never does: write XML.
Standard: BundID interface 10.2 §6 and §9.2.3; NEZO. Start reading: `of_person`, `of_organisation`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.sandbox.identity import names
from gateway.sandbox.identity.accounts import OrganisationAccount, PersonAccount
from gateway.sandbox.identity.authn_request import AskedLogin

_VERSION: Final = "2025.2.1"
_FIRST_FACTOR_ALONE: Final = frozenset({"Benutzername", "FINK"})
_LEVELS_OF_MUK: Final = {4: "hoch", 3: "substanziell"}


@dataclass(frozen=True, slots=True)
class SentAttribute:
    """One attribute of an answer. A mapping is a value of elements; `trust` is a STORK number."""

    name: str
    value: str | Mapping[str, str] = field(repr=False)
    friendly: str | None = None
    trust: int | None = None


class AttributesMissing(Exception):
    """The account lacks what is required; the Names of these attributes."""

    def __init__(self, *missing: str) -> None:
        self.missing = missing
        super().__init__(", ".join(missing))


def bpk2(person: PersonAccount, asked: AskedLogin) -> str:
    """The pseudonym of a person at the host of a service provider's entity id: another host, another pseudonym."""
    digest = hashlib.sha256(f"bPK2\0{person.id}\0{asked.provider.host}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def of_person(
    person: PersonAccount, asked: AskedLogin, *, level: int, method: str, application_id: str
) -> tuple[SentAttribute, ...]:
    """What was asked for and is there. Raises `AttributesMissing`."""
    attested = {
        "EID-CITIZEN-QAA-LEVEL": f"{names.STORK}{level}",
        "Version": _VERSION,
        "AssertionProvedBy": method,
        "applicationId": application_id,
        "mfa": "false" if method in _FIRST_FACTOR_ALONE else "true",
    }
    if not person.guest:
        attested["bPK2"] = ("FINK." if method == "FINK" else "") + bpk2(person, asked)
    if person.mailbox and method not in names.WITHOUT_MAILBOX:
        attested["legacyPostkorbHandle"] = person.mailbox
    values = {**person.values, **attested}
    missing = [oid for oid, required in asked.extension.attributes if required and names.FRIENDLY[oid] not in values]
    if missing:
        raise AttributesMissing(*missing)
    names_asked = [names.FRIENDLY[oid] for oid, _ in asked.extension.attributes if oid in names.FRIENDLY]
    return tuple(
        SentAttribute(names.ATTRIBUTES[name], values[name], name, min(person.trust.get(name, level), level))
        for name in names_asked
        if name in values
    )


def of_organisation(organisation: OrganisationAccount, level: int) -> tuple[SentAttribute, ...]:
    """Everything that an organisation's account says; its level stands among it."""
    values = {
        "DatenuebermittlerPseudonymId": organisation.transmitter,
        **organisation.values,
        "ElsterVertrauensniveauAuthentifizierung": _LEVELS_OF_MUK.get(level, "niedrig"),
    }
    return tuple(SentAttribute(name, value) for name, value in values.items())
