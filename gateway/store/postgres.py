"""The port `Store`, kept by PostgreSQL.

Knows: which part of the room answers which question. Never does: the work itself.
Standard: `gateway/ports/store.py`. Start reading: `PostgresStore`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from sqlalchemy import bindparam, func, select

from gateway.crypto.keys import digest
from gateway.crypto.vault import MasterKey
from gateway.errors import DatabaseAway, Erased, InternalError, MasterKeyMissing, NotFound
from gateway.evidence.chain import Link
from gateway.model import Attachment, Identity, Scope, Submission
from gateway.ports.blobs import IncomingUpload, Upload
from gateway.ports.clock import Clock
from gateway.ports.keys import KeyArchive
from gateway.ports.store import Change, Filter, NewSubmission, StateChange, Store, Stored, View
from gateway.store.catalogue.feedback import StoredFeedback
from gateway.store.connection.database import Database, compiled
from gateway.store.erasure.erased_list import ErasedList
from gateway.store.erasure.retention import Retention
from gateway.store.keys import master_keys
from gateway.store.keys.keyring import DataKey, DataKeyring
from gateway.store.keys.rotation import Rotation
from gateway.store.login.logins import StoredLogins
from gateway.store.operation.pauses import ALL, MAINTENANCE, Pauses
from gateway.store.proof import chains
from gateway.store.rows import tables as t
from gateway.store.rows.facts import UNFINISHED
from gateway.store.rows.identifier import RANDOM_BYTES, ordered
from gateway.store.submissions import blobs, changes
from gateway.store.submissions.copies import Copies
from gateway.store.submissions.reading import Views
from gateway.store.submissions.resumable import Pieces
from gateway.store.submissions.uploads import Uploads
from gateway.store.submissions.writing import Submissions
from gateway.store.webhooks.subscriptions import Webhooks
from gateway.store.webhooks.webhook_queue import StoredWebhookQueue

_KEY_OF = compiled(
    select(t.submissions.c.data_key, t.data_keys.c.wrapped, t.data_keys.c.municipality)
    .join_from(t.submissions, t.data_keys, t.data_keys.c.id == t.submissions.c.data_key, isouter=True)
    .where(t.submissions.c.id == bindparam("id"))
)
_JOURNAL = compiled(
    select(t.journal.c.at, t.journal.c.version, t.journal.c.step, t.journal.c.kind, t.journal.c.detail)
    .where(t.journal.c.submission == bindparam("id"))
    .order_by(t.journal.c.id)
)
_COUNTS = compiled(
    select(t.submissions.c.municipality, t.submissions.c.state, func.count().label("number")).group_by(
        t.submissions.c.municipality, t.submissions.c.state
    )
)
_CREATED_SINCE = compiled(
    select(func.count().label("number"))
    .select_from(t.submissions)
    .where(t.submissions.c.client == bindparam("client"), t.submissions.c.created_at >= bindparam("since"))
)
_UNFINISHED = compiled(select(t.facts.c.name).where(t.facts.c.name == UNFINISHED))
_PING = compiled(select(1))
REMEMBERED_KEYS = 64
"""Data keys kept in memory (memoisation); once a key is erased its row refuses writes, whoever remembers the key."""


class PostgresStore(Store, KeyArchive):
    """Everything durable. Made by `open`, ended by `close`; every method may raise `DatabaseAway`."""

    def __init__(
        self, database: Database, keyring: DataKeyring, *, clock: Clock, random: Callable[[int], bytes]
    ) -> None:
        self.database = database
        self._keyring = keyring
        self._clock = clock
        self._random = random
        self._submissions = Submissions(database, keyring, clock)
        self._views = Views(database, keyring)
        self._uploads = Uploads(database, keyring, clock, self.new_id)
        self._copies = Copies(database, keyring, clock, self.new_id)
        self.webhooks = Webhooks(database, keyring, clock, random)
        self.messages = StoredWebhookQueue(database, keyring, clock)
        self.pieces = Pieces(database, keyring, clock, self.new_id, self._uploads)
        self.logins = StoredLogins(database, keyring, clock)
        self.feedback = StoredFeedback(database, keyring, clock, self.new_id)
        self._recent = blobs.Recent()
        self.pauses = Pauses(database, clock)
        self._keys: OrderedDict[UUID, DataKey] = OrderedDict()
        self._kept: set[str] = set()

    @classmethod
    async def open(  # noqa: PLR0913 - what `wiring` brings together
        cls,
        dsn: str,
        *,
        master_key: bytes | None,
        place: str,
        clock: Clock,
        random: Callable[[int], bytes],
        pool_size: int = 12,
        previous: Sequence[MasterKey] = (),
    ) -> Self:
        """Connect to a migrated database and check the master key (32 bytes; None: there is none).

        `place` says in messages where the key is expected; `previous` are keys that stored ones may still hang on.
        Raises `DatabaseAway`, `MasterKeyMissing`, `MasterKeyWrong`, `MasterKeyStillNeeded`.
        """
        if master_key is None:
            raise MasterKeyMissing(place=place)
        keys = (MasterKey(master_key, place), *previous)
        database = await Database.open(dsn, size=pool_size, name=master_keys.application_name(keys))
        try:
            keyring = await DataKeyring.open(database, keys, random=random)
        except BaseException:
            await database.close()
            raise
        return cls(database, keyring, clock=clock, random=random)

    async def close(self) -> None:
        """Close every connection."""
        await self.database.close()

    async def restored(self) -> bool:
        """Whether no restore is under way in this database."""
        return await self.database.one(_UNFINISHED) is None

    async def ping(self) -> None:
        """Ask the database for an answer. Raises `DatabaseAway`."""
        await self.database.one(_PING)

    def digest(self, *parts: bytes) -> bytes:
        """Keyed digest (HMAC-SHA-256 under a key derived from the master key), 32 bytes."""
        return self._keyring.digest(*parts)

    async def known(self, client: str, idempotency_key: str, digest: bytes) -> View | None:
        """See the port."""
        return await self._views.known(client, idempotency_key, digest)

    async def uploads(self, client: str, uploads: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        """See the port."""
        return await self._uploads.find(client, uploads) if uploads else {}

    async def files_of(self, client: str, submission: UUID, uploads: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        """See the port."""
        return await self._copies.standing(client, submission, uploads)

    async def create(self, new: NewSubmission) -> View:
        """See the port."""
        if not new.reused:
            return await self._create(new)
        async with self._copies.made(new) as copied:
            return await self._create(copied)

    async def _create(self, new: NewSubmission) -> View:
        if not await self._submissions.create(new):
            standing = await self._views.known(new.submission.client, new.idempotency_key, new.digest)
            if standing is None:
                raise InternalError(cause="an idempotency key that stands is not found")
            return standing
        return new.view

    async def view(self, submission_id: UUID, scope: Scope) -> View:
        """See the port."""
        return await self._views.view(submission_id, scope)

    async def list_views(self, criteria: Filter, scope: Scope) -> tuple[tuple[View, ...], str | None]:
        """See the port."""
        return await self._views.list_views(criteria, scope)

    async def changes(self, after: str | None, scope: Scope, limit: int) -> tuple[StateChange, ...]:
        """See the port."""
        return await changes.after(self.database, after, scope, limit)

    async def receive_upload(self, incoming: IncomingUpload, body: AsyncIterator[bytes]) -> Upload:
        """See the port."""
        return await self._uploads.receive(incoming, body)

    async def load(self, submission_id: UUID) -> Submission:
        """See the port."""
        return await self._submissions.load(submission_id)

    async def commit(self, expected: int, change: Change) -> Submission:
        """See the port."""
        frames: list[bytes] = []
        if change.blobs:
            key = (await self._key_of(change.submission.id)).key
            frames = [blobs.small_frame(key, blob.id, blob.content) for blob in change.blobs]
        after = await self._submissions.commit(expected, change, frames)
        for small in change.blobs:
            self._recent.keep(small.id, small.content)
        for blob in change.discard:
            self._recent.take(blob)
        return after

    async def stored(self, submission_id: UUID) -> Stored:
        """See the port."""
        stored, key = await self._views.stored(submission_id)
        self._remember_key(submission_id, key)
        return stored

    async def identity_of(self, submission_id: UUID) -> Identity | None:
        """See the port."""
        return await self._views.identity_of(submission_id)

    def read_blob(self, blob: UUID) -> AsyncIterator[bytes]:
        """See the port."""
        recent = self._recent.take(blob)
        return blobs.read(self.database, self._keyring, blob) if recent is None else _once(recent)

    @asynccontextmanager
    async def write_blob(self, submission_id: UUID) -> AsyncIterator[blobs.Writer]:
        """See the port. Leaving without `finish` removes what was written."""
        key, blob = await self._key_of(submission_id), self.new_id()
        writer = blobs.Writer(self.database, self._clock, key, blob, submission=submission_id)
        try:
            yield writer
        finally:
            if not writer.finished:
                await writer.abandon()

    async def paused(self, destination_id: str) -> bool:
        """See the port."""
        return await self.pauses.stopped(ALL, MAINTENANCE, destination_id)

    def rotation(self) -> Rotation:
        """From one master key to the next."""
        return Rotation(self.database, self._keyring, self._clock)

    def retention(self, erased: ErasedList) -> Retention:
        """Erasing, with the list of what was erased."""
        return Retention(self.database, self._keyring, erased, self._clock)

    async def in_maintenance(self) -> bool:
        """See the port."""
        return MAINTENANCE in await self.pauses.current()

    async def _key_of(self, submission_id: UUID) -> DataKey:
        if known := self._keys.get(submission_id):
            return known
        row = await self.database.one(_KEY_OF, id=submission_id)
        if row is None:
            raise NotFound
        if row["wrapped"] is None:
            raise Erased
        key = await self._keyring.unwrap(row["municipality"], row["data_key"], row["wrapped"])
        self._remember_key(submission_id, key)
        return key

    def _remember_key(self, submission_id: UUID, key: DataKey) -> None:
        self._keys[submission_id] = key
        while len(self._keys) > REMEMBERED_KEYS:
            self._keys.popitem(last=False)

    async def evidence_of(self, submission_id: UUID) -> tuple[Link, ...]:
        """The evidence chain of a submission, first link first; `chain.broken_at` checks it."""
        return await chains.evidence_of(self.database, submission_id)

    async def keep_key(self, jwk: Mapping[str, Any]) -> None:
        """See the port `KeyArchive`; a statement for the first time that this process sees the key."""
        name = digest(jwk)
        if name not in self._kept:
            await chains.keep_key(self.database, jwk)
            self._kept.add(name)

    async def journal_of(self, submission_id: UUID) -> tuple[Mapping[str, object], ...]:
        """The journal: `at`, `version`, `step`, `kind`, `detail` of each line, oldest first."""
        return tuple(await self.database.rows(_JOURNAL, id=submission_id))

    async def counts(self) -> Mapping[tuple[str, str], int]:
        """Number of submissions by (municipality, state), for metrics."""
        return {(row["municipality"], row["state"]): row["number"] for row in await self.database.rows(_COUNTS)}

    async def created_since(self, client: str, since: datetime) -> int:
        """How many submissions of the client were taken in since then."""
        return await self.database.number(_CREATED_SINCE, client=client, since=since)

    def now(self) -> datetime:
        """The store's clock."""
        return self._clock.now()

    def new_id(self) -> UUID:
        """An identifier for a row; later ones sort later."""
        return ordered(self._clock.now(), self._random(RANDOM_BYTES))


async def _once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def needs_master_key(dsn: str) -> bool:
    """Whether a master key was used in this (migrated) database before, so that a missing one must not be remade."""
    database = await Database.open(dsn, size=1)
    try:
        return await master_keys.holds_data(database)
    finally:
        await database.close()


async def answers(dsn: str, *, wait: float = 0.0) -> bool:
    """Whether the database answers within `wait` seconds; for `check` and start-up."""
    deadline = asyncio.get_running_loop().time() + wait
    while True:
        try:
            database = await Database.open(dsn, size=1)
        except DatabaseAway:
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(0.2)
        else:
            await database.close()
            return True
