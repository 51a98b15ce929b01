"""FITKO's own metadata schemas, where `gateway schemas install` brought them.

Knows: that a schema is known by its `$id`, whatever its file is called. Never does: fetch anything.
Standard: FIT-Connect metadata 2.x. Start reading: `official_schemas`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from gateway.fitconnect import metadata, names
from gateway.input import regular_file

MAX_SCHEMA_BYTES: Final = 1_000_000


def official_schemas(directory: Path | None) -> Mapping[str, bytes]:
    """The official metadata schemas below `directory` by version; empty where there are none.

    Only JSON files with `metadata` in their name are looked at. Reads files; call it once at start.
    """
    schemas: dict[str, bytes] = {}
    if directory is None or not directory.is_dir():
        return schemas
    for path in sorted(directory.rglob("*metadata*.json")):
        if path.stat().st_size > MAX_SCHEMA_BYTES:
            continue
        content = regular_file.content(path)
        for version in names.METADATA_VERSIONS:
            if metadata.is_schema_of(content, version):
                schemas[version] = content
    return schemas
