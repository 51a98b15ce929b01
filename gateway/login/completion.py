"""A login that succeeded, as the rows that keep it: login, session and code.

Knows: lifetimes, which values are drawn and which digests are kept. Never does: write them, judge anybody.
Standards: OpenID Connect Core §3.1.2.5, BSI TR-03160-1. Start reading: `first`, then `again`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from gateway.crypto import base64url
from gateway.login.authorization import AuthorizationRequest
from gateway.login.clients import Registration
from gateway.login.codes import CODE_LIFETIME_S, digest
from gateway.login.levels import session_limits
from gateway.login.subject import account_digest, reference_of, subject_of
from gateway.login.tokens import Issuer
from gateway.model import Identity
from gateway.ports.identity import Authenticated
from gateway.ports.login import Code, Finished, Login, Session

LOGIN_LIFETIME_S: Final = 3600
"""How long a login may be named by a submission, and personal values rest without one."""


@dataclass(frozen=True, slots=True)
class Completed:
    """What is to be written, and what the browser carries: the code to the portal, the cookie for later."""

    finished: Finished
    code: str = field(repr=False)
    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """For whom, where and when: `key` is the municipality's for `sub`, `random` draws what nobody may guess."""

    issuer: Issuer
    registered: Registration
    key: bytes = field(repr=False)
    now: datetime
    random: Callable[[int], bytes]

    def token(self) -> str:
        """32 random bytes as text."""
        return base64url.encode(self.random(32)).decode()

    def id(self) -> UUID:
        """A random id."""
        return UUID(bytes=self.random(16), version=4)

    def subject(self, identity: Identity, client: Registration) -> str:
        """The `sub` of somebody at a client."""
        return subject_of(identity, client.owner, self.key, self.random(32))


@dataclass(frozen=True, slots=True)
class VerifiedAnswer:
    """A verified answer to a login under way; `entity_id` is ours towards who gave it."""

    authenticated: Authenticated
    entity_id: str
    under_way: UUID


def first(at: Circumstances, asked: AuthorizationRequest, answer: VerifiedAnswer, before: bytes | None) -> Completed:
    """What a verified answer of an identity provider makes.

    The browser's cookie is always a new one, since the one that it brought may be known to whoever put it there;
    `before` is the digest of that one where its sessions are the same person's and go on.
    """
    identity = answer.authenticated.identity
    code = at.token()
    login = _login(at, code, identity, at.subject(identity, at.registered))
    limits = session_limits(identity.level)
    cookie = at.token()
    session = Session(
        id=at.id(),
        cookie=digest(cookie),
        municipality=at.issuer.municipality,
        client=at.registered.client.id,
        login=login.id,
        level=identity.level,
        authenticated_at=login.authenticated_at,
        used_at=at.now,
        expires_at=at.now + timedelta(seconds=limits.longest_s),
        idle_s=limits.idle_s,
    )
    finished = Finished(
        under_way=answer.under_way,
        login=login,
        session=session,
        code=_code(at, code, asked, session, login),
        answer_key=answer.authenticated.answer_key,
        answer_valid_until=answer.authenticated.valid_until,
        account=account_digest(identity, at.issuer.municipality, at.key),
        entity_id=answer.entity_id,
        cookie_before=before,
    )
    return Completed(finished, code, cookie)


def again(
    at: Circumstances, asked: AuthorizationRequest, before: Login, session: Session, cookie: str
) -> Completed | None:
    """Another login from a session that stands; None: the values of the one before are gone.

    The session goes on with the new one, so that its values last as long as it is used.
    """
    if before.identity is None:
        return None
    code = at.token()
    login = replace(
        _login(at, code, before.identity, before.subject),
        provider=before.provider,
        authenticated_at=before.authenticated_at,
    )
    used = replace(session, used_at=at.now, login=login.id)
    finished = Finished(None, login, used, _code(at, code, asked, used, login))
    return Completed(finished, code, cookie)


def _login(at: Circumstances, code: str, identity: Identity, subject: str) -> Login:
    return Login(
        id=at.id(),
        login_ref=digest(reference_of(code, at.key)),
        municipality=at.issuer.municipality,
        client=at.registered.client.id,
        owner=at.registered.owner,
        issuer=at.issuer.url,
        provider=identity.provider,
        level=identity.level,
        authenticated_at=min(identity.authenticated_at, at.now),
        created_at=at.now,
        expires_at=at.now + timedelta(seconds=LOGIN_LIFETIME_S),
        subject=subject,
        identity=identity,
    )


def _code(at: Circumstances, code: str, asked: AuthorizationRequest, session: Session, login: Login) -> Code:
    expires_at = at.now + timedelta(seconds=CODE_LIFETIME_S)
    return Code(digest(code), login.client, login.id, session.id, expires_at, asked.as_json())
