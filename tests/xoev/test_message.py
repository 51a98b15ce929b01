"""Messages of any schema set: what is written, what is found, and which mappings and sets are refused."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import xmlschema
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.model import Finding
from gateway.xoev.codes.document_codes import Codes
from gateway.xoev.codes.lists import CodeLists
from gateway.xoev.message.around import Around, Product
from gateway.xoev.message.binding import Sources, bind, shapes
from gateway.xoev.message.declared import Declarations
from gateway.xoev.message.reading import read
from gateway.xoev.message.template import Setting, Template
from gateway.xoev.schema.sets import CompiledSet, SchemaSet, compile_file
from tests.properties import TIMES
from tests.schema_folder import sets

HERE = Path(__file__).parent / "message_set"
SHARED = Path(__file__).parents[3] / "shared/data"
TEXT = {"type": "string"}
RECORD = {
    "type": "object",
    "properties": {
        "paid": {"type": "boolean"},
        "remaining": {"type": "integer"},
        "until": {"type": "string", "format": "date"},
        "whole": {"type": "boolean"},
        "leaf": TEXT,
        "total": {"type": "number"},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "begin": {"type": "string", "format": "date"},
        "end": {"type": "string", "format": "date"},
        "notes": {"type": "array", "items": TEXT},
        "lines": {
            "type": "array",
            "items": {"type": "object", "properties": {"article": TEXT, "pieces": {"type": "integer"}}},
        },
        "buyers": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": TEXT, "firm": TEXT, "phone": TEXT, "mail": TEXT, "shy": {"type": "boolean"}},
            },
        },
    },
}
LABELS = {("lines",): ("Posten", "line"), ("notes",): ("Notiz", "note"), ("total",): ("Summe", "total")}
FULL: dict[str, Any] = {
    "paid": True,
    "whole": True,
    "leaf": "grün",
    "total": 12.5,
    "kind": "b",
    "begin": "2026-12-01",
    "end": "2026-12-31",
    "notes": ["eins", "zwei"],
    "lines": [{"article": "Zaun", "pieces": 3}, {"article": "Tor"}],
    "buyers": [{"name": "Änne", "mail": "a@example.org", "shy": True}, {"firm": "Bau & Söhne"}],
}
LEAST: dict[str, Any] = {
    "remaining": 7,
    "until": "2026-12-24",
    "total": 1,
    "kind": "a",
    "lines": [{"article": "Tor"}],
    "buyers": [{"name": "Änne"}],
}
AROUND = Around(
    UUID(int=1), UUID(int=2), datetime(2026, 11, 26, 6, tzinfo=UTC), "150900546546", "Ort", Product("p", "m", "1")
)
SETTING = Setting({"version": "3"})
FORM = b'<f:form xmlns:f="urn:x:form"><f:leaf>1</f:leaf></f:form>'


def table() -> dict[str, Any]:
    return tomllib.loads((HERE / "order.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compiled() -> CompiledSet:
    loaded, faults = compile_file("urn:x:main", "main.xsd", sets(HERE))
    assert faults == ()
    return loaded


def joined(compiled: CompiledSet, mapping: Mapping[str, Any]) -> tuple[Template | None, tuple[Finding, ...]]:
    made, faults = read([("order.toml", mapping)])
    if made is None:
        return None, faults
    root, faults = bind(made, Declarations(compiled), Sources(shapes(RECORD), LABELS), "order.toml")
    return (Template(made, compiled, root, Codes(compiled), CodeLists()) if root else None), faults


@pytest.fixture(scope="module")
def template(compiled) -> Template:
    made, faults = joined(compiled, table())
    assert faults == ()
    return made


def written(template: Template, record: Mapping[str, Any]) -> etree._Element:
    document, findings = template.document(record, AROUND, SETTING, FORM)
    assert findings == []
    return etree.fromstring(document.content)


def found(template: Template, record: Mapping[str, Any], setting: Setting = SETTING) -> dict[str, str]:
    document, findings = template.document(record, AROUND, setting, FORM)
    assert document is None
    assert all(one.de != one.en for one in findings)
    return {one.pointer: one.rule for one in findings}


def test_the_schema_decides_order_namespaces_and_fixed_values(template):
    root = written(template, FULL)
    assert etree.tostring(root, method="c14n").decode() == (
        '<m:order xmlns:m="urn:x:main" id="IDENTITY" lang="de" release="1.0">'
        "<head><uuid>00000000-0000-0000-0000-000000000001</uuid><at>2026-11-26T07:00:00.000+01:00</at></head>"
        "<buyer><person><name>Änne</name><nickname>none</nickname>"
        "<reach><way>mail</way><number>a@example.org</number></reach></person></buyer>"
        "<buyer><firm>Bau &amp; Söhne</firm></buyer>"
        "<line><article>Zaun</article><pieces>3</pieces></line><line><article>Tor</article></line>"
        "<note>eins</note><note>zwei</note>"
        "<m:begin>2026-12-01</m:begin><end>2026-12-31</end>"
        '<kind listURI="urn:x:list:kind" listVersionID="3"><code>B</code></kind>'
        '<total currency="EUR">12.5</total><tree><tree><leaf>grün</leaf></tree></tree>'
        '<extra><f:form xmlns:f="urn:x:form"><f:leaf>1</f:leaf></f:form></extra><paid>true</paid></m:order>'
    ).replace("IDENTITY", root.get("id"))
    assert UUID(root.get("id")).version == 5


def test_what_is_not_in_the_record_is_not_in_the_document(template):
    assert [one.tag for one in written(template, LEAST)] == [
        *("head", "buyer", "line", "kind", "total", "open", "until")
    ]


def test_a_second_opinion_agrees(template):
    schema = xmlschema.XMLSchema(
        str(HERE / "main.xsd"), uri_mapper=lambda uri: str(HERE / "code.xsd") if "elsewhere" in uri else uri
    )
    for record in (FULL, LEAST):
        document, _ = template.document(record, AROUND, SETTING, FORM)
        schema.validate(document.content.decode())


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"lines": []}, {"/record/lines": "missing"}),
        ({"lines": None}, {"/record/lines": "missing"}),
        ({"lines": [{"article": "a"}] * 4}, {"/record/lines": "too_many"}),
        ({"lines": [{"pieces": 3}]}, {"/record/lines/0/article": "missing"}),
        ({"lines": [{"article": "a", "pieces": 0}]}, {"/record/lines/0/pieces": "too_small"}),
        ({"lines": [{"article": "a"}, {"article": "b" * 21}]}, {"/record/lines/1/article": "too_long"}),
        ({"lines": [{"article": "a", "pieces": "3"}]}, {"/record/lines/0/pieces": "wrong_type"}),
        ({"notes": ["x", "y", "x"]}, {"/record/notes": "too_many", "/record/notes/2": "not_unique"}),
        ({"notes": ["x", "x"]}, {"/record/notes/1": "not_unique"}),
        ({"notes": [" "]}, {"/record/notes/0": "too_short"}),
        ({"notes": ["a\x00b"]}, {"/record/notes/0": "format"}),
        ({"total": 1.234}, {"/record/total": "multiple_of"}),
        ({"kind": "c"}, {"/record/kind": "not_in_list"}),
        ({"begin": None}, {"/record/end": "schema"}),
        ({"begin": "2026-02-30"}, {"/record/begin": "format"}),
        ({"buyers": [{"phone": "1"}]}, {"/record/buyers": "missing"}),
        ({"buyers": [{"name": "a", "firm": "b"}]}, {"/record/buyers/0/firm": "schema"}),
        ({"paid": None}, {"/record": "schema"}),
        ({"paid": None, "remaining": 0, "until": "2026-12-24"}, {"/record/remaining": "format"}),
    ],
)
def test_findings_point_into_the_record(template, change, expected):
    record = {key: value for key, value in {**FULL, **change}.items() if value is not None}
    assert found(template, record) == expected


def test_a_finding_speaks_with_the_label_of_the_record_and_never_with_its_value(template):
    _, findings = template.document({**FULL, "lines": [{"article": "Geheimnis" * 3}]}, AROUND, SETTING, FORM)
    assert "Geheimnis" not in str(findings)
    _, findings = template.document({**FULL, "lines": []}, AROUND, SETTING, FORM)
    assert "Posten" in findings[0].de
    assert "line" in findings[0].en


def test_an_optional_element_of_constants_alone_is_not_written(template):
    record = copy.deepcopy(FULL)
    del record["buyers"][0]["mail"]
    assert written(template, record).findall("buyer/person/reach") == []
    record["buyers"][0] |= {"mail": "m", "phone": "1"}
    ways = written(template, record).findall("buyer/person/reach/way")
    assert [one.text for one in ways] == ["telephone", "mail"]


def test_conditions_in_a_list_look_at_their_own_item(template):
    record = {**FULL, "buyers": [{"name": "a"}, {"name": "b", "shy": True}]}
    names = [one.findtext("person/nickname") for one in written(template, record).findall("buyer")]
    assert names == [None, "none"]


def test_parameters_that_are_missing_or_unfit_are_told_by_name(template):
    assert dict(template.unfit(Setting())) == {"version": ""}
    assert dict(template.unfit(SETTING)) == {}


@given(
    st.fixed_dictionaries(
        {
            "total": st.decimals(-1000, 1000, places=2).map(float),
            "kind": st.sampled_from(["a", "b"]),
            "paid": st.booleans(),
            "lines": st.lists(
                st.fixed_dictionaries({"article": st.text(max_size=24)}, optional={"pieces": st.integers(-1, 101)}),
                max_size=4,
            ),
            "buyers": st.lists(st.fixed_dictionaries({"name": st.text("aü&<", min_size=1, max_size=20)}), max_size=3),
        },
        optional={
            "notes": st.lists(st.text(max_size=22), max_size=3),
            "begin": st.dates().map(str),
            "leaf": st.text(max_size=5),
        },
    )
)
@example({"total": 0.0, "kind": "a", "paid": False, "lines": [{"article": "0\r\n1\r"}], "buyers": [{"name": "<"}]})
@settings(max_examples=150 * TIMES)
def test_any_record_becomes_a_valid_document_or_findings_with_places_in_it(template, record):
    document, findings = template.document(record, AROUND, SETTING, FORM)
    assert (document is None) == bool(findings)
    if document is not None:
        root = etree.fromstring(document.content)
        assert template.schema.errors(root) == ()
        assert [one.text for one in root.iterfind("line/article")] == [one["article"] for one in record["lines"]]
    assert all(one.pointer == "" or one.pointer.split("/")[2] in record for one in findings)


def entry(mapping: dict[str, Any], target: str) -> dict[str, Any]:
    return next(one for one in [*mapping["groups"], *mapping["fields"]] if one["to"] == target)


def refused(compiled: CompiledSet, mapping: dict[str, Any]) -> dict[str, str]:
    made, faults = joined(compiled, mapping)
    assert made is None
    assert all(one.de != one.en for one in faults)
    return {one.pointer.removeprefix("order.toml"): one.rule for one in faults}


@pytest.mark.parametrize(
    ("target", "change", "rule"),
    [
        ("paid", {"to": "payd"}, "message_target"),
        ("paid", {"to": "paid/inner"}, "message_target"),
        ("@lang", {"to": "@long"}, "message_target"),
        ("buyer/firm", {"to": "buyer"}, "message_kind"),
        ("kind/code", {"to": "kind"}, "message_kind"),
        ("extra", {"to": "note#x"}, "message_kind"),
        ("paid", {"from": "/payd"}, "message_source"),
        ("@test", {"from": "@/message/tested"}, "message_source"),
        ("@test", {"from": "@/parameters/unknown"}, "message_source"),
        ("line/article", {"from": "/buyers/*/name"}, "message_repeat"),
        ("total", {"from": "/lines/*/pieces"}, "message_repeat"),
        ("end", {"from": "/notes/*"}, "message_repeat"),
        ("paid", {"as": "text"}, "message_converter"),
        ("paid", {"from": "/leaf"}, "message_converter"),
        ("begin", {"from": "/leaf", "as": "date"}, None),
        ("begin", {"from": "/leaf"}, "message_converter"),
        ("total", {"from": "/lines"}, "message_kind"),
        ("kind/code", {"codes": {"a": "A", "b": "C"}}, "message_text"),
        ("kind/code", {"codes": {"a": "A", "x": "B"}}, "message_text"),
        ("@lang", {"to": "@release"}, "message_text"),
        ("buyer/person/nickname", {"constant": "x" * 21}, "message_text"),
    ],
)
def test_an_entry_that_cannot_fit_is_refused_with_its_place(compiled, target, change, rule):
    mapping = table()
    changed = entry(mapping, target)
    changed |= change
    kind = "groups" if changed in mapping["groups"] else "fields"
    place = f"#/{kind}/{mapping[kind].index(changed)}"
    if rule is None:
        assert joined(compiled, mapping)[1] == ()
        return
    faults = refused(compiled, mapping)
    assert rule in {got for pointer, got in faults.items() if pointer == place or pointer.startswith(place + "/")}


@pytest.mark.parametrize(
    ("target", "missing"),
    [
        ("head/at", "head/at"),
        ("@id", "@id"),
        ("total/@currency", "total/@currency"),
        ("kind/@listVersionID", "kind/@listVersionID"),
        ("line/article", "line/article"),
        ("until", "until"),
        ("begin", "begin"),
    ],
)
def test_what_is_mandatory_and_has_no_source_is_named_and_never_invented(compiled, target, missing):
    mapping = table()
    mapping["fields"].remove(entry(mapping, target))
    faults = joined(compiled, mapping)[1]
    assert [(one.pointer, one.rule) for one in faults] == [("order.toml", "message_mandatory")]
    assert f" {missing} " in faults[0].de


def test_of_a_choice_one_side_is_enough_and_none_is_too_little(compiled):
    mapping = table()
    mapping["fields"] = [one for one in mapping["fields"] if one["to"] not in {"open", "until"}]
    assert joined(compiled, mapping)[1] == ()
    mapping["fields"].remove(entry(mapping, "paid"))
    (fault,) = joined(compiled, mapping)[1]
    assert "paid | open | until" in fault.en


def test_an_optional_whole_may_be_left_out(compiled):
    mapping = table()
    mapping["fields"] = [one for one in mapping["fields"] if one["to"] not in {"begin", "end"}]
    assert joined(compiled, mapping)[1] == ()


def test_one_element_has_one_place_unless_labels_and_conditions_part_them(compiled):
    mapping = table()
    mapping["fields"].append({"constant": "true", "to": "paid#always"})
    assert list(refused(compiled, mapping).values()) == ["message_repeat"]
    mapping["fields"][-1]["when"] = {"pointer": "/whole", "in": [True]}
    entry(mapping, "paid")["when"] = {"pointer": "/whole", "in": [False], "absent": True}
    made, faults = joined(compiled, mapping)
    assert faults == ()
    assert written(made, {**FULL, "paid": False}).findtext("paid") == "true"


def test_a_repeated_sequence_is_not_torn_apart(compiled):
    mapping = table()
    mapping["fields"] += [{"from": "/notes/*", "to": "key"}, {"from": "/notes/*", "to": "value"}]
    assert refused(compiled, mapping) == {"": "message_model"}


def test_an_address_of_a_schema_that_metadata_would_refuse_is_told_at_load():
    head = dict.fromkeys(("version", "standard", "namespace", "schema", "root", "prefix"), "x")
    for address, wanted in (("Schema 1", ["f.toml#/schema_uri"]), ("urn:x:y_1.0", []), ("https://x.example/1", [])):
        _, faults = read([("f.toml", {"format": 1, **head, "schema_uri": address, "fields": []})])
        assert [one.pointer for one in faults if one.pointer.endswith("uri")] == wanted


def test_every_fault_of_form_is_told_at_once():
    mapping = {
        "format": 2,
        "version": " ",
        "prefix": "1x",
        "colour": "red",
        "codes": {"empty": {}},
        "parameters": [{"name": "Big"}, {"name": "ok", "more": 1}],
        "groups": [{"to": "a"}, {"from": "a", "to": "b"}, "x"],
        "fields": [],
    }
    _, faults = read([("f.toml", mapping)])
    assert {one.pointer.removeprefix("f.toml#"): one.rule for one in faults} == {
        "/colour": "message_key",
        "/format": "message_value",
        "/version": "message_value",
        "/prefix": "message_value",
        "/codes/empty": "message_value",
        "/parameters/0/name": "message_value",
        "/parameters/1/more": "message_key",
        "/groups": "message_value",
        **{f"/{key}": "message_value" for key in ("standard", "schema_uri", "namespace", "schema", "root")},
    }


@pytest.mark.parametrize(
    ("field", "place", "rule"),
    [
        ({"to": "a"}, "", "message_content"),
        ({"to": "a", "from": "/x", "constant": "y"}, "", "message_content"),
        ({"to": "a", "constant": "y", "as": "text"}, "", "message_content"),
        ({"to": "a", "constant": ""}, "/constant", "message_value"),
        ({"to": "a", "from": "x"}, "/from", "message_source"),
        ({"to": "a", "from": "/*/x"}, "/from", "message_source"),
        ({"to": "a", "from": 7}, "/from", "message_source"),
        ({"from": "/x"}, "/to", "message_target"),
        ({"from": "/x", "to": "@a/b"}, "/to", "message_target"),
        ({"from": "/x", "to": "a//b"}, "/to", "message_target"),
        ({"from": "/x", "to": "a", "as": "magic"}, "/as", "message_value"),
        ({"from": "/x", "to": "a", "as": "code"}, "/codes", "message_value"),
        ({"from": "/x", "to": "a", "codes": "unknown"}, "/codes", "message_value"),
        ({"from": "/x", "to": "a", "unique": "yes"}, "/unique", "message_value"),
        ({"to": "a", "made": "luck"}, "/made", "message_value"),
        ({"to": "a", "embed": "soul"}, "/embed", "message_value"),
        ({"from": "/x", "to": "a", "when": 1}, "/when", "message_value"),
        ({"from": "/x", "to": "a", "when": {"pointer": "/y"}}, "/when", "message_value"),
        ({"from": "/x", "to": "a", "when": {"pointer": "y", "absent": True}}, "/when/pointer", "message_source"),
        ({"from": "/x", "to": "a", "when": {"pointer": "/y", "in": [1]}}, "/when/in", "message_value"),
        ({"from": "/x", "to": "a", "when": {"pointer": "/y", "in": ["z"], "or": 1}}, "/when/or", "message_key"),
        ({"from": "/x", "to": "a", "colour": 1}, "/colour", "message_key"),
    ],
)
def test_each_fault_of_a_field_has_its_place(field, place, rule):
    mapping = {**dict.fromkeys(("version", "standard", "schema_uri", "namespace", "schema", "root"), "x")}
    _, faults = read([("f.toml", {"format": 1, "prefix": "x", **mapping, "fields": [field]})])
    assert (f"f.toml#/fields/0{place}", rule) in {(one.pointer, one.rule) for one in faults}


def test_two_entries_for_one_target_are_refused_also_over_two_files():
    head = dict.fromkeys(("version", "standard", "schema_uri", "namespace", "schema", "root", "prefix"), "urn:x:y")
    head["prefix"] = "x"
    base = {"format": 1, **head, "fields": [{"to": "a", "constant": "1"}]}
    _, faults = read([("base.toml", base), ("own.toml", {"format": 1, "fields": [{"to": "a", "constant": "2"}]})])
    assert [(one.pointer, one.rule) for one in faults] == [("own.toml#/fields/0/to", "message_twice")]


def test_a_root_that_the_set_does_not_have_is_named(compiled):
    assert refused(compiled, {**table(), "root": "ordre"}) == {"#/root": "message_root"}


def loaded(given: Mapping[str, bytes], namespace: str = "urn:s") -> dict[str, str]:
    made, faults = compile_file(namespace, "a.xsd", [SchemaSet("set", "", given)])
    assert (made is None) == bool(faults)
    return {one.pointer: one.rule for one in faults}


def xsd(body: str, namespace: str = "urn:s") -> bytes:
    start = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{namespace}" targetNamespace="{namespace}">'
    return f"{start}{body}</xs:schema>".encode()


ROOT = '<xs:element name="a" type="xs:string"/>'


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"a.xsd": "set_absent"}),
        ({"a.xsd": xsd(ROOT)}, {}),
        (
            {"a.xsd": xsd(f'<xs:include schemaLocation="a.xsd"/>{ROOT}')},
            {"set/a.xsd#/1": "xsd_invalid", "set/a.xsd": "xsd_judges_differ"},
        ),
        (
            {
                "a.xsd": xsd(f'<xs:include schemaLocation="b.xsd"/>{ROOT}'),
                "b.xsd": xsd('<xs:include schemaLocation="a.xsd"/>'),
            },
            {},
        ),
        ({"a.xsd": xsd(f'<xs:include schemaLocation="b.xsd"/>{ROOT}')}, {"set/a.xsd#/1": "xsd_missing"}),
        ({"a.xsd": xsd(f'<xs:include schemaLocation="../../etc/passwd"/>{ROOT}')}, {"set/a.xsd#/1": "xsd_outside"}),
        ({"a.xsd": xsd(f'<xs:import namespace="urn:b" schemaLocation="file:///etc/passwd"/>{ROOT}')}, {}),
        (
            {
                "a.xsd": xsd(
                    '<xs:import namespace="urn:b" schemaLocation="http://b.invalid/b.xsd"/>'
                    '<xs:element name="a" xmlns:b="urn:b" type="b:T"/>'
                )
            },
            {"set/a.xsd#/1": "xsd_absent"},
        ),
        ({"a.xsd": xsd(ROOT)[:-1]}, {"set/a.xsd#/1": "xml_not_well_formed"}),
        ({"a.xsd": b"<!DOCTYPE x>" + xsd(ROOT)}, {"set/a.xsd#/1": "xml_doctype"}),
        ({"a.xsd": xsd('<xs:element name="a" type="Nowhere"/>')}, {"set/a.xsd#/1": "xsd_invalid"}),
        ({"a.xsd": xsd(ROOT, "urn:other")}, {"a.xsd": "set_absent"}),
    ],
)
def test_sets_are_taken_whole_or_refused(given, expected):
    assert loaded(given) == expected


@pytest.mark.parametrize(
    ("folder", "namespace", "location"),
    [
        ("xsd/xbau_kern-1.3.0/offline", "http://www.opengis.net/gml/3.2", "gmlProfilexplan.xsd"),
        ("xsd/kosit-validator", "http://www.xoev.de/de/validator/framework/1/scenarios", "scenarios.xsd"),
        ("xta/xta-2.1.1", "http://www.osci.eu/ws/2014/10/transport", "OSCI_MessageMetaData_V2.02.xsd"),
        ("xta/xta-5.1.1-condensed", "https://xoev.de/transport/xta/core/3.1.1", "xta-core-types.xsd"),
    ],
)
def test_real_sets_of_other_standards_are_understood_down_to_every_element(folder, namespace, location):
    if not (SHARED / folder).is_dir():
        pytest.skip("the official sets are not beside the checkout")
    made, faults = compile_file(namespace, location, sets(SHARED / folder))
    assert faults == ()
    declarations = Declarations(made)

    def walk(element, depth):
        content = declarations.content(element)
        below = list(content.model.elements()) if content.model and depth else []
        return 1 + sum(walk(one, depth - 1) for one in below)

    roots = [declarations.root(ns, name) for kind, ns, name in made.named if kind == "element"]
    assert sum(walk(root, 4) for root in roots) > len(roots)


def test_unmodified_originals_with_remote_locations_compile_offline():
    base = SHARED / "xsd/xbau_kern-1.3.0"
    if not base.is_dir():
        pytest.skip("the official XBau-Kernmodul 1.3.0 is not beside the checkout")
    made, faults = compile_file(
        "http://www.xleitstelle.de/xbau/kernmodul/1/3/0",
        "xbau-kernmodul-universellerAntrag.xsd",
        sets(base / "xsd", base / "offline"),
    )
    assert faults == ()
    assert made.source.count(b'schemaLocation="http') >= 1
    assert made.errors(etree.fromstring((base / "sample-universellerAntrag.1200.xml").read_bytes())) == ()
