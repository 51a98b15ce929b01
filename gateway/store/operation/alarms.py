"""Alarms as rows: raised once for each rule and submission, acknowledged by a person, resolved by the way itself.

Knows: the tables `alarms` and `house_alarms` (about the gateway itself). Never does: decide when (`deadlines` does),
tell anybody (`alert_queue` gathers what is told). Standard: architecture §3. Start reading: `look`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

from gateway.errors import StepFailed
from gateway.model import EventMeaning
from gateway.ports.channel import ChannelLimits
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, Row, Statement, numbered
from gateway.store.rows import meanings
from gateway.submission.deadlines import (
    EVENT_RULES,
    FAULT_RULES,
    LIMIT_RULES,
    RULES,
    AroundLimit,
    DeadlineRule,
    Limit,
    ProofKind,
    Since,
)
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
_HANDED_OVER: Final = " OR ".join(
    f"""each.events @> '[{{"type": "{kind}"}}]'""" for kind in meanings.types(EventMeaning.SUBMITTED)
)
_UNPROVEN: Final[dict[ProofKind, LiteralString]] = {
    ProofKind.HANDOVER: "each.state = 'submitted' AND NOT (" + _HANDED_OVER + ")",
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
_FAULT: Final[dict[str, Any]] = {"code": StepFailed.code, "attempts": STEP_ATTEMPTS}


def _raising(which: LiteralString) -> LiteralString:
    begin = "INSERT INTO alarms (rule, submission, municipality, raised_at) "
    begin += "SELECT %(rule)s, each.id, each.municipality, %(now)s FROM submissions AS each "
    return begin + which + " AND " + _NOT_YET + _ANEW


def _due(since: LiteralString) -> LiteralString:
    """Only `created_at` stands in an index with the state; whatever else happened to a submission came after it."""
    return (
        "WHERE each.state = ANY(%(states)s) AND each.created_at < %(before)s AND each." + since + " < %(before)s "
        "AND (%(channel)s::text IS NULL OR each.channel = %(channel)s)"
    )


def _ending(still: LiteralString, **fixed: object) -> Statement:
    return numbered(
        "UPDATE alarms SET resolved_at = %(now)s "  # noqa: S608 - all of it stands in this file
        "WHERE rule = %(rule)s AND resolved_at IS NULL "
        "AND NOT EXISTS (SELECT FROM submissions AS each WHERE each.id = alarms.submission AND " + still + ")",
        commits="alarms.resolve",
        **fixed,
    )


_RAISE: Final = {since: numbered(_raising(_due(since.value)), commits="alarms.raise") for since in Since}
_RESOLVE: Final = _ending("each.state = ANY(%(states)s)")
_BOUND: Final = (
    "JOIN unnest(%(towns)s::text[], %(services)s::text[], %(befores)s::timestamptz[]) "
    "AS bound (municipality, service, before) USING (municipality, service) "
    "WHERE each.created_at < bound.before AND each.submitted_at < bound.before AND "
)
_LIMIT: Final = {
    proof: numbered(_raising(_BOUND + unproven), commits="alarms.limit") for proof, unproven in _UNPROVEN.items()
}
_PROVEN: Final = {proof: _ending(unproven) for proof, unproven in _UNPROVEN.items()}
_FAULTS: Final = {
    held: numbered(_raising("WHERE " + faulty), commits="alarms.raise", **_FAULT) for held, faulty in _FAULTY.items()
}
_MENDED: Final = {held: _ending(faulty, **_FAULT) for held, faulty in _FAULTY.items()}
_TELL_EVENT: Final = numbered(_raising("WHERE " + _UNCOUNTED), commits="alarms.raise")
_EVENT_OVER: Final = _ending(_UNCOUNTED)
_OPEN: Final = numbered(
    """
SELECT rule, submission::text AS subject, submission::text AS submission, alarms.municipality, each.service,
    raised_at, acknowledged_at, told, each.reason
FROM alarms LEFT JOIN submissions AS each ON each.id = submission WHERE resolved_at IS NULL
UNION ALL SELECT rule, subject, NULL, municipality, service, raised_at, acknowledged_at, told, NULL
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
INSERT INTO house_alarms AS alarm (rule, subject, raised_at, municipality, service)
VALUES (%(rule)s, %(subject)s, %(now)s, %(municipality)s, %(service)s)
ON CONFLICT (rule, subject) DO UPDATE
SET raised_at = excluded.raised_at, acknowledged_at = NULL, resolved_at = NULL, told = '{}',
    municipality = excluded.municipality, service = excluded.service
WHERE alarm.resolved_at IS NOT NULL
""",
    commits="alarms.raise_house",
)
_GO_ON_OWN: Final = numbered(
    "UPDATE house_alarms SET resolved_at = NULL "
    "WHERE rule = %(rule)s AND subject = %(subject)s AND resolved_at > %(over_after)s"
)
_RESOLVE_OWN: Final = numbered(
    "UPDATE house_alarms SET resolved_at = %(now)s "
    "WHERE rule = %(rule)s AND subject = ANY(%(subjects)s::text[]) AND resolved_at IS NULL",
    commits="alarms.resolve_house",
)


async def look(
    database: Database, now: datetime, channels: Mapping[str, ChannelLimits], limits: Sequence[Limit] = ()
) -> Sequence[Raised]:
    """Raise what is due, resolve what is over; every new alarm.

    `limits` are those that municipalities set, `channels` those of the counterparts by the name of the channel. An
    alarm whose cause came back after it was over is raised anew.
    """
    raised: list[Row] = []
    for rule in RULES:
        states = sorted(state.value for state in rule.states)
        await database.run(_RESOLVE, rule=rule.name, states=states, now=now)
        for channel, after in _times(rule, channels):
            values = {"rule": rule.name, "states": states, "before": now - after, "now": now, "channel": channel}
            raised += await database.rows(_RAISE[rule.since], **values)
    for fault in FAULT_RULES:
        await database.run(_MENDED[fault.held], rule=fault.name, now=now)
        raised += await database.rows(_FAULTS[fault.held], rule=fault.name, now=now)
    for event in EVENT_RULES:
        await database.run(_EVENT_OVER, rule=event.name, code=event.code, now=now)
        raised += await database.rows(_TELL_EVENT, rule=event.name, code=event.code, now=now)
    for bound in LIMIT_RULES:
        await database.run(_PROVEN[bound.proof], rule=bound.name, now=now)
        if of_rule := [limit for limit in limits if limit.rule == bound.name]:
            raised += await database.rows(_LIMIT[bound.proof], rule=bound.name, now=now, **_columns(of_rule, now))
    return [(row["rule"], row["submission"], row["municipality"]) for row in raised]


def _times(rule: DeadlineRule, channels: Mapping[str, ChannelLimits]) -> Iterable[tuple[str | None, timedelta]]:
    """After how long the rule speaks: of every channel (None), or of each one by the time that it sets."""
    if not isinstance(rule.after, AroundLimit):
        return [(None, rule.after)]
    times = ((channel, rule.after.of(limits)) for channel, limits in channels.items())
    return [(channel, after) for channel, after in times if after is not None]


def _columns(limits: Sequence[Limit], now: datetime) -> dict[str, list[Any]]:
    return {
        "towns": [limit.municipality for limit in limits],
        "services": [limit.service for limit in limits],
        "befores": [now - limit.after for limit in limits],
    }


async def open_alarms(database: Database) -> Sequence[Row]:
    """Every alarm that is not resolved, oldest first, acknowledged or not.

    `subject` is an id or what it is about, `submission` an id for those of submissions, `reason` the submission's,
    where it has one; `municipality` and `service` are set where it concerns one.
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


async def raise_about_gateway(  # noqa: PLR0913 - an alarm, and whose it is
    database: Database,
    rule: str,
    subject: str,
    now: datetime,
    *,
    municipality: str | None = None,
    service: str | None = None,
) -> bool:
    """Raise an alarm about the gateway itself; whether it is new. Recipients of its municipality hear of it too."""
    values = {"municipality": municipality, "service": service, "now": now}
    return await database.run(_RAISE_OWN, rule=rule, subject=subject, **values) > 0


async def resolve_about_gateway(database: Database, rule: str, subject: str, now: datetime) -> bool:
    """Its cause is gone; whether there was one open."""
    return await database.run(_RESOLVE_OWN, rule=rule, subjects=[subject], now=now) > 0


async def raise_within(  # noqa: PLR0913 - an alarm, whose it is, and since when another one counts as the same
    connection: Connection,
    rule: str,
    subject: str,
    now: datetime,
    over_after: datetime,
    *,
    municipality: str | None,
    service: str | None,
) -> bool:
    """As `raise_about_gateway`, in a transaction at hand.

    One that was over after `over_after` goes on as it was: who has been told of it is not told again.
    """
    if await db.run(connection, _GO_ON_OWN, rule=rule, subject=subject, over_after=over_after):
        return False
    values = {"municipality": municipality, "service": service, "now": now}
    return await db.run(connection, _RAISE_OWN, rule=rule, subject=subject, **values) > 0


async def resolve_within(connection: Connection, rule: str, subjects: list[str], now: datetime) -> bool:
    """As `resolve_about_gateway`, in a transaction at hand and of several subjects."""
    return await db.run(connection, _RESOLVE_OWN, rule=rule, subjects=subjects, now=now) > 0
