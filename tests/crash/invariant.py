"""What must hold after whatever happened: looked at in the database, in the sandbox, and in every evidence archive."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from gateway.errors import GatewayError
from gateway.settings import reading as settings
from gateway.store.connection.database import numbered
from gateway.store.erasure.sweep import sweep
from gateway.store.operation import jobs
from gateway.store.proof import export
from gateway.store.proof.chains import evidence_of
from gateway.store.proof.integrity import audit
from gateway.wiring.runtime import Runtime, open_runtime
from tests.demo_fixture import http

LATER = timedelta(hours=25)  # when what a crash left lying about is old enough to be swept
ONCE = ("received", "validated", "sealed", "announced", "submitted")
EVENTS = ("create-submission", "submit-submission", "accept-submission")

_ROWS = numbered("SELECT id, state, remote_id FROM submissions")
_JOBS = numbered(
    "SELECT count(*) AS number FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name = 'advance'"
)
_MESSAGES = numbered(
    "SELECT data->>'cursor' AS cursor, state, tries, log FROM webhook_messages "
    "WHERE data->>'cursor' = ANY(%(cursors)s::text[])"
)
_STRAY_BLOBS = numbered(
    """
SELECT id FROM blobs
WHERE id NOT IN (SELECT blob FROM attachments WHERE blob IS NOT NULL)
  AND id NOT IN (SELECT blob FROM tus_pieces) AND id NOT IN (SELECT blob FROM uploads)
"""
)
_STRAY_KEYS = numbered(
    """
SELECT id FROM data_keys
WHERE id NOT IN (SELECT data_key FROM submissions) AND id NOT IN (SELECT data_key FROM blobs)
  AND id NOT IN (SELECT data_key FROM webhooks)
  AND id NOT IN (SELECT data_key FROM tus_uploads WHERE data_key IS NOT NULL)
"""
)
_LOST_BLOBS = numbered("SELECT submission FROM attachments WHERE blob NOT IN (SELECT id FROM blobs WHERE finished)")


def broken(line: dict[str, Any], taken: set[str], *, apart: set[str] = frozenset(), seconds: float = 60) -> list[str]:
    """Every way in which the promise is broken for the submissions of a kept demo; empty where it is kept.

    `apart` are submissions that were cancelled or erased meanwhile: they are held to nothing but leaving nothing.
    """
    return asyncio.run(_broken(line, taken - apart, apart, seconds))


async def _broken(line: dict[str, Any], taken: set[str], apart: set[str], seconds: float) -> list[str]:
    async with open_runtime(settings.read(Path(line["config"]))) as house:
        every = await house.store.database.rows(_ROWS)
        rows = [row for row in every if str(row["id"]) not in apart]
        others = {row["remote_id"] for row in every} - {row["remote_id"] for row in rows}
        found = [f"taken and lost: {each}" for each in taken - {str(row["id"]) for row in rows}]
        found += [f"{row['state']}: {row['id']}" for row in rows if row["state"] != "accepted"]
        found += _at_the_receiver(line, {row["remote_id"] for row in rows}, others)
        found += await _stuck(house, seconds)
        found += await _lying_about(house)
        found += [fault for row in rows for fault in await _evidence(house, row["id"])]
        return found


def why_untold(line: dict[str, Any], cursors: set[str]) -> list[str]:
    """What the gateway says of the webhook messages about these changes; empty where there are none."""

    async def looked() -> list[str]:
        async with open_runtime(settings.read(Path(line["config"]))) as house:
            rows = await house.store.database.rows(_MESSAGES, cursors=sorted(cursors))
            return [f"{row['cursor']}: {row['state']}, {row['tries']} tries, {row['log']}" for row in rows]

    return asyncio.run(looked()) if cursors else []


def _at_the_receiver(line: dict[str, Any], ours: set[str], others: set[str]) -> list[str]:
    arrived = http("GET", line["sandboxes"]["fitconnect"]["admin"] + "/submissions")[2]["submissions"]
    counts = Counter({each["submission_id"]: each["submit_count"] for each in arrived if each["state"] != "announced"})
    found = [f"delivered {count} times: {each}" for each, count in counts.items() if count != 1]
    found += [f"not delivered: {each}" for each in ours - set(counts)]
    return found + [f"delivered, and nobody knows why: {each}" for each in set(counts) - ours - others]


async def _stuck(house: Runtime, seconds: float) -> list[str]:
    until = time.monotonic() + seconds
    while True:
        row = await house.store.database.one(_JOBS)
        assert row is not None
        if not row["number"]:
            break
        if time.monotonic() > until:
            return [f"{row['number']} jobs stuck"]
        await asyncio.sleep(0.5)
    woken = await jobs.orphans(house.store.database)
    return [f"{woken} submissions without a job"] if woken else []


async def _lying_about(house: Runtime) -> list[str]:
    database = house.store.database
    found = [f"attachment gone: {row['submission']}" for row in await database.rows(_LOST_BLOBS)]
    await sweep(database, house.clock.now() + LATER)
    found += [f"blob of nobody: {row['id']}" for row in await database.rows(_STRAY_BLOBS)]
    found += [f"key of nobody: {row['id']}" for row in await database.rows(_STRAY_KEYS)]
    judged = await audit(house.store, (house.keys.token.public_jwk,), house.guard.known())
    return found + [f"damaged: {each}" for each in judged.broken]


async def _evidence(house: Runtime, submission: UUID) -> list[str]:
    """The archive is made and judged as an operator would, and tells the whole way exactly once."""
    try:
        _, verdict = await export.export(house.store.database, submission, house.keys.token, house.clock.now())
    except GatewayError as error:
        return [f"evidence of {submission}: {error.code} {[f.pointer for f in error.findings]}"]
    found = [] if verdict.ok else [f"evidence of {submission} does not verify"]
    links = await evidence_of(house.store.database, submission)
    kinds = Counter(link.kind for link in links)
    events = Counter(json.loads(link.body)["type"] for link in links if link.kind == "event")
    found += [f"evidence of {submission}: {kinds[kind]} × {kind}" for kind in ONCE if kinds[kind] != 1]
    return found + [f"evidence of {submission}: {events[kind]} × {kind}" for kind in EVENTS if events[kind] != 1]
