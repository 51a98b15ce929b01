"""Lists as PostgreSQL's binary arrays, packed by the type of the parameter instead of by looking at the values.

Knows: the binary form of one-dimensional arrays. Never does: arrays of arrays, reading.
Standard: PostgreSQL, `array_send` and the send functions of the element types. Start reading: `packer`.

psycopg's own list is text: every byte of a blob becomes two digits that both sides must escape and undo, which took
a fifth of a worker's processor time.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from psycopg.adapt import AdaptersMap, Dumper
from psycopg.pq import Format
from sqlalchemy import ARRAY, JSON, BigInteger, Integer, LargeBinary, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

Pack = Callable[[Sequence[Any]], "Packed"]

_HEAD = struct.Struct("!iiIii")  # dimensions, whether a NULL is among them, element type, length, lower bound
_LENGTH = struct.Struct("!i")
_NULL = _LENGTH.pack(-1)


class Packed(bytes):
    """An array in its binary form; a subclass for each type, since psycopg chooses by class."""

    __slots__ = ()


def packer(kind: TypeEngine[Any]) -> Pack | None:
    """What packs a list for a parameter of this type; None where the type is no array of a kind known here."""
    if not isinstance(kind, ARRAY):
        return None
    for element, pack in _PACKERS:
        if isinstance(kind.item_type, element):
            return pack
    return None


def register(adapters: AdaptersMap) -> None:
    """Teach psycopg to send what the packers make."""
    for dumper, kind in _DUMPERS:
        adapters.register_dumper(kind, dumper)


def _kind(name: str, element: int, array: int, send: Callable[[Any], bytes]) -> Pack:
    kind: type[Packed] = type(name, (Packed,), {"__slots__": ()})

    class Send(Dumper):
        format = Format.BINARY
        oid = array

        def dump(self, obj: bytes) -> bytes:
            return obj

    def pack(values: Sequence[Any]) -> Packed:
        if not values:
            return kind(_LENGTH.pack(0) * 2 + struct.pack("!I", element))
        parts = [_HEAD.pack(1, None in values, element, len(values), 1)]
        for value in values:
            if value is None:
                parts.append(_NULL)
            else:
                raw = send(value)
                parts += (_LENGTH.pack(len(raw)), raw)
        return kind(b"".join(parts))

    _DUMPERS.append((Send, kind))
    return pack


def _same(value: bytes) -> bytes:
    return value


def _uuid(value: UUID) -> bytes:
    return value.bytes


def _jsonb(value: str) -> bytes:
    return b"\x01" + value.encode()


_DUMPERS: list[tuple[type[Dumper], type[Packed]]] = []
_PACKERS: tuple[tuple[type[TypeEngine[Any]], Pack], ...] = (  # the more special type first
    (BigInteger, _kind("PackedLong", 20, 1016, struct.Struct("!q").pack)),
    (Integer, _kind("PackedInteger", 23, 1007, struct.Struct("!i").pack)),
    (JSONB, _kind("PackedJsonb", 3802, 3807, _jsonb)),
    (JSON, _kind("PackedJson", 114, 199, str.encode)),
    (LargeBinary, _kind("PackedBytes", 17, 1001, _same)),
    (Uuid, _kind("PackedUuid", 2950, 2951, _uuid)),
    (String, _kind("PackedText", 25, 1009, str.encode)),
)
