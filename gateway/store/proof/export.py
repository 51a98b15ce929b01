"""A submission's evidence brought together and handed out, never unverified.

Knows: the order: cover the newest entry by a root, read, build, judge what was built. Never does: any of these itself.
Standard: architecture §5. Start reading: `export`.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

from gateway.crypto.keys import PrivateKey
from gateway.errors import EvidenceBroken, EvidenceTooLarge, NotFound
from gateway.evidence import archive, container, verify
from gateway.evidence.archive import Dossier
from gateway.evidence.verify import Verdict
from gateway.store.connection.database import Database
from gateway.store.proof import chains, judging, roots
from gateway.store.proof.judging import Guard


async def export(
    database: Database, submission_id: UUID, key: PrivateKey, now: datetime, guard: Guard = roots.OPEN
) -> tuple[bytes, Verdict]:
    """The archive (a ZIP) of a submission, signed with `key`, and the verdict on it. Does not wait for the next root.

    Raises `NotFound`, `EvidenceBroken` where what the database holds does not verify, `EvidenceTooLarge`,
    `EvidenceShortened`.
    """
    await roots.sign_head(database, submission_id, key, now, guard)
    links = await chains.evidence_of(database, submission_id)
    if not links:
        raise NotFound
    dossier = Dossier(
        submission=submission_id,
        links=links,
        jwks=await chains.keys_of(database, archive.keys_named(links)),
        witnesses=await roots.witnesses_of(database, submission_id, key),
        newest=await judging.newest(database),
    )
    packed, verdict = await asyncio.to_thread(_judged, dossier, key, now)
    if not verdict.ok:
        raise EvidenceBroken(findings=verdict.findings)
    return packed, verdict


def _judged(dossier: Dossier, key: PrivateKey, now: datetime) -> tuple[bytes, Verdict]:
    entries = len(dossier.links)
    members = archive.build(dossier, key, now) if entries <= verify.MOST_ENTRIES else {}
    packed = container.pack(members)
    if not members or not container.fits(members, packed):
        raise EvidenceTooLarge(entries=entries, limit=verify.MOST_ENTRIES)
    return packed, verify.verify(packed, [key.public_jwk])
