"""Broken form schemas and code lists: every fault at once, with line, element id and a reason in two languages.

Each file of `broken_forms` ends with the faults it has: `<!-- fault: RULE /LINE/ID -->`; each of `noticed_forms` with
its notices, where the standard lets what is broken be passed over.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

import pytest

from gateway.xoev import fim
from gateway.xoev.fim import genericode
from gateway.xoev.form.products import produce
from gateway.xoev.xfall.schema import to_xsd

from . import xdf

BROKEN = sorted((Path(__file__).parent / "broken_forms").glob("*.xml"))
NOTICED = sorted((Path(__file__).parent / "noticed_forms").glob("*.xml"))
NOTICES = re.compile(rb"<!-- notice: (\S+) (\S+) -->")
EXPECTED = re.compile(rb"<!-- fault: (\S+) (\S+) -->")


def test_the_folder_of_broken_examples_is_there() -> None:
    assert len(BROKEN) + len(NOTICED) > 40


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_with_every_fault_where_it_is(path: Path) -> None:
    data = path.read_bytes()
    expected = [(rule.decode(), place.decode()) for rule, place in EXPECTED.findall(data)]
    if path.stem.startswith("list_"):
        value, found = genericode.read([data])
    else:
        value, found = fim.read(data)
    assert value is None
    assert [(one.rule, one.pointer) for one in found] == expected
    for one in found:
        line, _, identifier = one.pointer[1:].partition("/")
        for sentence in (one.de, one.en):
            assert len(sentence) > 20
            assert line in sentence or one.rule == "xml_doctype"
            assert identifier in sentence
        assert one.de != one.en


@pytest.mark.parametrize("path", NOTICED, ids=lambda path: path.stem)
def test_what_the_standard_lets_be_passed_over_is_a_notice_where_it_is(path: Path) -> None:
    data = path.read_bytes()
    form, faults = fim.read(data)
    assert faults == ()
    assert form is not None
    expected = [(rule.decode(), place.decode()) for rule, place in NOTICES.findall(data)]
    assert expected
    assert [(one.rule, one.pointer) for one in form.notices] == expected
    assert produce(form)[1] == ()


def test_an_id_that_is_none_is_shown_as_far_as_it_can_be() -> None:
    text = xdf.form(xdf.used(xdf.field(1))).decode()
    (given,) = set(re.findall("F[0-9]+", text)) or {""}
    for found, shown in (
        ("F00-4cb0dd14-629c", "F00-4cb0dd14-629c"),
        ("f\u200b1", "f?1"),
        ("", "–"),
        ("x" * 99, "x" * 64),
    ):
        _, faults = fim.read(text.replace(f"id>{given}<", f"id>{found}<", 1).encode())
        assert [one.rule for one in faults] == ["fim_id"]
        assert faults[0].de.endswith(f"gefunden: {shown}.")


def test_an_absent_list_is_named_once_by_id_and_version() -> None:
    reference = (
        "<xdf:codelisteReferenz><xdf:canonicalIdentification>urn:x</xdf:canonicalIdentification>"
        "<xdf:version>7</xdf:version></xdf:codelisteReferenz>"
    )
    fields = "".join(xdf.used(xdf.field(number, kind="select", more=reference)) for number in (1, 2))
    form, faults = fim.read(xdf.form(fields))
    assert form is not None, faults
    assert [one.rule for one in form.notices] == ["fim_list_absent"]
    assert "urn:x (7)" in form.notices[0].de


def test_a_list_is_one_in_utf16_too() -> None:
    codes = xdf.code_list({"1": "Eins"}).decode()
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        data = codes.replace("UTF-8", "UTF-16").encode(encoding)
        assert genericode.is_code_list(data[: genericode.SNIFF])
    table, faults = genericode.read([codes.replace("UTF-8", "UTF-16").encode("utf-16")])
    assert table is not None, faults
    assert table.rows == (("1", "Eins"),)


UTF16_SAYS = ("", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-16"?>')


@pytest.mark.parametrize("declaration", UTF16_SAYS)
@pytest.mark.parametrize(("encoding", "mark"), [("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)])
@pytest.mark.parametrize("pieces", [1, 7, 1 << 16])
def test_a_list_in_utf16_is_read_with_and_without_its_mark(
    declaration: str, encoding: str, mark: bytes, pieces: int
) -> None:
    data = (declaration + xdf.code_list({"1": "Käse 日本"}).decode()).encode(encoding)
    for whole in (data, mark + data):
        table, faults = genericode.read(whole[at : at + pieces] for at in range(0, len(whole), pieces))
        assert table is not None, faults
        assert table.rows == (("1", "Käse 日本"),)


@pytest.mark.parametrize(
    ("declared", "encoding", "tail", "name"),
    [
        ("UTF-16", "utf-8", b"", "UTF-16"),
        ("x-unbekannt", "utf-8", b"", "x-unbekannt"),
        ("US-ASCII", "utf-8", b"", "US-ASCII"),
        ("UTF-8", "latin-1", b"", "UTF-8"),
        ("", "latin-1", b"", "UTF-8"),
        ("", "utf-32", b"", "UTF-32"),
        ("", "utf-16", b"\x00", "UTF-16"),
    ],
)
def test_a_list_that_is_not_encoded_as_it_says_is_told_with_the_encoding(
    declared: str, encoding: str, tail: bytes, name: str
) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    data = (declaration + xdf.code_list({"1": "Käse"}).decode()).encode(encoding) + tail
    assert genericode.is_code_list(data[: genericode.SNIFF])
    table, faults = genericode.read([data])
    assert table is None
    assert [one.rule for one in faults] == ["list_encoding"]
    assert f"gefunden: {name}" in faults[0].de
    assert f"found: {name}" in faults[0].en


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"<gc:CanonicalVersionUri>urn:x:list_1</gc:CanonicalVersionUri>", b""),
        (b"<gc:CanonicalUri>urn:x:list<", b"<gc:CanonicalUri>urn:x:other<"),
        (b"<gc:Version>1<", b"<gc:Version>01<"),
        (b"<gc:Version>1</gc:Version>", b""),
        (b"urn:x:list_1", b" urn:x:list_1\n"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_one_version_that_two_files_write_differently_is_one_version(before: bytes, after: bytes, turned: bool) -> None:
    spelled = xdf.code_list({"1": "Eins"}).replace(before, after)
    pair = [genericode.read([spelled])[0], genericode.read([xdf.code_list({"1": "Zwei"})])[0]]
    tables = {name: table for name, table in zip("az", reversed(pair) if turned else pair, strict=True) if table}
    assert [one.pointer for one in genericode.contradicting(tables)] == ["z"]


def test_versions_without_a_number_are_told_apart_by_their_address() -> None:
    first, second = (
        genericode.read(
            [xdf.code_list({"1": name}, version=name).replace(f"Version>{name}<".encode(), b"Version><", 1)]
        )[0]
        for name in ("2024", "2025")
    )
    assert first is not None
    assert second is not None
    assert genericode.contradicting({"a": first, "z": second}) == ()


@pytest.mark.parametrize(("size", "expected"), [("5000000", 5_000_000), ("5.0", 5), ("5 MB", None), ("-1", None)])
def test_a_size_that_is_no_number_of_bytes_stays_a_note(size: str, expected: int | None) -> None:
    form, faults = fim.read(xdf.form(xdf.used(xdf.field(1, "file", more=f"<xdf:maxSize>{size}</xdf:maxSize>"))))
    assert form is not None, faults
    (field,) = form.children
    assert isinstance(field, fim.Field)
    assert field.max_size == expected
    assert [one.rule for one in form.notices] == ([] if expected else ["fim_limit"])
    assert (size in str(field.notes)) is (expected is None)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"minLength": "3", "pattern": "[0-9]"}, "fim_pattern_length"),
        ({"minLength": "3000", "pattern": ".*"}, "fim_pattern_spelling"),
    ],
)
def test_no_text_meets_a_pattern_is_said_only_where_it_is_known(given: dict[str, str], rule: str) -> None:
    form, faults = fim.read(xdf.form(xdf.used(xdf.field(1, given=given))))
    assert form is not None, faults
    assert [one.rule for one in form.notices] == [rule]


@pytest.mark.parametrize("standard", ["2.0", "3.0.0"])
def test_white_space_around_a_limit_is_no_part_of_it(standard: str) -> None:
    given = {"minValue": " 1.0", "maxValue": "31\n"}
    form, _ = fim.read(xdf.form(xdf.used(xdf.field(1, "num_int", given=given, standard=standard)), standard=standard))
    assert form is not None
    assert form.notices == ()
    assert b'<xs:maxInclusive value="31"/>' in to_xsd(form)


def test_two_contents_of_one_version_of_a_list_are_told_and_equal_ones_are_not() -> None:
    one, same, other = (
        genericode.read([xdf.code_list(codes)])[0] for codes in ({"1": "Eins"}, {"1": "Eins"}, {"1": "Zwei"})
    )
    assert one is not None
    assert same is not None
    assert other is not None
    assert genericode.contradicting({"a.xml": one, "b.xml": same}) == ()
    (told,) = genericode.contradicting({"a.xml": one, "b.xml": same, "c.gc": other})
    assert (told.pointer, told.rule) == ("c.gc", "list_twice")
    assert "a.xml" in told.de


def test_any_character_as_ecmascript_writes_it_is_any_character() -> None:
    form, faults = fim.read(xdf.form(xdf.used(xdf.field(1, given={"pattern": "a[^]b"}))))
    assert form is not None, faults
    (field,) = form.children
    assert isinstance(field, fim.Field)
    assert field.pattern is not None
    assert re.fullmatch(field.pattern, "a\nb")
    assert not re.fullmatch(field.pattern, "ab")


def test_a_whole_number_with_a_decimal_point_is_a_whole_number() -> None:
    given = {"minValue": "1.0", "maxValue": "31.0"}
    form, faults = fim.read(xdf.form(xdf.used(xdf.field(1, "num_int", given=given))))
    assert form is not None, faults
    assert produce(form)[1] == ()
    assert b'<xs:minInclusive value="1"/>' in to_xsd(form)
