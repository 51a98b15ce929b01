"""A site plan made on the spot: a small valid PDF, padded to any size with bytes that do not compress."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

DRAWING = (
    b"0.8 w 60 60 m 540 60 l 540 380 l 60 380 l h S 0.9 0.95 0.85 rg 180 140 220 150 re B "
    b"1 0 0 RG 180 140 220 150 re S BT /F1 14 Tf 60 400 Td (Lageplan, Flurstueck 127/4, Beispiel) Tj ET"
)
BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class SitePlan:
    """The plan: `head`, then `padding` bytes, then `tail`; `salt` makes each plan a file of its own."""

    head: bytes
    padding: int
    tail: bytes
    salt: bytes

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return len(self.head) + self.padding + len(self.tail)

    async def stream(self) -> AsyncIterator[bytes]:
        """The file, block by block."""
        yield self.head
        left, block = self.padding, self.salt * (BLOCK // len(self.salt))
        while left:
            piece = block[: min(left, BLOCK)]
            left -= len(piece)
            yield piece
        yield self.tail

    def whole(self) -> bytes:
        """The file in one piece; for small ones."""
        times = self.padding // len(self.salt) + 1
        return self.head + (self.salt * times)[: self.padding] + self.tail


def site_plan(megabytes: int = 0) -> SitePlan:
    """A plan of about `megabytes` · 1,000,000 bytes (0: as small as it gets, about 1 kB)."""
    padding = max(megabytes * 1_000_000 - 1_000, 64)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Lang(de)>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 440]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(DRAWING), DRAWING),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, offsets = bytearray(b"%PDF-1.4\n%\xe4\xf6\xfc\xdf\n"), []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    offsets.append(len(body))
    body += b"6 0 obj\n<</Length %d>>stream\n" % padding
    after = b"\nendstream\nendobj\n"
    start = len(body) + padding + len(after)
    table = b"xref\n0 7\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    tail = after + table + b"trailer\n<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start
    return SitePlan(bytes(body), padding, tail, os.urandom(65536 if megabytes else 64))
