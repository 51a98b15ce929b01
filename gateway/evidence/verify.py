"""Judging an archive offline: with nothing but its bytes and, better, keys that the verifier brings.

Knows: every rule an archive must keep, in the order in which links hang on each other. Never does: I/O, stop at the
first fault. Standard: ADR 8. Start reading: `verify`.

From the inside out: entries, events, receipt, what was derived, roots, digests of all members, the signature over
those. The first fault in that order is `broken_at`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from gateway.crypto.keys import digest
from gateway.errors import CryptoFailure, EvidenceUnreadable
from gateway.evidence import archive, chain, container, merkle, roots, sets, stamp, trust
from gateway.evidence.archive import CHAIN, MANIFEST, OUR_KEYS, PROOFS, SIGNATURE, THEIR_KEYS
from gateway.evidence.chain import Link
from gateway.evidence.faults import fault
from gateway.evidence.roots import ChainHead
from gateway.evidence.trust import Signers
from gateway.model import Finding

MOST_ENTRIES: Final = 2000
MOST_PROOFS: Final = 1000
RECEIPT_TYPE: Final = "receipt+jwt"
_MANIFEST_MEMBERS: Final = frozenset({"at", "entries", "format", "members", "newest_root", "submission"})
_PROOF_MEMBERS: Final = frozenset({"leaf", "path", "root", "seq"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of checking: `broken_at` names the first broken link, `findings` all of them.

    `trust` is `given` where the keys came from the verifier, `from_archive` where the archive vouches for itself.
    """

    submission_id: str | None
    entries: int
    trust: str
    findings: tuple[Finding, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether every link holds."""
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        """The verdict in the shape of the fixed interface."""
        return {
            "ok": self.ok,
            "submission_id": self.submission_id,
            "entries": self.entries,
            "broken_at": self.findings[0].pointer if self.findings else None,
            "trust": self.trust,
        }


@dataclass(frozen=True, slots=True)
class ArchiveManifest:
    """What an archive says that it holds."""

    submission: UUID
    entries: int
    members: Mapping[str, str]


def verify(data: bytes, trusted: Sequence[Mapping[str, Any]] | None = None) -> Verdict:
    """Judge an archive's bytes. `trusted` are JWKs that the verifier brings; None: those in the archive."""
    trust_source = "from_archive" if trusted is None else "given"
    try:
        members = container.unpack(data)
    except EvidenceUnreadable as error:
        return Verdict(None, 0, trust_source, error.findings)
    manifest = _manifest(members)
    if manifest is None:
        return Verdict(None, 0, trust_source, (fault(MANIFEST, "form" if MANIFEST in members else "missing"),))
    links = _links(members.get(CHAIN, b""))
    ours, theirs = _keys(members, OUR_KEYS), _keys(members, THEIR_KEYS)
    signers = Signers(trusted if trusted is not None else ours.values())
    findings = [
        *_chain_faults(links, manifest),
        *sets.faults(links, CHAIN, theirs),
        *_receipt_faults(links, manifest.submission, ours),
        *_derived_faults(links, members),
        *(fault(OUR_KEYS, "key_missing") for named in archive.keys_named(links) if named not in {**ours, **theirs}),
        *_proof_faults(links, members, manifest.submission, signers),
        *_member_faults(members, manifest, signers),
    ]
    return Verdict(str(manifest.submission), len(links), trust_source, tuple(findings))


def _manifest(members: Mapping[str, bytes]) -> ArchiveManifest | None:
    value = _canonical_json(members.get(MANIFEST, b""))
    if not isinstance(value, dict) or value.keys() != _MANIFEST_MEMBERS or value["format"] != archive.FORMAT:
        return None
    listed, entries, submission = value["members"], value["entries"], value["submission"]
    if type(entries) is not int or not isinstance(listed, dict) or not isinstance(submission, str):
        return None
    if not _names_a_root(value["newest_root"]):
        return None
    try:
        datetime.fromisoformat(str(value["at"]))
        known = UUID(submission)
    except ValueError:
        return None
    return ArchiveManifest(known, entries, listed) if str(known) == submission else None


def _names_a_root(root: object) -> bool:
    if not isinstance(root, dict) or root.keys() != {"no", "sha256"}:
        return False
    return type(root["no"]) is int and isinstance(root["sha256"], str)


def _links(content: bytes) -> tuple[Link, ...]:
    """The entries up to the first line that is none, which then shows as too few entries."""
    links: list[Link] = []
    for line in content.split(b"\n", MOST_ENTRIES)[:MOST_ENTRIES]:
        try:
            links.append(chain.read(line.decode()))
        except (ValueError, RecursionError):
            break
    return tuple(links)


def _keys(members: Mapping[str, bytes], name: str) -> Mapping[str, Mapping[str, Any]]:
    """The keys of a member by digest; none where it is no key set, which its digest shows as well."""
    jwk_set = _canonical_json(members.get(name, b""))
    keys = jwk_set.get("keys") if isinstance(jwk_set, dict) else None
    if not isinstance(keys, list) or len(keys) > trust.MOST_KEYS:
        return {}
    return {digest(jwk): jwk for jwk in keys if isinstance(jwk, dict)}


def _chain_faults(links: Sequence[Link], manifest: ArchiveManifest) -> Iterator[Finding]:
    number = chain.broken_at(links, manifest.submission)
    if number is not None:
        yield fault(f"{CHAIN}:{number}", "link")
    if len(links) != manifest.entries or not links:
        yield fault(f"{CHAIN}:{min(len(links), max(manifest.entries, 0)) + 1}", "count")


def _receipt_faults(
    links: Sequence[Link], submission: UUID, ours: Mapping[str, Mapping[str, Any]]
) -> Iterator[Finding]:
    for link in links:
        if link.kind != "received":
            continue
        body = json.loads(link.body)
        jwk = ours.get(str(body.get("key")))
        try:
            payload = Signers([jwk] if jwk else []).payload(str(body.get("receipt")), RECEIPT_TYPE)
            about = json.loads(payload).get("sub")
        except (CryptoFailure, ValueError, AttributeError, RecursionError):
            about = None
        if about != str(submission):
            yield fault(f"{CHAIN}:{link.seq}", "receipt")


def _derived_faults(links: Sequence[Link], members: Mapping[str, bytes]) -> Iterator[Finding]:
    for name, content in archive.derived(links).items():
        if name in members and members[name] != content:
            yield fault(name, "derived")
        elif name not in members:
            yield fault(name, "missing")


def _proof_faults(
    links: Sequence[Link], members: Mapping[str, bytes], submission: UUID, signers: Signers
) -> Iterator[Finding]:
    proofs = _canonical_json(members.get(PROOFS, b""))
    if not isinstance(proofs, list) or len(proofs) > MOST_PROOFS or not all(_is_proof(proof) for proof in proofs):
        yield fault(PROOFS, "form")
        return
    for proof in proofs:
        name = archive.root_name(proof["root"])
        root = _root(members.get(name, b""), signers)
        if root is None or root.no != proof["root"]:
            yield fault(name, "signature" if name in members else "missing")
        elif not 0 < proof["seq"] <= len(links):
            yield fault(f"{CHAIN}:{len(links) + 1}", "count")
        elif not _leads(links[proof["seq"] - 1], proof, submission, root):
            yield fault(PROOFS, "path")
        yield from _stamp_faults(members, name, archive.stamp_name(proof["root"]))
    if not any(proof["seq"] == len(links) for proof in proofs):
        yield fault(PROOFS, "uncovered")


def _stamp_faults(members: Mapping[str, bytes], name: str, stamp_name: str) -> Iterator[Finding]:
    if stamp_name not in members:
        return
    try:
        stamp.check(members[stamp_name], members.get(name, b""))
    except CryptoFailure:
        yield fault(stamp_name, "stamp")


def _is_proof(proof: object) -> bool:
    if not isinstance(proof, dict) or proof.keys() != _PROOF_MEMBERS or not isinstance(proof["path"], list):
        return False
    numbers = all(type(proof[name]) is int for name in ("leaf", "root", "seq"))
    return numbers and all(isinstance(sibling, str) for sibling in proof["path"])


def _root(token: bytes, signers: Signers) -> roots.SignedRoot | None:
    try:
        return roots.read(signers.payload(token.decode(), roots.ROOT_TYPE))
    except (CryptoFailure, ValueError, RecursionError):
        return None


def _leads(link: Link, proof: Mapping[str, Any], submission: UUID, root: roots.SignedRoot) -> bool:
    try:
        path = [bytes.fromhex(sibling) for sibling in proof["path"]]
    except ValueError:
        return False
    head = ChainHead(submission, proof["seq"], link.hash)
    return merkle.leads_to(root.root, head.leaf(), proof["leaf"], root.leaves, path)


def _member_faults(members: Mapping[str, bytes], manifest: ArchiveManifest, signers: Signers) -> Iterator[Finding]:
    for name in sorted(members.keys() - manifest.members.keys() - {MANIFEST, SIGNATURE}):
        yield fault(name, "unlisted")
    for name, signed in manifest.members.items():
        if name not in members:
            yield fault(name if container.NAME.fullmatch(name) else MANIFEST, "missing")
        elif hashlib.sha256(members[name]).hexdigest() != signed:
            yield fault(name, "digest")
    try:
        signers.detached(members.get(SIGNATURE, b"").decode(), members[MANIFEST], roots.MANIFEST_TYPE)
    except (CryptoFailure, ValueError):
        yield fault(SIGNATURE, "signature" if SIGNATURE in members else "missing")


def _canonical_json(content: bytes) -> object:
    """What a JSON member says; None for anything but the one form in which it is written."""
    try:
        value: object = json.loads(content)
        return value if archive.json_bytes(value) == content else None
    except (ValueError, RecursionError):
        return None
