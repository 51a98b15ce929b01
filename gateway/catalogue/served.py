"""The accepted export as others get it: by HTTP, in a directory, as changes since an earlier one.

Knows: the shape of a file that is served. Never does: I/O. Standard: PVOG (full data set by index and files).
Start reading: `ServedFiles`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

INDEX: Final = "index.txt"
"""The file that names the others, one a line."""


@dataclass(frozen=True, slots=True)
class ServedFile:
    """A file of an accepted export."""

    name: str
    sha256: str
    content: bytes = field(repr=False)


class ServedFiles(Protocol):
    """Where the files of accepted exports are. Each raises `DatabaseAway`."""

    async def file(self, name: str) -> ServedFile | None:
        """The newest of that name; None where no accepted export has it (any more)."""
        ...

    async def names(self, no: int, municipality: str | None = None) -> Sequence[str]:
        """The names of an export's files in order, without the index; where one is named, those with its objects."""
        ...

    async def changed(self, since: int, municipality: str | None = None) -> Sequence[tuple[str, str, bool]]:
        """Class, public id, and whether it is there, of each object that exports after `since` changed or deleted.

        Of all municipalities where none is named.
        """
        ...
