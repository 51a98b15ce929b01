"""Compressed answers, unpacked once and never to more than a limit.

Knows: gzip and deflate. Never does: I/O, ask for them. Standard: RFC 9110 §8.4.1, RFC 1950, RFC 1952.
Start reading: `Unpacking.add`.
"""

from __future__ import annotations

import zlib
from typing import Final

CODINGS: Final = frozenset({"gzip", "x-gzip", "deflate"})
_EITHER: Final = zlib.MAX_WBITS | 32
"""zlib tells gzip from deflate by its first bytes."""


class Unpacking:
    """One answer. Raises `ValueError` for what is no such data, is cut off or grows beyond `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._inner = zlib.decompressobj(_EITHER)
        self._begun = False

    def add(self, piece: bytes) -> bytes:
        """What another piece gives; several gzip members make one answer."""
        unpacked: list[bytes] = []
        while piece:
            if self._inner.eof:
                self._inner = zlib.decompressobj(_EITHER)
            try:
                part = self._inner.decompress(piece, self._left + 1)
            except zlib.error as error:
                raise ValueError("content_encoding") from error
            self._begun = True
            self._left -= len(part)
            if self._left < 0:
                raise ValueError("limit")
            unpacked.append(part)
            piece = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
        return b"".join(unpacked)

    def end(self) -> None:
        """Nothing more comes; an answer without a body is whole."""
        if self._begun and not self._inner.eof:
            raise ValueError("cut_off")
