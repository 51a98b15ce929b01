"""The account at an identity provider that an application was handed off with: whether its digest is known here.

Knows: that only the application's own identity leads to it. Never does: erase the application, decide when.
Standard: GDPR articles 15 and 17. Start reading: `Accounts.of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from gateway.errors import CryptoFailure, NotFound
from gateway.login.subject import account_digest
from gateway.ports.clock import Clock
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, numbered
from gateway.store.keys.keyring import DataKeyring
from gateway.store.login.logins import StoredLogins
from gateway.store.submissions.reading import Views

_WHERE = "WHERE municipality = %(municipality)s AND provider = %(provider)s AND account = %(account)s"
_STANDS = numbered(f"SELECT count(*) AS number FROM login_accounts {_WHERE}")  # noqa: S608 - constants
_FORGET = numbered(f"DELETE FROM login_accounts {_WHERE}")  # noqa: S608 - constants


@dataclass(frozen=True, slots=True)
class AccountName:
    """How an account stands in the database: by a keyed digest."""

    municipality: str
    provider: str
    account: bytes


class Accounts:
    """Finds accounts by the applications that were handed off with them."""

    def __init__(self, database: Database, keyring: DataKeyring, clock: Clock) -> None:
        self._database = database
        self._views, self._logins = Views(database, keyring), StoredLogins(database, keyring, clock)

    async def of(self, submission_id: UUID, municipality: str) -> AccountName | None:
        """The account of who logged in for a submission; None: nobody, a guest, erased or not to be opened."""
        try:
            identity = await self._views.identity_of(submission_id)
            if identity is None:
                return None
            digest = account_digest(identity, municipality, await self._logins.subject_key(municipality))
        except (NotFound, CryptoFailure):
            return None
        return None if digest is None else AccountName(municipality, identity.provider, digest)

    async def stands(self, submission_id: UUID, municipality: str) -> bool:
        """Whether the account of a submission is known."""
        name = await self.of(submission_id, municipality)
        return name is not None and bool(await self._database.number(_STANDS, **_columns(name)))


async def forget(connection: Connection, name: AccountName | None) -> None:
    """Forget an account, on a connection inside a transaction."""
    if name is not None:
        await db.run(connection, _FORGET, **_columns(name))


def _columns(name: AccountName) -> dict[str, object]:
    return {"municipality": name.municipality, "provider": name.provider, "account": name.account}
