"""From any earlier schema to the one that `tables.py` declares.

Knows: Alembic's versions folder, run by program. Never does: touch rows beyond what a version says.
Migrations add; they take nothing away that the release before reads or writes, so that its processes go on until they
are restarted (a test looks for what would break them). Standard: Alembic. Start reading: `migrate`, then `versions/`.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any, Final, cast

import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from gateway.errors import DatabaseTooOld, SchemaNewer
from gateway.store.tables import metadata

LEAST_MAJOR: Final = 15
"""Oldest PostgreSQL that the gateway works with."""
LOCK = 0x6F7A6720  # "ozg ": one migration at a time in a database
_ONE_IN_A_PROCESS = Lock()  # alembic's `op` is global


def migrate(dsn: str, to: str = "head") -> None:
    """Bring the database to the newest schema, or up to `to`; several processes may ask at once. Blocks.

    Raises `SchemaNewer` for the schema of a newer release, `DatabaseTooOld`.
    """
    config = _config()
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: Any, _: object) -> Any:  # noqa: ANN401 - alembic's own signature
        return script._upgrade_revs(to, revision)  # noqa: SLF001 - what alembic's own `upgrade` command calls

    with _ONE_IN_A_PROCESS:
        _migrate(dsn, config, script, upgrade)


def known() -> tuple[str, ...]:
    """Every schema that this release can start from, the newest first."""
    return tuple(each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions())


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
    found, newest = revision(connection), known()
    if found is not None and found not in newest:
        raise SchemaNewer(found=found, known=newest[0])


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _migrate(dsn: str, config: Config, script: ScriptDirectory, upgrade: Any) -> None:  # noqa: ANN401 - as above
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    with engine.connect() as connection, EnvironmentContext(config, script, fn=upgrade) as environment:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.commit()
        check(cast("psycopg.Connection[Any]", connection.connection.driver_connection))
        connection.commit()
        environment.configure(connection=connection, target_metadata=metadata)
        with environment.begin_transaction():
            environment.run_migrations()
        connection.commit()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()
