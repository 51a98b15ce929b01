"""Alarms as rows: raised once for each rule and submission, acknowledged by a person, resolved by the way itself.

Knows: the tables `alarms` and `house_alarms` (about the gateway itself). Never does: decide when (`deadlines` does),
tell anybody (`alarm_messages` gathers what is told). Standard: architecture §3. Start reading: `look`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from gateway.errors import StepFailed
from gateway.store.connection.database import Database, Row, Statement, numbered
from gateway.submission.deadlines import EVENT_RULES, FAULT_RULES, LIMIT_RULES, RULES, Limit, ProofKind, Since
from gateway.submission.journey import STEP_ATTEMPTS

Raised = tuple[str, UUID, str]
"""Rule, submission and municipality of a new alarm."""

_ANEW: Final = """
ON CONFLICT (rule, submission) DO UPDATE
SET raised_at = excluded.raised_at, acknowledged_at = NULL, resolved_at = NULL, told = '{}'
WHERE alarms.resolved_at IS NOT NULL
RETURNING rule, submission, municipality
"""
_NOT_YET: Final = """
NOT EXISTS (SELECT FROM alarms WHERE rule = %(rule)s AND submission = each.id AND resolved_at IS NULL)
"""
_SINCE: Final[dict[Since, LiteralString]] = {
    Since.CREATED: "created_at",
    Since.UPDATED: "updated_at",
    Since.SUBMITTED: "submitted_at",
}
_UNPROVEN: Final[dict[ProofKind, LiteralString]] = {
    ProofKind.HANDOVER: """each.state = 'submitted' AND NOT each.events @> '[{"type": "submit-submission"}]'""",
    ProofKind.ANSWER: "each.state = 'submitted'",
}


_FAULTY: Final[dict[bool, LiteralString]] = {
    True: "each.state = 'held' AND each.reason->>'code' = %(code)s",
    False: """each.state = 'submitted' AND each.attempts >= %(attempts)s AND EXISTS (
        SELECT FROM journal AS line WHERE line.submission = each.id AND line.version = each.version
        AND line.kind = 'error' AND line.detail->>'code' = %(code)s
    )""",
}
_UNCOUNTED: Final[LiteralString] = "each.state = 'submitted' AND each.reason->>'code' = %(code)s"
_FAULT: Final = {"code": StepFailed.code, "attempts": STEP_ATTEMPTS}


def _raising(due: LiteralString, bounded: LiteralString = "", /, *, commits: str, **given: object) -> Statement:
    return numbered(
        "INSERT INTO alarms (rule, submission, municipality, raised_at) "  # noqa: S608 - all of it stands in this file
        "SELECT %(rule)s, each.id, each.municipality, %(now)s FROM submissions AS each "
        f"{bounded} WHERE {due} AND {_NOT_YET} {_ANEW}",
        commits=commits,
        **given,
    )


def _ending(still: LiteralString, **given: object) -> Statement:
    return numbered(
        "UPDATE alarms SET resolved_at = %(now)s "  # noqa: S608 - all of it stands in this file
        "WHERE rule = %(rule)s AND resolved_at IS NULL "
        "AND NOT EXISTS (SELECT FROM submissions AS each WHERE each.id = alarms.submission AND " + still + ")",
        commits="alarms.resolve",
        **given,
    )


# only `created_at` stands in an index with the state; whatever else happened to a submission came after it
_RAISE: Final = {
    since: _raising(
        "each.state = ANY(%(states)s) AND each.created_at < %(before)s AND each." + column + " < %(before)s",
        commits="alarms.raise",
    )
    for since, column in _SINCE.items()
}
_RESOLVE: Final = _ending("each.state = ANY(%(states)s)")
_LIMIT: Final = {
    proof: _raising(
        unproven + " AND each.created_at < bound.before AND each.submitted_at < bound.before",
        "JOIN unnest(%(towns)s::text[], %(services)s::text[], %(befores)s::timestamptz[]) "
        "AS bound (municipality, service, before) USING (municipality, service)",
        commits="alarms.limit",
    )
    for proof, unproven in _UNPROVEN.items()
}
_PROVEN: Final = {proof: _ending(unproven) for proof, unproven in _UNPROVEN.items()}
_FAULTS: Final = {held: _raising(faulty, commits="alarms.raise", **_FAULT) for held, faulty in _FAULTY.items()}
_MENDED: Final = {held: _ending(faulty, **_FAULT) for held, faulty in _FAULTY.items()}
_TELL_EVENT: Final = _raising(_UNCOUNTED, commits="alarms.raise")
_EVENT_OVER: Final = _ending(_UNCOUNTED)
_OPEN: Final = numbered(
    """
SELECT rule, submission::text AS subject, alarms.municipality, raised_at, acknowledged_at, told, each.reason
FROM alarms LEFT JOIN submissions AS each ON each.id = submission WHERE resolved_at IS NULL
UNION ALL SELECT rule, subject, NULL, raised_at, acknowledged_at, told, NULL
FROM house_alarms WHERE resolved_at IS NULL
ORDER BY raised_at, rule, subject
"""
)
_ACKNOWLEDGE: Final = numbered(
    """
WITH seen AS (
    UPDATE alarms SET acknowledged_at = %(now)s
    WHERE acknowledged_at IS NULL AND resolved_at IS NULL AND submission = ANY(%(ids)s::uuid[])
    RETURNING rule, submission::text AS subject
), own AS (
    UPDATE house_alarms SET acknowledged_at = %(now)s
    WHERE acknowledged_at IS NULL AND resolved_at IS NULL AND rule = ANY(%(rules)s::text[])
    RETURNING rule, subject
)
SELECT rule, subject FROM seen UNION ALL SELECT rule, subject FROM own ORDER BY subject, rule
""",
    commits="alarms.acknowledge",
)
_RAISE_OWN: Final = numbered(
    """
INSERT INTO house_alarms AS alarm (rule, subject, raised_at) VALUES (%(rule)s, %(subject)s, %(now)s)
ON CONFLICT (rule, subject) DO UPDATE
SET raised_at = excluded.raised_at, acknowledged_at = NULL, resolved_at = NULL, told = '{}'
WHERE alarm.resolved_at IS NOT NULL
""",
    commits="alarms.raise_house",
)
_RESOLVE_OWN: Final = numbered(
    "UPDATE house_alarms SET resolved_at = %(now)s "
    "WHERE rule = %(rule)s AND subject = %(subject)s AND resolved_at IS NULL",
    commits="alarms.resolve_house",
)


async def look(database: Database, now: datetime, limits: Sequence[Limit] = ()) -> Sequence[Raised]:
    """Raise what is due, resolve what is over; every new alarm.

    `limits` are those that municipalities set. An alarm whose cause came back after it was over is raised anew.
    """
    raised: list[Row] = []
    for rule in RULES:
        states = sorted(state.value for state in rule.states)
        await database.run(_RESOLVE, rule=rule.name, states=states, now=now)
        before = now - rule.after
        raised += await database.rows(_RAISE[rule.since], rule=rule.name, states=states, before=before, now=now)
    for fault in FAULT_RULES:
        await database.run(_MENDED[fault.held], rule=fault.name, now=now)
        raised += await database.rows(_FAULTS[fault.held], rule=fault.name, now=now)
    for event in EVENT_RULES:
        await database.run(_EVENT_OVER, rule=event.name, code=event.code, now=now)
        raised += await database.rows(_TELL_EVENT, rule=event.name, code=event.code, now=now)
    for bound in LIMIT_RULES:
        await database.run(_PROVEN[bound.proof], rule=bound.name, now=now)
        if mine := [limit for limit in limits if limit.rule == bound.name]:
            raised += await database.rows(_LIMIT[bound.proof], rule=bound.name, now=now, **_columns(mine, now))
    return [(row["rule"], row["submission"], row["municipality"]) for row in raised]


def _columns(limits: Sequence[Limit], now: datetime) -> dict[str, list[Any]]:
    return {
        "towns": [limit.municipality for limit in limits],
        "services": [limit.service for limit in limits],
        "befores": [now - limit.after for limit in limits],
    }


async def open_alarms(database: Database) -> Sequence[Row]:
    """Every alarm that is not resolved, oldest first, acknowledged or not.

    `subject` is an id or what it is about, `reason` the submission's, where it has one.
    """
    return await database.rows(_OPEN)


async def acknowledge(
    database: Database, ids: Collection[UUID], now: datetime, rules: Collection[str] = ()
) -> Sequence[tuple[str, str]]:
    """Note that a person saw the alarms of these submissions, and those of the gateway itself by rule.

    Rule and subject of each that was new. What is noted is not told again.
    """
    rows = await database.rows(_ACKNOWLEDGE, ids=list(ids), rules=list(rules), now=now)
    return [(row["rule"], row["subject"]) for row in rows]


async def raise_about_gateway(database: Database, rule: str, subject: str, now: datetime) -> bool:
    """Raise an alarm about the gateway itself; whether it is new."""
    return await database.run(_RAISE_OWN, rule=rule, subject=subject, now=now) > 0


async def resolve_about_gateway(database: Database, rule: str, subject: str, now: datetime) -> bool:
    """Its cause is gone; whether there was one open."""
    return await database.run(_RESOLVE_OWN, rule=rule, subject=subject, now=now) > 0
