"""A single connection outside the pool, for what happens before there is a pool or beside it.

Knows: what is said of a server that cannot be reached. Never does: hold a connection longer than its caller.
Standard: libpq. Start reading: `connected`.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

from gateway.errors import DatabaseAway, SettingsInvalid
from gateway.model import Finding

PATIENCE_S: Final = 5
_NO_ADDRESS: Final = Finding(
    "database.url",
    "database_address",
    "Erwartet wird postgresql://ROLLE@HOST:PORT/DATENBANK (das Passwort als :PASSWORT hinter der Rolle).",
    "Expected is postgresql://ROLE@HOST:PORT/DATABASE (the password as :PASSWORD behind the role).",
)


def connected(dsn: str) -> psycopg.Connection[Any]:
    """A connection. Blocks.

    Raises `DatabaseAway` with what the server, or the way to it, says (never a password), and `SettingsInvalid` for an
    address that is none.
    """
    try:
        return psycopg.connect(dsn, connect_timeout=PATIENCE_S)
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())[:300]
    except psycopg.ProgrammingError:  # its text repeats the address with the password
        raise SettingsInvalid(findings=(_NO_ADDRESS,)) from None
    raise DatabaseAway(
        findings=(
            Finding(
                "database.url", "database_refused", f"Die Verbindung misslang: {reason}", f"Not connected: {reason}"
            ),
        )
    )
