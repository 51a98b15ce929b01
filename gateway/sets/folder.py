"""The files of a folder, of which a schema set is made.

Knows: limits. Never does: follow a symbolic link, read anything but regular files. Start reading: `files_below`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from gateway.errors import SetRefused
from gateway.errors.sentences import Sentences
from gateway.input import regular_file
from gateway.model import Finding

MAX_FILES: Final = 2000
MAX_FILE_BYTES: Final = 32 << 20
MAX_BYTES: Final = 256 << 20


def files_below(folder: Path) -> dict[str, bytes]:
    """Every regular file below `folder` by relative path with `/`. Raises `SetRefused` with all faults."""
    files: dict[str, bytes] = {}
    faults: list[Finding] = []
    size = 0
    if not folder.is_dir():
        faults.append(_fault(str(folder), "folder_missing"))
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted([*names, *(link for link in folders if (Path(parent) / link).is_symlink())]):
            path = Path(parent) / name
            shown = path.relative_to(folder).as_posix()
            if path.is_symlink() or not path.is_file():
                faults.append(_fault(shown, "folder_link"))
                continue
            length = path.stat().st_size
            size += length
            if length > MAX_FILE_BYTES or size > MAX_BYTES or len(files) >= MAX_FILES:
                raise SetRefused(findings=(*faults, _fault(shown, "folder_large")))
            files[shown] = regular_file.content(path)
    if faults:
        raise SetRefused(findings=tuple(faults))
    return files


_SENTENCES: Final = {
    "folder_missing": ("Diesen Ordner gibt es nicht.", "There is no such folder."),
    "folder_link": (
        "Verknüpfungen und Gerätedateien werden nicht gelesen; bitte die Datei selbst hinlegen.",
        "Links and special files are not read; put the file itself there.",
    ),
    "folder_large": (
        f"Erlaubt sind {MAX_FILES} Dateien, {MAX_FILE_BYTES >> 20} MiB je Datei und {MAX_BYTES >> 20} MiB zusammen.",
        f"Allowed are {MAX_FILES} files, {MAX_FILE_BYTES >> 20} MiB a file and {MAX_BYTES >> 20} MiB together.",
    ),
}


_fault: Final = Sentences(_SENTENCES).finding
