"""The first schema: the gateway's tables, the job engine's own schema, and the wake-up of a submission."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import procrastinate.schema
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make everything."""
    # past SQLAlchemy: both hold "%" and several statements, which only the driver takes as they are
    driver: Any = op.get_bind().connection.driver_connection
    driver.execute(procrastinate.schema.SchemaManager.get_schema())
    driver.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
    driver.execute(
        "INSERT INTO facts (name, value) VALUES ('procrastinate_schema', %s)", [version("procrastinate").encode()]
    )
