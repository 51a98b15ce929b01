"""Looking at everything once: every evidence chain and every blob of a database.

Knows: what whole means. Never does: repair. Standard: architecture §5. Start reading: `audit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select

from gateway.errors import GatewayError
from gateway.evidence import chain
from gateway.store import tables as t
from gateway.store.database import compiled
from gateway.store.postgres import PostgresStore

_PAGE = 500
_CHAINS = compiled(
    select(t.evidence.c.submission)
    .where(t.evidence.c.submission > bindparam("after"), t.evidence.c.seq == 1)
    .order_by(t.evidence.c.submission)
    .limit(_PAGE)
)
_BLOBS = compiled(
    select(t.blobs.c.id, t.blobs.c.size)
    .where(t.blobs.c.id > bindparam("after"), t.blobs.c.finished)
    .order_by(t.blobs.c.id)
    .limit(_PAGE)
)


@dataclass(frozen=True, slots=True)
class Audit:
    """How many were looked at, and which are broken (submission id and entry, or blob id)."""

    chains: int
    blobs: int
    broken: tuple[str, ...]


async def audit(store: PostgresStore) -> Audit:
    """Check every chain link by link and decrypt every blob to its end."""
    broken: list[str] = []
    chains = blobs = 0
    after = UUID(int=0)
    while rows := await store.database.rows(_CHAINS, after=after):
        for row in rows:
            after = row["submission"]
            chains += 1
            at = chain.broken_at(await store.evidence_of(after), after)
            if at is not None:
                broken.append(f"{after}#{at}")
    after = UUID(int=0)
    while rows := await store.database.rows(_BLOBS, after=after):
        for row in rows:
            after = row["id"]
            blobs += 1
            if await _size(store, after) != row["size"]:
                broken.append(f"blob {after}")
    return Audit(chains, blobs, tuple(broken))


async def _size(store: PostgresStore, blob: UUID) -> int:
    size = 0
    try:
        async for frame in store.read_blob(blob):
            size += len(frame)
    except GatewayError:
        return -1
    return size
