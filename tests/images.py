"""A PNG image, written by rules that share nothing with what reads it."""

from __future__ import annotations

import zlib


def chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return len(data).to_bytes(4, "big") + kind + data + checksum.to_bytes(4, "big")


def png(width: int = 120, height: int = 40, *more: bytes, grey: int = 128) -> bytes:
    """A grey image; `more` are further chunks before its end."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 0, 0, 0, 0])
    rows = b"".join(b"\0" + bytes([grey]) * width for _ in range(height))
    chunks = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), *more, chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
