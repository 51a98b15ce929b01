"""From any earlier schema to the one that `tables.py` declares.

Knows: Alembic's versions folder, run by program. Never does: touch rows beyond what a version says.
Standard: Alembic. Start reading: `migrate`, then `versions/`.
"""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

import psycopg
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from gateway.store.tables import metadata

LOCK = 0x6F7A6720  # "ozg ": one migration at a time in a database
_ONE_IN_A_PROCESS = Lock()  # alembic's `op` is global


def migrate(dsn: str) -> None:
    """Bring the database to the newest schema; several processes may ask at once. Blocks."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def upgrade(revision: Any, _: object) -> Any:  # noqa: ANN401 - alembic's own signature
        return script._upgrade_revs("head", revision)  # noqa: SLF001 - what alembic's own `upgrade` command calls

    with _ONE_IN_A_PROCESS:
        _migrate(dsn, config, script, upgrade)


def _migrate(dsn: str, config: Config, script: ScriptDirectory, upgrade: Any) -> None:  # noqa: ANN401 - as above
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    with engine.connect() as connection, EnvironmentContext(config, script, fn=upgrade) as environment:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
        connection.commit()
        environment.configure(connection=connection, target_metadata=metadata)
        with environment.begin_transaction():
            environment.run_migrations()
        connection.commit()
        connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": LOCK})
        connection.commit()
