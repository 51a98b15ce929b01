"""The little of DER that time stamps need: read one value strictly, write a few.

Knows: tags of one byte, definite lengths in their shortest form. Never does: BER, meaning.
Standard: ITU-T X.690 §10. Start reading: `read`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

BOOLEAN, INTEGER, OCTETS, OID, TIME, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x06, 0x18, 0x30, 0x31
OPTION_0, OPTION_1 = 0xA0, 0xA1
MOST_CHILDREN: Final = 1000


@dataclass(frozen=True, slots=True)
class DerValue:
    """One value: its tag, its content, and the bytes it was read from."""

    tag: int
    content: bytes = field(repr=False)
    raw: bytes = field(repr=False)

    def expect(self, tag: int) -> DerValue:
        """The value itself, where its tag is this. ValueError else."""
        if self.tag != tag:
            raise ValueError
        return self

    def children(self, tag: int) -> tuple[DerValue, ...]:
        """The values inside, where this one has that tag. ValueError else."""
        self.expect(tag)
        values: list[DerValue] = []
        unread = self.content
        while unread:
            value, unread = _first(unread)
            values.append(value)
            if len(values) > MOST_CHILDREN:
                raise ValueError
        return tuple(values)

    def number(self) -> int:
        """The value as an integer of at most 64 bytes. ValueError else."""
        if self.tag != INTEGER or not 1 <= len(self.content) <= 64:
            raise ValueError
        return int.from_bytes(self.content, signed=True)


def read(data: bytes) -> DerValue:
    """The one value that `data` is. ValueError where it is none, or more."""
    value, behind = _first(data)
    if behind:
        raise ValueError
    return value


def written(tag: int, *parts: bytes) -> bytes:
    """A value of that tag around the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(number: int) -> bytes:
    """A non-negative INTEGER."""
    return written(INTEGER, number.to_bytes(number.bit_length() // 8 + 1))


def _first(data: bytes) -> tuple[DerValue, bytes]:
    if len(data) < 2 or data[0] & 0x1F == 0x1F:
        raise ValueError
    start, size = 2, data[1]
    if size & 0x80:
        start += size & 0x7F
        if not 0 < size & 0x7F <= 4 or len(data) < start:
            raise ValueError
        size = int.from_bytes(data[2:start])
        if size < 0x80 or data[2] == 0:
            raise ValueError
    end = start + size
    if len(data) < end:
        raise ValueError
    return DerValue(data[0], data[start:end], data[:end]), data[end:]
