"""Roots signed over heads of chains, and the way from a chain back to them.

Knows: which heads no root covers yet, that one process at a time signs, rows of roots and leaves. Never does: form of
a root (`gateway/evidence/roots.py`), more than a look at the newest entries. Standard: ADR 8.
Start reading: `sign_due`, then `sign_head`.

An entry is looked at once its transaction and all before it have ended: `horizon` is the number below which every
transaction had. Where the numbers went back (a restored database), everything is looked at once more; the upper bound
then spares the rows of the old server, whose numbers lie ahead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from gateway.crypto.keys import PrivateKey, digest
from gateway.errors import EvidenceBroken
from gateway.evidence import archive, chain, faults
from gateway.evidence import roots as forms
from gateway.evidence.archive import Witness
from gateway.evidence.judge import Walk
from gateway.evidence.merkle import Tree
from gateway.evidence.roots import NOTHING, ChainHead, Newest
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, numbered
from gateway.store.proof import judging
from gateway.store.proof.chains import evidence_of
from gateway.store.proof.judging import Guard

EVERY: Final = timedelta(minutes=1)
MOST_ENTRIES: Final = 32_768
"""Entries that one root looks at; where there are more, the next root follows at once."""
OPEN: Final = Guard()
"""No key but the own, nothing known outside the database."""
LOCK: Final = 0x65766964  # "evid": one signer at a time in a database

_LOCK = numbered("SELECT pg_advisory_xact_lock(%(lock)s)", lock=LOCK)
_LAST = numbered(
    """
SELECT last.no, last.token, coalesce(last.horizon, 0) AS horizon,
       (SELECT token FROM evidence_roots WHERE no = last.no - 1) AS before,
       (SELECT at FROM evidence_roots WHERE periodic ORDER BY no DESC LIMIT 1) AS periodic_at,
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS ended
FROM (SELECT) AS one LEFT JOIN (SELECT * FROM evidence_roots ORDER BY no DESC LIMIT 1) AS last ON true
"""
)
_FRESH = numbered(
    """
WITH fresh AS MATERIALIZED (  -- apart, so that no order tempts the planner to walk through every chain
    SELECT submission, municipality, seq, hash FROM evidence
    WHERE tx >= %(horizon)s AND tx < %(ended)s AND NOT EXISTS (
        SELECT FROM evidence_leaves AS leaf WHERE leaf.submission = evidence.submission AND leaf.seq >= evidence.seq
    )
    LIMIT %(most)s
)
SELECT DISTINCT ON (submission) submission, municipality, seq, hash AS head, (SELECT count(*) FROM fresh) AS looked
FROM fresh ORDER BY submission, seq DESC
"""
)
_SIGNED = numbered("SELECT seq, head FROM evidence_leaves WHERE submission = %(submission)s ORDER BY seq")
_TOWN = numbered("SELECT municipality FROM evidence WHERE submission = %(submission)s LIMIT 1")
_KEEP = numbered(
    """
WITH root AS (
    INSERT INTO evidence_roots (no, at, key, token, periodic, horizon)
    VALUES (%(no)s, %(at)s, %(key)s, %(token)s, %(periodic)s, %(horizon)s)
)
INSERT INTO evidence_leaves (root, no, municipality, submission, seq, head)
SELECT %(no)s, leaf.no - 1, leaf.municipality, leaf.submission, leaf.seq, leaf.head
FROM unnest(%(towns)s::text[], %(submissions)s::uuid[], %(seqs)s::integer[], %(heads)s::bytea[])
    WITH ORDINALITY AS leaf (municipality, submission, seq, head, no)
"""
)
_LEAVES = numbered(
    """
SELECT root.no AS root, root.token, stamp.token AS stamp, leaf.no, leaf.submission, leaf.seq, leaf.head
FROM evidence_roots AS root JOIN evidence_leaves AS leaf ON leaf.root = root.no
LEFT JOIN evidence_stamps AS stamp ON stamp.root = root.no
WHERE root.key = %(key)s
  AND root.no IN (SELECT own.root FROM evidence_leaves AS own WHERE own.submission = %(submission)s)
ORDER BY root.no, leaf.no
"""
)
_UNSTAMPED = numbered(
    """
SELECT root.no, root.token FROM evidence_roots AS root
WHERE root.at > %(since)s AND NOT EXISTS (SELECT FROM evidence_stamps AS stamp WHERE stamp.root = root.no)
ORDER BY root.no LIMIT 10
"""
)
_STAMP = numbered(
    "INSERT INTO evidence_stamps (root, at, token) VALUES (%(root)s, %(at)s, %(token)s) ON CONFLICT DO NOTHING",
    commits="roots.stamp",
)


@dataclass(frozen=True, slots=True)
class Last:
    """The newest root, when the newest periodic one was signed, and below which number every transaction has ended."""

    no: int
    token: str | None
    before: str | None
    periodic_at: datetime | None
    horizon: int
    ended: int

    @property
    def newest(self) -> Newest:
        """The root by number and digest."""
        return Newest(self.no, forms.digest_of(self.token))


async def sign_due(database: Database, key: PrivateKey, now: datetime, guard: Guard = OPEN) -> int:
    """Sign the heads that no root covers yet, unless a root is younger than `EVERY`; how many heads.

    Any number of processes may ask at any time. Before anything is signed, the roots behind the one that `guard`
    knows are judged, and of each chain what came since a root covered it. Raises `EvidenceBroken` where a root is
    broken, or at the end where chains are: those are left out. Raises `EvidenceShortened` where roots are gone.
    """
    total, broken = 0, dict[UUID, int]()
    while True:
        async with database.transaction("roots.sign") as connection:
            last = await _last(connection)
            if last.periodic_at and not total and timedelta() <= now - last.periodic_at < EVERY:
                return 0
            await _judge_newest(connection, last, key, guard)
            horizon = last.horizon if last.horizon <= last.ended else 0
            rows = await db.rows(connection, _FRESH, horizon=horizon, ended=last.ended, most=MOST_ENTRIES)
            more = bool(rows) and rows[0]["looked"] >= MOST_ENTRIES
            faulty = await judging.broken_heads(_ask(connection), rows)
            rows = [row for row in rows if row["submission"] not in faulty]
            if rows:
                new_horizon = horizon if more else last.ended
                signed = await _sign(connection, last, key, rows, horizon=new_horizon, now=now, periodic=True)
        await asyncio.to_thread(guard.note, signed if rows else last.newest)
        total, broken = total + len(rows), broken | faulty
        if not more or not rows:
            break
    if broken:
        raise EvidenceBroken(
            findings=tuple(faults.fault(f"{submission}#{at}", "link") for submission, at in list(broken.items())[:20])
        )
    return total


async def sign_head(
    database: Database, submission_id: UUID, key: PrivateKey, now: datetime, guard: Guard = OPEN
) -> None:
    """See to it that the newest entry of a submission stands under a root signed with `key`.

    All roots are judged before. A chain that is broken, or in which an earlier signed head is missing, is not signed:
    `EvidenceBroken`. Raises `EvidenceShortened` where roots are gone that `guard` knows.
    """
    walk = Walk(guard.signers(key))
    known = await asyncio.to_thread(guard.known)
    await judging.must_hold(database.rows, known, (await judging.newest(database)).no)
    await judging.must_be_whole(database.rows, walk)
    links = await evidence_of(database, submission_id)
    number = chain.broken_at(links, submission_id)
    if number is not None:
        raise EvidenceBroken(findings=(faults.fault(f"{archive.CHAIN}:{number}", "link"),))
    async with database.transaction("roots.sign_head") as connection:
        last = await _last(connection)
        await judging.must_be_whole(_ask(connection), walk)
        for leaf in await db.rows(connection, _SIGNED, submission=submission_id):  # under whatever key
            seq = leaf["seq"]
            if not 0 < seq <= len(links) or links[seq - 1].hash != leaf["head"]:
                raise EvidenceBroken(findings=(faults.fault(f"{archive.CHAIN}:{min(seq, len(links) + 1)}", "count"),))
        rows = await db.rows(connection, _LEAVES, key=digest(key.public_jwk), submission=submission_id)
        if not links or any((row["submission"], row["seq"]) == (submission_id, len(links)) for row in rows):
            return
        town = await db.one(connection, _TOWN, submission=submission_id)
        leaf = {"submission": submission_id, "municipality": town and town["municipality"]}
        row = {**leaf, "seq": len(links), "head": links[-1].hash}
        signed = await _sign(connection, last, key, [row], horizon=last.horizon, now=now, periodic=False)
    await asyncio.to_thread(guard.note, signed)


async def witnesses_of(database: Database, submission_id: UUID, key: PrivateKey) -> tuple[Witness, ...]:
    """Every root signed with `key` that covers an entry of the submission, with the way to it, in order."""
    rows = await database.rows(_LEAVES, key=digest(key.public_jwk), submission=submission_id)
    return await asyncio.to_thread(_witnesses, rows, submission_id)


async def unstamped(database: Database, since: datetime) -> tuple[tuple[int, str], ...]:
    """Number and token of roots younger than `since` that have no time stamp yet, oldest first, ten at most."""
    return tuple((row["no"], row["token"]) for row in await database.rows(_UNSTAMPED, since=since))


async def keep_stamp(database: Database, root: int, stamp: bytes, now: datetime) -> None:
    """Keep the time stamp (RFC 3161, DER) over a root's token; the first one stays."""
    await database.run(_STAMP, root=root, at=now, token=stamp)


async def _last(connection: Connection) -> Last:
    """The newest root, with the right to make the next one until the transaction ends."""
    await db.one(connection, _LOCK)
    row = await db.one(connection, _LAST)
    assert row is not None
    return Last(row["no"] or 0, row["token"], row["before"], row["periodic_at"], row["horizon"], row["ended"])


def _ask(connection: Connection) -> judging.Ask:
    return partial(db.rows, connection)


async def _judge_newest(connection: Connection, last: Last, key: PrivateKey, guard: Guard) -> None:
    """Judge the roots behind the one known outside, the newest at least."""
    known = await asyncio.to_thread(guard.known)
    await judging.must_hold(_ask(connection), known, last.no)
    since = Newest(last.no - 1, forms.digest_of(last.before)) if last.no else NOTHING
    if 0 < known.no < last.no:
        since = known
    await judging.must_be_whole(_ask(connection), Walk(guard.signers(key), since))


async def _sign(  # noqa: PLR0913 - what a root is made of
    connection: Connection,
    last: Last,
    key: PrivateKey,
    rows: Sequence[Any],
    *,
    horizon: int,
    now: datetime,
    periodic: bool,
) -> Newest:
    heads = [ChainHead(row["submission"], row["seq"], bytes(row["head"])) for row in rows]
    token = await asyncio.to_thread(_token, last, key, heads, now)
    await db.run(
        connection,
        _KEEP,
        no=last.no + 1,
        at=now,
        key=digest(key.public_jwk),
        token=token,
        periodic=periodic,
        horizon=horizon,
        towns=[row["municipality"] for row in rows],
        submissions=[head.submission for head in heads],
        seqs=[head.seq for head in heads],
        heads=[head.hash for head in heads],
    )
    return Newest(last.no + 1, forms.digest_of(token))


def _token(last: Last, key: PrivateKey, heads: Sequence[ChainHead], now: datetime) -> str:
    root = Tree([head.leaf() for head in heads]).root
    signed = forms.SignedRoot(last.no + 1, chain.moment(now), len(heads), root, forms.digest_of(last.token))
    return forms.sign(key, signed)


def _witnesses(rows: Sequence[Any], submission_id: UUID) -> tuple[Witness, ...]:
    witnesses = []
    for no, members in groupby(rows, key=lambda row: int(row["root"])):
        leaves = list(members)
        tree = Tree([ChainHead(row["submission"], row["seq"], bytes(row["head"])).leaf() for row in leaves])
        for number, row in enumerate(leaves):
            if row["submission"] == submission_id:
                stamp = bytes(row["stamp"]) if row["stamp"] else None
                witnesses.append(Witness(no, row["token"], row["seq"], number, tree.path(number), stamp))
    return tuple(witnesses)
