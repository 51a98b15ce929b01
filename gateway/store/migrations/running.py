"""The migrations, carried out by Alembic. Imported only where a schema is not the newest: Alembic takes long to load.

Knows: Alembic's versions folder, run by program. Never does: decide whether there is something to do.
Standard: Alembic. Start reading: `migrate`.
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
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from gateway.errors import DatabaseAway, DatabaseNotAllowed
from gateway.store.connection.direct import connected
from gateway.store.migrations import check
from gateway.store.rows.tables.every import metadata

LOCK: Final = 0x6F7A6720  # "ozg ": one migration at a time in a database
_ONE_IN_A_PROCESS: Final = Lock()  # alembic's `op` is global


def migrate(dsn: str, to: str = "head") -> None:
    """See `migrations.migrate`."""
    config = _config()
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: Any, _: object) -> Any:  # noqa: ANN401 - alembic's own signature
        return script._upgrade_revs(to, revision)  # noqa: SLF001 - what alembic's own `upgrade` command calls

    with _ONE_IN_A_PROCESS:
        try:
            _migrate(dsn, config, script, upgrade)
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
                raise DatabaseNotAllowed from None
            if isinstance(error.orig, psycopg.OperationalError):
                raise DatabaseAway from None
            raise


def revisions() -> tuple[str, ...]:
    """Every schema as Alembic chains them, the newest first."""
    return tuple(script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _migrate(dsn: str, config: Config, script: ScriptDirectory, upgrade: Any) -> None:  # noqa: ANN401 - as above
    engine = create_engine("postgresql+psycopg://", creator=lambda: connected(dsn), poolclass=NullPool)
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
