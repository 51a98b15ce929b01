"""Files and directories that somebody beside the gateway could read or change.

Knows: owner and permissions (POSIX), of the file and of every directory above it. Never does: read contents, repair.
Standard: what PostgreSQL asks of its key file. Start reading: `exposure`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

ROOT = 0


def exposure(path: Path, *, private: bool) -> Iterator[tuple[str, str]]:
    """Each fault as its rule and the file or directory it lies in; nothing for a path that is not there.

    A private file belongs to the gateway's user and to nobody else, or to root, and a group may read it. Whatever else
    is read may not be changed by everybody. In a directory with the sticky bit nobody replaces files of others.
    """
    try:
        seen = path.stat()
        above = [(folder, folder.stat()) for folder in Path(os.path.normpath(path.absolute())).parents]
    except (OSError, ValueError):
        return
    mode = stat.S_IMODE(seen.st_mode)
    if private and seen.st_uid not in {os.geteuid(), ROOT}:
        yield "file_of_another", str(path)
    elif private and mode & (0o077 if seen.st_uid == os.geteuid() else 0o037):
        yield "file_not_private", str(path)
    elif not private and _open_to_all(seen):
        yield "writable_by_all", str(path)
    for folder, folder_status in above:
        if _open_to_all(folder_status):
            yield "writable_by_all", str(folder)


def _open_to_all(seen: os.stat_result) -> bool:
    sticky = stat.S_ISDIR(seen.st_mode) and seen.st_mode & stat.S_ISVTX
    return bool(seen.st_mode & stat.S_IWOTH) and not sticky
