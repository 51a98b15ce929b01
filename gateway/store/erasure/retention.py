"""Erasing by crypto-shredding: of a payload first its keys, then its bytes, the rest later; evidence stays as proof.

Knows: what is due, what a hold keeps, in which order things go. Never does: decide periods, keep the list of what was
erased (`erased` does). Standard: architecture §5; GDPR articles 5(1)(e), 15, 17. Start reading: `Retention`.

1. The line in the list of erasures is on disk. 2. In one transaction: the entry in the evidence chain, the wrapped data
keys (from here on nothing can be read, in no backup that is replayed against the list), record, document, names, blobs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import (
    ARRAY,
    BindParameter,
    Uuid,
    any_,
    bindparam,
    delete,
    exists,
    func,
    literal,
    null,
    select,
    text,
    tuple_,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from gateway.errors import (
    DatabaseAway,
    ErasedListUnwritable,
    ErasureFailed,
    NotFound,
    OnLegalHold,
    StateConflict,
    StillUnderWay,
    unexpected,
)
from gateway.evidence import chain
from gateway.model import State
from gateway.ports.clock import Clock
from gateway.ports.store import EvidenceEntry
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, Row, compiled
from gateway.store.erasure.accounts import AccountName, Accounts, forget
from gateway.store.erasure.erased_list import ErasedList
from gateway.store.keys import encrypted_columns
from gateway.store.keys.keyring import DataKeyring
from gateway.store.proof import chains
from gateway.store.rows import states
from gateway.store.rows import tables as t
from gateway.submission.states import ERASABLE

log = structlog.get_logger()

AT_ONCE = 200
REMAINS = ("sha256 of the document", "sha256 of each attachment")
"""What can still be compared with a guess: the signed receipt and the report of the validation hold it without a key,
as the portal got it. Each proof of deletion says so."""

_S = t.submissions.c
_ID: BindParameter[Any] = bindparam("id")
_ENDED = text("state IN " + states.sql(ERASABLE))
_FREE = ~exists(select(t.legal_holds.c.submission).where(t.legal_holds.c.submission == _S.id))
_RULE = (
    _S.municipality == bindparam("municipality"),
    _S.created_at < bindparam("before"),
    _S.updated_at < bindparam("before"),
    _ENDED,
    _FREE,
)
_PAYLOAD = (*_RULE, _S.service == bindparam("service"), _S.erased_at.is_(None))
_METADATA = (*_RULE, _S.erased_at.is_not(None))
_ACCOUNTS = (
    t.login_accounts.c.municipality == bindparam("municipality"),
    t.login_accounts.c.last_at < bindparam("before"),
)
_COUNT = {
    "payload": compiled(select(func.count().label("number")).where(*_PAYLOAD)),
    "metadata": compiled(select(func.count().label("number")).where(*_METADATA)),
    "accounts": compiled(select(func.count().label("number")).where(*_ACCOUNTS)),
}
_DUE = compiled(
    select(_S.id)
    .where(*_PAYLOAD, ~(_S.id == any_(bindparam("passed", type_=ARRAY(Uuid)))))
    .order_by(_S.created_at)
    .limit(AT_ONCE)
)
_FORGET = compiled(
    delete(t.submissions).where(
        _S.id.in_(select(_S.id).where(*_METADATA).order_by(_S.created_at).limit(AT_ONCE).scalar_subquery())
    ),
    commits="retention.forget",
)
_FORGET_ACCOUNTS = compiled(delete(t.login_accounts).where(*_ACCOUNTS), commits="retention.forget_accounts")
_LOCK = compiled(
    select(_S.municipality, _S.state, _S.version, _S.evidence_seq, _S.evidence_head, _S.erased_at)
    .where(_S.id == _ID)
    .with_for_update()
)
_SENT_IN_PIECES = tuple_(t.tus_uploads.c.client, t.tus_uploads.c.upload).in_(
    select(t.uploads.c.client, t.uploads.c.upload).where(t.uploads.c.submission == _ID)
)
_KEYS = compiled(
    union(
        select(_S.data_key.label("key")).where(_S.id == _ID),
        select(t.blobs.c.data_key.label("key")).where(t.blobs.c.submission == _ID),
        select(t.tus_uploads.c.data_key.label("key")).where(t.tus_uploads.c.data_key.is_not(None), _SENT_IN_PIECES),
        select(t.logins.c.data_key.label("key")).where(t.logins.c.data_key.is_not(None), t.logins.c.submission == _ID),
    )
)
_HELD = compiled(select(t.legal_holds.c.since).where(t.legal_holds.c.submission == _ID))
_ERASE_KEY = compiled(delete(t.data_keys).where(t.data_keys.c.id == bindparam("key")))
_ERASE = (
    compiled(delete(t.submission_secrets).where(t.submission_secrets.c.submission == _ID)),
    compiled(update(t.attachments).where(t.attachments.c.submission == _ID).values(filename=literal(b""))),
    compiled(delete(t.tus_uploads).where(_SENT_IN_PIECES)),
    compiled(delete(t.uploads).where(t.uploads.c.submission == _ID)),
    compiled(delete(t.blobs).where(t.blobs.c.submission == _ID)),
)
_FORGET_LOGIN = compiled(update(t.logins).where(t.logins.c.submission == _ID).values(data_key=null(), identity=null()))
_MARK = compiled(
    update(t.submissions)
    .where(_S.id == _ID)
    .values(
        erased_at=bindparam("now"),
        version=_S.version + 1,
        reference=null(),
        reference_index=null(),
        evidence_seq=bindparam("evidence_seq"),
        evidence_head=bindparam("evidence_head"),
    )
)
_HOLD = compiled(
    insert(t.legal_holds)
    .from_select(
        ["submission", "municipality", "since"],
        select(_S.id, _S.municipality, bindparam("now", type_=_S.created_at.type)).where(_S.id == _ID),
    )
    .on_conflict_do_nothing(),
    commits="retention.hold",
)
_RELEASE = compiled(delete(t.legal_holds).where(t.legal_holds.c.submission == _ID), commits="retention.release")
_EXISTS = compiled(select(_S.municipality).where(_S.id == _ID))
_SUBJECT = compiled(
    select(
        *(_S.id, _S.municipality, _S.service, _S.state, _S.created_at, _S.updated_at, _S.erased_at),
        select(func.count()).where(t.attachments.c.submission == _S.id).scalar_subquery().label("attachments"),
        select(func.count()).where(t.evidence.c.submission == _S.id).scalar_subquery().label("evidence"),
        exists(select(t.legal_holds.c.since).where(t.legal_holds.c.submission == _S.id)).label("held"),
        exists(
            select(t.submission_secrets.c.submission).where(
                t.submission_secrets.c.submission == _S.id, t.submission_secrets.c.identity.is_not(None)
            )
        ).label("identity"),
    )
    .where(_S.reference_index == bindparam("reference"))
    .order_by(_S.created_at)
)


@dataclass(frozen=True, slots=True)
class Period:
    """Days after their end that payloads of one service, or (without service) a town's metadata, stay.

    `accounts`: days after their last use that digests of the town's accounts at identity providers stay.
    """

    municipality: str
    service: str | None
    days: int
    accounts: bool = False

    @property
    def stage(self) -> str:
        """`payload`, `metadata` or `accounts`."""
        return "accounts" if self.accounts else "payload" if self.service else "metadata"


class Retention:
    """Erases what is due, and what somebody has a right to have erased."""

    def __init__(self, database: Database, keyring: DataKeyring, erased: ErasedList, clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._erased = erased
        self._clock = clock
        self._accounts = Accounts(database, keyring, clock)

    async def due(self, period: Period) -> int:
        """How many submissions, or accounts, the period has run out for."""
        return await self._database.number(_COUNT[period.stage], **self._values(period))

    async def run(self, period: Period) -> int:
        """Erase what is due; how many. One that cannot be erased holds up no other.

        Raises `ErasureFailed` once all others are erased.
        """
        if period.service is not None:
            return await self._run_payload(period)
        if period.accounts:
            return await self._database.run(_FORGET_ACCOUNTS, **self._values(period))
        total = 0
        while True:
            number = await self._database.run(_FORGET, **self._values(period))
            total += number
            if number < AT_ONCE:
                return total

    async def _run_payload(self, period: Period) -> int:
        total, passed, failed = 0, list[UUID](), 0
        while True:
            rows = await self._database.rows(_DUE, **self._values(period), passed=passed)
            for row in rows:
                try:
                    total += await self.erase(row["id"], "retention")
                except (DatabaseAway, ErasedListUnwritable):  # no matter of this row
                    raise
                except (NotFound, StateConflict):  # somebody else decided meanwhile
                    passed.append(row["id"])
                except Exception as error:  # noqa: BLE001 - whatever it is, the others must be erased
                    log.error("retention.not_erased", submission_id=str(row["id"]), **unexpected.named(error))  # noqa: TRY400 - without its text
                    passed.append(row["id"])
                    failed += 1
            if len(rows) < AT_ONCE:
                break
        if failed:
            raise ErasureFailed(failed=failed, erased=total)
        return total

    async def erase(self, submission_id: UUID, why: str) -> bool:
        """Erase the payload of one submission that ended; False where it was erased already.

        `why` is `retention` or `request`; on request the account that it was handed off with is forgotten too, which
        else has a period of its own. Raises `NotFound`, `StillUnderWay`, `OnLegalHold`.
        """
        now, account = self._clock.now(), await self._account(submission_id) if why == "request" else None
        async with self._database.transaction("retention.erase") as connection:
            row = await db.one(connection, _LOCK, id=submission_id)
            if row is None:
                raise NotFound
            if row["erased_at"] is not None:
                return False
            if State(row["state"]) not in ERASABLE:
                raise StillUnderWay(state=row["state"], submission=submission_id)
            if await db.one(connection, _HELD, id=submission_id):
                raise OnLegalHold(submission=submission_id)
            keys = [row["key"] for row in await db.rows(connection, _KEYS, id=submission_id)]
            await asyncio.to_thread(self._erased.add, submission_id, keys, now)
            await self._prove(connection, submission_id, row, why, now)
            await remove(connection, submission_id, keys)
            await forget(connection, account)
        return True

    async def replay(self, submission_id: UUID, keys: Sequence[UUID]) -> bool:
        """Erase again what a restored backup brought back, whatever state it has there; False where nothing was.

        Keys go even without the submission: a backup may hold the files that it took over later. The account goes
        whyever it was: it comes back with the next login.
        """
        now, account = self._clock.now(), await self._account(submission_id)
        async with self._database.transaction("retention.replay") as connection:
            row = await db.one(connection, _LOCK, id=submission_id)
            if row is None:
                await _remove_keys(connection, keys)
            if row is None or row["erased_at"] is not None:
                return False
            await self._prove(connection, submission_id, row, "restore", now)
            await remove(connection, submission_id, keys)
            await forget(connection, account)
        return True

    async def hold(self, submission_id: UUID, *, held: bool) -> None:
        """Keep a submission whatever its period, or stop keeping it. Raises `NotFound`."""
        if await self._database.one(_EXISTS, id=submission_id) is None:
            raise NotFound
        await self._database.run(_HOLD if held else _RELEASE, id=submission_id, now=self._clock.now())

    async def subject(self, reference: str) -> Sequence[Mapping[str, Any]]:
        """What is held about a portal's reference: a line for each submission, ids and counts only.

        `identity`: who logged in for it, `account`: that their account is known beside.
        """
        rows = await self._database.rows(_SUBJECT, reference=encrypted_columns.index(self._keyring, reference))
        return [
            {**row, "account": row["identity"] and await self._accounts.stands(row["id"], row["municipality"])}
            for row in rows
        ]

    async def _account(self, submission_id: UUID) -> AccountName | None:
        row = await self._database.one(_EXISTS, id=submission_id)
        return None if row is None else await self._accounts.of(submission_id, row["municipality"])

    async def _prove(self, connection: Connection, submission_id: UUID, row: Row, why: str, now: datetime) -> None:
        entry = EvidenceEntry("erased", {"why": why, "remains": list(REMAINS)})
        (link,) = chain.chained((entry,), seq=row["evidence_seq"], head=row["evidence_head"], at=now)
        await chains.append(connection, submission_id, row["municipality"], link)
        await db.run(connection, _MARK, id=submission_id, now=now, evidence_seq=link.seq, evidence_head=link.hash)

    def _values(self, period: Period) -> dict[str, Any]:
        values = {"municipality": period.municipality, "before": self._clock.now() - timedelta(days=period.days)}
        return {**values, "service": period.service} if period.service else values


async def remove(connection: Connection, submission_id: UUID, keys: Sequence[UUID]) -> None:
    """Delete keys and bytes of a submission, on a connection inside a transaction; also replayed after a restore."""
    await db.run(connection, _FORGET_LOGIN, id=submission_id)  # the row before its key, as `sweep_logins` locks them
    await _remove_keys(connection, keys)
    for statement in _ERASE:
        await db.run(connection, statement, id=submission_id)


async def _remove_keys(connection: Connection, keys: Sequence[UUID]) -> None:
    for key in keys:
        await db.run(connection, _ERASE_KEY, key=key)
