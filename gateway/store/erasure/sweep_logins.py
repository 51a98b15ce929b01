"""Garbage collection of logins: who somebody was goes first, then what nobody can use any more.

Knows: when each row has had its time. Never does: end what may still be used.
Standard: architecture §5 (the key first). Start reading: `work`.

An expired login loses its data key, and with it the personal values. Its row stays as long as a session of it, a used
code as long as a token of it: both say what must not be given out again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from gateway.store.connection.database import Database, numbered

OUTCOMES: Final = timedelta(hours=1)
"""So long it is kept how many answers were refused; the alarm asks for less."""

_IDENTITIES = numbered(
    """
WITH old AS (
    SELECT id, data_key FROM logins WHERE expires_at <= %(now)s AND data_key IS NOT NULL FOR UPDATE SKIP LOCKED
), forgotten AS (
    UPDATE logins SET data_key = NULL, identity = NULL FROM old WHERE logins.id = old.id
)
DELETE FROM data_keys USING old WHERE data_keys.id = old.data_key
""",
    commits="sweep.login_identities",
)
_UNDER_WAY = numbered("DELETE FROM logins_under_way WHERE expires_at <= %(now)s", commits="sweep.logins_under_way")
_DONE = numbered("DELETE FROM logins_done WHERE expires_at <= %(now)s", commits="sweep.logins_done")
_REQUESTS = numbered("DELETE FROM login_requests WHERE expires_at <= %(now)s", commits="sweep.login_requests")
_ANSWERS = numbered("DELETE FROM login_answers WHERE until <= %(now)s", commits="sweep.login_answers")
_SESSIONS = numbered(
    "DELETE FROM login_sessions WHERE expires_at <= %(now)s OR used_at + make_interval(secs => idle_s) <= %(now)s",
    commits="sweep.login_sessions",
)
_TOKENS = numbered("DELETE FROM login_tokens WHERE expires_at <= %(now)s", commits="sweep.login_tokens")
_CODES = numbered(
    """
DELETE FROM login_codes AS code USING logins
WHERE logins.id = code.login AND logins.expires_at <= %(now)s AND code.expires_at <= %(now)s
    AND NOT EXISTS (SELECT FROM login_tokens WHERE login_tokens.code = code.code)
""",
    commits="sweep.login_codes",
)
_LOGINS = numbered(
    """
DELETE FROM logins WHERE expires_at <= %(now)s AND data_key IS NULL
    AND NOT EXISTS (SELECT FROM login_sessions WHERE login_sessions.login = logins.id)
    AND NOT EXISTS (SELECT FROM login_codes WHERE login_codes.login = logins.id)
""",
    commits="sweep.logins",
)
_OUTCOMES = numbered("DELETE FROM login_outcomes WHERE minute < %(before)s", commits="sweep.login_outcomes")


def work(database: Database, now: datetime) -> Sequence[Callable[[], Awaitable[int]]]:
    """What to remove, in this order."""
    return (
        lambda: database.run(_IDENTITIES, now=now),
        lambda: database.run(_UNDER_WAY, now=now),
        lambda: database.run(_DONE, now=now),
        lambda: database.run(_REQUESTS, now=now),
        lambda: database.run(_ANSWERS, now=now),
        lambda: database.run(_SESSIONS, now=now),
        lambda: database.run(_TOKENS, now=now),
        lambda: database.run(_CODES, now=now),
        lambda: database.run(_LOGINS, now=now),
        lambda: database.run(_OUTCOMES, before=now - OUTCOMES),
    )
