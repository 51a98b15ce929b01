"""An embedded PostgreSQL for a test session, and a migrated database without rows for each test that asks for one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The connection string of the session's own server."""
    from gateway.store.server import embedded  # noqa: PLC0415 - only those who ask for a database pay for it

    directory = Path(tempfile.mkdtemp(prefix="ozg-test-"))
    try:
        dsn = embedded.start(directory).dsn
        with psycopg.connect(
            dsn, autocommit=True
        ) as connection:  # durability is tested elsewhere, with a server of its own
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield dsn
    finally:
        embedded.stop(directory)
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_migrated(postgres_server: str) -> str:
    """The connection string of a migrated database on it."""
    from gateway.store.migrations import migrate  # noqa: PLC0415 - as above

    migrate(postgres_server)
    return postgres_server


@pytest.fixture(scope="session")
def postgres_clearing(postgres_migrated: str) -> Iterator[psycopg.Connection]:
    """The connection that empties it: one for the session, since a new one reads the whole catalogue first."""
    with clearing(postgres_migrated) as connection:
        yield connection


@pytest.fixture
def postgres_dsn(postgres_migrated: str, postgres_clearing: psycopg.Connection) -> Iterator[str]:
    """A migrated database without rows; they are removed again after the test, which costs less than a new database."""
    yield postgres_migrated
    clear(postgres_clearing)


@pytest.fixture(scope="session")
def postgres_second(postgres_migrated: str) -> Iterator[tuple[str, psycopg.Connection]]:
    """Another migrated database on the server, and the connection that empties it."""
    from gateway.store.migrations import migrate  # noqa: PLC0415 - as above

    with psycopg.connect(postgres_migrated, autocommit=True) as connection:
        connection.execute("CREATE DATABASE second")
    dsn = make_conninfo(postgres_migrated, dbname="second")
    migrate(dsn)
    with clearing(dsn) as connection:
        yield dsn, connection


@pytest.fixture
def postgres_empty(postgres_second: tuple[str, psycopg.Connection]) -> Iterator[str]:
    """The other one without rows, for what is restored."""
    dsn, connection = postgres_second
    yield dsn
    clear(connection)


def clearing(dsn: str) -> psycopg.Connection:
    how = "-c lock_timeout=5s -c session_replication_role=replica"  # no triggers: every table is emptied anyway
    return psycopg.connect(dsn, options=how, application_name="clearing", autocommit=True)


def clear(connection: psycopg.Connection) -> None:
    tables = connection.execute(
        "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    ).fetchall()
    deletes = [f"DELETE FROM {table}" for (table,) in tables if table != "facts"]
    connection.execute("; ".join([*deletes, "DELETE FROM facts WHERE name <> 'procrastinate_schema'"]))  # type: ignore[arg-type]
