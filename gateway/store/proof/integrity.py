"""The audit of what is stored: every root and chain of evidence, every encrypted value, every blob.

Knows: what whole means. Never does: repair. Standard: architecture §5. Start reading: `audit`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Text, bindparam, exists, select

from gateway.crypto.keys import digest
from gateway.errors import DatabaseAway, EvidenceShortened, GatewayError
from gateway.evidence import chain, judge
from gateway.evidence.judge import Walk
from gateway.evidence.roots import NOTHING, Newest
from gateway.evidence.trust import Signers
from gateway.model import State
from gateway.store.connection.database import Database, Statement, compiled
from gateway.store.postgres import PostgresStore
from gateway.store.proof import judging
from gateway.store.proof.chains import CHAIN, links_of
from gateway.store.rows import tables as t

_PAGE = 500
LOOKS = 3
_FIRST = UUID(int=0)
_S, _E, _A, _B, _L = t.submissions.c, t.evidence.c, t.attachments.c, t.blobs.c, t.evidence_leaves.c
_K = t.evidence_keys.c
_AFTER: BindParameter[Any] = bindparam("after")
_AFTER_KEY: BindParameter[Any] = bindparam("after", type_=Text)
_SUBMISSIONS = compiled(select(_S.id, _S.erased_at).where(_S.id > _AFTER).order_by(_S.id).limit(_PAGE))
_SUBMISSION = compiled(
    select(_S.evidence_seq, _S.evidence_head, _S.state, _S.events).where(_S.id == bindparam("id", type_=_S.id.type))
)
_CHAINLESS = compiled(
    select(_L.submission.label("id"))
    .distinct()
    .where(_L.submission > _AFTER, ~exists(select(_E.seq).where(_E.submission == _L.submission)))
    .order_by(_L.submission)
    .limit(_PAGE)
)
_KEYS = compiled(select(_K.sha256.label("id"), _K.jwk).where(_K.sha256 > _AFTER_KEY).order_by(_K.sha256).limit(_PAGE))
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
    .where(_A.blob > _AFTER, _S.erased_at.is_(None), ~exists(select(_B.id).where(_B.id == _A.blob, _B.finished)))
    .order_by(_A.blob)
    .limit(_PAGE)
)
_SUBJECT_KEYS = compiled(select(t.subject_keys.c.municipality).order_by(t.subject_keys.c.municipality))


@dataclass(slots=True)
class Audit:
    """How many were looked at, and what is broken.

    `root N`, `key DIGEST`, `ID#N` (entry N of a chain), `state ID` and `events ID` (they contradict the chain),
    `submission ID` (gone without an erasure), `record ID`, `blob ID`, `subject_key ARS`.
    """

    roots: int = 0
    chains: int = 0
    records: int = 0
    blobs: int = 0
    broken: list[str] = field(default_factory=list)


async def audit(store: PostgresStore, trusted: Sequence[Mapping[str, Any]] = (), known: Newest = NOTHING) -> Audit:
    """Check all evidence; decrypt every value and every blob to its end. `trusted` and `known` as for `proofs`."""
    result = await proofs(store, trusted, known)
    async for row in _all(store.database, _SUBMISSIONS):
        if row["erased_at"] is None:
            result.records += 1
            if not await _answers(store.stored(row["id"])):
                result.broken.append(f"record {row['id']}")
    async for row in _all(store.database, _BLOBS):
        result.blobs += 1
        if await _size(store, row["id"]) != row["size"]:
            result.broken.append(f"blob {row['id']}")
    async for row in _all(store.database, _LOST):
        result.broken.append(f"blob {row['id']}")
    for row in await store.database.rows(_SUBJECT_KEYS):
        if not await _answers(store.logins.subject_key(row["municipality"])):
            result.broken.append(f"subject_key {row['municipality']}")
    return result


async def proofs(store: PostgresStore, trusted: Sequence[Mapping[str, Any]] = (), known: Newest = NOTHING) -> Audit:
    """Check every root, every chain against the roots and its submission, every key; nothing is decrypted.

    `trusted` are the public keys that ever signed roots here, `known` is the newest root noted outside the database.
    """
    result = Audit()
    await _roots(store.database, result, Walk(Signers(trusted)), known)
    for statement in (_SUBMISSIONS, _FORGOTTEN):
        async for row in _all(store.database, statement):
            result.chains += 1
            result.broken += await _faults_of(store.database, row["id"])
    async for row in _all(store.database, _CHAINLESS):
        result.broken.append(f"{row['id']}#1")
    async for row in _all(store.database, _KEYS, ""):
        if digest(row["jwk"]) != row["id"]:
            result.broken.append(f"key {row['id'][:64]}")
    result.broken[:] = dict.fromkeys(result.broken)
    return result


async def _roots(database: Database, result: Audit, walk: Walk, known: Newest) -> None:
    try:
        await judging.must_hold(database.rows, known, (await judging.newest(database)).no)
    except EvidenceShortened:
        result.broken.append(f"root {known.no}")
    faults = await judging.walked(database.rows, walk)
    result.roots = walk.newest.no
    result.broken += [f"root {finding.pointer.removeprefix('roots/').removesuffix('.jws')}" for finding in faults]


async def _faults_of(database: Database, submission_id: UUID) -> Sequence[str]:
    """What is wrong with a chain and its submission's row; looked at again, since the gateway may be at work on it."""
    faults: Sequence[str] = ()
    for _ in range(LOOKS):
        faults = await _faults(database.rows, submission_id)
        if not faults:
            break
    return faults


async def _faults(ask: judging.Ask, submission: UUID) -> Sequence[str]:
    rows = await ask(_SUBMISSION, id=submission)
    links = links_of(await ask(CHAIN, submission=submission))
    at = chain.broken_at(links, submission)
    if at is None:
        heads = {link.seq: link.hash for link in links}
        signed = await ask(_SIGNED, submission=submission)
        at = next((leaf["seq"] for leaf in signed if heads.get(leaf["seq"]) != leaf["head"]), None)
    if at is not None:
        return (f"{submission}#{at}",)
    if not rows:
        return () if judge.erased(links) else (f"submission {submission}",)
    row = rows[0]
    if (len(links), links[-1].hash if links else b"") != (row["evidence_seq"], row["evidence_head"]):
        return (f"{submission}#{min(len(links), row['evidence_seq']) + 1}",)
    if judge.contradicts(State(row["state"]), links):
        return (f"state {submission}",)
    return (f"events {submission}",) if judge.events_differ(row["events"], links) else ()


async def _all(
    database: Database, statement: Statement, after: UUID | str = _FIRST
) -> AsyncIterator[Mapping[str, Any]]:
    """Every row, a page at a time, in the order of its id."""
    while rows := await database.rows(statement, after=after):
        for row in rows:
            yield row
        after = rows[-1]["id"]


async def _answers(asked: Awaitable[object]) -> bool:
    try:
        await asked
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
