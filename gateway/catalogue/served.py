"""The accepted export as others get it: by HTTP, in a directory, as changes since an earlier one.

Knows: the shape of a file that is served, how its content is packed. Never does: I/O. Standard: PVOG (full data set by
index and files). Start reading: `ServedFiles`.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, Self

INDEX: Final = "index.txt"
"""The file that names the others, one a line."""
_LEVEL: Final = 3  # a tenth of the size; more costs more time than it saves


@dataclass(frozen=True, slots=True)
class PackedContent:
    """Content as it is kept, with its SHA-256 (hex) and its size before."""

    sha256: str
    size: int
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Pack it."""
        return cls(hashlib.sha256(content).hexdigest(), len(content), zlib.compress(content, _LEVEL))


def unpacked(packed: bytes) -> bytes:
    """What was packed."""
    return zlib.decompress(packed)


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
