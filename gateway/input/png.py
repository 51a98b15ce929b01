"""Whether bytes are a PNG image and nothing besides, and how large it is.

Knows: signature, chunks and their checksums. Never does: decode a picture. Standard: PNG, third edition (W3C), §5.
Start reading: `size`.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_HEAD: Final = struct.Struct(">I4s")
_SIZE: Final = struct.Struct(">II")
_CHECKSUM: Final = struct.Struct(">I")


def size(content: bytes) -> tuple[int, int] | None:
    """Width and height; None where it is no PNG, is damaged, or something comes before or behind it."""
    if not content.startswith(SIGNATURE):
        return None
    kinds: list[bytes] = []
    at = len(SIGNATURE)
    while at < len(content):
        end = _end(content, at)
        if end is None or b"IEND" in kinds:
            return None
        kinds.append(content[at + 4 : at + 8])
        at = end
    if not kinds or (kinds[0], kinds[-1]) != (b"IHDR", b"IEND") or b"IDAT" not in kinds:
        return None
    width, height = _SIZE.unpack_from(content, len(SIGNATURE) + _HEAD.size)
    return (width, height) if width and height else None


def _end(content: bytes, at: int) -> int | None:
    """Where the chunk ends that begins there; None: it is not whole, or not what its checksum says."""
    if len(content) < at + _HEAD.size:
        return None
    length, kind = _HEAD.unpack_from(content, at)
    data = at + _HEAD.size
    if len(content) < data + length + _CHECKSUM.size or (kind == b"IHDR") != (at == len(SIGNATURE)):
        return None
    if kind == b"IHDR" and length < _SIZE.size:
        return None
    (checksum,) = _CHECKSUM.unpack_from(content, data + length)
    sound = zlib.crc32(content[at + 4 : data + length]) == checksum
    return data + length + _CHECKSUM.size if sound else None
