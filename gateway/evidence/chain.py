"""The chain of a submission: append-only, each entry bound to the one before, the first to the submission's id.

Knows: canonical JSON and the hash over an entry. Never does: signatures (`roots`).
Standard: architecture §5; SHA-256 over canonical JSON (sorted keys, no white space, UTF-8) of `{"at","body","kind",
"prev","seq"}`, `at` in RFC 3339 with microseconds, `prev` in lower-case hex. Start reading: `chained`, `broken_at`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from gateway.ports.store import EvidenceEntry

HASH_BYTES: Final = 32
_GENESIS: Final = b"ozg-gateway evidence chain 1\0"
_MEMBERS: Final = frozenset({"at", "body", "hash", "kind", "prev", "seq"})


@dataclass(frozen=True, slots=True)
class Link:
    """One entry as it stands in the chain.

    `at` is UTC; `body` is canonical JSON; `prev` and `hash` have 32 bytes; `seq` counts from 1.
    """

    seq: int
    at: datetime
    kind: str
    body: str = field(repr=False)
    prev: bytes
    hash: bytes

    def line(self) -> str:
        """The link as one line of `chain.jsonl`: the hashed text with the hash as one more member."""
        return _text(self.seq, self.at, self.kind, self.body, self.prev, f'"hash":"{self.hash.hex()}",')


def read(line: str) -> Link:
    """The link that a line of `chain.jsonl` spells; its hash is not checked here.

    ValueError or RecursionError for anything but what `Link.line` writes, to the byte.
    """
    members = json.loads(line)
    if not isinstance(members, dict) or members.keys() != _MEMBERS or not isinstance(members["body"], dict):
        raise ValueError
    if type(members["seq"]) is not int or not all(
        isinstance(members[name], str) for name in _MEMBERS - {"body", "seq"}
    ):
        raise ValueError
    if not members["at"].endswith("Z"):
        raise ValueError
    at = datetime.fromisoformat(members["at"])
    prev, digest = bytes.fromhex(members["prev"]), bytes.fromhex(members["hash"])
    link = Link(members["seq"], at, members["kind"], canonical(members["body"]), prev, digest)
    if len(prev) != HASH_BYTES or len(digest) != HASH_BYTES or link.line() != line:
        raise ValueError
    return link


def canonical(value: object) -> str:
    """Canonical JSON: the same value gives the same text everywhere."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def start(submission_id: UUID) -> bytes:
    """What the first entry names as the one before: a digest that only this submission has."""
    return hashlib.sha256(_GENESIS + submission_id.bytes).digest()


def moment(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def chained(entries: Iterable[EvidenceEntry], *, seq: int, head: bytes, at: datetime) -> tuple[Link, ...]:
    """The entries as links behind the link number `seq` with hash `head`."""
    links: list[Link] = []
    for entry in entries:
        seq += 1
        body = canonical(dict(entry.body))
        digest = _hash(seq, at, entry.kind, body, head)
        links.append(Link(seq, at, entry.kind, body, head, digest))
        head = digest
    return tuple(links)


def broken_at(links: Sequence[Link], submission_id: UUID, *, seq: int = 0, head: bytes | None = None) -> int | None:
    """The number of the first link that does not follow from the ones before; None where the chain is whole.

    `links` follow the link number `seq` with hash `head`; from the beginning where nothing is said.
    """
    head = head or start(submission_id)
    for expected, link in enumerate(links, start=seq + 1):
        follows = link.seq == expected and link.prev == head
        if not follows or link.hash != _hash(link.seq, link.at, link.kind, link.body, head):
            return expected
        head = link.hash
    return None


def _hash(seq: int, at: datetime, kind: str, body: str, prev: bytes) -> bytes:
    return hashlib.sha256(_text(seq, at, kind, body, prev).encode()).digest()


def _text(  # noqa: PLR0913, PLR0917 - the members of an entry
    seq: int, at: datetime, kind: str, body: str, prev: bytes, extra: str = ""
) -> str:
    named = f'{extra}"kind":{canonical(kind)},"prev":"{prev.hex()}","seq":{seq}'
    return f'{{"at":"{moment(at)}","body":{body},{named}}}'
