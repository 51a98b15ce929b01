"""Tables as CSV that a spreadsheet may open: no cell is taken for a formula.

Knows: what a formula begins with, quoting. Never does: I/O, decide what stands in a table.
Standard: RFC 4180; OWASP (CSV injection). Start reading: `table`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets read as a formula at the begin of a cell; the last four are the wide forms of the first."""
_TEXT: Final = "'"


def table(header: Iterable[str], rows: Iterable[Iterable[str | None]], *, delimiter: str) -> str:
    """The lines; absent values are empty cells."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([safe(name) for name in header])
    writer.writerows([safe(cell or "") for cell in row] for row in rows)
    return out.getvalue()


def safe(cell: str) -> str:
    """The text; one that would be a formula stands behind an apostrophe, which spreadsheets take for: this is text."""
    return f"{_TEXT}{cell}" if cell.startswith(_FORMULA) else cell
