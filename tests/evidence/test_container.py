"""Hostile ZIPs end in a clean refusal, in bounded time and memory."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import EvidenceUnreadable
from gateway.evidence import container
from gateway.evidence.verify import verify
from tests.properties import TIMES

END = struct.Struct("<4s4H2LH")


def zipped(members, method=zipfile.ZIP_DEFLATED):
    spool = io.BytesIO()
    with zipfile.ZipFile(spool, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return spool.getvalue()


def refused(data):
    with pytest.raises(EvidenceUnreadable) as caught:
        container.unpack(data)
    assert verify(data).as_json() == {
        "ok": False, "submission_id": None, "entries": 0, "broken_at": "archive", "trust": "from_archive",
    }  # fmt: skip
    assert all(finding.de and finding.en for finding in caught.value.findings)
    return {finding.rule for finding in caught.value.findings}


def test_what_was_packed_is_unpacked_and_always_packed_alike():
    members = {"a.json": b"{}", "events/01.jwt": b"x.y.z", "empty": b""}
    assert container.unpack(container.pack(members)) == members
    assert container.pack(members) == container.pack(dict(reversed(members.items())))


def rewritten(packed, change):
    """The archive with every member as it was, each `ZipInfo` and the archive itself changed on the way."""
    spool = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(spool, "w") as new:
        for info in old.infolist():
            content = old.read(info)
            change(info, new)
            new.writestr(info, content)
    return spool.getvalue()


def moved(packed, at, more):
    """`more` put in before byte `at`; the end record tells the directory's new place."""
    mark, *counts, size, offset, comment = END.unpack(packed[-END.size :])
    whole = packed[:at] + more + packed[at : -END.size]
    return whole + END.pack(mark, *counts, size, offset + len(more), comment)


def _set(**values):
    return lambda info, _new: [setattr(info, name, value) for name, value in values.items()]


CHANGES = {
    "extra field": _set(extra=struct.pack("<2H", 0x6375, 6) + b"secret"),
    "comment of a member": _set(comment=b"said beside"),
    "time": _set(date_time=(2026, 3, 1, 12, 0, 0)),
    "rights": _set(external_attr=0o100755 << 16),
    "system": _set(create_system=0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_lies_beside_the_members_is_refused(packed, name):
    assert rewritten(packed, lambda _info, _new: None) == packed
    assert refused(rewritten(packed, CHANGES[name])) <= {"beside", "damaged"}


def test_bytes_before_the_first_member_and_before_the_directory_are_refused(packed):
    offset = END.unpack(packed[-END.size :])[6]
    assert refused(moved(packed, offset, b"more")) == {"beside"}
    second = packed.index(b"PK\x03\x04", 4)
    assert refused(moved(packed, second, b"more")) <= {"beside", "damaged"}
    assert refused(moved(packed, 0, b"more")) <= {"beside", "damaged"}


def test_members_that_were_packed_anew_are_refused(packed, members):
    """A deflated stream has room for bytes that no member holds, and its form hangs on the zlib installed."""
    assert refused(zipped(members.items())) == {"beside"}
    assert refused(zipped(members.items(), zipfile.ZIP_STORED)) == {"beside"}


def test_another_order_and_a_local_header_that_says_otherwise_are_refused(packed, members):
    spool = io.BytesIO()
    with zipfile.ZipFile(spool, "w") as archive:
        for name in sorted(members, reverse=True):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o100644 << 16
            archive.writestr(info, members[name])
    assert refused(spool.getvalue()) == {"beside"}
    lying = bytearray(packed)
    struct.pack_into("<L", lying, 22, 7)  # the size in the first local header, which readers skip
    assert refused(bytes(lying)) == {"beside"}


def test_each_changed_byte_of_the_zip_is_seen():
    packed = container.pack({"a": b"1", "events/01.jwt": b"x.y.z"})
    for place in range(len(packed)):
        data = bytearray(packed)
        data[place] ^= 0x20
        try:
            container.unpack(bytes(data))
        except EvidenceUnreadable:
            continue
        pytest.fail(f"byte {place} may be anything")


@pytest.mark.parametrize(
    "name",
    [
        "../up",
        "/etc/passwd",
        "a/../b",
        "a//b",
        "C:x",
        "a\\b",
        "a/b/c",
        "events/",
        "ä",
        "A",
        "",
        ".hidden",
        "a\nb",
        "x" * 90,
    ],
)
def test_names_that_lead_elsewhere_are_refused(name):
    assert "name" in refused(zipped([(name or "/", b"x")]))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_comes_twice_is_refused():
    assert refused(zipped([("a", b"1"), ("b", b"2"), ("a", b"3")])) == {"twice"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_all_faults_are_told_at_once():
    data = zipped([("../a", b"1"), ("b", b"2"), ("b", b"3")], zipfile.ZIP_BZIP2)
    assert refused(data) == {"name", "twice", "packing"}


def test_a_bomb_is_not_unpacked():
    bomb = zipped([("bomb", bytes(200 << 20))])
    assert len(bomb) < container.LARGEST_FILE
    tracemalloc.start()
    assert refused(bomb) == {"too_large"}
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_bomb_that_lies_about_its_size_is_not_unpacked():
    """The directory states 10 bytes for each; what comes out is cut there, and the checksum tells."""
    bomb = bytearray(zipped([("bomb", bytes(64 << 20))]))
    offset = END.unpack(bomb[-END.size :])[6]
    struct.pack_into("<L", bomb, offset + 24, 10)
    tracemalloc.start()
    assert refused(bytes(bomb)) == {"damaged"}
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def directory(count, told=None):
    """A directory of `count` members that all point at one and the same."""
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    said = min(count if told is None else told, 0xFFFF)
    return local + entry * count + END.pack(b"PK\x05\x06", 0, 0, said, said, len(entry) * count, len(local), 0)


def test_a_million_members_are_refused_before_any_is_parsed():
    assert refused(directory(1_000_000)) == {"too_large"}
    assert refused(directory(300_000)) == {"too_many"}
    assert refused(directory(300_000, told=1)) == {"too_many"}, "a directory that lies about its length"
    assert "twice" in refused(directory(1000))


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all" * 10, b"PK\x05\x06" + bytes(18) + b"x"])
def test_what_is_no_zip_is_refused(data):
    assert refused(data) == {"no_zip"}


def test_an_empty_zip_is_no_archive():
    assert verify(zipped([])).as_json()["broken_at"] == "manifest.json"


def test_prefix_comment_and_encryption_are_refused(packed):
    assert refused(b"#!/bin/sh\n" + packed) == {"no_zip"}
    assert refused(packed + b"more") == {"no_zip"}
    encrypted = bytearray(zipped([("a", b"1")]))
    offset = END.unpack(encrypted[-END.size :])[6]
    struct.pack_into("<H", encrypted, offset + 8, 1)
    assert refused(bytes(encrypted)) == {"packing"}


def test_a_cut_archive_is_refused_wherever_it_is_cut(packed):
    for size in range(0, len(packed) - 1, 211):
        assert refused(packed[:size]) <= {"no_zip", "damaged"}


def test_a_changed_byte_of_the_zip_never_ends_in_a_traceback_or_a_changed_member(packed, members, gateway_key):
    for place in range(0, len(packed), 37):
        data = bytearray(packed)
        data[place] ^= 0x55
        verdict = verify(bytes(data), [gateway_key.public_jwk])
        assert not verdict.ok or container.unpack(bytes(data)) == members


ODD = [
    b"[" * 100_000,
    b"1" * 5000,
    b"null\n",
    b'{"keys":[{"kty":"RSA","n":"' + b"A" * 900 + b'","e":"AQAB"}]}\n',
    b'[{"leaf":0,"path":["zz"],"root":1,"seq":1}]\n',
    b'[{"leaf":1e999,"path":[],"root":1,"seq":1}]\n',
]
NAMES = ["manifest.json", "chain.jsonl", "proofs.json", "keys/gateway.json", "manifest.jws", "roots/1.jws"]


@settings(max_examples=60 * TIMES)
@given(st.dictionaries(st.sampled_from(NAMES), st.one_of(st.binary(max_size=60), st.sampled_from(ODD))))
def test_whatever_members_hold_the_verdict_is_a_verdict(members, changed):
    """Every other member stays genuine, so that each check is reached."""
    verdict = verify(container.pack({**members, **changed}))
    assert not verdict.ok or not changed


def test_a_manifest_that_states_the_absurd_is_refused(members):
    for absurd in (b'{"at":1}\n', members["manifest.json"].replace(b'"entries":8', b'"entries":-8'),
                   members["manifest.json"].replace(b'"entries":8', b'"entries":' + b"9" * 4000)):  # fmt: skip
        assert not verify(container.pack({**members, "manifest.json": absurd})).ok
