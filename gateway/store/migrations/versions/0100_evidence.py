"""Evidence that can only grow: keys, signed roots, leaves, time stamps; a role of its own for the service."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op

revision = "0100"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, then see to it that nobody changes what stands in them."""
    driver: Any = op.get_bind().connection.driver_connection  # several statements at once, as in 0001
    driver.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
