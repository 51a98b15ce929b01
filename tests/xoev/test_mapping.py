from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from gateway.xoev.fim import Code, Field, FieldKind, FieldType, FormSchema, Group
from gateway.xoev.form.filling import FillingPlan, fill, plan
from gateway.xoev.form.texts import Texts
from gateway.xoev.form.writing import document
from gateway.xoev.mapping.model import Mapping
from gateway.xoev.mapping.reading import read_mapping
from gateway.xoev.record.checking import RecordCheck
from gateway.xoev.record.json_schema import build
from gateway.xoev.schema import compiled_xsd
from gateway.xoev.xfall import schema as xfall


def field(number: int, kind: FieldType, minimum: int = 1, maximum: int | None = 1, **limits: Any) -> Field:
    return Field(f"F990000000{number}", "1.0", f"Feld {number}", "", FieldKind.INPUT, kind, minimum, maximum, **limits)


LAND = field(5, FieldType.TEXT, codes=(Code("15", "Sachsen-Anhalt"),))
FORM = FormSchema(
    "S99000000099",
    "1.0",
    "Probe",
    (
        field(1, FieldType.TEXT_LATIN, max_length=55),
        field(2, FieldType.TEXT_LATIN, max_length=12),
        field(3, FieldType.NUM_CURRENCY, 0),
        field(4, FieldType.NUM_INT, 0, None, min_value=None),
        LAND,
        Group("G99000000010", "1.0", "Bank", "", 0, 1, (field(6, FieldType.TEXT), field(7, FieldType.DATE, 0))),
        field(8, FieldType.BOOL),
    ),
)
TABLE: dict[str, Any] = {
    "format": 1,
    "version": "1.0.0",
    "form_schema": "S99000000099",
    "form_version": "1.0",
    "fields": [
        {"from": "/site", "to": "F9900000001", "as": "street"},
        {"from": "/site", "to": "F9900000002", "as": "house_number"},
        {"from": "/offer", "to": "F9900000003"},
        {"from": "/years/*", "to": "F9900000004"},
        {"constant": "15", "to": "F9900000005"},
        {"from": "/iban", "to": "G99000000010/F9900000006", "when": {"pointer": "/pays", "in": [True]}},
        {"from": "/since", "to": "G99000000010/F9900000007"},
        {"from": "/pays", "to": "F9900000008"},
    ],
    "rules": [{"kind": "required", "of": ["/iban"], "when": {"pointer": "/pays", "in": [True]}}],
}


def made() -> tuple[Mapping, FillingPlan, compiled_xsd.Schema, RecordCheck, dict[str, Any]]:
    form = FORM
    mapping, faults = read_mapping(TABLE, form)
    assert faults == ()
    assert mapping is not None
    schema, faults = compiled_xsd.load(xfall.to_xsd(form))
    assert faults == ()
    assert schema is not None
    root = plan(schema, form, mapping, Texts(form))
    record_schema, labels = build(root, mapping.rules, identifier="urn:x", title="Probe")
    return mapping, root, schema, RecordCheck(record_schema, labels, root, mapping.rules), record_schema


RECORD: dict[str, Any] = {"site": "Straße des 17. Juni 135 a", "offer": 0.07, "years": [1999, 2001], "pays": False}


def written(record: dict[str, Any]) -> tuple[list[tuple[str, str | None]], list[tuple[str, str]]]:
    _, root, schema, _, _ = made()
    filled, findings = fill(root, record)
    made_document, more = document(schema, filled, standard="xfall", schema_uri="u")
    rules = [(one.pointer, one.rule) for one in [*findings, *more]]
    if made_document is None:
        return [], rules
    tree = etree.fromstring(made_document.content)
    return [(etree.QName(one).localname[-2:], one.text) for one in tree.iter() if len(one) == 0], rules


def test_street_and_number_money_lists_and_constants_are_written_in_the_order_of_the_xsd() -> None:
    assert written(RECORD) == (
        [
            ("01", "Straße des 17. Juni"),
            ("02", "135 a"),
            ("03", "0.07"),
            ("04", "1999"),
            ("04", "2001"),
            ("05", "15"),
            ("08", "false"),
        ],
        [],
    )


def test_a_condition_decides_about_a_field_and_its_group() -> None:
    without, _ = written({**RECORD, "iban": "DE"})
    assert ("06", "DE") not in without
    with_it, rules = written({**RECORD, "pays": True, "iban": "DE", "since": "2026-01-31"})
    assert rules == []
    assert with_it[-3:-1] == [("06", "DE"), ("07", "2026-01-31")]


def test_nothing_mandatory_is_invented() -> None:
    _, rules = written({})
    assert set(rules) == {
        ("/record/site", "missing"),
        ("/record/pays", "missing"),
        ("/record", "schema"),
    }


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"offer": 0.07}, []),
        ({"offer": 1.1}, []),
        ({"offer": 4.35}, []),
        ({"offer": 1000000.01}, []),
        ({"offer": 0.075}, [("/record/offer", "multiple_of")]),
        ({"offer": "7"}, [("/record/offer", "wrong_type")]),
        ({"years": [1, 1.0]}, []),
        ({"years": [1, "x", 1.5]}, [("/record/years/1", "wrong_type"), ("/record/years/2", "wrong_type")]),
        ({"site": "ohne Nummer"}, [("/record/site", "format")]),
        ({"pays": True}, [("/record/iban", "missing")]),
        ({"pays": True, "iban": "DE"}, []),
    ],
)
def test_money_is_judged_in_decimals_and_rules_by_their_condition(
    change: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    _, _, _, check, _ = made()
    assert [(one.pointer, one.rule) for one in check.findings({**RECORD, **change})] == expected


def test_the_rule_is_published_in_the_schema() -> None:
    schema = made()[4]
    assert schema["allOf"] == [
        {"if": {"properties": {"pays": {"enum": [True]}}, "required": ["pays"]}, "then": {"required": ["iban"]}}
    ]
    assert schema["required"] == ["site", "pays"]


@pytest.mark.parametrize("kind", [kind for kind in FieldType if kind is not FieldType.FILE])
def test_a_select_field_takes_codes_whatever_its_type(kind: FieldType) -> None:
    chosen = replace(field(1, kind, codes=(Code("1", "Ja"), Code("2", "Nein"))), kind=FieldKind.SELECT)
    form = FormSchema("S99000000099", "1.0", "Probe", (chosen,))
    table = TABLE | {"fields": [{"from": "/one", "to": "F9900000001", "codes": {"yes": "1", "no": "2"}}], "rules": []}
    mapping, faults = read_mapping(table, form)
    assert (faults, mapping is not None) == ((), True)
    assert mapping is not None
    schema, _ = compiled_xsd.load(xfall.to_xsd(form))
    assert schema is not None
    root = plan(schema, form, mapping, Texts(form))
    filled, findings = fill(root, {"one": "no"})
    assert (findings, [one.text for one in filled.children]) == ([], ["2"])
    assert document(schema, filled, standard="xfall", schema_uri="urn:x")[0] is not None
    record_schema, _ = build(root, (), identifier="urn:x", title="Probe")
    assert record_schema["properties"]["one"]["enum"] == ["yes", "no"]
