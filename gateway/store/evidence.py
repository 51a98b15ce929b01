"""The evidence chain of a submission: append-only, each entry bound to the one before.

Knows: the hash over an entry. Never does: signatures over heads (a later room), changing what stands.
Standard: architecture §5; SHA-256 over canonical JSON (sorted keys, no white space, UTF-8) of `{"at","body","kind",
"prev","seq"}`, `at` in RFC 3339 with microseconds, `prev` in lower-case hex, 32 zero bytes at first.
Start reading: `chained`, then `broken_at`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from gateway.ports import EvidenceEntry
from gateway.store import tables
from gateway.store.database import Database, compiled

START = bytes(32)

_OF = compiled(
    select(tables.evidence)
    .where(tables.evidence.c.submission == bindparam("submission"))
    .order_by(tables.evidence.c.seq)
)


@dataclass(frozen=True, slots=True)
class Link:
    """One entry as it stands in the chain. `at` is UTC; `prev` and `hash` have 32 bytes; `seq` counts from 1."""

    seq: int
    at: datetime
    kind: str
    body: Mapping[str, Any]
    prev: bytes
    hash: bytes


def canonical(value: object) -> str:
    """Canonical JSON: the same value gives the same text everywhere."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def chained(entries: Iterable[EvidenceEntry], *, seq: int, head: bytes, at: datetime) -> tuple[Link, ...]:
    """The entries as links behind the link number `seq` with hash `head`."""
    links: list[Link] = []
    for entry in entries:
        seq += 1
        body: Mapping[str, Any] = json.loads(canonical(dict(entry.body)))
        digest = _hash(seq, at, entry.kind, body, head)
        links.append(Link(seq=seq, at=at, kind=entry.kind, body=body, prev=head, hash=digest))
        head = digest
    return tuple(links)


def broken_at(links: Sequence[Link]) -> int | None:
    """The number of the first link that does not follow from the ones before; None where the chain is whole."""
    head = START
    for expected, link in enumerate(links, start=1):
        whole = link.seq == expected and link.prev == head
        if not whole or link.hash != _hash(link.seq, link.at, link.kind, link.body, head):
            return expected
        head = link.hash
    return None


async def evidence_of(database: Database, submission_id: UUID) -> tuple[Link, ...]:
    """The chain of a submission, first link first; empty for an unknown one."""
    rows = await database.rows(_OF, submission=submission_id)
    return tuple(Link(**{name: row[name] for name in Link.__slots__}) for row in rows)


def columns_of(links: Sequence[Link]) -> dict[str, Any]:
    """The links as arrays, a column each, named `evidence_…`."""
    return {
        "evidence_seqs": [link.seq for link in links],
        "evidence_kinds": [link.kind for link in links],
        "evidence_bodies": [canonical(link.body) for link in links],
        "evidence_prevs": [link.prev for link in links],
        "evidence_hashes": [link.hash for link in links],
    }


def _hash(seq: int, at: datetime, kind: str, body: Mapping[str, Any], prev: bytes) -> bytes:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    text = canonical({"seq": seq, "at": moment, "kind": kind, "body": body, "prev": prev.hex()})
    return hashlib.sha256(text.encode()).digest()
