"""What an archive holds: everything that proves one submission, as files that can be read one by one.

Knows: the members, their names and exact bytes. Never does: I/O, judge (`verify`), the ZIP itself (`container`).
Standard: ADR 8. Start reading: `build`, then `derived`.

- `chain.jsonl`: the entries, one canonical JSON object a line; the hash of each is over the line without `hash`
- `events/NN-TYPE.jwt`, `receipt.jws`, `tags.json`, `validation.json`: what entries hold, once more as files (events
  that were refused prove nothing and stand in the chain alone)
- `keys/gateway.json`, `keys/fitconnect.json`: JWK sets, with the certificates in `x5c`
- `roots/N.jws`, `proofs.json`: signed roots, and the path from heads of this chain to each; `roots/N.tsr`: time stamps
- `nachweis.html`: the cover page; `manifest.json`, `manifest.jws`: SHA-256 of every other member, signed
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from gateway.crypto.keys import PrivateKey, digest, public_members
from gateway.evidence import cover, roots
from gateway.evidence.chain import Link, canonical, moment
from gateway.evidence.roots import NOTHING, Newest

FORMAT: Final = "ozg-gateway evidence 1"
CHAIN, PROOFS, COVER = "chain.jsonl", "proofs.json", "nachweis.html"
MANIFEST, SIGNATURE = "manifest.json", "manifest.jws"
OUR_KEYS, THEIR_KEYS = "keys/gateway.json", "keys/fitconnect.json"


@dataclass(frozen=True, slots=True)
class Witness:
    """A signed root and the way to it from the entry number `seq`: leaf `number` (from 0) of the tree.

    `token` is the root's compact JWS, `no` its number; `stamp` a time stamp (RFC 3161) over the token, where there is
    one.
    """

    no: int
    token: str = field(repr=False)
    seq: int
    number: int
    path: tuple[bytes, ...] = field(repr=False)
    stamp: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that is kept of a submission's evidence.

    `jwks` are public keys by digest; `witnesses` are in order; `newest` is the newest root of all, so that every
    archive says how far the roots had come.
    """

    submission: UUID
    links: tuple[Link, ...]
    jwks: Mapping[str, Mapping[str, Any]] = field(repr=False)
    witnesses: tuple[Witness, ...]
    newest: Newest = NOTHING


def build(dossier: Dossier, key: PrivateKey, at: datetime) -> dict[str, bytes]:
    """The members of the archive by name, the manifest signed with `key`."""
    ours = {digest(key.public_jwk): key.public_jwk}
    theirs: dict[str, Mapping[str, Any]] = {}
    for named in keys_named(dossier.links):
        if jwk := dossier.jwks.get(named):
            (theirs if jwk.get("kty") == "RSA" and named not in _receipt_keys(dossier.links) else ours)[named] = jwk
    members = {
        CHAIN: "".join(link.line() + "\n" for link in dossier.links).encode(),
        OUR_KEYS: _key_set(ours.values()),
        THEIR_KEYS: _key_set(theirs.values()),
        PROOFS: json_bytes([_proof(witness) for witness in dossier.witnesses]),
        COVER: cover.page(dossier.submission, dossier.links, at, key.public_jwk).encode(),
        **derived(dossier.links),
    }
    for witness in dossier.witnesses:
        members[root_name(witness.no)] = witness.token.encode()
        if witness.stamp:
            members[stamp_name(witness.no)] = witness.stamp
    manifest = {
        "at": moment(at),
        "entries": len(dossier.links),
        "format": FORMAT,
        "newest_root": {"no": dossier.newest.no, "sha256": dossier.newest.digest},
        "members": {name: hashlib.sha256(content).hexdigest() for name, content in members.items()},
        "submission": str(dossier.submission),
    }
    members[MANIFEST] = json_bytes(manifest)
    members[SIGNATURE] = roots.sign_manifest(key, members[MANIFEST]).encode()
    return members


def derived(links: Sequence[Link]) -> dict[str, bytes]:
    """The members that entries hold already, each in the form in which others check it."""
    members: dict[str, bytes] = {}
    for link in links:
        body = json.loads(link.body)
        if link.kind == "received" and isinstance(body.get("receipt"), str):
            members["receipt.jws"] = body["receipt"].encode()
        elif link.kind == "validated":
            members["validation.json"] = link.body.encode()
        elif link.kind == "sealed":
            members["tags.json"] = json_bytes(body.get("tags"))
        elif link.kind == "event" and isinstance(body.get("token"), str) and body.get("verified") is not False:
            members[f"events/{link.seq:02d}-{_plain(body.get('type'))}.jwt"] = body["token"].encode("utf-8", "replace")
    return members


def keys_named(links: Sequence[Link]) -> tuple[str, ...]:
    """The digests of keys that entries name, each once, in order."""
    digests: dict[str, None] = {}
    for link in links:
        body = json.loads(link.body)
        for member in ("key", "encryption_key"):
            if isinstance(body.get(member), str) and body[member]:
                digests[body[member]] = None
    return tuple(digests)


def root_name(no: int) -> str:
    """The member that holds root number `no`."""
    return f"roots/{no}.jws"


def stamp_name(no: int) -> str:
    """The member that holds the time stamp over root number `no`."""
    return f"roots/{no}.tsr"


def json_bytes(value: object) -> bytes:
    """The one form in which JSON members are written: canonical, with a line end."""
    return canonical(value).encode() + b"\n"


def _receipt_keys(links: Sequence[Link]) -> frozenset[str]:
    return frozenset(str(json.loads(link.body).get("key")) for link in links if link.kind == "received")


def _key_set(jwks: Iterable[Mapping[str, Any]]) -> bytes:
    return json_bytes({"keys": [dict(public_members(jwk)) for jwk in jwks]})


def _proof(witness: Witness) -> dict[str, Any]:
    path = [sibling.hex() for sibling in witness.path]
    return {"leaf": witness.number, "path": path, "root": witness.no, "seq": witness.seq}


def _plain(kind: object) -> str:
    """An event's type as part of a file name; a refused event may claim to be of any."""
    return "".join(c for c in str(kind)[:40].lower() if c.isascii() and (c.isalnum() or c == "-")).strip("-") or "event"
