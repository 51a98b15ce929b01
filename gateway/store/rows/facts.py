"""Names of rows in `facts`.

Knows: each name. Never does: queries. Standard: architecture §4. Start reading: `UNFINISHED`.
"""

from __future__ import annotations

from typing import Final

UNFINISHED: Final = "restore_unfinished"
"""The fact that stands from the first restored row until `backup.finish`."""
STATISTICS_HELD: Final = "statistics_held"
"""The newest month whose figures may have been sent after the backup that was restored, as its first day (ISO 8601)."""
