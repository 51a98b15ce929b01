"""Runs of probes: who makes one now, what a measurement changes, what is forgotten.

Knows: the lease of the one prober, and that measurements, standings, outages and alarms are one transaction. Never
does: decide (`catalogue.probes.standing` does). Standard: catalogue reference §6.2; architecture §3 (take-over).
Start reading: `StoredRuns.begin`, then `StoredRuns.note`.

The lease is a row that its process renews; who died loses it within ten seconds, and whoever took it over has another
run, so that nothing late is written into it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from gateway.catalogue.entry import LifeCycle
from gateway.catalogue.probes.maintenance import began, maintained
from gateway.catalogue.probes.run import Rules, ServicePage
from gateway.catalogue.probes.standing import Consequence, Measurement, Standing, Subject, after, consequence
from gateway.german_time import german_date
from gateway.notify.alarms import CERTIFICATE_ENDING, DEPENDENCY_DOWN, SERVICE_DOWN
from gateway.store.catalogue.entries import VALID
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, numbered
from gateway.store.operation import alarms

LEASE: Final = timedelta(seconds=6)
HOURS_KEPT: Final = timedelta(days=730)
RUNS_KEPT: Final = timedelta(days=90)
_OF_STANDING: Final = fields(Standing)
SKEW: Final = timedelta(minutes=5)
"""What lies further ahead was written while a clock was wrong, and keeps nobody from probing."""

_LOOK: Final = numbered(
    """
SELECT (SELECT until FROM probe_lease WHERE name = 'prober') AS until, last.begun_at, last.ended_at
FROM (SELECT) AS one LEFT JOIN LATERAL (
    SELECT begun_at, ended_at FROM probe_runs ORDER BY no DESC LIMIT 1
) AS last ON true
"""
)
_LOCK: Final = numbered(
    "INSERT INTO probe_lease (name) VALUES ('prober') "
    "ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING until"
)
_BEGIN: Final = numbered("INSERT INTO probe_runs (begun_at) VALUES (%(now)s) RETURNING no")
_TAKE: Final = numbered(
    "UPDATE probe_lease SET holder = %(holder)s, run = %(run)s, until = %(until)s WHERE name = 'prober'"
)
_RENEW: Final = numbered(
    "UPDATE probe_lease SET until = %(until)s WHERE holder = %(holder)s AND run = %(run)s", commits="probes.renew"
)
_GIVE_UP: Final = numbered(
    "UPDATE probe_lease SET until = NULL WHERE holder = %(holder)s AND run = %(run)s", commits="probes.give_up"
)
_HELD: Final = numbered("SELECT FROM probe_lease WHERE holder = %(holder)s AND run = %(run)s FOR SHARE")
_PAGES: Final = numbered(
    """
SELECT municipality, service, entry->>'url' AS url, entry->'titles' AS titles FROM catalogue_revisions
WHERE latest AND entry->>'life_cycle' = %(published)s AND coalesce(entry->>'url', '') <> '' AND """
    + VALID
    + """
ORDER BY municipality, service
""",
    published=LifeCycle.PUBLISHED.value,
)
_MEASURED: Final = numbered(
    """
INSERT INTO probe_measurements (municipality, subject, run, at, good, reason, milliseconds)
SELECT municipality, subject, %(run)s, at, good, reason, milliseconds
FROM unnest(%(towns)s::text[], %(subjects)s::text[], %(ats)s::timestamptz[], %(goods)s::bool[], %(reasons)s::text[],
    %(milliseconds)s::int[]) AS given (municipality, subject, at, good, reason, milliseconds)
"""
)
_COUNTED: Final = numbered(
    """
WITH given AS (
    SELECT municipality, subject, date_trunc('hour', at) AS hour, day, good::int AS good, 1 - good::int AS bad,
        milliseconds
    FROM unnest(%(towns)s::text[], %(subjects)s::text[], %(ats)s::timestamptz[], %(days)s::date[], %(goods)s::bool[],
        %(milliseconds)s::int[]) AS each (municipality, subject, at, day, good, milliseconds)
), of_days AS (
    INSERT INTO probe_days AS days (municipality, day, subject, good, bad)
    SELECT municipality, day, subject, good, bad FROM given WHERE strpos(subject, ':') = 0
    ON CONFLICT (municipality, day, subject) DO UPDATE
    SET good = days.good + excluded.good, bad = days.bad + excluded.bad
)
INSERT INTO probe_hours AS hours (municipality, subject, hour, good, bad, milliseconds)
SELECT municipality, subject, hour, good, bad, milliseconds FROM given
ON CONFLICT (municipality, subject, hour) DO UPDATE SET good = hours.good + excluded.good,
    bad = hours.bad + excluded.bad, milliseconds = hours.milliseconds + excluded.milliseconds
"""
)
_STANDINGS: Final = numbered(
    """
SELECT municipality, subject, works, since, failures, successes, reason, failed_runs, failed_at, last_run, worked
FROM probe_standing
WHERE (municipality, subject) IN (SELECT * FROM unnest(%(towns)s::text[], %(subjects)s::text[])) FOR UPDATE
"""
)
_STAND: Final = numbered(
    """
INSERT INTO probe_standing (municipality, subject, probed_at, works, since, failures, successes, reason, failed_runs,
    failed_at, last_run, worked)
SELECT * FROM unnest(%(towns)s::text[], %(subjects)s::text[], %(ats)s::timestamptz[], %(works)s::bool[],
    %(since)s::timestamptz[], %(failures)s::int[], %(successes)s::int[], %(reason)s::text[], %(failed_runs)s::int[],
    %(failed_at)s::timestamptz[], %(last_run)s::bigint[], %(worked)s::bool[])
ON CONFLICT (municipality, subject) DO UPDATE SET works = excluded.works, since = excluded.since,
    failures = excluded.failures, successes = excluded.successes, reason = excluded.reason,
    probed_at = excluded.probed_at, failed_runs = excluded.failed_runs, failed_at = excluded.failed_at,
    last_run = excluded.last_run, worked = excluded.worked
"""
)
_LASTS: Final = numbered(
    "SELECT FROM outages WHERE municipality = %(municipality)s AND subject = %(subject)s AND ended_at IS NULL"
)
_OUTAGE_GOES_ON: Final = numbered(
    """
UPDATE outages SET ended_at = NULL, changed_at = %(now)s, reason = %(reason)s WHERE no = (
    SELECT no FROM outages WHERE municipality = %(municipality)s AND subject = %(subject)s
        AND ended_at > %(over_after)s ORDER BY no DESC LIMIT 1
)
"""
)
_OUTAGE_BEGINS: Final = numbered(
    """
INSERT INTO outages (municipality, subject, began_at, changed_at, reason)
VALUES (%(municipality)s, %(subject)s, %(began)s, %(now)s, %(reason)s)
"""
)
_OUTAGE_ENDS: Final = numbered(
    """
UPDATE outages SET ended_at = %(now)s, changed_at = %(now)s
WHERE municipality = %(municipality)s AND subject = %(subject)s AND ended_at IS NULL
"""
)
_END: Final = numbered("UPDATE probe_runs SET ended_at = %(now)s, own_network = %(own_network)s WHERE no = %(run)s")
_GONE: Final = numbered(
    """
DELETE FROM probe_standing AS each WHERE NOT EXISTS (
    SELECT FROM unnest(%(towns)s::text[], %(subjects)s::text[]) AS known (municipality, subject)
    WHERE known.municipality = each.municipality AND known.subject = each.subject
) RETURNING municipality, subject
"""
)
_PRUNE: Final = {
    "measurements": numbered("DELETE FROM probe_measurements WHERE at < %(raw)s", commits="probes.prune_measurements"),
    "hours": numbered("DELETE FROM probe_hours WHERE hour < %(hours)s", commits="probes.prune_hours"),
    "days": numbered("DELETE FROM probe_days WHERE day < %(days)s", commits="probes.prune_days"),
    "runs": numbered("DELETE FROM probe_runs WHERE begun_at < %(runs)s", commits="probes.prune_runs"),
    "outages": numbered("DELETE FROM outages WHERE ended_at < %(hours)s", commits="probes.prune_outages"),
}


class StoredRuns:
    """Keeps the port `gateway.catalogue.probes.run.ProbeRuns` for one process."""

    def __init__(self, database: Database, new_id: Callable[[], UUID]) -> None:
        self._database, self._holder = database, new_id()

    async def begin(self, now: datetime, due_before: datetime | None) -> int | None:
        """See the port. Who only looks whether a run is due locks nothing."""
        seen = await self._database.one(_LOOK)
        assert seen  # one row always
        if _is_held(seen["until"], now) or not _is_due(seen["begun_at"], seen["ended_at"], due_before, now):
            return None
        async with self._database.transaction("probes.begin") as connection:
            lease = await db.one(connection, _LOCK)
            last = await db.one(connection, _LOOK)
            assert lease  # an upsert returns its row
            assert last  # as above
            if _is_held(lease["until"], now) or not _is_due(last["begun_at"], last["ended_at"], due_before, now):
                return None
            run = await db.one(connection, _BEGIN, now=now)
            assert run  # an insert returns its row
            await db.run(connection, _TAKE, holder=self._holder, run=run["no"], until=now + LEASE)
        return int(run["no"])

    async def renew(self, run: int, now: datetime) -> bool:
        """See the port."""
        return await self._database.run(_RENEW, holder=self._holder, run=run, until=now + LEASE) > 0

    async def give_up(self, run: int) -> None:
        """See the port."""
        await self._database.run(_GIVE_UP, holder=self._holder, run=run)

    async def pages(self, day: date) -> Sequence[ServicePage]:
        """See the port."""
        rows = await self._database.rows(_PAGES, day=day)
        return [
            ServicePage(Subject(row["municipality"], row["service"]), row["url"], tuple(row["titles"].values()))
            for row in rows
        ]

    async def note(
        self, run: int, measured: Mapping[Subject, Measurement], rules: Rules, *, own_network: bool
    ) -> Mapping[Subject, Standing] | None:
        """See the port."""
        values = _columns(measured)
        async with self._database.transaction("probes.note") as connection:
            if not await db.rows(connection, _HELD, holder=self._holder, run=run):
                return None
            before = await _standings(connection, measured)
            await db.run(connection, _MEASURED, run=run, **values)
            if not own_network:
                return before
            await db.run(connection, _COUNTED, **values)
            now = {subject: after(before[subject], measurement, run) for subject, measurement in measured.items()}
            columns = {
                field.name: [getattr(standing, field.name) for standing in now.values()] for field in _OF_STANDING
            }
            await db.run(connection, _STAND, **values, **columns)
            for subject, measurement in measured.items():
                if not (before[subject].works and now[subject].works):  # nothing is open of what worked and works
                    await _tell(connection, subject, measurement, now[subject], rules)
            await _tell_certificates(connection, measured, rules)
        return now

    async def end(self, run: int, now: datetime, subjects: Collection[Subject], *, own_network: bool) -> bool:
        """See the port."""
        async with self._database.transaction("probes.end") as connection:
            if not await db.rows(connection, _HELD, holder=self._holder, run=run):
                return False
            await db.run(connection, _END, run=run, now=now, own_network=own_network)
            for row in await db.rows(connection, _GONE, **_whose(subjects)):
                await _forget(connection, Subject(row["municipality"], row["subject"]), now)
            await db.run(connection, _TAKE, holder=None, run=None, until=None)
        return True

    async def prune(self, now: datetime, raw: timedelta) -> None:
        """Forget single measurements after `raw`, figures and outages after two years."""
        ends = {"raw": now - raw, "hours": now - HOURS_KEPT, "runs": now - RUNS_KEPT}
        for kind in _PRUNE:
            await self._database.run(_PRUNE[kind], days=german_date(ends["hours"]), **ends)


def _is_held(until: datetime | None, now: datetime) -> bool:
    return until is not None and now < until <= now + LEASE + SKEW


def _is_due(begun_at: datetime | None, ended_at: datetime | None, due_before: datetime | None, now: datetime) -> bool:
    """Whether another run is to begin: the last one is old enough, came to no end, or has not begun by our clock."""
    if due_before is None or begun_at is None or ended_at is None:
        return True
    return begun_at <= due_before or begun_at > now + SKEW


async def _tell(
    connection: Connection, subject: Subject, measurement: Measurement, standing: Standing, rules: Rules
) -> None:
    """Outage and alarm, as they follow from how the subject stands now."""
    now = measurement.at
    windows = rules.maintenance.get(subject.municipality, ())
    match consequence(standing, maintained=maintained(windows, subject.name, now)):
        case Consequence.DOWN:
            at = began(windows, subject.name, standing.failed_at or now, now)
            if subject.is_service:
                await _outage(connection, subject, standing, at, now, rules)
            await _raise(connection, SERVICE_DOWN if subject.is_service else DEPENDENCY_DOWN, subject, now, rules)
        case Consequence.OVER:
            await _over(connection, subject, now)


async def _tell_certificates(connection: Connection, measured: Mapping[Subject, Measurement], rules: Rules) -> None:
    fine: list[str] = []
    for subject, measurement in measured.items():
        now, ends = measurement.at, measurement.certificate_ends
        if ends is None or not subject.is_service:
            continue
        if ends - now >= rules.certificate:
            fine.append(subject.path)
        elif not maintained(rules.maintenance.get(subject.municipality, ()), subject.name, now):
            await _raise(connection, CERTIFICATE_ENDING, subject, now, rules)
    if fine:
        await alarms.resolve_within(
            connection, CERTIFICATE_ENDING, fine, max(measurement.at for measurement in measured.values())
        )


async def _standings(connection: Connection, subjects: Iterable[Subject]) -> dict[Subject, Standing]:
    """How each stands, locked; as new ones do, where there is no row."""
    whose = _whose(subjects)
    stands = {}
    for row in await db.rows(connection, _STANDINGS, **whose):
        subject = Subject(row["municipality"], row["subject"])
        stands[subject] = Standing(**{field.name: row[field.name] for field in _OF_STANDING})
    return {subject: stands.get(subject, Standing()) for subject in subjects}


def _whose(subjects: Iterable[Subject]) -> dict[str, list[str]]:
    return {"towns": [subject.municipality for subject in subjects], "subjects": [subject.name for subject in subjects]}


def _columns(measured: Mapping[Subject, Measurement]) -> dict[str, Sequence[object]]:
    """Measurements as columns of a statement."""
    measurements = measured.values()
    return {
        **_whose(measured),
        "ats": [measurement.at for measurement in measurements],
        "days": [german_date(measurement.at) for measurement in measurements],
        "goods": [measurement.good for measurement in measurements],
        "reasons": [measurement.reason for measurement in measurements],
        "milliseconds": [measurement.milliseconds for measurement in measurements],
    }


async def _outage(  # noqa: PLR0913, PLR0917 - one outage
    connection: Connection, subject: Subject, standing: Standing, at: datetime, now: datetime, rules: Rules
) -> None:
    whose = {"municipality": subject.municipality, "subject": subject.name}
    if await db.rows(connection, _LASTS, **whose):
        return
    changed = {"now": now, "reason": standing.reason}
    if not await db.run(connection, _OUTAGE_GOES_ON, over_after=now - rules.damping, **whose, **changed):
        await db.run(connection, _OUTAGE_BEGINS, began=at, **whose, **changed)


async def _raise(connection: Connection, rule: str, subject: Subject, now: datetime, rules: Rules) -> None:
    await alarms.raise_within(
        connection,
        rule,
        subject.path,
        now,
        now - rules.damping,
        municipality=subject.municipality or None,
        service=subject.name if subject.is_service else None,
    )


async def _over(connection: Connection, subject: Subject, now: datetime) -> None:
    if subject.is_service:
        await db.run(connection, _OUTAGE_ENDS, municipality=subject.municipality, subject=subject.name, now=now)
    rule = SERVICE_DOWN if subject.is_service else DEPENDENCY_DOWN
    await alarms.resolve_within(connection, rule, [subject.path], now)


async def _forget(connection: Connection, subject: Subject, now: datetime) -> None:
    """Nothing that is not probed any more is down."""
    await _over(connection, subject, now)
    await alarms.resolve_within(connection, CERTIFICATE_ENDING, [subject.path], now)
