"""Client assertions that were used, known to all processes until they expire.

Knows: digests of client and `jti`. Never does: check an assertion. Standard: RFC 7523 §3 (7).
Start reading: `UsedAssertions.first`.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final

from gateway.store.connection.database import Database, numbered

LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC).timestamp()

_FIRST = numbered(
    """
INSERT INTO spent_assertions AS spent (digest, until) VALUES (%(digest)s, %(until)s)
ON CONFLICT (digest) DO UPDATE SET until = excluded.until WHERE spent.until <= %(now)s RETURNING digest
""",
    commits="assertions.spend",
)


class UsedAssertions:
    """Keeps the port `gateway.login.assertions.Used`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def first(self, client_id: str, jti: str, until: float, now: float) -> bool:
        """See the port. Of several processes that ask at once one hears True."""
        digest = hashlib.sha256(f"{len(client_id)} {client_id}{jti}".encode("utf-8", "surrogatepass")).digest()
        ends, at = (datetime.fromtimestamp(min(moment, LATEST), UTC) for moment in (until, now))
        return await self._database.one(_FIRST, digest=digest, until=ends, now=at) is not None
