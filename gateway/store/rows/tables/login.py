"""Logins: under way, finished, and what came of them.

Knows: which rows a login has and what of them is secret. Never does: queries.
Standard: OpenID Connect Core 1.0, RFC 9126; architecture §5. Start reading: `logins`.

Of what a browser or portal holds stand digests only. Where a value is encrypted under a key that is derived from it
(`store/login/sealing.py`), that digest is a keyed one, so that database and vault alone do not open the value. Who
logged in rests under a data key of the login.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

from gateway.store.rows.tables.columns import at, id_column, metadata, municipality, sending

_LOGIN = "logins.id"

logins_under_way = Table(
    "logins_under_way",
    metadata,
    id_column(),
    municipality(),
    Column("handle", LargeBinary, nullable=False, comment="keyed digest of what goes through the identity provider"),
    Column("browser", LargeBinary, nullable=False, comment="digest of the browser's cookie"),
    Column("client", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    at("created_at"),
    at("expires_at"),
    Column("request", LargeBinary, nullable=False, comment="encrypted: what the portal asked for"),
    Column("provider", Text),
    Column("request_id", Text),
    at("requested_at", null=True),
    Column("address", LargeBinary, nullable=False, comment="keyed digest of the caller's address"),
    Column("answer", LargeBinary, comment="encrypted: what the identity provider answered"),
    Index(None, "handle", unique=True),
    Index(None, "address", "expires_at"),
    Index(None, "expires_at"),
)

logins_done = Table(
    "logins_done",
    metadata,
    Column("handle", LargeBinary, primary_key=True, comment="keyed digest of what went through the identity provider"),
    municipality(),
    Column("browser", LargeBinary, nullable=False, comment="digest of the browser's cookie"),
    Column("request", LargeBinary, nullable=False, comment="encrypted: what the portal asked for"),
    at("expires_at"),
    Index(None, "expires_at"),
    comment="Logins that were finished, for the browser that loads one of their pages again.",
)

logins = Table(
    "logins",
    metadata,
    id_column(),
    municipality(),
    Column("login_ref", LargeBinary, nullable=False, comment="digest"),
    Column("client", Text, nullable=False),
    Column("owner", Text, nullable=False, comment="the client that may hand it off"),
    Column("issuer", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("level", SmallInteger, nullable=False),
    at("authenticated_at"),
    at("created_at"),
    at("expires_at"),
    Column("subject", LargeBinary, nullable=False, comment="encrypted: the pairwise sub"),
    Column("data_key", Uuid, comment="of identity; deleted with it"),
    Column("identity", LargeBinary, comment="encrypted; gone after the hour in which an application may take it over"),
    Column("submission", Uuid, comment="the one that took it over"),
    Index(None, "login_ref", unique=True),
    Index(None, "expires_at"),
    Index("logins_submission_idx", "submission", postgresql_where=text("submission IS NOT NULL")),
)

login_sessions = Table(
    "login_sessions",
    metadata,
    id_column(),
    municipality(),
    Column("cookie", LargeBinary, nullable=False, comment="digest"),
    Column("client", Text, nullable=False),
    Column("login", Uuid, ForeignKey(_LOGIN, ondelete="CASCADE"), nullable=False),
    Column("level", SmallInteger, nullable=False),
    at("authenticated_at"),
    at("used_at"),
    at("expires_at"),
    Column("idle_s", BigInteger, nullable=False),
    Index(None, "cookie"),
    Index(None, "login"),
)

login_codes = Table(
    "login_codes",
    metadata,
    Column("code", LargeBinary, primary_key=True, comment="keyed digest"),
    municipality(),
    Column("client", Text, nullable=False),
    Column("login", Uuid, ForeignKey(_LOGIN, ondelete="CASCADE"), nullable=False),
    Column("session", Uuid),
    at("expires_at"),
    Column("request", LargeBinary, nullable=False, comment="encrypted: what the portal asked for"),
    at("used_at", null=True),
    Column("revoked", Boolean, nullable=False, server_default=text("false"), comment="used twice"),
    Index(None, "login"),
    Index(None, "expires_at"),
)

login_tokens = Table(
    "login_tokens",
    metadata,
    Column("token", LargeBinary, primary_key=True, comment="keyed digest"),
    municipality(),
    Column("code", LargeBinary, ForeignKey("login_codes.code", ondelete="CASCADE"), nullable=False),
    Column("client", Text, nullable=False),
    Column("login", Uuid, nullable=False),
    Column("opens", LargeBinary, nullable=False, comment="encrypted: scopes and claims"),
    at("expires_at"),
    Index(None, "code"),
    Index(None, "expires_at"),
)

login_requests = Table(
    "login_requests",
    metadata,
    Column("uri", LargeBinary, primary_key=True, comment="keyed digest"),
    Column("client", Text, nullable=False),
    Column("request", LargeBinary, nullable=False, comment="encrypted: what the portal asked for"),
    at("expires_at"),
    Index(None, "expires_at"),
    comment="Pushed authorization requests; a client may serve many municipalities.",
)

login_answers = Table(
    "login_answers",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    municipality(),
    at("until"),
    Index(None, "until"),
    comment="Answers of identity providers that were used.",
)

login_accounts = Table(
    "login_accounts",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("account", LargeBinary, primary_key=True, comment="digest"),
    Column("entity_id", Text, nullable=False, comment="ours, under which the identity provider knows the account"),
    at("first_at"),
    at("last_at"),
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("data_key", Uuid, nullable=False, comment="never deleted: every sub hangs on it"),
    at("created_at"),
)

logout_notices = Table(
    "logout_notices",
    metadata,
    id_column(),
    municipality(),
    Column("client", Text, nullable=False),
    Column("login", Uuid, nullable=False),
    *sending(),
    Index("logout_notices_due_idx", "client", "next_at", postgresql_where=text("state = 'waiting'")),
    comment="Sessions that ended, while their portals' servers are told; the id is the session's.",
)

login_outcomes = Table(
    "login_outcomes",
    metadata,
    municipality(),
    Column("provider", Text, nullable=False),
    at("minute"),
    Column("accepted", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    PrimaryKeyConstraint("municipality", "provider", "minute"),
    comment="Answers of identity providers in each minute of the last hour.",
)
