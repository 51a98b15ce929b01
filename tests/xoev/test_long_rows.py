"""Rows of many elements: the schema costs memory by its elements, and says the same of every document."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.xoev.schema import long_rows
from gateway.xoev.schema.sets import SchemaSet, compile_set
from tests.bench.bench_forms import cost
from tests.properties import TIMES

OCCURS = st.sampled_from([("0", "1"), ("1", "1"), ("0", "unbounded"), ("1", "unbounded"), ("1", "1"), ("0", "3")])
SCHEMA = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t" elementFormDefault="qualified">'
    '<xs:element name="r"><xs:complexType><xs:{0}>{1}</xs:{0}> </xs:complexType></xs:element></xs:schema>'
)
BYTES_A_FIELD = 25_000


def compiled(root: etree._Element) -> etree.XMLSchema:
    with long_rows.counting(root) as counted:
        return etree.XMLSchema(counted)


@pytest.mark.parametrize("fields", [1_000, 6_000])
def test_a_form_costs_memory_by_its_fields(fields: int) -> None:
    assert cost(fields)["bytes"] < fields * BYTES_A_FIELD


@settings(max_examples=150 * TIMES)
@given(
    model=st.sampled_from(["sequence", "choice"]),
    occurs=st.lists(OCCURS, min_size=1, max_size=6),
    documents=st.lists(st.lists(st.integers(0, 6), max_size=8).map(sorted) | st.lists(st.integers(0, 6), max_size=8)),
)
def test_the_schema_says_the_same_of_every_document(
    model: str, occurs: list[tuple[str, str]], documents: list[list[int]]
) -> None:
    names = "".join(
        f'<xs:element name="F{n}" type="xs:string" minOccurs="{low}" maxOccurs="{high}"/>'
        for n, (low, high) in enumerate(occurs)
    )
    root = etree.fromstring(SCHEMA.format(model, names))
    source = etree.tostring(root)
    usual = etree.XMLSchema(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_rows, "LONG", 0)
        ours = compiled(root)
    assert etree.tostring(root) == source
    least = [n for n, (low, _) in enumerate(occurs) for _ in range(int(low))]
    for numbers in [*documents, least, least[:-1], [*least, 0]]:
        document = etree.fromstring(f'<r xmlns="urn:t">{"".join(f"<F{n}/>" for n in numbers)}</r>')
        assert ours.validate(document) == usual.validate(document)
        assert [one.type_name for one in ours.error_log] == [one.type_name for one in usual.error_log]


def test_a_long_row_keeps_order_and_number() -> None:
    count = long_rows.LONG + 1
    names = "".join(f'<xs:element name="F{n}" type="xs:string"/>' for n in range(count))
    schema = compiled(etree.fromstring(SCHEMA.format("sequence", names)))
    elements = [f"<F{n}/>" for n in range(count)]

    def valid(some: list[str]) -> bool:
        return schema.validate(etree.fromstring(f'<r xmlns="urn:t">{"".join(some)}</r>'))

    assert valid(elements)
    assert not valid(elements[:-1])
    assert not valid(elements[1:])
    assert not valid([*elements, elements[-1]])
    assert not valid([elements[1], elements[0], *elements[2:]])


def test_a_long_choice_keeps_its_sides() -> None:
    names = "".join(f'<xs:element name="F{n}" type="xs:string" maxOccurs="2"/>' for n in range(long_rows.LONG + 1))
    root = etree.fromstring(SCHEMA.format("choice", names))
    source = etree.tostring(root)
    schema = compiled(root)
    assert etree.tostring(root) == source
    for some, valid in (("", False), ("<F1/>", True), ("<F1/><F1/>", True), ("<F1/><F2/>", False)):
        assert schema.validate(etree.fromstring(f'<r xmlns="urn:t">{some}</r>')) is valid


def test_a_set_keeps_long_rows_too() -> None:
    names = "".join(f'<xs:element name="F{n}" type="xs:string"/>' for n in range(long_rows.LONG + 1))
    found, faults = compile_set(SchemaSet("urn:t", "1", {"a.xsd": SCHEMA.format("sequence", names).encode()}))
    assert found is not None, faults
    assert len(found.parts[0].root.findall(".//{*}sequence/*")) == long_rows.LONG + 1
    assert found.second.takes()
    whole = "".join(f"<F{n}/>" for n in range(long_rows.LONG + 1))
    assert not found.errors(etree.fromstring(f'<r xmlns="urn:t">{whole}</r>'))
    assert found.errors(etree.fromstring(f'<r xmlns="urn:t">{whole}<F0/></r>'))


def test_a_broken_schema_is_left_as_it_was() -> None:
    names = '<xs:element name="F" type="xs:nothing"/>' * (long_rows.LONG + 1)
    root = etree.fromstring(SCHEMA.format("sequence", names))
    source = etree.tostring(root)
    with pytest.raises(etree.XMLSchemaParseError):
        compiled(root)
    assert etree.tostring(root) == source
