"""Keys for data at rest: master key over municipality keys over data keys.

Knows: which key wraps which, and the check value of the master key. Never does: encrypt contents (`crypto.vault` does).
Standard: architecture §5. Start reading: `Keyring`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from gateway.crypto import vault
from gateway.errors import CryptoFailure, MasterKeyMissing, MasterKeyWrong
from gateway.store.database import Database, compiled
from gateway.store.tables import facts, municipality_keys

CHECK = "master_key_check"
NONCE = 12

_FACT = compiled(select(facts.c.value).where(facts.c.name == bindparam("name")))
_REMEMBER = compiled(insert(facts).values(name=bindparam("name"), value=bindparam("value")).on_conflict_do_nothing())
_MUNICIPALITY = compiled(
    select(municipality_keys.c.wrapped).where(municipality_keys.c.municipality == bindparam("municipality"))
)
_ADD_MUNICIPALITY = compiled(
    insert(municipality_keys)
    .values(municipality=bindparam("municipality"), wrapped=bindparam("wrapped"), created_at=bindparam("created_at"))
    .on_conflict_do_nothing()
)


class DataKey:
    """An unwrapped data key; shows only its id."""

    __slots__ = ("id", "key", "municipality", "wrapped")

    def __init__(self, key_id: UUID, municipality: str, key: bytes, wrapped: bytes) -> None:
        self.id, self.municipality, self.key, self.wrapped = key_id, municipality, key, wrapped

    def __repr__(self) -> str:
        return f"DataKey({self.id})"


class Keyring:
    """Unwraps what the database holds with the one key that it does not hold."""

    def __init__(self, database: Database, master_key: bytes, random: Callable[[int], bytes]) -> None:
        self._database = database
        self._random = random
        self._wrapping = vault.keyed_digest(master_key, b"gateway/municipality-keys")
        self._digests = vault.keyed_digest(master_key, b"gateway/digests")
        self._municipalities: dict[str, bytes] = {}

    @classmethod
    async def open(
        cls, database: Database, master_key: bytes | None, *, place: str, random: Callable[[int], bytes]
    ) -> Keyring:
        """Check the master key against the database; the first one is remembered by its check value.

        Raises `MasterKeyMissing`, `MasterKeyWrong`; `place` says in their sentences where the key is expected.
        """
        if master_key is None:
            raise MasterKeyMissing(place=place)
        ring = cls(database, master_key, random)
        check = vault.wrap(bytes(32), ring._wrapping, context=CHECK.encode(), nonce=random(NONCE))
        await database.run(_REMEMBER, name=CHECK, value=check)
        row = await database.one(_FACT, name=CHECK)
        try:
            vault.unwrap(row["value"] if row else b"", ring._wrapping, context=CHECK.encode())
        except CryptoFailure:
            raise MasterKeyWrong(place=place) from None
        return ring

    def digest(self, *parts: bytes) -> bytes:
        """Keyed digest: finds equal things again without telling what they are."""
        return vault.keyed_digest(self._digests, *parts)

    async def new(self, municipality: str, now: datetime) -> DataKey:
        """A fresh data key; the caller stores `wrapped` under `id`."""
        return await self.wrapped_for(municipality, uuid4(), self._random(32), now)

    async def wrapped_for(self, municipality: str, key_id: UUID, key: bytes, now: datetime) -> DataKey:
        """The data key, wrapped for that municipality; its own key is made on first use."""
        kek = await self._municipality(municipality, now)
        wrapped = vault.wrap(key, kek, context=_context(municipality, key_id), nonce=self._random(NONCE))
        return DataKey(key_id, municipality, key, wrapped)

    async def unwrap(self, municipality: str, key_id: UUID, wrapped: bytes) -> DataKey:
        """The data key behind a stored value. Raises `CryptoFailure`."""
        kek = await self._municipality(municipality, None)
        return DataKey(
            key_id, municipality, vault.unwrap(wrapped, kek, context=_context(municipality, key_id)), wrapped
        )

    def seal(self, key: DataKey, context: bytes, data: bytes) -> bytes:
        """Encrypt a value of a column."""
        return vault.seal_value(key.key, context=context, data=data, nonce=self._random(NONCE))

    async def _municipality(self, municipality: str, now: datetime | None) -> bytes:
        known = self._municipalities.get(municipality)
        if known is not None:
            return known
        context = b"municipality/" + municipality.encode()
        if now is not None:
            fresh = vault.wrap(self._random(32), self._wrapping, context=context, nonce=self._random(NONCE))
            await self._database.run(_ADD_MUNICIPALITY, municipality=municipality, wrapped=fresh, created_at=now)
        row = await self._database.one(_MUNICIPALITY, municipality=municipality)
        if row is None:
            raise CryptoFailure
        key = vault.unwrap(row["wrapped"], self._wrapping, context=context)
        self._municipalities[municipality] = key
        return key


async def holds_data(database: Database) -> bool:
    """Whether a master key was used here before: then a missing one must not be replaced by a new one."""
    return await database.one(_FACT, name=CHECK) is not None


def _context(municipality: str, key_id: UUID) -> bytes:
    return b"data/" + municipality.encode() + b"/" + key_id.bytes
