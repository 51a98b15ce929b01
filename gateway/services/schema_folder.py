"""The schema files under `[schemas] dir`, found by namespace and location.

Knows: a directory. Never does: reach the network, change a file. Standard: XML Schema 1.0 (locations are hints; what
counts is namespace and file name). Start reading: `resolver`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from gateway.xoev.message.files import Resolver

_MOST: Final = 5_000
_MAX_FILE: Final = 8 << 20
_TARGET: Final = re.compile(rb"""\btargetNamespace\s*=\s*["']([^"']*)["']""")


def resolver(directory: Path | None) -> Resolver:
    """What `gateway.xoev.message.files.load` asks for files.

    Args:
        directory: holds schema sets, in folders of any depth; None where none are installed.

    Returns:
        a function of namespace and location to bytes, None for what is not there. The directory is read at the first
        question; a file is taken by its name and target namespace, wherever it lies.
    """
    found: dict[tuple[str, str], Path] = {}
    read: list[bool] = []

    def resolve(namespace: str, location: str) -> bytes | None:
        if not read:
            read.append(True)
            found.update(_indexed(directory))
        path = found.get((namespace, location.rpartition("/")[2]))
        return path.read_bytes() if path else None

    return resolve


def _indexed(directory: Path | None) -> dict[tuple[str, str], Path]:
    if directory is None or not directory.is_dir():
        return {}
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(directory.rglob("*.xsd"))[:_MOST]:
        if path.is_file() and path.stat().st_size <= _MAX_FILE:
            target = _TARGET.search(path.read_bytes())
            found.setdefault((target[1].decode("utf-8", "replace") if target else "", path.name), path)
    return found
