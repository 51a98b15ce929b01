"""The job engine: one task, `advance`, for a submission that has something to do.

Knows: procrastinate, its worker's options, how jobs of dead workers come back. Never does: know what advancing means.
Standard: architecture §1 (job queue) and §3 (late workers). Start reading: `build_app`, then `work`.

A job names a submission and nothing else. At most one waits for each submission (`queueing_lock`), at most one runs
(`lock`); `wake_submission` in the database alone makes jobs, in the caller's transaction.
"""

from __future__ import annotations

import asyncio
import logging
import select
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final, LiteralString

import procrastinate
import psycopg
import structlog
from procrastinate import sql
from procrastinate.exceptions import ConnectorException, ProcrastinateException
from procrastinate.psycopg_connector import PsycopgConnector
from psycopg_pool import AsyncConnectionPool

from gateway import failpoints
from gateway.errors import DatabaseAway, unexpected
from gateway.store.connection.database import AS_SERVICE, CONNECTING, SESSION, Database, numbered
from gateway.store.connection.pool import PATIENCE
from gateway.store.connection.silence import LIBPQ
from gateway.store.rows.states import OPEN

QUEUE: Final = "delivery"
HEARTBEAT: Final = 1.5  # seconds between two signs of life of a worker
STALLED: Final = 6.0  # seconds without one after which its jobs are taken over
POLL: Final = 0.25  # seconds between two looks for jobs whose time has come
STUMBLE: Final = 5  # seconds until a job that failed with an unforeseen error is tried again, doubled each time
MOST_STUMBLES: Final = 5  # failed jobs of a submission after which it is given up
GIVEN_UP: Final = 3600  # seconds until a submission that could not even be given up is tried again

log = structlog.get_logger()
_LOG = logging.getLogger(__name__)

_WAKE = "SELECT wake_submission(%(id)s::uuid, %(at)s::timestamptz)"
_WAKE_LATER = "SELECT wake_submission(%(id)s::uuid, now() + make_interval(secs => %(seconds)s))"
_STUMBLED = """
SELECT count(*) AS number FROM procrastinate_jobs WHERE lock = %(id)s AND status = 'failed' AND task_name = 'advance'
"""
_START_ANEW = "DELETE FROM procrastinate_jobs WHERE lock = %(id)s AND status = 'failed' AND task_name = 'advance'"
_RESCUE = """
WITH gone AS (
    SELECT job.id FROM procrastinate_jobs AS job LEFT JOIN procrastinate_workers AS worker ON worker.id = job.worker_id
    WHERE job.status = 'doing' AND job.task_name = 'advance'
      AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %(seconds)s))
    FOR UPDATE OF job SKIP LOCKED
), ended AS (
    DELETE FROM procrastinate_jobs USING gone WHERE procrastinate_jobs.id = gone.id
    RETURNING args->>'submission_id' AS submission
)
SELECT count(wake_submission(submission::uuid, NULL)) AS number FROM (SELECT DISTINCT submission FROM ended) AS each
"""
_ORPHANS = numbered(
    "SELECT count(wake_submission(id, NULL)) AS number FROM submissions WHERE "  # noqa: S608 - states alone
    + OPEN
    + """
  AND NOT EXISTS (
    SELECT FROM procrastinate_jobs AS job
    WHERE job.lock = submissions.id::text AND job.status IN ('todo', 'doing')
  )
""",
    commits="jobs.orphans",
)

_TAKING: Final = numbered(
    "SELECT count(*) AS number FROM procrastinate_workers "
    "WHERE last_heartbeat > now() - make_interval(secs => %(seconds)s)"
)

COMMITS: Final[Mapping[str, str]] = {
    _WAKE: "jobs.again",
    _WAKE_LATER: "jobs.stumble",
    _RESCUE: "jobs.rescue",
    _START_ANEW: "jobs.start_anew",
    **{
        sql.queries[name]: f"jobs.{name}"
        for name in (
            "delete_old_jobs",
            "fetch_job",
            "finish_job",
            "prune_stalled_workers",
            "register_worker",
            "unregister_worker",
            "update_heartbeat",
        )
    },
}
"""The failpoint of each statement of the job engine that writes."""


class JobFailed(Exception):
    """In place of what a job raised, whose text procrastinate would write into the log."""


def build_app(
    dsn: str,
    advance: Callable[[str], Awaitable[datetime | None]],
    give_up: Callable[[str, str], Awaitable[None]] | None = None,
) -> procrastinate.App:
    """The app whose task `advance` calls `advance(submission id)`; an instant that it returns means: again then.

    Whatever it raises is logged without its text, and the submission is tried again later, `MOST_STUMBLES` times at
    most (failed jobs are the count, which outlives a process); then `give_up(submission id, type of the exception)` is
    called, and tried again each hour where it raises too. Open it with `async with app.open_async():`.
    """
    options = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
    connector = _Connector(
        pool_factory=_pool,
        conninfo=dsn,
        min_size=1,
        max_size=4,
        timeout=PATIENCE,
        reconnect_timeout=2.0,
        configure=_as_service,
        kwargs={**LIBPQ, "connect_timeout": int(CONNECTING), "options": options, "application_name": "gateway-jobs"},
    )
    app = procrastinate.App(connector=connector)

    @app.task(name="advance", queue=QUEUE)
    async def run(submission_id: str) -> None:
        try:
            again = await advance(submission_id)
            if again is not None:
                await connector.execute_query_async(_WAKE, id=submission_id, at=again)
        except (DatabaseAway, ConnectorException):
            await connector.execute_query_async(_WAKE_LATER, id=submission_id, seconds=STUMBLE)
            log.warning("delivery.database_away", submission_id=submission_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next try is seen to
            log.error("delivery.job_failed", submission_id=submission_id, **unexpected.named(error))  # noqa: TRY400 - without its text
            await _stumble(connector, submission_id, error, give_up)
            raise JobFailed from None

    return app


async def _stumble(
    connector: _Connector, submission_id: str, cause: Exception, give_up: Callable[[str, str], Awaitable[None]] | None
) -> None:
    """One failed job more: again later, or given up."""
    row = await connector.execute_query_one_async(_STUMBLED, id=submission_id)
    before = int(row["number"])
    if give_up is None or before + 1 < MOST_STUMBLES:
        seconds = STUMBLE << min(before, MOST_STUMBLES)
        await connector.execute_query_async(_WAKE_LATER, id=submission_id, seconds=seconds)
        return
    try:
        await give_up(submission_id, type(cause).__name__)
    except Exception as error:  # noqa: BLE001 - whatever it is, others have their turn meanwhile
        log.error("delivery.not_set_aside", submission_id=submission_id, **unexpected.named(error))  # noqa: TRY400 - as above
        await connector.execute_query_async(_WAKE_LATER, id=submission_id, seconds=GIVEN_UP)
    else:
        await connector.execute_query_async(_START_ANEW, id=submission_id)


async def work(app: procrastinate.App, *, concurrency: int, stop: asyncio.Event) -> None:
    """Run jobs until `stop` is set, up to so many at once; a database that went away is waited for.

    The app must be open. At the end running jobs have five seconds; what they do not finish others take over.
    """
    in_doubt = app.connector.in_doubt if isinstance(app.connector, _Connector) else asyncio.Event()
    while not stop.is_set():
        in_doubt.clear()
        running = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                concurrency=concurrency,
                fetch_job_polling_interval=POLL,
                update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=STALLED,
                shutdown_graceful_timeout=5.0,
                delete_jobs="successful",
                install_signal_handlers=False,
            )
        )
        reasons = (running, asyncio.create_task(stop.wait()), asyncio.create_task(in_doubt.wait()))
        try:
            await asyncio.wait(reasons, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for reason in reasons:
                reason.cancel()
            outcome = (await asyncio.gather(*reasons, return_exceptions=True))[0]
        if not stop.is_set():
            _LOG.warning("worker interrupted (%s); starting again", type(outcome).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.5)


async def rescue_stalled(app: procrastinate.App, seconds: float = STALLED) -> int:
    """Give the jobs of workers without a sign of life for so long to others; how many. Call it every few seconds."""
    row = await app.connector.execute_query_one_async(_RESCUE, seconds=seconds)
    return int(row["number"])


async def forget_failed(app: procrastinate.App, hours: int = 24) -> None:
    """Delete jobs that ended so long ago; successful ones were deleted when they ended."""
    await app.job_manager.delete_old_jobs(hours, include_failed=True, include_cancelled=True, include_aborted=True)


async def orphans(database: Database) -> int:
    """Wake submissions that are neither done nor held and have no job: there should be none; how many."""
    return await database.number(_ORPHANS)


async def is_worked(database: Database) -> bool:
    """Whether any worker takes jobs: one that gave a sign of life lately."""
    return await database.number(_TAKING, seconds=STALLED) > 0


def is_database_away(error: BaseException) -> bool:
    """Whether an error of the job engine means that the database does not answer."""
    return isinstance(error, ProcrastinateException)


class _Connector(PsycopgConnector):
    """Procrastinate's connector: a failpoint around each statement that writes, and notice of claims in doubt.

    A connection lost while a job was claimed or ended leaves the job with a worker that lives and does not carry it
    out. `in_doubt` is set then: the worker registers anew, and the jobs of its former self come back.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - procrastinate's own options, passed on
        super().__init__(**options)
        self.in_doubt = asyncio.Event()

    @contextmanager
    def _passing(self, query: str) -> Iterator[None]:
        name = COMMITS.get(query, "")
        failpoints.before(name)
        try:
            yield
        except ConnectorException:
            if name in {"jobs.fetch_job", "jobs.finish_job"}:
                self.in_doubt.set()
            raise
        failpoints.after(name)

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:  # noqa: ANN401 - as inherited
        with self._passing(query):
            await super().execute_query_async(query, **arguments)

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - as inherited
        with self._passing(query):
            row: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
        return row

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - as inherited
        with self._passing(query):
            rows: list[dict[str, Any]] = await super().execute_query_all_async(query, **arguments)
        return rows


def _pool(**options: Any) -> AsyncConnectionPool[Any]:  # noqa: ANN401 - procrastinate's own options, passed on
    return AsyncConnectionPool(**{**options, "check": _still_open})


async def _as_service(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.set_autocommit(True)
    await connection.execute(AS_SERVICE)


async def _still_open(connection: psycopg.AsyncConnection[Any]) -> None:
    """Notice without a round trip that the server closed the connection, as after a crash."""
    readable, _, _ = select.select([connection.fileno()], [], [], 0)
    if readable:
        connection.pgconn.consume_input()
        if connection.pgconn.status != psycopg.pq.ConnStatus.OK:
            raise psycopg.OperationalError("closed by the server")
