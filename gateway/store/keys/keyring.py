"""Envelope encryption of data at rest: master keys wrap municipality keys, these wrap data keys.

Knows: which key wraps which, and how a wrapped data key names its generation. Never does: encrypt contents
(`crypto.vault` does), begin a generation but the first (`rotation.py` does). Standard: architecture §5.
Start reading: `DataKeyring`.

A municipality has generations of keys, of which the newest wraps what is new; each row names the master key that wraps
it. A wrapped data key has its generation (4 bytes) in front; those of the first generation have nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from gateway.crypto import vault
from gateway.crypto.vault import MasterKey
from gateway.errors import CryptoFailure, MasterKeyMissing
from gateway.store.connection.database import Database, numbered
from gateway.store.keys import master_keys
from gateway.store.keys.master_keys import NONCE
from gateway.store.rows.identifier import RANDOM_BYTES, ordered

LOOK_AGAIN: Final = timedelta(minutes=1)
_GENERATION: Final = 4  # bytes

_ONE = numbered(
    "SELECT generation, master, wrapped FROM municipality_keys "
    "WHERE municipality = %(municipality)s AND generation = %(generation)s"
)
_NEWEST = numbered(
    "SELECT generation, master, wrapped FROM municipality_keys WHERE municipality = %(municipality)s "
    "ORDER BY generation DESC LIMIT 1"
)
_ADD = numbered(
    "INSERT INTO municipality_keys (municipality, generation, master, wrapped, created_at) "
    "VALUES (%(municipality)s, %(generation)s, %(master)s, %(wrapped)s, %(created_at)s) ON CONFLICT DO NOTHING",
    commits="keyring.begin",
)


class DataKey:
    """An unwrapped data key; shows only its id."""

    __slots__ = ("id", "key", "municipality", "wrapped")

    def __init__(self, key_id: UUID, municipality: str, key: bytes, wrapped: bytes) -> None:
        self.id, self.municipality, self.key, self.wrapped = key_id, municipality, key, wrapped

    def __repr__(self) -> str:
        return f"DataKey({self.id})"


class DataKeyring:
    """Unwraps what the database holds with the keys that it does not hold."""

    def __init__(
        self,
        database: Database,
        keys: Sequence[MasterKey],
        random: Callable[[int], bytes],
        *,
        current: str,
        digests: bytes,
    ) -> None:
        self._database = database
        self.wanted = keys[0]
        self.masters: Mapping[str, MasterKey] = {key.id: key for key in keys}
        self.random = random
        self._current = current
        self._digests = digests
        self._known: dict[tuple[str, int], bytes] = {}
        self._writing: dict[str, tuple[int, datetime]] = {}

    @classmethod
    async def open(
        cls, database: Database, keys: Sequence[MasterKey], *, random: Callable[[int], bytes]
    ) -> DataKeyring:
        """Check the master keys against the database; in a new one the first of them becomes current.

        Raises `MasterKeyWrong`, `MasterKeyStillNeeded`.
        """
        current, digests = await master_keys.settle(database, keys, random)
        return cls(database, keys, random, current=current, digests=digests)

    def digest(self, *parts: bytes) -> bytes:
        """Keyed digest: finds equal things again without telling what they are; the same after every rotation."""
        return vault.keyed_digest(self._digests, *parts)

    async def new(self, municipality: str, now: datetime) -> DataKey:
        """A fresh data key; the caller stores `wrapped` under `id`."""
        name = ordered(now, self.random(RANDOM_BYTES))
        return await self.wrapped_for(municipality, name, self.random(vault.KEY_SIZE), now)

    async def wrapped_for(self, municipality: str, key_id: UUID, key: bytes, now: datetime) -> DataKey:
        """The data key, wrapped by the municipality's newest key; its first one is made on first use."""
        generation = await self._newest(municipality, now)
        kek = await self._municipality(municipality, generation)
        wrapped = vault.wrap(key, kek, context=_context(municipality, key_id), nonce=self.random(NONCE))
        front = b"" if generation == 1 else generation.to_bytes(_GENERATION)
        return DataKey(key_id, municipality, key, front + wrapped)

    async def unwrap(self, municipality: str, key_id: UUID, wrapped: bytes) -> DataKey:
        """The data key behind a stored value. Raises `CryptoFailure`, `MasterKeyMissing`."""
        generation, sealed = split(wrapped)
        kek = await self._municipality(municipality, generation)
        return DataKey(key_id, municipality, vault.unwrap(sealed, kek, context=_context(municipality, key_id)), wrapped)

    def seal(self, key: DataKey, context: bytes, data: bytes) -> bytes:
        """Encrypt a value of a column."""
        return vault.seal_value(key.key, context=context, data=data, nonce=self.random(NONCE))

    async def begin(self, municipality: str, generation: int, master: str, now: datetime) -> None:
        """Make that generation of the municipality's key, under that master key, unless it stands already."""
        context = master_keys.municipality_context(municipality)
        fresh = self.random(vault.KEY_SIZE)
        wrapped = vault.wrap(fresh, self.masters[master].wrapping, context=context, nonce=self.random(NONCE))
        await self._database.run(
            _ADD, municipality=municipality, generation=generation, master=master, wrapped=wrapped, created_at=now
        )
        self._writing.pop(municipality, None)

    async def _newest(self, municipality: str, now: datetime) -> int:
        """The generation to write under; looked up again each minute, since another process may have begun one."""
        known = self._writing.get(municipality)
        if known is not None and now - known[1] < LOOK_AGAIN:
            return known[0]
        row = await self._database.one(_NEWEST, municipality=municipality)
        if row is None:
            await self.begin(municipality, 1, self._current, now)
            row = await self._database.one(_NEWEST, municipality=municipality)
        if row is None:
            raise CryptoFailure
        self._keep(municipality, row)
        self._writing[municipality] = (row["generation"], now)
        return int(row["generation"])

    async def _municipality(self, municipality: str, generation: int) -> bytes:
        if (known := self._known.get((municipality, generation))) is not None:
            return known
        row = await self._database.one(_ONE, municipality=municipality, generation=generation)
        if row is None:
            raise CryptoFailure
        return self._keep(municipality, row)

    def _keep(self, municipality: str, row: Mapping[str, Any]) -> bytes:
        self._known[municipality, row["generation"]] = key = self.open_municipality(municipality, row)
        return key

    def open_municipality(self, municipality: str, row: Mapping[str, Any]) -> bytes:
        """A municipality's key. Raises `MasterKeyMissing` that names the master key, `CryptoFailure`."""
        if row["master"] not in self.masters:
            raise MasterKeyMissing(place=row["master"])
        wrapping = self.masters[row["master"]].wrapping
        return vault.unwrap(row["wrapped"], wrapping, context=master_keys.municipality_context(municipality))


def split(wrapped: bytes) -> tuple[int, bytes]:
    """The generation that a wrapped data key names, and the rest. Raises `CryptoFailure`."""
    if len(wrapped) == vault.WRAPPED_SIZE:
        return 1, wrapped
    if len(wrapped) != vault.WRAPPED_SIZE + _GENERATION:
        raise CryptoFailure
    return int.from_bytes(wrapped[:_GENERATION]), wrapped[_GENERATION:]


def _context(municipality: str, key_id: UUID) -> bytes:
    return b"data/" + municipality.encode() + b"/" + key_id.bytes
