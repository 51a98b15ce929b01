"""The file of a backup as somebody gives it: a ZIP whose manifest says what is in it, or no backup at all.

Knows: the shape of the manifest, the ways in which a ZIP cannot be read. Never does: a database, believe a size.
Standard: ZIP (one member a table, `manifest.json` last). Start reading: `opened`.
"""

from __future__ import annotations

import json
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from gateway.errors import BackupUnfit
from gateway.input import regular_file

FORMAT: Final = 2
MANIFEST: Final = "manifest.json"
_LARGEST_MANIFEST: Final = 1 << 20
UNPACKABLE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    struct.error,
    NotImplementedError,  # a version of ZIP that the library does not know
)


@contextmanager
def opened(source: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    """The file and its manifest, for as long as the block lasts. Raises `BackupUnfit`, also for what fails in it."""
    try:
        with regular_file.opened(source) as file, zipfile.ZipFile(file) as archive:
            yield archive, _manifest(archive)
    except (*UNPACKABLE, KeyError, OSError, ValueError, TypeError, RecursionError) as error:
        raise unfit(*_reason(error)) from None


def _reason(error: Exception) -> tuple[str, str]:
    """Why a file is no backup, in both languages."""
    if isinstance(error, UNPACKABLE):
        return "sie ist keine ZIP-Datei, beschädigt oder abgeschnitten", "it is no ZIP file, damaged or cut off"
    if isinstance(error, KeyError):
        return (
            "in ihr fehlt ein Teil; sie ist keine Sicherung oder beschädigt",
            "a part is missing; it is no backup, or damaged",
        )
    if isinstance(error, OSError):
        cause = error.strerror or type(error).__name__
        return f"sie ist nicht lesbar ({cause})", f"it cannot be read ({cause})"
    return (
        "ihr Verzeichnis ist unlesbar; sie ist keine Sicherung oder beschädigt",
        "its index is unreadable; it is no backup, or damaged",
    )


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    manifest = json.loads(manifest_bytes(archive))
    if not isinstance(manifest, dict) or manifest["format"] != FORMAT:
        raise ValueError
    texts = [manifest["made_at"], manifest["revision"], *_listed(manifest["master_keys"])]
    for name, table in manifest["tables"].items() if isinstance(manifest["tables"], dict) else [(None, None)]:
        if not isinstance(table, dict) or type(table["rows"]) is not int:
            raise ValueError
        texts += [name, table["sha256"], *_listed(table["columns"])]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError
    return manifest


def manifest_bytes(archive: zipfile.ZipFile) -> bytes:
    """The manifest as it stands there."""
    with opened_member(archive, MANIFEST) as file:
        raw = file.read(_LARGEST_MANIFEST + 1)
    if len(raw) > _LARGEST_MANIFEST:
        raise ValueError
    return raw


def opened_member(archive: zipfile.ZipFile, name: str) -> IO[bytes]:
    """A part of the file. Raises what `opened` understands."""
    try:
        return archive.open(name)
    except RuntimeError:  # encrypted, or packed by a method that the library does not know
        raise zipfile.BadZipFile from None


def _listed(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def unfit(de: str, en: str) -> BackupUnfit:
    """The error, with its cause in both languages."""
    return BackupUnfit(cause_de=de, cause_en=en)
