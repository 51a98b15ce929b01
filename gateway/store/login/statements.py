"""The statements of logins, each one transaction.

Knows: how all that a step writes is written by one statement (`WITH` … data-modifying queries). Never does: decide.
Standard: PostgreSQL, "Data-Modifying Statements in WITH". Start reading: `FINISH`.

Everything hangs on the first query of each: where it yields no row, nothing is written. A row that another transaction
holds is waited for and looked at again, so that of two that come at once one finds it done.
"""

from __future__ import annotations

from typing import Final, LiteralString

from gateway.store.connection.database import numbered

IN_ALL = numbered(
    "SELECT count(*) AS number FROM ("
    "SELECT FROM logins_under_way WHERE expires_at > %(created_at)s LIMIT %(in_all)s) AS living"
)
_ROOM: Final = """
WITH room AS (
    SELECT FROM (
        SELECT count(*) AS number FROM (
            SELECT FROM logins_under_way
            WHERE address = %(address)s AND address <> '' AND expires_at > %(created_at)s LIMIT %(of_one)s
        ) AS living
    ) AS standing
    WHERE standing.number < %(of_one)s
), """
_UNPUSHED: Final = "start AS (SELECT FROM room), "
_PUSHED: Final = """start AS (
    DELETE FROM login_requests USING room
    WHERE uri = %(pushed)s AND client = %(client)s AND expires_at > %(created_at)s RETURNING uri
), """
_BEGUN: Final = """begun AS (
    INSERT INTO logins_under_way (id, municipality, handle, browser, client, level, created_at, expires_at, request,
        provider, request_id, requested_at, address)
    SELECT %(id)s, %(municipality)s, %(handle)s, %(browser)s, %(client)s, %(level)s, %(created_at)s, %(expires_at)s,
        %(request)s, %(provider)s, %(request_id)s, %(requested_at)s, %(address)s
    FROM start
    RETURNING id
)
SELECT EXISTS (SELECT FROM room) AS room, EXISTS (SELECT FROM begun) AS begun
"""
BEGIN = numbered(_ROOM + _UNPUSHED + _BEGUN, commits="logins.begin")
BEGIN_PUSHED = numbered(_ROOM + _PUSHED + _BEGUN, commits="logins.begin")
"""As `BEGIN`, by a pushed request, which is used up with it."""
UNDER_WAY = numbered(
    """
SELECT id, municipality, browser, client, level, created_at, expires_at, request, provider, request_id, requested_at,
    address, answer
FROM logins_under_way WHERE handle = %(handle)s AND expires_at > %(now)s
"""
)
CHOOSE = numbered(
    """
UPDATE logins_under_way SET provider = %(provider)s, request_id = %(request_id)s, requested_at = %(at)s, answer = NULL
WHERE id = %(id)s AND expires_at > %(at)s
""",
    commits="logins.choose",
)
KEEP_ANSWER = numbered(
    """
UPDATE logins_under_way SET answer = %(answer)s
WHERE handle = %(handle)s AND municipality = %(municipality)s AND provider = %(provider)s AND expires_at > %(now)s
RETURNING request
""",
    commits="logins.keep_answer",
)
END = numbered("DELETE FROM logins_under_way WHERE id = %(id)s", commits="logins.end")

_OPEN: Final = """
WITH open AS (
    SELECT id FROM logins_under_way WHERE id = %(under_way)s AND expires_at > %(now)s FOR UPDATE
), """
_ANSWERED: Final = """start AS (
    INSERT INTO login_answers (digest, municipality, until) SELECT %(answer)s, %(municipality)s, %(until)s FROM open
    ON CONFLICT DO NOTHING RETURNING digest
), """
_UNANSWERED: Final = "start AS (SELECT id FROM open), "
_ANEW: Final = """gone AS (
    DELETE FROM logins_under_way AS begun USING start WHERE begun.id = %(under_way)s
    RETURNING begun.handle, begun.municipality, begun.browser, begun.request, begun.expires_at
), done AS (
    INSERT INTO logins_done (handle, municipality, browser, request, expires_at)
    SELECT handle, municipality, browser, request, expires_at FROM gone
), account AS (
    INSERT INTO login_accounts AS known (municipality, provider, account, entity_id, first_at, last_at)
    SELECT %(municipality)s, %(provider)s, %(account)s, %(entity_id)s, %(now)s, %(now)s FROM start
    WHERE %(account)s::bytea IS NOT NULL
    ON CONFLICT (municipality, provider, account) DO UPDATE
    SET entity_id = excluded.entity_id, last_at = greatest(known.last_at, excluded.last_at)
), moved AS (
    UPDATE login_sessions SET cookie = %(cookie)s FROM start WHERE login_sessions.cookie = %(cookie_before)s
), session AS (
    INSERT INTO login_sessions
        (id, municipality, cookie, client, login, level, authenticated_at, used_at, expires_at, idle_s)
    SELECT %(session)s, %(municipality)s, %(cookie)s, %(session_client)s, %(id)s, %(session_level)s,
        %(session_authenticated_at)s, %(used_at)s, %(session_expires_at)s, %(idle_s)s FROM start
), """
_STANDS: Final = "expires_at > %(now)s AND used_at + make_interval(secs => idle_s) > %(now)s"
_FEW_CODES: Final = """%(of_one)s > (
    SELECT count(*) FROM login_codes AS living WHERE living.session = %(session)s AND living.expires_at > %(now)s
)"""
_AGAIN: Final = f"""
WITH start AS (
    UPDATE login_sessions SET login = %(id)s, used_at = %(used_at)s
    WHERE id = %(session)s AND {_STANDS} AND {_FEW_CODES}
    RETURNING id
), """  # noqa: S608 - constants
_AGAIN_PUSHED: Final = f"""
WITH standing AS (
    SELECT id FROM login_sessions WHERE id = %(session)s AND {_STANDS} AND {_FEW_CODES} FOR UPDATE
), used AS (
    DELETE FROM login_requests USING standing
    WHERE uri = %(pushed)s AND client = %(client)s AND login_requests.expires_at > %(now)s RETURNING uri
), start AS (
    UPDATE login_sessions SET login = %(id)s, used_at = %(used_at)s FROM used WHERE id = %(session)s
    RETURNING id
), """  # noqa: S608 - constants
_LOGIN: Final = """key AS (
    INSERT INTO data_keys (id, municipality, wrapped) SELECT %(data_key)s, %(municipality)s, %(wrapped)s FROM start
    WHERE %(data_key)s::uuid IS NOT NULL
), login AS (
    INSERT INTO logins (id, municipality, login_ref, client, owner, issuer, provider, level, authenticated_at,
        created_at, expires_at, subject, data_key, identity)
    SELECT %(id)s, %(municipality)s, %(login_ref)s, %(client)s, %(owner)s, %(issuer)s, %(provider)s, %(level)s,
        %(authenticated_at)s, %(now)s, %(expires_at)s, %(subject)s, %(data_key)s, %(identity)s FROM start
), code AS (
    INSERT INTO login_codes (code, municipality, client, login, session, expires_at, request)
    SELECT %(code)s, %(municipality)s, %(code_client)s, %(id)s, %(code_session)s, %(code_expires_at)s, %(request)s
    FROM start
)
SELECT FROM start
"""


FINISH = numbered(_OPEN + _ANSWERED + _ANEW + _LOGIN, commits="logins.finish")
"""A login under way becomes one; its answer is used up."""
FINISH_UNANSWERED = numbered(_OPEN + _UNANSWERED + _ANEW + _LOGIN, commits="logins.finish")
"""As `FINISH`, without an answer that could come twice."""
GO_ON = numbered(_AGAIN + _LOGIN, commits="logins.go_on")
"""A session that stands is used for another login."""
GO_ON_PUSHED = numbered(_AGAIN_PUSHED + _LOGIN, commits="logins.go_on")
"""As `GO_ON`, by a pushed request, which is used up with it."""

DONE = numbered(
    "SELECT browser, municipality, request FROM logins_done WHERE handle = %(handle)s AND expires_at > %(now)s"
)

_LOGIN_READ: Final[LiteralString] = """
SELECT login.id, login.municipality, login.login_ref, login.client, login.owner, login.issuer, login.provider,
    login.level, login.authenticated_at, login.created_at, login.expires_at, login.subject, login.submission,
    login.data_key, login.identity, data_keys.wrapped
FROM logins AS login LEFT JOIN data_keys ON data_keys.id = login.data_key
"""
LOGIN = numbered(_LOGIN_READ + "WHERE login.id = %(id)s")
BY_REFERENCE = numbered(_LOGIN_READ + "WHERE login.login_ref = %(login_ref)s")

_SESSION_READ: Final = "id, cookie, municipality, client, login, level, authenticated_at, used_at, expires_at, idle_s"
SESSION = numbered(
    f"SELECT {_SESSION_READ} FROM login_sessions WHERE cookie = %(cookie)s AND client = %(client)s AND {_STANDS} "  # noqa: S608 - constants
    "ORDER BY used_at DESC, id DESC LIMIT 1"
)
SESSIONS = numbered(f"SELECT {_SESSION_READ} FROM login_sessions WHERE cookie = %(cookie)s AND {_STANDS}")  # noqa: S608 - constants
SESSION_BY_ID = numbered(f"SELECT {_SESSION_READ} FROM login_sessions WHERE id = %(id)s AND {_STANDS}")  # noqa: S608 - constants
END_SESSIONS = numbered(
    f"""
WITH ended AS (
    DELETE FROM login_sessions WHERE cookie = %(cookie)s RETURNING {_SESSION_READ}, {_STANDS} AS stood
), told AS (
    INSERT INTO logout_notices (id, municipality, client, login, state, tries, began_at, next_at, log)
    SELECT id, municipality, client, login, 'waiting', 0, %(now)s, %(now)s, '[]'
    FROM ended WHERE stood AND client = ANY(%(notify)s::text[])
)
SELECT {_SESSION_READ}, stood FROM ended
""",  # noqa: S608 - constants
    commits="logins.end_sessions",
)
"""What their portals are told is written with the end itself: no crash comes between them."""

READ_CODE = numbered(
    """
SELECT client, login, session, expires_at, request FROM login_codes
WHERE code = %(code)s AND used_at IS NULL AND expires_at > %(now)s
"""
)
REDEEM = numbered(
    """
WITH found AS (
    SELECT code, login, expires_at, used_at FROM login_codes WHERE code = %(code)s FOR UPDATE
), used AS (
    UPDATE login_codes SET used_at = %(now)s FROM found
    WHERE login_codes.code = found.code AND found.used_at IS NULL AND found.expires_at > %(now)s
    RETURNING login_codes.code, login_codes.municipality, login_codes.client, login_codes.login
), kept AS (
    INSERT INTO login_tokens (token, municipality, code, client, login, opens, expires_at)
    SELECT %(token)s, municipality, code, client, login, %(opens)s, %(expires_at)s FROM used
    WHERE %(token)s::bytea IS NOT NULL
), again AS (
    SELECT code, login FROM found WHERE used_at IS NOT NULL
), revoked AS (
    UPDATE login_codes SET revoked = true FROM again WHERE login_codes.login = again.login
), ended AS (
    UPDATE logins SET expires_at = least(logins.expires_at, %(now)s) FROM again WHERE logins.id = again.login
), gone AS (
    DELETE FROM login_tokens USING again WHERE login_tokens.code = again.code
)
SELECT FROM used
""",
    commits="logins.redeem",
)
"""A second time ends what the first one gave; a token that is kept just then opens nothing, see `READ_TOKEN`."""
READ_TOKEN = numbered(
    """
SELECT token.client, token.login, token.opens, token.expires_at
FROM login_tokens AS token JOIN login_codes AS code USING (code)
WHERE token.token = %(token)s AND token.expires_at > %(now)s AND NOT code.revoked
"""
)

PUSH = numbered(
    """
INSERT INTO login_requests (uri, client, request, expires_at)
SELECT %(uri)s, %(client)s, %(request)s, %(expires_at)s
WHERE %(of_one)s > (
    SELECT count(*) FROM (
        SELECT FROM login_requests WHERE client = %(client)s AND expires_at > %(now)s LIMIT %(of_one)s
    ) AS waiting
)
""",
    commits="logins.push",
)
READ_PUSHED = numbered(
    "SELECT request FROM login_requests WHERE uri = %(uri)s AND client = %(client)s AND expires_at > %(now)s"
)

SUBJECT_KEY = numbered(
    """
SELECT subject_keys.data_key, data_keys.wrapped
FROM subject_keys JOIN data_keys ON data_keys.id = subject_keys.data_key
WHERE subject_keys.municipality = %(municipality)s
"""
)
MAKE_SUBJECT_KEY = numbered(
    """
WITH fresh AS (
    INSERT INTO subject_keys (municipality, data_key, created_at) VALUES (%(municipality)s, %(data_key)s, %(now)s)
    ON CONFLICT DO NOTHING RETURNING data_key
)
INSERT INTO data_keys (id, municipality, wrapped) SELECT data_key, %(municipality)s, %(wrapped)s FROM fresh
""",
    commits="logins.subject_key",
)
ENTITY_IDS = numbered(
    "SELECT DISTINCT entity_id FROM login_accounts WHERE municipality = %(municipality)s AND provider = %(provider)s"
)
