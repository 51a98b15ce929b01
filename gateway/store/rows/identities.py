"""Between an identity and the JSON that is encrypted of it.

Knows: how the values of a login stand in a column. Never does: queries, encryption. Standard: `gateway.model.Identity`.
Start reading: `frozen`.

What a later release wrote beside the fields known here is passed over, so that both may run at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gateway.model import Attested, Identity, Level, Organisation, Person


def frozen(identity: Identity) -> bytes:
    """The identity as JSON. Holds personal data."""
    content = {
        "provider": identity.provider,
        "issuer": identity.issuer,
        "level": identity.level.value,
        "authenticated_at": identity.authenticated_at.astimezone(UTC).isoformat(),
        "account": identity.account,
        "means": identity.means,
        "second_factor": identity.second_factor,
        "person": None if identity.person is None else _person(identity.person),
        "organisation": None if identity.organisation is None else _organisation(identity.organisation),
        "mailbox": None if identity.mailbox is None else str(identity.mailbox),
        "application_id": None if identity.application_id is None else str(identity.application_id),
        "test_account": identity.test_account,
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def thawed(content: bytes) -> Identity:
    """What `frozen` wrote."""
    of = json.loads(content)
    person, organisation = of.get("person"), of.get("organisation")
    mailbox, application_id = of.get("mailbox"), of.get("application_id")
    return Identity(
        provider=of["provider"],
        issuer=of["issuer"],
        level=Level(of["level"]),
        authenticated_at=datetime.fromisoformat(of["authenticated_at"]),
        account=of.get("account"),
        means=of.get("means"),
        second_factor=of.get("second_factor"),
        person=None if person is None else _person_of(person),
        organisation=None if organisation is None else _organisation_of(organisation),
        mailbox=None if mailbox is None else UUID(mailbox),
        application_id=None if application_id is None else UUID(application_id),
        test_account=of.get("test_account", False),
    )


def _person(person: Person) -> dict[str, Any]:
    return {"values": _values(person.values)}


def _person_of(content: Mapping[str, Any]) -> Person:
    return Person(_values_of(content))


def _organisation(organisation: Organisation) -> dict[str, Any]:
    acting = None if organisation.acting is None else _person(organisation.acting)
    return {"values": _values(organisation.values), "acting": acting}


def _organisation_of(content: Mapping[str, Any]) -> Organisation:
    acting = content.get("acting")
    return Organisation(_values_of(content), None if acting is None else _person_of(acting))


def _values(values: Mapping[str, Attested]) -> dict[str, Any]:
    return {name: {"value": attested.value, "level": attested.level} for name, attested in values.items()}


def _values_of(content: Mapping[str, Any]) -> dict[str, Attested]:
    return {
        name: Attested(kept["value"], None if kept.get("level") is None else Level(kept["level"]))
        for name, kept in content.get("values", {}).items()
    }
