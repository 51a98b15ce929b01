"""The schema files under `[schemas] dir`, found by namespace and location.

Knows: a directory. Never does: reach the network, change a file. Standard: XML Schema 1.0 (locations are hints; what
counts is namespace and file name). Start reading: `resolver`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from gateway.xoev.message.files import Resolver, among

_MOST: Final = 5_000
_MAX_FILE: Final = 8 << 20
_MAX_ALL: Final = 256 << 20


def resolver(directory: Path | None) -> Resolver:
    """What `gateway.xoev.message.files.load` asks for files.

    Args:
        directory: holds schema sets, in folders of any depth; None where none are installed.

    Returns:
        a function of namespace and location to bytes, None for what is not there. The directory is read once, at the
        first question; what exceeds 5,000 files or 256 MiB counts as not there.
    """

    @cache
    def installed() -> Resolver:
        return among(_files(directory))

    def resolve(namespace: str, location: str) -> bytes | None:
        """Read the directory at the first question."""
        return installed()(namespace, location)

    return resolve


def _files(directory: Path | None) -> Iterator[tuple[str, bytes]]:
    room = _MAX_ALL
    for path in sorted(directory.rglob("*.xsd"))[:_MOST] if directory is not None else ():
        size = path.stat().st_size if path.is_file() else _MAX_FILE + 1
        if size <= min(_MAX_FILE, room):
            room -= size
            yield path.name, path.read_bytes()
