"""Hostile form schemas and code lists: refused in bounded time and memory, nothing opened, no traceback."""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Iterator

import pytest
from lxml import etree

from gateway.xoev import fim
from gateway.xoev.fim import genericode
from gateway.xoev.form.products import produce
from gateway.xoev.schema import compiled_xsd
from gateway.xoev.xfall.schema import to_xsd

from . import xdf

LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(20)
)
OUTSIDE = b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/hostname">'
FORM = xdf.form(xdf.used(xdf.field(1)))
LIST = xdf.code_list({"1": "Eins"})


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Each test stays below 5 s of processor time and 400 MB of further memory."""
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    yield
    assert time.process_time() - begun < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 400_000


def rules(data: bytes) -> set[str]:
    form, faults = fim.read(data)
    assert form is None
    return {fault.rule for fault in faults}


def list_rules(data: bytes) -> set[str]:
    table, faults = genericode.read([data])
    assert table is None
    return {fault.rule for fault in faults}


@pytest.mark.parametrize("dtd", [LAUGHS, OUTSIDE, b'<!DOCTYPE l SYSTEM "http://127.0.0.1:9/x.dtd" ['])
def test_document_types_and_entities_have_no_place(dtd: bytes) -> None:
    assert rules(dtd + b"]>" + FORM.replace(b"Name von", b"&a; von")) == {"xml_doctype"}
    assert list_rules(dtd + b"]>" + LIST.replace(b"Eins", b"&a;")) <= {"list_doctype", "xml_not_well_formed"}
    hidden = b"<!-- " + b"x" * 200_000 + b" -->" + dtd + b"]>"
    assert rules(hidden + FORM) == {"xml_doctype"}
    assert list_rules(hidden + LIST) == {"list_doctype"}


def test_xinclude_is_refused_and_never_followed() -> None:
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    assert rules(xdf.form(include, xdf.used(xdf.field(1)))) == {"fim_include"}


@pytest.mark.parametrize("tag", ["a", "xdf:struktur"])
def test_a_hundred_thousand_levels_are_too_deep(tag: str) -> None:
    deep = f"<{tag}>" * 100_000 + f"</{tag}>" * 100_000
    assert rules(xdf.form(deep)) == {"xml_too_deep"}
    assert list_rules(LIST.replace(b"Eins", deep.encode())) & {"xml_too_deep", "list_large", "xml_not_well_formed"}


def test_groups_that_hold_each_other_are_refused() -> None:
    inner = xdf.group(1, xdf.used(xdf.group(2, xdf.used(xdf.group(1, xdf.used(xdf.field(3)))))))
    assert rules(xdf.form(xdf.used(inner))) == {"fim_recursion"}


def test_counts_that_multiply_are_refused_before_anything_is_made() -> None:
    inner = xdf.used(xdf.field(9, given={"minLength": "10000"}), "999:*")
    for number in range(8):
        inner = xdf.used(xdf.group(number, inner), "999999999:*")
    assert rules(xdf.form(inner)) == {"fim_many"}


def test_very_many_fields_and_very_many_tags_are_refused() -> None:
    many = "".join(xdf.used(xdf.field(number)) for number in range(20_001))
    assert rules(xdf.form(many)) == {"fim_many"}
    assert rules(xdf.form("<a/>" * 3_000_000)) == {"fim_many"}
    assert rules(b" " * (33 << 20)) == {"xml_too_large"}


def test_rows_of_optional_fields_that_no_schema_compiles_in_time_are_refused_with_their_line() -> None:
    def fields(number: int) -> str:
        return "".join(xdf.used(xdf.field(no), "0:1") for no in range(number))

    def groups(number: int, size: int) -> str:
        return "".join(xdf.used(xdf.group(no, fields(size))) for no in range(number))

    for inner in (fields(1_200), xdf.used(xdf.group(1, fields(1_200))), groups(40, 300)):
        _, found = fim.read(xdf.form(inner))
        assert [one.rule for one in found] == ["fim_optional"]
        assert re.fullmatch(r"/[1-9][0-9]*/[SG][0-9]+", found[0].pointer)
    form, found = fim.read(xdf.form(groups(2, 200)))
    assert form is not None, found
    products, faults = produce(form)
    assert products is not None, faults


@pytest.mark.parametrize(
    "praezisierung",
    [
        '{"pattern":' * 50_000,
        '{"a":' * 900 + "1" + "}" * 900,
        '{"minLength":' + "9" * 9000 + "}",
        '{"minLength":1e999999}',
        "[]",
        '"x"',
    ],
)
def test_json_in_a_praezisierung_cannot_hurt(praezisierung: str) -> None:
    field = xdf.field(1, standard="2.0").replace("></xdf:praezisierung>", f">{praezisierung}</xdf:praezisierung>")
    form, faults = fim.read(xdf.form(xdf.used(field), standard="2.0"))
    assert faults == ()
    assert form is not None
    assert {notice.rule for notice in form.notices} <= {"fim_free_text", "fim_limit"}


@pytest.mark.parametrize(
    "pattern", ["(a+)+" * 300 + "b", "(a|aa)*" * 400, "((a{99}){99}){99}", "(" * 2000, "a{999999999}"]
)
def test_patterns_that_explode_are_answered_at_once(pattern: str) -> None:
    form, faults = fim.read(xdf.form(xdf.used(xdf.field(1, given={"pattern": pattern, "maxLength": "200"}))))
    assert faults == ()
    assert form is not None
    assert produce(form)[1] == ()


def test_a_text_on_which_a_pattern_has_countless_ways_is_an_error_and_no_traceback() -> None:
    form, _ = fim.read(xdf.form(xdf.used(xdf.field(1, given={"pattern": "(a|aa)+b"}))))
    assert form is not None
    schema, _ = compiled_xsd.load(to_xsd(form))
    assert schema is not None
    prefix = f"{{{schema.namespace}}}"
    root = etree.Element(prefix + schema.root.name)
    etree.SubElement(root, f"{prefix}F00000001").text = "a" * 2000
    assert schema.errors(root)
    root[0].text = "aab"
    assert not schema.errors(root)


def test_a_code_list_of_200_mb_is_refused_while_it_streams() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        start, _, end = LIST.partition(b"</gc:SimpleCodeList>")
        yield start
        row = (
            b'<gc:Row><gc:Value ColumnRef="code"><gc:SimpleValue>%08d</gc:SimpleValue></gc:Value></gc:Row>' + b" " * 900
        )
        for number in range(200_000):
            piece = row % number
            taken += len(piece)
            yield piece
        yield b"</gc:SimpleCodeList>" + end

    table, faults = genericode.read(endless())
    assert table is None
    assert [fault.rule for fault in faults] == ["list_large"]
    assert taken < 34 << 20


@pytest.mark.parametrize(
    "body",
    ["<gc:Row/>" * 210_000, "<gc:Row>" + "<gc:Value/>" * 1_000_000 + "</gc:Row>", "<gc:Annotation/>" * 300_000],
)
def test_a_code_list_of_small_parts_costs_no_memory(body: str) -> None:
    data = LIST.replace(b"<gc:SimpleCodeList>", b"<gc:SimpleCodeList>" + body.encode())
    table, faults = genericode.read([data])
    assert table is not None or {fault.rule for fault in faults} <= {"list_large", "list_value"}


def test_one_broken_byte_anywhere_is_never_a_traceback() -> None:
    for source, read in ((FORM, fim.read), (LIST, lambda data: genericode.read([data]))):
        for place in range(0, len(source), 3):
            for byte in (b"\x00", b"<", b"\xff", b"9"):
                value, faults = read(source[:place] + byte + source[place + 1 :])
                assert value is None or faults == ()
