"""Master keys: which ones the stored keys hang on, checked at start.

Knows: the facts that name the current master key, and the key of digests that it wraps. Never does: data keys
(`keyring.py`), changing the current one (`rotation.py`). Standard: architecture §5. Start reading: `settle`.

The current master key is a fact of the database, not of a process: whatever order the keys are given in, new keys hang
on the one that `gateway keys rotate` last made current. Keyed digests outlive every rotation: their key is stored,
wrapped by the current master key behind that one's id.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.crypto import vault
from gateway.crypto.vault import MasterKey
from gateway.errors import CryptoFailure, MasterKeyStillNeeded, MasterKeyWrong
from gateway.store.connection.database import Database, numbered

CHECK: Final = "master_key_check"
DIGESTS: Final = "digest_key"
NONCE: Final = 12
ID: Final = 4  # bytes of a master key's id in front of the wrapped key of digests
_NAME: Final = "gateway keys"
GENERATION: Final = (
    f"CASE octet_length(wrapped) WHEN {vault.WRAPPED_SIZE} THEN 1 "
    "ELSE ('x' || encode(substr(wrapped, 1, 4), 'hex'))::bit(32)::integer END"
)
"""SQL: the generation that the wrapped data key of a row names; `keyring.split` says the same."""

_FACTS = numbered(f"SELECT name, value FROM facts WHERE name IN ('{CHECK}', '{DIGESTS}')")  # noqa: S608 - constants
_REMEMBER = numbered(
    f"INSERT INTO facts (name, value) VALUES ('{CHECK}', %(check)s), ('{DIGESTS}', %(digests)s) "  # noqa: S608 - as above
    "ON CONFLICT DO NOTHING",
    commits="masters.remember",
)
_NAMELESS = numbered("SELECT municipality, generation, wrapped FROM municipality_keys WHERE master IS NULL")
_NAME_IT = numbered(
    "UPDATE municipality_keys SET master = %(master)s "
    "WHERE municipality = %(municipality)s AND generation = %(generation)s AND master IS NULL",
    commits="masters.name",
)
_HOLDERS = numbered("SELECT DISTINCT master FROM municipality_keys WHERE master IS NOT NULL")
_NEEDS = numbered(
    "SELECT key.master, count(*) AS municipality_keys, coalesce(sum(held.number), 0)::bigint AS data_keys "  # noqa: S608 - as above
    "FROM municipality_keys AS key LEFT JOIN ("
    f"SELECT municipality, {GENERATION} AS generation, count(*) AS number FROM data_keys GROUP BY 1, 2"
    ") AS held USING (municipality, generation) WHERE key.master IS NOT NULL GROUP BY key.master ORDER BY key.master"
)


@dataclass(frozen=True, slots=True)
class Need:
    """How many stored keys hang on one master key, and whether new ones do."""

    master: str
    current: bool
    municipality_keys: int
    data_keys: int

    @property
    def rows(self) -> int:
        """All of them; the key of digests counts for the current one."""
        return self.municipality_keys + self.data_keys + self.current


async def settle(database: Database, keys: Sequence[MasterKey], random: Callable[[int], bytes]) -> tuple[str, bytes]:
    """The id of the current master key and the key of digests; in a new database the first of `keys` becomes current.

    Raises `MasterKeyWrong` where none of them fits, `MasterKeyStillNeeded` where one is missing.
    """
    by_id = {key.id: key for key in keys}
    facts = await _facts(database)
    if CHECK not in facts:
        first = keys[0]
        values = facts_under(first, random(vault.KEY_SIZE), random)
        await database.run(_REMEMBER, check=values[CHECK], digests=values[DIGESTS])
    elif DIGESTS not in facts:
        opener = next((key for key in keys if _opens(key, facts[CHECK])), None)
        if opener is None:
            raise MasterKeyWrong(place=keys[0].source, needed="?")
        values = facts_under(opener, opener.digests, random)
        await database.run(_REMEMBER, check=facts[CHECK], digests=values[DIGESTS])
    facts = await _facts(database)
    current = current_of(facts[DIGESTS])
    await _name(database, keys)
    await _all_there(database, by_id, current, keys[0].source)
    if not _opens(by_id[current], facts[CHECK]):
        raise MasterKeyWrong(place=by_id[current].source, needed="?")
    return current, digest_key(by_id[current], facts[DIGESTS])


def facts_under(key: MasterKey, digests: bytes, random: Callable[[int], bytes]) -> Mapping[str, bytes]:
    """The two facts that make `key` the current one, with the key of digests wrapped by it."""
    check = vault.wrap(bytes(vault.KEY_SIZE), key.wrapping, context=CHECK.encode(), nonce=random(NONCE))
    wrapped = vault.wrap(digests, key.wrapping, context=DIGESTS.encode(), nonce=random(NONCE))
    return {CHECK: check, DIGESTS: bytes.fromhex(key.id) + wrapped}


def current_of(fact: bytes) -> str:
    """The id of the current master key, from the fact `digest_key`."""
    return fact[:ID].hex()


def digest_key(key: MasterKey, fact: bytes) -> bytes:
    """The key of digests. Raises `CryptoFailure`."""
    return vault.unwrap(fact[ID:], key.wrapping, context=DIGESTS.encode())


async def needs(database: Database) -> tuple[Need, ...]:
    """What hangs on which master key; counts every data key."""
    facts = await _facts(database)
    current = current_of(facts[DIGESTS]) if DIGESTS in facts else None
    rows = {row["master"]: row for row in await database.rows(_NEEDS)}
    none = {"municipality_keys": 0, "data_keys": 0}
    return tuple(
        Need(master, master == current, counts["municipality_keys"], counts["data_keys"])
        for master in sorted({*rows, *([current] if current else [])})
        for counts in (rows.get(master, none),)
    )


async def holds_data(database: Database) -> bool:
    """Whether a master key was used here before: then a missing one must not be replaced by a new one."""
    return CHECK in await _facts(database)


def municipality_context(municipality: str) -> bytes:
    """What a wrapped municipality key is bound to."""
    return b"municipality/" + municipality.encode()


def application_name(keys: Sequence[MasterKey]) -> str:
    """What the database shows of a process that reads encrypted data: the ids of its master keys."""
    return " ".join((_NAME, *(key.id for key in keys)))


async def _facts(database: Database) -> dict[str, bytes]:
    return {row["name"]: row["value"] for row in await database.rows(_FACTS)}


def _opens(key: MasterKey, check: bytes) -> bool:
    try:
        vault.unwrap(check, key.wrapping, context=CHECK.encode())
    except CryptoFailure:
        return False
    return True


async def _name(database: Database, keys: Sequence[MasterKey]) -> None:
    """Say of rows that a release with but one master key wrote which one that was."""
    for row in await database.rows(_NAMELESS):
        for key in keys:
            try:
                vault.unwrap(row["wrapped"], key.wrapping, context=municipality_context(row["municipality"]))
            except CryptoFailure:
                continue
            await database.run(_NAME_IT, master=key.id, municipality=row["municipality"], generation=row["generation"])


async def _all_there(database: Database, by_id: Mapping[str, MasterKey], current: str, source: str) -> None:
    needed = {current} | {row["master"] for row in await database.rows(_HOLDERS)}
    missing = sorted(needed - by_id.keys())
    if not missing:
        return
    if not needed & by_id.keys():
        raise MasterKeyWrong(place=source, needed=", ".join(missing))
    rows = {need.master: need.rows for need in await needs(database)}
    raise MasterKeyStillNeeded(key=", ".join(missing), rows=sum(rows[master] for master in missing))
