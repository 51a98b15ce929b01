"""A login to put into a store, and the steps that lead to it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from gateway.model import Attested, Identity, Level, Organisation, Person
from gateway.ports.login import CitizenToken, Code, Finished, Login, LoginUnderWay, Session
from tests.store.conftest import TOWN

AT = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
OURS = "https://tangerhuette.example/saml"
NAME = "Wjatscheslaw-Ändersën"
ACCOUNT = "bPK2-Zugang-Nummer-Sieben"
STATE = "zustand-des-portals"
SUBJECT = "pairwise-sub-der-person"


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def somebody(**changed: object) -> Identity:
    values = {
        "provider": "bundid",
        "issuer": "https://idp.example",
        "level": Level.SUBSTANTIAL,
        "authenticated_at": AT,
        "account": ACCOUNT,
        "means": "eID",
        "person": Person({"family_name": Attested(NAME, Level.HIGH), "birthdate": Attested("1964-00-00")}),
        "mailbox": UUID(int=7),
    }
    return Identity(**{**values, **changed})


def a_company() -> Identity:
    acting = Person({"family_name": Attested(NAME, Level.SUBSTANTIAL)})
    company = Organisation({"name": Attested("Öl & Söhne GmbH", Level.SUBSTANTIAL)}, acting)
    return somebody(person=None, organisation=company, mailbox=None, application_id=UUID(int=8), second_factor=True)


def under_way(handle: str = "h-1", **changed: object) -> LoginUnderWay:
    values = {
        "id": uuid4(),
        "handle": digest(handle),
        "browser": digest("browser"),
        "municipality": TOWN,
        "client": "portal",
        "level": Level.LOW,
        "created_at": AT,
        "expires_at": AT + timedelta(minutes=30),
        "request": {"state": STATE, "scope": ["openid"], "claims": {"ä": None}},
        "address": digest("address"),
    }
    return LoginUnderWay(**{**values, **changed})


def a_login(reference: str = "ref-1", **changed: object) -> Login:
    values = {
        "id": uuid4(),
        "login_ref": digest(reference),
        "municipality": TOWN,
        "client": "portal",
        "owner": "portal",
        "issuer": "https://tangerhuette.example",
        "provider": "bundid",
        "level": Level.SUBSTANTIAL,
        "authenticated_at": AT,
        "created_at": AT,
        "expires_at": AT + HOUR,
        "subject": SUBJECT,
        "identity": somebody(),
    }
    return Login(**{**values, **changed})


def a_session(login: Login, cookie: str = "cookie-1", **changed: object) -> Session:
    values = {
        "id": uuid4(),
        "cookie": digest(cookie),
        "municipality": login.municipality,
        "client": login.client,
        "login": login.id,
        "level": login.level,
        "authenticated_at": login.authenticated_at,
        "used_at": AT,
        "expires_at": AT + 8 * HOUR,
        "idle_s": 1800,
    }
    return Session(**{**values, **changed})


def a_code(login: Login, session: Session, code: str = "code-1", **changed: object) -> Code:
    values = {
        "code": digest(code),
        "client": login.client,
        "login": login.id,
        "session": session.id,
        "expires_at": AT + timedelta(minutes=1),
        "request": {"state": STATE, "nonce": "n", "redirect_uri": "https://portal.example/back"},
    }
    return Code(**{**values, **changed})


def finished(begun: LoginUnderWay | None, answer: str | None = "assertion-1", **changed: object) -> Finished:
    """All that a login writes; `login` and `session` may be given, `code` and `reference` are texts."""
    reference = str(changed.pop("reference", "ref-1"))
    login = changed.pop("login", None) or a_login(reference)
    session = changed.pop("session", None) or a_session(login)
    code = a_code(login, session, str(changed.pop("code", "code-1")))
    values = {
        "answer_key": None if answer is None else answer.encode(),
        "answer_valid_until": AT + HOUR,
        "account": digest("account"),
        "entity_id": OURS,
    }
    return Finished(None if begun is None else begun.id, login, session, code, **{**values, **changed})


async def logged_in(logins, number: str = "1", **changed: object) -> Finished:
    """A login that came to its end in that store."""
    at = changed["login"].created_at if "login" in changed else AT
    begun = under_way(f"h-{number}", created_at=at, expires_at=at + HOUR)
    await logins.begin(begun)
    done = finished(begun, f"assertion-{number}", reference=f"ref-{number}", code=f"code-{number}", **changed)
    assert await logins.finish(done)
    return done


def again(done: Finished, number: str = "2", **session: object) -> Finished:
    """The same browser a second time: another login out of the session that stands."""
    login = replace(done.login, id=uuid4(), login_ref=digest(f"ref-{number}"))
    used = replace(done.session, login=login.id, **session)
    return Finished(None, login, used, a_code(login, used, f"code-{number}"))


def a_token(done: Finished, token: str = "token-1") -> CitizenToken:
    return CitizenToken(
        token=digest(token),
        code=done.code.code,
        client=done.code.client,
        login=done.login.id,
        scopes=frozenset({"openid", "profile"}),
        claims={"userinfo": {"family_name": {"value": STATE}}},
        expires_at=AT + timedelta(minutes=30),
    )
