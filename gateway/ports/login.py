"""What logins ask of the store: logins under way, who logged in, codes, tokens and sessions.

Knows: the shape of each row. Never does: anything itself; adapters live in the rooms above and meet in `wiring`.
Standard: OpenID Connect Core 1.0, RFC 9126, architecture §3 to §5. Start reading: `LoginStore`.

Whatever a browser or portal holds (handles, cookies, codes, tokens, `login_ref`, `request_uri`) is random and stands
in the store as its SHA-256 only. What a portal asked for and what an identity provider said rest encrypted under a data
key of their own and go with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from gateway.model import Identity, Level


@dataclass(frozen=True, slots=True)
class LoginUnderWay:
    """A login that a portal began and nobody finished yet.

    `handle` is the digest of what the browser carries through the identity provider, `browser` that of its cookie.
    `request` is the checked authorization request (JSON-ready). `provider` and `request_id` are set once the browser
    was sent to an identity provider; a later choice replaces them. `address` is a keyed digest of the caller's address.
    """

    id: UUID
    handle: bytes
    browser: bytes
    municipality: str
    client: str
    level: Level
    created_at: datetime
    expires_at: datetime
    request: Mapping[str, Any] = field(repr=False)
    provider: str | None = None
    request_id: str | None = None
    requested_at: datetime | None = None
    address: bytes = b""
    answer: bytes | None = field(default=None, repr=False)
    """What the identity provider answered, as it came and not judged yet."""


@dataclass(frozen=True, slots=True)
class DoneLogin:
    """A login under way that was finished, for whoever loads its pages again: `browser` and `request` as they were."""

    browser: bytes
    municipality: str
    request: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody logged in for a portal.

    `login_ref` (its digest) is what a submission names; one may, until `expires_at`. `owner` is the client that may
    hand it off: the portal itself, or that of an app. `subject` is the pairwise `sub`. `identity` is None once the
    personal values are erased.
    """

    id: UUID
    login_ref: bytes
    municipality: str
    client: str
    owner: str
    issuer: str
    provider: str
    level: Level
    authenticated_at: datetime
    created_at: datetime
    expires_at: datetime
    subject: str = field(repr=False)
    identity: Identity | None = field(default=None, repr=False)
    submission: UUID | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that stays signed in at one portal. `id` is also the `sid` of ID tokens; `cookie` a digest.

    It ends at `expires_at`, or when it was not used for `idle_s` seconds.
    """

    id: UUID
    cookie: bytes
    municipality: str
    client: str
    login: UUID
    level: Level
    authenticated_at: datetime
    used_at: datetime
    expires_at: datetime
    idle_s: int


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code: once, for one client and what its request said (`request`, as of `LoginUnderWay`)."""

    code: bytes
    client: str
    login: UUID
    session: UUID | None
    expires_at: datetime
    request: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class CitizenToken:
    """An access token of a login: opens userinfo alone. `token` is its digest; `code` that which it came from."""

    token: bytes
    code: bytes
    client: str
    login: UUID
    scopes: frozenset[str]
    claims: Mapping[str, Any] = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """All that a finished login writes, in one transaction: with `under_way` done, or none of it.

    `account` is the digest of municipality, provider and account key (None: a guest), `entity_id` ours towards that
    provider. `answer_key` as in `ports.identity`. The sessions of `cookie_before` go over to the cookie of the new one:
    who signs in is given a cookie that nobody can have known before. A session that is used again (`under_way` is None,
    its `used_at` and `login` are new) brings none of these; the new login has the identity of the one before, and
    `pushed` is the pushed request that it used up, if its portal made one.
    """

    under_way: UUID | None
    login: Login
    session: Session
    code: Code
    answer_key: bytes | None = None
    answer_valid_until: datetime | None = None
    account: bytes | None = None
    entity_id: str | None = None
    cookie_before: bytes | None = None
    pushed: bytes | None = None


class LoginStore(Protocol):
    """Everything of logins that outlives a request. Every method may raise `DatabaseAway`."""

    async def begin(self, login: LoginUnderWay, pushed: bytes | None = None) -> bool:
        """Keep a new login, and with it use up the pushed request that it came by, if any; all of it or nothing.

        False: that request was used up before, or is expired. Raises `TooManyLogins` where the login's address, or all
        together, have too many under way.
        """
        ...

    async def under_way(self, handle: bytes, now: datetime) -> LoginUnderWay | None:
        """The login of that handle, if it is neither finished nor expired; with its `answer`, where one came."""
        ...

    async def choose(self, login: UUID, provider: str, request_id: str, at: datetime) -> bool:
        """The browser goes to that provider now; forgets an answer that came before. False: no longer under way."""
        ...

    async def keep_answer(
        self, handle: bytes, municipality: str, provider: str, answer: bytes, now: datetime
    ) -> Mapping[str, Any] | None:
        """Keep what came for a login that waits for this provider of this municipality; its `request`, None: no such.

        Another answer replaces one that was not judged yet. Nothing is written for a handle that nobody has, nor of an
        answer of more than 256 KiB.
        """
        ...

    async def end(self, login: UUID) -> None:
        """The login came to nothing: it is gone with all that it holds."""
        ...

    async def finish(self, finished: Finished) -> bool:
        """Write it all, as of `login.created_at`.

        False, and nothing written: the login is not under way, its answer was used before, or without one under way
        the session ended meanwhile or gave too many codes within their lifetime, or `pushed` was used up before.
        """
        ...

    async def done(self, handle: bytes, now: datetime) -> DoneLogin | None:
        """The login of that handle that was finished, as long as it could have been under way."""
        ...

    async def login(self, login: UUID) -> Login | None:
        """A login by its id; past `expires_at` without its identity."""
        ...

    async def by_reference(self, login_ref: bytes) -> Login | None:
        """A login by the digest of its `login_ref`."""
        ...

    async def session(self, cookie: bytes, client: str, now: datetime) -> Session | None:
        """The browser's session at this client, unless it ended. Reading it does not count as use."""
        ...

    async def sessions(self, cookie: bytes, now: datetime) -> tuple[Session, ...]:
        """Every session of the browser that did not end, at whatever client."""
        ...

    async def end_sessions(self, cookie: bytes, notify: Collection[str] = ()) -> tuple[Session, ...]:
        """End every session of the browser; those that stood.

        With each one of the clients `notify` it is noted, in the same transaction, that its server is to be told.
        """
        ...

    async def session_by_id(self, session: UUID, now: datetime) -> Session | None:
        """The session whose `sid` that is, unless it ended."""
        ...

    async def code(self, code: bytes, now: datetime) -> Code | None:
        """The code, not used up by this; None where there is none, it is expired or was used."""
        ...

    async def redeem(self, code: bytes, now: datetime, token: CitizenToken | None) -> bool:
        """Use the code up and keep the access token that it gives, both or neither.

        Without `token` it gives none: what came with it was wrong. False: there is no such code, it is expired or was
        used. Used twice, what it gave is gone: its tokens, and the login, which is expired from then on.
        """
        ...

    async def token(self, token: bytes, now: datetime) -> CitizenToken | None:
        """The access token, unless expired or revoked."""
        ...

    async def push(self, uri: bytes, client: str, request: Mapping[str, Any], expires_at: datetime) -> None:
        """Keep a pushed authorization request (RFC 9126). Raises `TooManyLogins` where too many of the client wait."""
        ...

    async def pushed(self, uri: bytes, client: str, now: datetime) -> Mapping[str, Any] | None:
        """A pushed request of that client; None where there is none. The login that it leads to uses it up."""
        ...

    async def subject_key(self, municipality: str) -> bytes:
        """The key that `sub` is made with: 32 bytes, made once for a municipality and the same ever after."""
        ...

    async def entity_ids(self, municipality: str, provider: str) -> frozenset[str]:
        """Our entityIDs under which this provider has accounts."""
        ...
