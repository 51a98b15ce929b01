from __future__ import annotations

import copy
import json
import time
import unicodedata
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.model import Attachment, Finding, Severity
from gateway.services.service import Service
from tests.properties import TIMES

ARS = "150900546546"
PLAN = Attachment("site_plan", "Lageplan.pdf", "application/pdf", 1000, "ab" * 32)


@pytest.fixture
def record(service: Service) -> dict[str, Any]:
    return service.example(ARS)["record"]


def found(service: Service, record: object) -> set[tuple[str, str]]:
    return {(one.pointer, one.rule) for one in service.check(record, [PLAN], ars=ARS)}


@pytest.mark.parametrize("name", ["ordinary", "extreme"])
def test_the_examples_pass_and_become_documents(service: Service, name: str) -> None:
    record = service.compiled.examples[name]
    findings = service.check(record, [PLAN], ars=ARS)
    assert [one for one in findings if one.severity is Severity.ERROR] == []
    document, findings = service.document(record)
    assert findings == []
    assert document is not None
    xsd = etree.XMLSchema(etree.fromstring(service.xsd))
    xsd.assertValid(etree.fromstring(document.content))
    assert (document.standard, document.media_type, document.namespace) == (
        "xfall",
        "application/xml",
        service.namespace,
    )


def test_the_faulty_example_gives_all_its_findings_at_once(service: Service) -> None:
    faulty = service.compiled.examples["faulty"]
    assert [f"{place} {rule}" for place, rule in sorted(found(service, faulty["record"]))] == faulty["findings"]


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) and len(value) > 3 else []


def test_findings_speak_two_languages_and_never_repeat_a_value(service: Service) -> None:
    faulty = service.compiled.examples["faulty"]
    findings: list[Finding] = service.check(faulty["record"], [], ars=ARS)
    for one in findings:
        assert one.de
        assert one.en
        assert one.de != one.en
        assert not any(text in one.de + one.en + one.pointer for text in texts(faulty["record"]))


def test_every_value_stands_in_the_document_where_the_mapping_says(service: Service, record: dict[str, Any]) -> None:
    document, _ = service.document(record)
    assert document is not None
    ns = {"x": service.namespace}
    root = etree.fromstring(document.content)
    assert root.xpath("string(//x:G99000000011/x:F99000000102)", namespaces=ns) == "Müller-Łukasiewicz"
    assert root.xpath("string(//x:F99000000301)", namespaces=ns) == "01"
    assert root.xpath("count(//x:G99000000021)", namespaces=ns) == 2
    assert root.xpath("string(//x:G99000000012/x:F99000000106)", namespaces=ns) == "2"
    assert root.xpath("string(//x:F99000000306)", namespaces=ns) == "true"
    assert document.content == service.document(record)[0].content  # type: ignore[union-attr]


def test_decomposed_text_becomes_nfc(service: Service, record: dict[str, Any]) -> None:
    record["applicant"]["person"]["family_name"] = unicodedata.normalize("NFD", "Ǹguyễn-Müller")
    assert found(service, record) == set()
    document, _ = service.document(record)
    assert document is not None
    assert "Ǹguyễn-Müller".encode() in document.content


@pytest.mark.parametrize("text", ["A\u0000B", "Max \U0001f600", "Иван", "x\u0303", "Max\u200b"])
def test_a_name_outside_datatype_a_is_a_finding(service: Service, record: dict[str, Any], text: str) -> None:
    record["applicant"]["person"]["given_names"] = text
    assert found(service, record) == {("/record/applicant/person/given_names", "characters")}


def test_the_first_title_case_word_of_the_example_is_a_persons_name(record: dict[str, Any]) -> None:
    assert next(text for text in texts(record) if text.istitle() and text.isalpha()) == "Jürgen"
    assert next(iter(record["applicant"]["person"])) == "given_names"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda r: r.update(unbekanntes_feld=1), ("/record/unbekanntes_feld", "unknown_field")),
        (lambda r: r.pop("applicant"), ("/record/applicant", "missing")),
        (lambda r: r["applicant"]["person"].pop("family_name"), ("/record/applicant/person/family_name", "missing")),
        (lambda r: r["parcels"][1].pop("numerator"), ("/record/parcels/1/numerator", "missing")),
        (lambda r: r.update(parcels={}), ("/record/parcels", "wrong_type")),
        (lambda r: r.update(parcels=r["parcels"] * 26), ("/record/parcels", "too_many")),
        (lambda r: r.update(electronic_notice="ja"), ("/record/electronic_notice", "wrong_type")),
        (lambda r: r.update(electronic_notice=None), ("/record/electronic_notice", "wrong_type")),
        (lambda r: r.update(completion_date="2027-02-30"), ("/record/completion_date", "format")),
        (
            lambda r: r["applicant"]["person"].update(date_of_birth="2023-02-29"),
            ("/record/applicant/person/date_of_birth", "format"),
        ),
        (
            lambda r: r["applicant"]["person"].update(date_of_birth="23"),
            ("/record/applicant/person/date_of_birth", "pattern"),
        ),
        (lambda r: r["applicant"].update(organisation={"name": "Łódź GmbH"}), ("/record/applicant", "exactly_one")),
        (lambda r: r["applicant"].pop("person"), ("/record/applicant", "exactly_one")),
        (
            lambda r: r["applicant"]["address"].update(postal_code="L-12"),
            ("/record/applicant/address/postal_code", "pattern"),
        ),
        (lambda r: r["wish"].update(remark="x" * 2001), ("/record/wish/remark", "too_long")),
        (lambda r: r["wish"].update(remark="ein – Strich"), ("/record/wish/remark", "normalised")),
        (lambda r: r["wish"].update(remark="ein \U0001f600"), ("/record/wish/remark", "characters")),
        (
            lambda r: r["applicant"]["address"].update(street="zwei\nZeilen"),
            ("/record/applicant/address/street", "characters"),
        ),
        (lambda r: r.update({"a/b~c": 1}), ("/record", "unknown_field")),
        (lambda r: r["wish"].update(remark="\ud800"), ("/record/wish/remark", "not_unicode")),
        (lambda r: r.update(electronic_notice=float("inf")), ("/record/electronic_notice", "number_range")),
        (lambda r: r.update(electronic_notice=10**400), ("/record/electronic_notice", "number_range")),
        (lambda r: r["wish"].update(remark="x" * 40_000_000), ("/record/wish/remark", "text_too_large")),
    ],
)
def test_each_kind_of_fault_has_its_finding(
    service: Service, record: dict[str, Any], change: Any, expected: tuple[str, str]
) -> None:
    change(record)
    begun = time.perf_counter()
    assert expected in found(service, record)
    assert time.perf_counter() - begun < 2


def test_a_foreign_postal_code_is_fine_with_its_country(service: Service, record: dict[str, Any]) -> None:
    record["applicant"]["address"].update(postal_code="L-1234", country="LU")
    assert found(service, record) == set()


@pytest.mark.parametrize("value", [[], None, "text", 5, True])
def test_a_record_that_is_no_object_is_one_finding(service: Service, value: object) -> None:
    assert found(service, value) == {("/record", "not_an_object")}


def test_an_empty_record_names_everything_that_is_missing(service: Service) -> None:
    places = {place for place, rule in found(service, {}) if rule == "missing"}
    assert places == {"/record/applicant", "/record/parcels", "/record/building", "/record/reason"}


def test_deep_nesting_and_many_values_end_quickly(service: Service) -> None:
    deep: Any = []
    for _ in range(50_000):
        deep = [deep]
    assert found(service, {"a": deep}) == {("/record", "too_deep")}
    assert found(service, {"a": [1] * 1_000_000}) == {("/record", "too_many_values")}


def test_the_document_is_judged_even_where_nobody_checked_the_record(service: Service) -> None:
    faulty = service.compiled.examples["faulty"]["record"]
    document, findings = service.document(faulty)
    assert document is None
    places = {one.pointer for one in findings}
    assert {"/record/applicant/role", "/record/reason", "/record/building/locality"} <= places


def test_what_only_the_xsd_finds_points_into_the_record(service: Service, record: dict[str, Any]) -> None:
    record["wish"]["house_number"] = "x" * 13
    record["parcels"][1]["numerator"] = "12a"
    record["applicant"]["person"]["family_name"] = ""
    record["building"]["street"] = "\u0000"
    document, findings = service.document(record)
    assert document is None
    assert {(one.pointer, one.rule) for one in findings} >= {
        ("/record/wish/house_number", "too_long"),
        ("/record/parcels/1/numerator", "pattern"),
        ("/record/applicant/person/family_name", "too_short"),
        ("/record/building/street", "format"),
    }


def test_the_published_schema_says_the_same(service: Service, record: dict[str, Any]) -> None:
    validator = jsonschema_rs.Draft202012Validator(service.record_schema(), validate_formats=True)
    assert validator.is_valid(record)
    assert validator.is_valid(service.compiled.examples["extreme"])
    for change in (
        lambda r: r["applicant"].update(organisation={"name": "X GmbH"}),
        lambda r: r["applicant"]["address"].update(postal_code="L-1234"),
        lambda r: r["applicant"]["person"].update(x=1),
    ):
        broken = copy.deepcopy(record)
        change(broken)
        assert not validator.is_valid(broken)
    assert json.dumps(service.record_schema()).count('"additionalProperties": false') == json.dumps(
        service.record_schema()
    ).count('"type": "object"')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
KEYS = ["applicant", "parcels", "building", "reason", "wish", "completion_date", "electronic_notice"]


@settings(max_examples=100 * TIMES)
@given(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), JSON, max_size=6))
def test_no_record_makes_anything_but_findings(service: Service, value: dict[str, Any]) -> None:
    findings = service.check(value, [], ars=ARS)
    assert findings
    json.dumps([one.as_json() for one in findings]).encode("ascii")
    if not any(one.rule == "not_unicode" for one in findings):
        assert service.document(value)[0] is None
