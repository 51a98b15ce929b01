"""Hostile ZIP archives: refused with entry and rule, in bounded time and memory, before anything is unpacked."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import warnings
import zipfile

import pytest

from gateway.errors import SetRefused
from gateway.sets.archive import ArchiveLimits, read_archive

from .made import zipped


def rules(content: bytes, limits: ArchiveLimits | None = None) -> dict[str, str]:
    with pytest.raises(SetRefused) as caught:
        read_archive(content, *([limits] if limits else []))
    return {one.pointer: one.rule for one in caught.value.findings}


def entries(*named: tuple[str, bytes], **attributes: int) -> bytes:
    """An archive whose entries are made by hand: any name, any attribute."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # a name that is there already
        for name, content in named:
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = name
            for attribute, value in attributes.items():
                setattr(info, attribute, value)
            archive.writestr(info, content)
    return buffer.getvalue()


def with_declared_size(content: bytes, size: int) -> bytes:
    """The directory says another unpacked size than there is."""
    at = content.index(b"PK\x01\x02") + 24
    return content[:at] + struct.pack("<I", size) + content[at + 4 :]


def flagged(content: bytes, bit: int) -> bytes:
    at = content.index(b"PK\x01\x02") + 8
    flags = struct.unpack("<H", content[at : at + 2])[0] | bit
    return content[:at] + struct.pack("<H", flags) + content[at + 2 :]


def test_an_ordinary_archive_gives_its_files_by_path() -> None:
    files = {"a.xsd": b"1", "tief/ä.xsd": b"2", "leer.xml": b""}
    assert read_archive(zipped({"tief/": b"", **files})) == files


@pytest.mark.parametrize(
    "name",
    [
        "../a.xsd",
        "a/../../b.xsd",
        "/etc/passwd",
        "//host/share",
        "C:/x.xsd",
        "..\\a.xsd",
        "a\\b.xsd",
        "./a.xsd",
        "a//b.xsd",
        "a\x00.xsd",
        "a\n.xsd",
        "a\u202egpj.xsd",
        "x" * 241,
    ],
)
def test_names_that_climb_or_hide_are_refused(name: str) -> None:
    assert set(rules(entries((name, b"x"))).values()) == {"zip_path"}


@pytest.mark.parametrize(
    "names", [("a.xsd", "a.xsd"), ("a.xsd", "A.XSD"), ("ä.xsd", "a\u0308.xsd"), ("a", "a/b.xsd"), ("straße", "STRASSE")]
)
def test_names_that_fall_together_are_refused(names: tuple[str, ...]) -> None:
    assert set(rules(entries(*((name, b"x") for name in names))).values()) == {"zip_twice"}


@pytest.mark.parametrize("mode", [0o120777, 0o010644, 0o020644, 0o140777])
def test_links_and_special_files_are_refused(mode: int) -> None:
    assert rules(entries(("a.xsd", b"/etc/passwd"), external_attr=mode << 16)) == {"a.xsd": "zip_link"}


@pytest.mark.parametrize("bit", [0x1, 0x40, 0x2000])
def test_encrypted_entries_are_refused(bit: int) -> None:
    assert rules(flagged(zipped({"a.xsd": b"x"}), bit)) == {"a.xsd": "zip_encrypted"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_methods_than_deflate_are_refused(method: int) -> None:
    assert rules(zipped({"a.xsd": b"x"}, method)) == {"a.xsd": "zip_method"}


@pytest.mark.parametrize("name", ["inner.zip", "b/inner.JAR", "x.tar.gz"])
def test_an_archive_in_the_archive_is_not_opened(name: str) -> None:
    assert rules(zipped({name: zipped({"a.xsd": b"x"})})) == {name: "zip_nested"}


def test_a_bomb_is_refused_by_its_ratio_and_by_its_size_without_unpacking() -> None:
    bomb = zipped({f"{no}.xml": bytes(30 << 20) for no in range(3)})
    tracemalloc.start()
    begun = time.process_time()
    assert rules(bomb) == {f"{no}.xml": "zip_ratio" for no in range(3)}
    assert rules(bomb, ArchiveLimits(ratio=10**9, total=64 << 20)) == {"/": "zip_large"}
    assert rules(bomb, ArchiveLimits(ratio=10**9, file=1 << 20))["0.xml"] == "zip_large"
    assert time.process_time() - begun < 1
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()


def test_a_directory_that_lies_about_sizes_gains_nothing() -> None:
    bomb = zipped({"a.xml": bytes(8 << 20)})
    tracemalloc.start()
    assert rules(with_declared_size(bomb, 100)) == {"a.xml": "zip_damaged"}
    assert tracemalloc.get_traced_memory()[1] < 4 << 20
    tracemalloc.stop()
    assert rules(with_declared_size(zipped({"a.xml": b"abc"}), 9)) == {"a.xml": "zip_damaged"}


def test_too_many_entries_are_refused_before_the_directory_is_read() -> None:
    many = zipped({f"{no}": b"" for no in range(41)})
    assert rules(many, ArchiveLimits(files=20)) == {"/": "zip_many"}
    assert rules(many, ArchiveLimits(files=40)) == {"/": "zip_many"}
    assert len(read_archive(many, ArchiveLimits(files=41))) == 41
    endless = b"PK\x03\x04" + b"PK\x01\x02" * 2_000_000
    begun = time.process_time()
    assert rules(endless) == {"/": "zip_many"}
    assert time.process_time() - begun < 1


def test_an_archive_above_the_limit_is_not_looked_into() -> None:
    assert rules(zipped({"a": b"x"}), ArchiveLimits(archive=10)) == {"/": "zip_large"}


def test_every_fault_of_the_directory_is_told_at_once() -> None:
    found = rules(entries(("../a", b"x"), ("b.zip", b"x"), ("c.xsd", b"x")))
    assert found == {"../a": "zip_path", "b.zip": "zip_nested"}


def test_a_broken_byte_anywhere_is_never_a_traceback() -> None:
    whole = zipped({"a.xsd": b"<a/>" * 9, "b/c.xml": b"<b/>"})
    broken = [
        whole[:place] + bytes([byte]) + whole[place + 1 :]
        for place in range(len(whole))
        for byte in (0, 255, whole[place] ^ 1)
    ]
    refused = 0
    for content in (*broken, *(whole[:place] for place in range(4, len(whole)))):
        try:
            assert all(len(one) < 100 for one in read_archive(content).values())
        except SetRefused:
            refused += 1
    assert refused > len(whole)
