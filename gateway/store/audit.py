"""Looking at everything once: every submission with its evidence chain, every encrypted value, every blob.

Knows: what whole means. Never does: repair. Standard: architecture §5. Start reading: `audit`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, exists, select

from gateway.errors import DatabaseAway, GatewayError
from gateway.evidence import chain
from gateway.evidence.chain import Link
from gateway.store import tables as t
from gateway.store.database import Database, Statement, compiled
from gateway.store.postgres import PostgresStore

_PAGE = 500
_S, _E, _A, _B, _L = t.submissions.c, t.evidence.c, t.attachments.c, t.blobs.c, t.evidence_leaves.c
_AFTER: BindParameter[Any] = bindparam("after")
_SUBMISSIONS = compiled(
    select(_S.id, _S.evidence_seq, _S.evidence_head, _S.erased_at).where(_S.id > _AFTER).order_by(_S.id).limit(_PAGE)
)
_FORGOTTEN = compiled(
    select(_E.submission.label("id"))
    .distinct()
    .where(_E.submission > _AFTER, ~exists(select(_S.id).where(_S.id == _E.submission)))
    .order_by(_E.submission)
    .limit(_PAGE)
)
_SIGNED = compiled(select(_L.seq, _L.head).where(_L.submission == bindparam("submission")).order_by(_L.seq))
_BLOBS = compiled(select(_B.id, _B.size).where(_B.id > _AFTER, _B.finished).order_by(_B.id).limit(_PAGE))
_LOST = compiled(
    select(_A.blob.label("id"))
    .join_from(t.attachments, t.submissions, _S.id == _A.submission)
    .where(
        _A.blob > _AFTER,
        _S.erased_at.is_(None),
        ~exists(select(_B.id).where(_B.id == _A.blob, _B.finished)),
    )
    .order_by(_A.blob)
    .limit(_PAGE)
)


@dataclass(slots=True)
class Audit:
    """How many were looked at, and what is broken: `ID#N` (entry N of a chain), `record ID`, `blob ID`."""

    chains: int = 0
    records: int = 0
    blobs: int = 0
    broken: list[str] = field(default_factory=list)


async def audit(store: PostgresStore) -> Audit:
    """Check every chain against its submission and the signed roots; decrypt every value and every blob to its end."""
    found = Audit()
    async for row in _all(store.database, _SUBMISSIONS):
        links = await _chain(store, found, row["id"])
        if links is not None and (len(links), links[-1].hash if links else b"") != (
            row["evidence_seq"],
            row["evidence_head"],
        ):
            found.broken.append(f"{row['id']}#{min(len(links), row['evidence_seq']) + 1}")
        if row["erased_at"] is None:
            found.records += 1
            if not await _readable(store, row["id"]):
                found.broken.append(f"record {row['id']}")
    async for row in _all(store.database, _FORGOTTEN):
        await _chain(store, found, row["id"])
    async for row in _all(store.database, _BLOBS):
        found.blobs += 1
        if await _size(store, row["id"]) != row["size"]:
            found.broken.append(f"blob {row['id']}")
    async for row in _all(store.database, _LOST):
        found.broken.append(f"blob {row['id']}")
    return found


async def _all(database: Database, statement: Statement) -> AsyncIterator[Mapping[str, Any]]:
    """Every row, a page at a time, in the order of its id."""
    after = UUID(int=0)
    while rows := await database.rows(statement, after=after):
        for row in rows:
            yield row
        after = rows[-1]["id"]


async def _chain(store: PostgresStore, found: Audit, submission_id: UUID) -> Sequence[Link] | None:
    """The chain where each link follows from the one before and is the one that a root was signed over."""
    found.chains += 1
    links = await store.evidence_of(submission_id)
    at = chain.broken_at(links, submission_id)
    if at is None:
        heads = {link.seq: link.hash for link in links}
        signed = await store.database.rows(_SIGNED, submission=submission_id)
        at = next((leaf["seq"] for leaf in signed if heads.get(leaf["seq"]) != leaf["head"]), None)
    if at is None:
        return links
    found.broken.append(f"{submission_id}#{at}")
    return None


async def _readable(store: PostgresStore, submission_id: UUID) -> bool:
    try:
        await store.stored(submission_id)
    except DatabaseAway:
        raise
    except GatewayError:
        return False
    return True


async def _size(store: PostgresStore, blob: UUID) -> int:
    size = 0
    try:
        async for frame in store.read_blob(blob):
            size += len(frame)
    except DatabaseAway:
        raise
    except GatewayError:
        return -1
    return size
