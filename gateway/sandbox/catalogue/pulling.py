"""Fetches a whole data set from an editorial system: the index, then each file that it names.

Knows: an index is a file name a line, with or without carriage return. Never does: take over half of it.
Standard: PVOG Sammlerdienst (full data set). Start reading: `pull`.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin

from gateway.sandbox.catalogue.sandbox import CatalogueSandbox, Outcome

MOST_FILES: Final = 10_000


async def pull(sandbox: CatalogueSandbox, index: str) -> Outcome:
    """Import what an index names. An empty index aborts; a file that is not there does too."""
    assert sandbox.fetch is not None
    listed = await sandbox.fetch(index)
    if listed is None:
        return sandbox.refused("pull", "index_missing", index)
    names = [line.strip("\r") for line in listed.decode("utf-8", "replace").split("\n") if line.strip()]
    if not names:
        return sandbox.refused("pull", "index_empty", index)
    if len(names) > MOST_FILES or len(set(names)) != len(names) or any("/" in name for name in names):
        return sandbox.refused("pull", "index_names", index)
    files = []
    for name in names:
        content = await sandbox.fetch(urljoin(index, name))
        if content is None:
            return sandbox.refused("pull", "index_incomplete", name)
        files.append((name, content))
    sandbox.index = index
    return sandbox.take_over(files)
