"""The last resort for a submission whose row can be neither read nor committed: held by columns alone.

Knows: the columns that say that it waits for a person, its chain, its feed. Never does: read anything else of the row,
touch what ended. Standard: architecture §3 (what needs a person is held).
Start reading: `set_aside`.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from gateway.errors import StepFailed
from gateway.evidence import chain
from gateway.model import Reason, State
from gateway.ports.store import EvidenceEntry
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, Row, numbered
from gateway.store.proof import chains
from gateway.submission.journey import STEP_ATTEMPTS
from gateway.submission.states import RESTING, TRANSITIONS

AGAIN: Final = timedelta(hours=1)
"""When one that was submitted, and so cannot be held, is tried again."""

_LOCK = numbered(
    """
SELECT id, municipality, client, state, version, evidence_seq, evidence_head
FROM submissions WHERE id = %(id)s FOR UPDATE
"""
)
_HOLD = numbered(
    """
UPDATE submissions SET state = 'held', held_from = state, reason = %(reason)s::text::jsonb, next_at = NULL,
    version = version + 1, updated_at = %(now)s, evidence_seq = %(seq)s, evidence_head = %(hash)s
WHERE id = %(id)s
"""
)
_TELL = numbered(
    """
INSERT INTO changes (submission, municipality, client, state, at)
VALUES (%(id)s, %(municipality)s, %(client)s, 'held', %(now)s)
"""
)
_COUNT = numbered(
    """
WITH counted AS (
    UPDATE submissions SET attempts = greatest(attempts + 1, %(attempts)s), next_at = %(again)s, version = version + 1,
        updated_at = %(now)s
    WHERE id = %(id)s RETURNING id, municipality, version
), noted AS (
    INSERT INTO journal (submission, municipality, version, at, step, kind, detail)
    SELECT id, municipality, version, %(now)s, 'read_events', 'error', %(detail)s::text::jsonb FROM counted
)
SELECT wake_submission(id, %(again)s::timestamptz) FROM counted
"""
)


async def set_aside(database: Database, submission_id: UUID, kind: str, now: datetime) -> bool:
    """Hold it for a person, whatever its row holds; False where it ended, is held, or is not there.

    `kind` is the type of the exception that no try came past.

    One that was submitted is not held: its failed try is counted, which raises an alarm, and it is tried again later.
    """
    async with database.transaction("submissions.set_aside") as connection:
        row = await db.one(connection, _LOCK, id=submission_id)
        state = State(row["state"]) if row else State.HELD
        if row is None or state in RESTING:
            return False
        failure = StepFailed(step="store", kind=kind)
        if State.HELD in TRANSITIONS[state]:
            await _hold(connection, row, Reason(failure.code, failure.sentence("de"), failure.sentence("en")), now)
        else:
            detail = json.dumps({"code": failure.code, "sentence": failure.sentence("en")})
            again = now + AGAIN
            await db.one(
                connection, _COUNT, id=submission_id, attempts=STEP_ATTEMPTS, now=now, again=again, detail=detail
            )
    return True


async def _hold(connection: Connection, row: Row, reason: Reason, now: datetime) -> None:
    entry = EvidenceEntry("held", reason.as_json())
    (link,) = chain.chained((entry,), seq=row["evidence_seq"], head=row["evidence_head"], at=now)
    reason_json = json.dumps(reason.as_json())
    await db.run(connection, _HOLD, id=row["id"], reason=reason_json, now=now, seq=link.seq, hash=link.hash)
    await chains.append(connection, row["id"], row["municipality"], link)
    await db.run(connection, _TELL, id=row["id"], municipality=row["municipality"], client=row["client"], now=now)
