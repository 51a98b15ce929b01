"""No byte of a stranger becomes a value that cannot be stored, or an error that nobody expects."""

from __future__ import annotations

import ast
import dataclasses
import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import gateway
from tests.foreign_readers import OURS, READERS, Reader, raw

MARK = '"\u2620"'
MEMBERS = (
    '"\\u0000"', '"a\\ud800b"', '{"\\u0000":"\\udfff"}', "1" + "0" * 400, "-1" + "0" * 5000, "1e999", "-1e999", "NaN",
    "Infinity", "[" * 10_000 + "]" * 10_000, '{"a":' * 10_000 + "1" + "}" * 10_000, "null", "true", "[]", "{}", '""',
    "[[]]", '"Mon, 01 Jan 99999999999999999999 00:00:00 GMT"', "9223372036854775808",
)  # fmt: skip
WHOLE = (
    b"", b"\x00", b"\xff\xfe", b'"\x00"', b"\xed\xa0\x80", "ü".encode("utf-16"), b"\xef\xbb\xbf{}", b"[" * 10_000_000,
    b'{"a":"' + b"x" * 10_000_000 + b'"}', b"1" * 10_000_000, b"<a>" * 10_000, b"x" * 10_000_000, b"\n" * 100_000,
    b"Mon, 01 Jan 99999999999999999999 00:00:00 GMT", b"250-" + b"x" * 10_000_000, b"250-x\r\n" * 10_000,
    b"\x30\x80" * 50_000, b"PK\x05\x06" + bytes(18),
)  # fmt: skip
CASES = [(module, no, reader) for module, readers in READERS.items() for no, reader in enumerate(readers)]
PARSERS = {"json": {"load", "loads", "JSONDecoder"}, "tomllib": {"load", "loads"}, "json_reader": {"decode", "parse"},
           "der": {"read"}, "zipfile": {"ZipFile"}, "smtplib": {"SMTP", "SMTP_SSL"}}  # fmt: skip


@pytest.mark.parametrize(("module", "no", "reader"), CASES, ids=[f"{module}-{no}" for module, no, _ in CASES])
def test_poison_at_every_place_is_taken_or_refused_as_expected(module, no, reader):
    assert READERS[module][no] is reader
    if reader.taken:
        reader.read(raw(reader.good))
    for document in (*poisoned(reader), *WHOLE):
        found = outcome(reader, document)
        assert storable(found, by_schema=reader.by_schema), (document[:120], found)


@pytest.mark.parametrize(
    "poison", ['"\\u0000"', '"\\ud800"', "1" + "0" * 400, "1e999"], ids=["nul", "surrogate", "huge", "infinite"]
)
@pytest.mark.parametrize("path", ["note", "title"])
def test_a_rightly_formed_rejection_counts_whatever_one_member_holds(poison, path):
    [reader] = READERS["gateway.fitconnect.claims"]
    whole = raw(reader.good).decode()
    place = '"note": 1' if path == "note" else '"Anlage fehlt"'
    assert place in whole
    claims = reader.read(whole.replace(place, place.replace("1", poison) if path == "note" else poison).encode())
    assert claims.type == "reject-submission"
    assert len(claims.problems) == 1


def test_each_module_that_reads_stands_in_the_list():
    root = Path(gateway.__file__).parent
    found = {module(path, root) for path in root.rglob("*.py") if reads(ast.parse(path.read_text(encoding="utf-8")))}
    found = {name for name in found if not name.startswith(("gateway.sandbox.", "gateway.cli."))}
    checked_elsewhere = {"gateway.crypto.keys"}  # reads what `wire` has parsed
    assert found == (READERS.keys() - checked_elsewhere) | OURS.keys()
    assert not READERS.keys() & OURS.keys()


def poisoned(reader: Reader) -> Iterator[bytes]:
    """The reader's good document with each member in turn replaced by each poison."""
    for marked in places(reader.good):
        spelled = json.dumps(marked, ensure_ascii=False)
        for poison in MEMBERS:
            yield spelled.replace(MARK, poison).encode()


def places(value: Any) -> Iterator[Any]:
    """The value with one place after the other marked."""
    yield MARK[1:-1]
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in list(members):
        for marked in places(member):
            copy = dict(value) if isinstance(value, dict) else list(value)
            copy[name] = marked
            yield copy
    if isinstance(value, dict):
        yield {**value, MARK[1:-1]: 1}
        yield {**value, "more": MARK[1:-1]}


def outcome(reader: Reader, document: bytes) -> object:
    try:
        return reader.read(document)
    except reader.allowed as error:
        return getattr(error, "params", None)


def storable(value: object, *, by_schema: bool = False) -> bool:
    """Whether text, numbers and whatever holds them fit UTF-8, PostgreSQL's text and JSON, and 64 bits."""
    if isinstance(value, str):
        return (by_schema or "\x00" not in value) and not any("\ud800" <= each <= "\udfff" for each in value)
    if isinstance(value, int):
        return by_schema or -(1 << 63) <= value < 1 << 63
    if isinstance(value, float):
        return math.isfinite(value)
    return all(storable(member, by_schema=by_schema) for member in members(value))


def members(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, list | tuple | frozenset):
        yield from value
    elif dataclasses.is_dataclass(value):
        yield from (getattr(value, each.name) for each in dataclasses.fields(value))


def reads(tree: ast.AST) -> bool:
    """Whether a module turns bytes into values, or has an exchange with a counterpart."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "exchange":
            return True
        named = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if named and node.attr in PARSERS.get(node.value.id, ()):
            return True
    return False


def module(path: Path, root: Path) -> str:
    return ".".join(("gateway", *path.relative_to(root).with_suffix("").parts))
