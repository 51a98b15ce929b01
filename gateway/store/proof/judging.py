"""What a database holds of evidence, read for `gateway/evidence/judge.py`, in pages.

Knows: rows of roots, leaves and chains. Never does: judge, sign. Standard: ADR 8. Start reading: `walked`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from gateway.crypto.keys import PrivateKey
from gateway.errors import EvidenceBroken, EvidenceKeyWrong, EvidenceShortened
from gateway.evidence import archive, chain
from gateway.evidence.faults import fault
from gateway.evidence.judge import Walk
from gateway.evidence.roots import NOTHING, ChainHead, Newest, digest_of
from gateway.evidence.trust import Signers
from gateway.model import Finding
from gateway.store.connection.database import Database, Row, numbered
from gateway.store.proof.chains import links_of
from gateway.store.proof.witness import WitnessFile

Ask = Callable[..., Awaitable[Sequence[Row]]]
"""Asks for all rows of a statement: `Database.rows`, or `database.rows` on a connection at hand."""

_PAGE: Final = 200  # roots
_CHAINS: Final = 500  # chains at once
_ROOTS = numbered(
    """
SELECT root.no, root.token, leaf.submission, leaf.seq, leaf.head
FROM (SELECT no, token FROM evidence_roots WHERE no > %(after)s ORDER BY no LIMIT %(page)s) AS root
LEFT JOIN evidence_leaves AS leaf ON leaf.root = root.no
ORDER BY root.no, leaf.no
"""
)
_ROOT = numbered("SELECT no, token FROM evidence_roots WHERE no = %(no)s")
_NEWEST = numbered("SELECT no, token FROM evidence_roots ORDER BY no DESC LIMIT 1")
_ROOTLESS = numbered(
    "SELECT leaf.root FROM evidence_leaves AS leaf WHERE (leaf.root > %(no)s OR leaf.root < 1) "
    "AND NOT EXISTS (SELECT FROM evidence_roots AS root WHERE root.no = leaf.root) ORDER BY leaf.root LIMIT 1"
)
_COVERED = numbered(
    "SELECT DISTINCT ON (submission) submission, seq, head FROM evidence_leaves "
    "WHERE submission = ANY(%(ids)s::uuid[]) ORDER BY submission, seq DESC, root DESC"
)
_BEHIND = numbered(
    """
SELECT it.submission, it.seq, it.at, it.kind, it.body::text AS body, it.prev, it.hash
FROM unnest(%(ids)s::uuid[], %(froms)s::integer[], %(tos)s::integer[]) AS wanted (id, from_seq, to_seq)
JOIN evidence AS it ON it.submission = wanted.id AND it.seq BETWEEN wanted.from_seq AND wanted.to_seq
ORDER BY it.submission, it.seq
"""
)


@dataclass(frozen=True, slots=True)
class Guard:
    """What whoever signs holds against the database: keys that are published beside its own, and its witness."""

    published: tuple[Mapping[str, Any], ...] = ()
    witness: WitnessFile | None = None

    def signers(self, key: PrivateKey) -> Signers:
        """The keys that a root may be signed with."""
        return Signers((key.public_jwk, *self.published))

    def known(self) -> Newest:
        """The newest root known outside the database."""
        return self.witness.read() if self.witness else NOTHING

    def note(self, newest: Newest) -> None:
        """Remember a judged root."""
        if self.witness:
            self.witness.note(newest)


async def newest(database: Database) -> Newest:
    """The newest root of the database."""
    row = await database.one(_NEWEST)
    return Newest(row["no"], digest_of(row["token"])) if row else NOTHING


async def settle(database: Database, key: PrivateKey, guard: Guard, place: str) -> None:
    """Return where whoever starts may sign on in this database; `place` is where its key was read from.

    Raises `EvidenceKeyWrong` where the newest root stands under a key that is not given, `EvidenceShortened` where
    roots are gone that the witness knows.
    """
    known = await asyncio.to_thread(guard.known)  # first: meanwhile others sign on
    row = await database.one(_NEWEST)
    if row and not guard.signers(key).knows(row["token"]):
        raise EvidenceKeyWrong(place=place)
    await must_hold(database.rows, known, row["no"] if row else 0)


async def must_hold(ask: Ask, known: Newest, there: int) -> None:
    """Raise `EvidenceShortened` unless the root known outside is one of the `there` roots in the database."""
    if known.no > there:
        raise EvidenceShortened(known=known.no, there=there)
    if known.no and not [row for row in await ask(_ROOT, no=known.no) if digest_of(row["token"]) == known.digest]:
        raise EvidenceShortened(known=known.no, there=there, findings=(fault(archive.root_name(known.no), "outside"),))


async def walked(ask: Ask, walk: Walk) -> list[Finding]:
    """Take every root behind the last one taken; what is wrong with them, and with leaves under no root."""
    findings: list[Finding] = []
    while rows := await ask(_ROOTS, after=walk.newest.no, page=_PAGE):
        findings += await asyncio.to_thread(_taken, walk, rows)
    for row in await ask(_ROOTLESS, no=walk.newest.no):
        findings.append(fault(archive.root_name(row["root"]), "root_unknown"))
    return findings + list(walk.end())


async def must_be_whole(ask: Ask, walk: Walk) -> None:
    """As `walked`. Raises `EvidenceBroken` with what is wrong."""
    if findings := await walked(ask, walk):
        raise EvidenceBroken(findings=tuple(findings[:20]))


async def broken_heads(ask: Ask, rows: Sequence[Mapping[str, Any]]) -> dict[UUID, int]:
    """The heads (`submission`, `seq`, `head`) whose chain does not lead there from what a root covered last.

    By submission the number of the first link that does not follow.
    """
    broken: dict[UUID, int] = {}
    for begin in range(0, len(rows), _CHAINS):
        page = rows[begin : begin + _CHAINS]
        ids = [row["submission"] for row in page]
        covered = {row["submission"]: row for row in await ask(_COVERED, ids=ids)}
        froms = [covered[submission]["seq"] if submission in covered else 1 for submission in ids]
        links = await ask(_BEHIND, ids=ids, froms=froms, tos=[row["seq"] for row in page])
        chains = {submission: list(group) for submission, group in groupby(links, key=lambda row: row["submission"])}
        for row in page:
            submission = row["submission"]
            at = _broken_at(chains.get(submission, []), row, covered.get(submission))
            if at is not None:
                broken[submission] = at
    return broken


def _broken_at(rows: Sequence[Row], leading: Mapping[str, Any], covered: Mapping[str, Any] | None) -> int | None:
    submission, links = leading["submission"], links_of(rows)
    seq, head = 0, chain.start(submission)
    if covered:
        if not links or (links[0].seq, links[0].hash) != (covered["seq"], covered["head"]):
            return int(covered["seq"])
        seq, head, links = covered["seq"], covered["head"], links[1:]
    at = chain.broken_at(links, submission, seq=seq, head=head)
    if at is None and (seq + len(links), links[-1].hash if links else head) != (leading["seq"], bytes(leading["head"])):
        return seq + len(links) + 1
    return at


def _taken(walk: Walk, rows: Sequence[Row]) -> list[Finding]:
    findings: list[Finding] = []
    for (no, token), group in groupby(rows, key=lambda row: (row["no"], row["token"])):
        leaves = [_leaf(row) for row in group if row["submission"] is not None]
        findings += walk.take(no, token, leaves)
    return findings


def _leaf(row: Row) -> bytes:
    seq, head = row["seq"], bytes(row["head"])
    return ChainHead(row["submission"], seq, head).leaf() if seq >= 0 else b""
