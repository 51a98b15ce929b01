"""Pushes of the catalogue, and what of it failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op

revision = "0269"
down_revision = "0268"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    driver: Any = op.get_bind().connection.driver_connection  # several statements at once, as in 0001
    driver.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
