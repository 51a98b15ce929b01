"""An embedded PostgreSQL for a test session, and a fresh migrated database for each test that asks for one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The connection string of the session's own server."""
    from gateway.store import embedded  # noqa: PLC0415 - only those who ask for a database pay for it

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
def postgres_template(postgres_server: str) -> str:
    """The name of a migrated database that others are copied from."""
    from gateway.store.migrations import migrate  # noqa: PLC0415 - as above

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE migrated")
    migrate(make_conninfo(postgres_server, dbname="migrated"))
    return "migrated"


@pytest.fixture
def postgres_dsn(postgres_server: str, postgres_template: str) -> Iterator[str]:
    """A migrated database of the test's own."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {postgres_template} STRATEGY file_copy")  # type: ignore[arg-type]
        yield make_conninfo(postgres_server, dbname=name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]
