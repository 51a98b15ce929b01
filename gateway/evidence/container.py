"""The ZIP around the members of an archive, written in one form and read with every bound.

Knows: how large, how many, which names. Never does: write files, trust a length that the ZIP states, judge a member.
Standard: APPNOTE 6.3 (no ZIP64, no encryption, no comment). Start reading: `unpack`.

Members are stored, not deflated: then the members alone say what every byte of the ZIP is, whichever zlib is installed,
and nothing can be hidden beside what the signature covers.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Final

from gateway.errors import EvidenceUnreadable
from gateway.model import Finding

LARGEST_CONTENT: Final = 32 << 20
LARGEST_FILE: Final = 33 << 20
MOST_MEMBERS: Final = 1000
LARGEST_DIRECTORY: Final = 256 << 10
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,80}(/[a-z0-9][a-z0-9._-]{0,80})?")
_END: Final = struct.Struct("<4s4H2LH")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644 << 16
_UNIX: Final = 3
_ENCRYPTED: Final = 0x1
_PIECE: Final = 64 << 10

_FAULTS: Final[Mapping[str, tuple[str, str]]] = {
    "too_large": (
        "Ein Nachweisarchiv hat gepackt höchstens 33 MiB und entpackt höchstens 32 MiB.",
        "An evidence archive has at most 33 MiB packed and 32 MiB unpacked.",
    ),
    "no_zip": (
        "Die Datei ist kein vollständiges ZIP-Archiv ohne Vorspann, Kommentar und ZIP64.",
        "The file is no whole ZIP archive without prefix, comment and ZIP64.",
    ),
    "too_many": ("Ein Nachweisarchiv hat höchstens 1000 Einträge.", "An evidence archive has at most 1000 members."),
    "name": (
        "Der Name eines Eintrags ist nicht zulässig (nur a-z, 0-9, Punkt, Strich; höchstens ein Ordner).",
        "A member's name is not allowed (only a-z, 0-9, dot, dash; at most one folder).",
    ),
    "twice": ("Ein Eintrag kommt mehrfach vor.", "A member occurs more than once."),
    "packing": (
        "Einträge dürfen nur gespeichert oder mit Deflate gepackt und nicht verschlüsselt sein.",
        "Members may only be stored or deflated and not be encrypted.",
    ),
    "damaged": ("Ein Eintrag lässt sich nicht entpacken.", "A member cannot be unpacked."),
    "beside": (
        "Das ZIP enthält außer den Einträgen noch anderes oder ist nicht so gepackt, wie das Gateway es ausgibt.",
        "The ZIP holds something beside its members, or is not packed as the gateway hands it out.",
    ),
}


def pack(members: Mapping[str, bytes]) -> bytes:
    """The ZIP of these members; the same members give the same bytes."""
    spool = io.BytesIO()
    with zipfile.ZipFile(spool, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = _UNIX
            info.external_attr = _MODE
            archive.writestr(info, members[name])
    return spool.getvalue()


def fits(members: Mapping[str, bytes], packed: bytes) -> bool:
    """Whether `unpack` takes what `pack` made of these members."""
    content = sum(len(member) for member in members.values())
    return len(members) <= MOST_MEMBERS and content <= LARGEST_CONTENT and len(packed) <= LARGEST_FILE


def unpack(data: bytes) -> dict[str, bytes]:
    """The members by name, of exactly the bytes that `pack` makes of them.

    Raises `EvidenceUnreadable` with every fault of form; reads no more than the bounds.
    """
    _require(len(data) <= LARGEST_FILE, "too_large")
    _check_end(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
            _check_list(listed)
            members = _contents(archive, listed)
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, OSError, RuntimeError, zlib.error):
        raise _unreadable("damaged") from None
    _require(pack(members) == data, "beside")
    return members


def _check_end(data: bytes) -> None:
    """The end record closes the file and tells of a small directory right before it; nothing was parsed until then."""
    if len(data) < _END.size:
        raise _unreadable("no_zip")
    mark, disk, start_disk, members_on_disk, members, size, offset, comment = _END.unpack(data[-_END.size :])
    _require(mark == b"PK\x05\x06" and not comment, "no_zip")
    _require(
        disk == start_disk == 0 and members_on_disk == members and offset + size + _END.size == len(data), "no_zip"
    )
    _require(members <= MOST_MEMBERS and size <= LARGEST_DIRECTORY, "too_many")


def _check_list(listed: list[zipfile.ZipInfo]) -> None:
    names = [info.filename for info in listed]
    faults = {
        "too_many": len(listed) > MOST_MEMBERS,
        "name": not all(NAME.fullmatch(name) for name in names),
        "twice": len(set(names)) < len(names),
        "packing": not all(_is_plain(info) for info in listed),
        "too_large": sum(info.file_size for info in listed) > LARGEST_CONTENT,
    }
    if broken_rules := [rule for rule, broken in faults.items() if broken]:
        raise _unreadable(*broken_rules)


def _is_plain(info: zipfile.ZipInfo) -> bool:
    return info.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} and not info.flag_bits & _ENCRYPTED


def _contents(archive: zipfile.ZipFile, listed: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    room = LARGEST_CONTENT
    for info in listed:
        content = bytearray()
        with archive.open(info) as member:
            while piece := member.read(_PIECE):
                content += piece
                _require(len(content) <= room, "too_large")
        room -= len(content)
        members[info.filename] = bytes(content)
    return members


def _require(kept: bool, rule: str) -> None:
    if not kept:
        raise _unreadable(rule)


def _unreadable(*rules: str) -> EvidenceUnreadable:
    return EvidenceUnreadable(findings=tuple(Finding("archive", rule, *_FAULTS[rule]) for rule in rules))
