"""From any earlier schema to the one that `store.rows.tables` declares.

Knows: which schemas there are, by the names of their files in `versions/`. Never does: touch rows beyond what a version
says. Migrations add; they take nothing away that the release before reads or writes, so that its processes go on until
they are restarted (a test looks for what would break them). Standard: Alembic (`running.py`). Start reading: `migrate`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import psycopg

from gateway.errors import DatabaseTooOld, SchemaNewer
from gateway.store.connection.direct import connected

LEAST_MAJOR: Final = 15
"""Oldest PostgreSQL that the gateway works with."""


def migrate(dsn: str, to: str = "head") -> None:
    """Bring the database to the newest schema, or up to `to`; several processes may ask at once. Blocks.

    Raises `SchemaNewer` for the schema of a newer release, `DatabaseTooOld`, `DatabaseAway`, `DatabaseNotAllowed`,
    `SettingsInvalid` for an address that is none.
    """
    if to == "head":
        with connected(dsn) as connection:
            check(connection)
            if revision(connection) == known()[0]:
                return
    from gateway.store.migrations import running  # noqa: PLC0415 - Alembic takes longer to load than a command to run

    running.migrate(dsn, to)


def known() -> tuple[str, ...]:
    """Every schema that this release can start from, the newest first."""
    files = (Path(__file__).parent / "versions").glob("[0-9]*.py")
    return tuple(sorted((file.name.partition("_")[0] for file in files), reverse=True))


def revision(connection: psycopg.Connection[Any]) -> str | None:
    """The schema of a database; None where there is none yet."""
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0]) if row else None


def check(connection: psycopg.Connection[Any]) -> None:
    """Look at server and schema before anything is done with them. Raises `DatabaseTooOld`, `SchemaNewer`."""
    if connection.info.server_version // 10_000 < LEAST_MAJOR:
        raise DatabaseTooOld(found=connection.info.server_version // 10_000, least=LEAST_MAJOR)
    current, newest = revision(connection), known()
    if current is not None and current not in newest:
        raise SchemaNewer(found=current, known=newest[0])
