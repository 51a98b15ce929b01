"""The evidence chain as rows: links and the keys that they name.

Knows: columns. Never does: hash (`gateway/evidence/chain.py`), sign (`roots.py`), change what stands: neither the
service's role nor a trigger lets anybody. Standard: architecture §5. Start reading: `evidence_of`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, cast, select
from sqlalchemy.dialects.postgresql import insert

from gateway.crypto.keys import digest, public_members
from gateway.evidence.chain import Link, canonical
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, Row, compiled, numbered
from gateway.store.rows import tables as t

_E = t.evidence.c
CHAIN = compiled(
    select(_E.seq, _E.at, _E.kind, cast(_E.body, Text).label("body"), _E.prev, _E.hash)
    .where(_E.submission == bindparam("submission"))
    .order_by(_E.seq)
)
_KEEP = compiled(
    insert(t.evidence_keys).values(sha256=bindparam("sha256"), jwk=bindparam("jwk")).on_conflict_do_nothing(),
    commits="evidence.keep_key",
)
_KEYS = compiled(
    select(t.evidence_keys.c.sha256, t.evidence_keys.c.jwk).where(
        t.evidence_keys.c.sha256 == any_(bindparam("digests", type_=ARRAY(Text)))
    )
)
_APPEND = numbered(
    """
INSERT INTO evidence (submission, municipality, at, seq, kind, body, prev, hash)
VALUES (%(submission)s, %(municipality)s, %(at)s, %(seq)s, %(kind)s, %(body)s::text::json, %(prev)s, %(hash)s)
"""
)


async def evidence_of(database: Database, submission_id: UUID) -> tuple[Link, ...]:
    """The chain of a submission, first link first; empty for an unknown one."""
    return links_of(await database.rows(CHAIN, submission=submission_id))


def links_of(rows: Sequence[Row]) -> tuple[Link, ...]:
    """The links that rows of `CHAIN` hold."""
    return tuple(Link(**{name: row[name] for name in Link.__slots__}) for row in rows)


async def append(connection: Connection, submission_id: UUID, municipality: str, link: Link) -> None:
    """Write one link at the end of a chain, inside the transaction that locked the submission's row."""
    values = {name: getattr(link, name) for name in Link.__slots__}
    await db.run(connection, _APPEND, submission=submission_id, municipality=municipality, **values)


async def keep_key(database: Database, jwk: Mapping[str, Any]) -> None:
    """Keep a public JWK under its digest, where it is not kept yet."""
    await database.run(_KEEP, sha256=digest(jwk), jwk=canonical(public_members(jwk)))


async def keys_of(database: Database, digests: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The public JWKs with these digests; a row that was tampered with is left out."""
    rows = await database.rows(_KEYS, digests=list(digests))
    jwks = {row["sha256"]: row["jwk"] if isinstance(row["jwk"], dict) else json.loads(row["jwk"]) for row in rows}
    return {name: jwk for name, jwk in jwks.items() if digest(jwk) == name}


def columns_of(links: Sequence[Link]) -> dict[str, Any]:
    """The links as arrays, a column each, named `evidence_…`."""
    return {
        "evidence_seqs": [link.seq for link in links],
        "evidence_kinds": [link.kind for link in links],
        "evidence_bodies": [link.body for link in links],
        "evidence_prevs": [link.prev for link in links],
        "evidence_hashes": [link.hash for link in links],
    }
