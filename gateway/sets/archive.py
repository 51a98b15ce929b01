"""Files out of a ZIP archive that a stranger made: bounded in time and memory, and nothing is written anywhere.

Knows: how archives attack (size, ratio, count, nesting, names that climb or collide, links, encryption).
Never does: extract to disk, open an archive inside an archive. Standard: PKWARE APPNOTE 6.3 (method 0 and 8 only).
Start reading: `read_archive`.
"""

from __future__ import annotations

import io
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.errors import SetRefused
from gateway.errors.sentences import Sentences
from gateway.model import Finding


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Upper bounds; sizes in bytes. `ratio` counts for files above `ratio_from` when unpacked."""

    archive: int = 64 << 20
    files: int = 2000
    file: int = 32 << 20
    total: int = 128 << 20
    ratio: int = 200
    ratio_from: int = 1 << 20
    name: int = 240


DEFAULT_LIMITS: Final = ArchiveLimits()
_ENTRY: Final = b"PK\x01\x02"
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_NESTED: Final = (".zip", ".jar", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".tar")


def is_archive(content: bytes) -> bool:
    """Whether a file begins as a ZIP archive does."""
    return content.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def read_archive(content: bytes, limits: ArchiveLimits = DEFAULT_LIMITS) -> dict[str, bytes]:
    """Every file of an archive by its relative path with `/`.

    Raises `SetRefused` with every fault of the directory at once, before anything is unpacked; then with the first
    file that is not what the directory says.
    """
    if len(content) > limits.archive:
        raise SetRefused(findings=(_fault("/", "zip_large", limits),))
    if content.count(_ENTRY) > 2 * limits.files:
        raise SetRefused(findings=(_fault("/", "zip_many", limits),))
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise SetRefused(findings=(_fault("/", "zip_damaged", limits),)) from None
    with archive:
        infos = archive.infolist()
        faults = _judged(infos, limits)
        if faults:
            raise SetRefused(findings=faults)
        return {info.filename: _content(archive, info, limits) for info in infos if not _is_folder(info)}


def _judged(infos: Sequence[zipfile.ZipInfo], limits: ArchiveLimits) -> tuple[Finding, ...]:
    faults = [_fault(_shown(info), rule, limits) for info in infos for rule in _rules(info, limits)]
    if len(infos) > limits.files:
        faults.append(_fault("/", "zip_many", limits))
    if sum(info.file_size for info in infos) > limits.total:
        faults.append(_fault("/", "zip_large", limits))
    return (*faults, *_collisions(infos, limits))


def _rules(info: zipfile.ZipInfo, limits: ArchiveLimits) -> list[str]:
    mode = info.external_attr >> 16
    broken = {
        "zip_path": not _is_inside(info.orig_filename, limits),
        "zip_encrypted": bool(info.flag_bits & _ENCRYPTED),
        "zip_method": info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED},
        "zip_link": bool(stat.S_IFMT(mode)) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)),
        "zip_nested": info.filename.lower().endswith(_NESTED),
        "zip_large": info.file_size > limits.file,
        "zip_ratio": info.file_size > max(limits.ratio_from, limits.ratio * info.compress_size),
    }
    return [rule for rule, holds in broken.items() if holds]


def _is_inside(name: str, limits: ArchiveLimits) -> bool:
    """Relative, without `..`, backslashes, drives and invisible characters."""
    parts = name.removesuffix("/").split("/")
    return (
        0 < len(name) <= limits.name
        and all(part not in {"", ".", ".."} for part in parts)
        and not any(sign in name for sign in "\\:")
        and all(unicodedata.category(sign) not in {"Cc", "Cf", "Co", "Cs"} for sign in name)
    )


def _collisions(infos: Sequence[zipfile.ZipInfo], limits: ArchiveLimits) -> list[Finding]:
    """The same name twice, also on a system that tells neither case nor composition apart; a file as a folder."""
    faults = []
    seen: set[str] = set()
    folders: set[str] = set()
    files: list[tuple[str, zipfile.ZipInfo]] = []
    for info in infos:
        composed = unicodedata.normalize("NFC", info.filename.removesuffix("/"))
        key = unicodedata.normalize("NFC", composed.casefold())
        if key in seen and not (_is_folder(info) and key in folders):
            faults.append(_fault(_shown(info), "zip_twice", limits))
        seen.add(key)
        parts = key.split("/")
        folders.update("/".join(parts[:no]) for no in range(1, len(parts) + _is_folder(info)))
        if not _is_folder(info):
            files.append((key, info))
    return faults + [_fault(_shown(info), "zip_twice", limits) for key, info in files if key in folders]


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.filename.endswith("/")


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: ArchiveLimits) -> bytes:
    """The bytes; never more than the directory says, which was judged, and of the checksum that it says."""
    try:
        with archive.open(info) as stream:
            data = stream.read(info.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise SetRefused(findings=(_fault(_shown(info), "zip_damaged", limits),)) from None
    if len(data) != info.file_size:
        raise SetRefused(findings=(_fault(_shown(info), "zip_damaged", limits),))
    return data


def _shown(info: zipfile.ZipInfo) -> str:
    """The name as findings show it: printable, short."""
    return "".join(sign if sign.isprintable() else "?" for sign in info.orig_filename)[:100]


_SENTENCES: Final = {
    "zip_large": (
        "Zu groß: erlaubt sind {0.archive} Bytes je Archiv, entpackt {0.file} je Datei und {0.total} zusammen.",
        "Too large: allowed are {0.archive} bytes an archive, unpacked {0.file} a file and {0.total} together.",
    ),
    "zip_many": ("Erlaubt sind höchstens {0.files} Einträge.", "At most {0.files} entries are allowed."),
    "zip_ratio": (
        "Der Eintrag schrumpft auf weniger als 1/{0.ratio}; so packen nur Angriffe. Bitte entpackt installieren.",
        "The entry shrinks below 1/{0.ratio}, as only attacks do. Install the unpacked files.",
    ),
    "zip_path": (
        "Der Name führt aus dem Archiv hinaus oder enthält unerlaubte Zeichen; erlaubt sind relative Pfade mit /.",
        "The name leads out of the archive or holds forbidden characters; relative paths with / are allowed.",
    ),
    "zip_twice": (
        "Diesen Namen gibt es zweimal (Groß- und Kleinschreibung zählen nicht) oder als Datei und Ordner.",
        "This name occurs twice (case does not count) or as file and folder.",
    ),
    "zip_link": (
        "Der Eintrag ist eine Verknüpfung oder Gerätedatei; bitte die Datei selbst packen.",
        "The entry is a link or special file; pack the file itself.",
    ),
    "zip_encrypted": (
        "Der Eintrag ist verschlüsselt; bitte unverschlüsselt packen.",
        "The entry is encrypted; pack it without encryption.",
    ),
    "zip_method": (
        "Der Eintrag ist anders gepackt als mit Deflate oder gar nicht.",
        "The entry is packed by another method than Deflate or none.",
    ),
    "zip_nested": (
        "Ein Archiv im Archiv wird nicht geöffnet; bitte dieses auspacken und einzeln installieren.",
        "An archive in the archive is not opened; unpack it and install it by itself.",
    ),
    "zip_damaged": (
        "Das Archiv ist beschädigt: Inhalt und Verzeichnis passen nicht zusammen.",
        "The archive is damaged: content and directory do not fit.",
    ),
}


_fault: Final = Sentences(_SENTENCES).finding
