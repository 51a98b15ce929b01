"""Logins for tests: who logged in, and a port of logins that counts what it is asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from gateway.model import Attested, Identity, Level, Organisation, Person
from gateway.ports.login import Login
from gateway.ports.store import NewSubmission

LOGGED_IN_AT = datetime(2026, 11, 26, 6, 50, tzinfo=UTC)
BUNDID = "https://idp.example/idp"
ACCOUNT = "k2jBT0cykDVqiKWia1VMzqmntTu-EwGskIYlcCIGt_8"
LOGIN_REF = "r" * 43


def attested(values: dict[str, str], level: Level | None = Level.SUBSTANTIAL) -> dict[str, Attested]:
    return {name: Attested(value, level) for name, value in values.items()}


def citizen(level: Level = Level.SUBSTANTIAL, **more: Any) -> Identity:
    """A person with a name that is hard to write down."""
    values = {
        "given_name": "Ægir Ðuro",
        "family_name": "Ł̣ączyńska-Ẽßer",
        "birthdate": "1964-08-12",
        "street_address": "Große Straße 1 a",
        "postal_code": "39517",
        "locality": "Tangerhütte",
        "country": "DE",
    }
    person = Person({**attested(values, level), **attested({"email": "a@example.org"}, Level.BASIC)})
    identity = Identity("bundid", BUNDID, level, LOGGED_IN_AT, account=ACCOUNT, means="eID", person=person)
    return replace(identity, **more)


def company(**more: Any) -> Identity:
    """A company, and who acts for it."""
    acting = Person(attested({"given_name": "Jürgen", "family_name": "Groß"}))
    organisation = Organisation(attested({"name": "Šafařík & Söhne GmbH"}), acting)
    return replace(citizen(), **{"provider": "muk", "person": None, "organisation": organisation, **more})


def login(identity: Identity | None = None, /, **more: Any) -> Login:
    """A login of Tangerhütte's that the client `portal` may hand off until 7:50."""
    identity = identity or citizen()
    made = Login(
        id=uuid4(),
        login_ref=hashlib.sha256(LOGIN_REF.encode()).digest(),
        municipality="150900546546",
        client="portal",
        owner="portal",
        issuer="https://t.example",
        provider=identity.provider,
        level=identity.level,
        authenticated_at=identity.authenticated_at,
        created_at=LOGGED_IN_AT,
        expires_at=LOGGED_IN_AT + timedelta(hours=1),
        subject="sub",
        identity=identity,
    )
    return replace(made, **more)


@dataclass
class Logins:
    """What a binding asks of `LoginStore` and `Store`, of what stands here; `asked` counts the questions."""

    standing: dict[bytes, Login] = field(default_factory=dict)
    identities: dict[UUID, Identity] = field(default_factory=dict)
    asked: int = 0

    def put(self, standing: Login) -> Login:
        self.standing[standing.login_ref] = standing
        return standing

    def use_up(self, new: NewSubmission) -> NewSubmission:
        """What the store of submissions does with the login of an application; the application without it."""
        if new.login:
            self.identities[new.submission.id] = new.login.identity
            for ref, standing in self.standing.items():
                if standing.id == new.login.login:
                    self.standing[ref] = replace(standing, submission=new.submission.id)
        return replace(new, login=None)

    async def by_reference(self, login_ref: bytes) -> Login | None:
        self.asked += 1
        return self.standing.get(login_ref)

    async def identity_of(self, submission_id: UUID) -> Identity | None:
        self.asked += 1
        return self.identities.get(submission_id)


class UsedInMemory:
    """`login.assertions.Used` in one process."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], float] = {}

    async def first(self, client_id: str, jti: str, until: float, now: float) -> bool:
        known = self._until.get((client_id, jti), 0) > now
        self._until.setdefault((client_id, jti), until)
        return not known
