"""Tables as CSV that a spreadsheet may open: no cell is taken for a formula.

Knows: what a formula begins with, quoting. Never does: I/O, decide what stands in a table.
Standard: RFC 4180; OWASP (CSV injection). Start reading: `table`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import Final

_SIGNS: Final = "=+\\-@\u2212\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
"""What spreadsheets read a formula from, wide and small forms and the sign of minus too."""
_UNSEEN: Final = r"\s\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2060\ufeff"
"""What some of them drop before they look."""
_FORMULA: Final = re.compile(rf"[\t\r\n]|[{_UNSEEN}]*[{_SIGNS}]")
_FORMULA_WITHIN: Final = re.compile(rf"([;\t\r\n][{_UNSEEN}\"']*)(?=[{_SIGNS}])")
"""Where a German spreadsheet begins a cell in a file that commas part: quotes within a line are text to it."""
_TEXT: Final = "'"


def table(header: Iterable[str], rows: Iterable[Iterable[str | None]], *, delimiter: str) -> str:
    """The lines; absent values are empty cells."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n")
    foreign = delimiter != ";"
    writer.writerows([_cell(cell or "", foreign=foreign) for cell in row] for row in (header, *rows))
    return out.getvalue()


def safe(cell: str) -> str:
    """The text; one that would be a formula stands behind an apostrophe, which spreadsheets take for: this is text."""
    return f"{_TEXT}{cell}" if _FORMULA.match(cell) else cell


def _cell(cell: str, *, foreign: bool) -> str:
    return safe(_FORMULA_WITHIN.sub(rf"\1{_TEXT}", cell) if foreign else cell)
