"""Form schemas as others write them: odd but readable files are read, and what cannot be taken over is said."""

from __future__ import annotations

import io
import json
import time

import jsonschema_rs
import pytest
import xmlschema
from lxml import etree

from gateway.model import Severity
from gateway.xoev import fim
from gateway.xoev.fim import Field, Group, genericode
from gateway.xoev.form.filling import fill, plan
from gateway.xoev.form.products import Products, produce
from gateway.xoev.form.texts import Texts
from gateway.xoev.form.writing import document
from gateway.xoev.mapping.model import Mapping
from gateway.xoev.mapping.reading import read_mapping
from gateway.xoev.schema import compiled_xsd
from gateway.xoev.xfall.schema import namespace, root_name, to_xsd

from . import xdf

XS = "{http://www.w3.org/2001/XMLSchema}"
REFERENCE = (
    "<xdf:codelisteReferenz>{id}<xdf:canonicalIdentification>urn:x:list</xdf:canonicalIdentification>{version}"
    "</xdf:codelisteReferenz>"
)


def read(data: bytes, *tables: genericode.CodeTable) -> fim.FormSchema:
    form, faults = fim.read(data, genericode.Lists(tables))
    assert faults == ()
    assert form is not None
    return form


def one(text: str, *tables: genericode.CodeTable, standard: str = "3.0.0") -> tuple[Field, set[str]]:
    form = read(xdf.form(xdf.used(text), standard=standard), *tables)
    assert all(notice.severity is Severity.WARNING for notice in form.notices)
    assert isinstance(form.children[0], Field)
    return form.children[0], {notice.rule for notice in form.notices}


def table(data: bytes) -> genericode.CodeTable:
    found, faults = genericode.read(data[place : place + 7] for place in range(0, len(data), 7))
    assert faults == ()
    assert found is not None
    return found


def products(form: fim.FormSchema) -> Products:
    made, faults = produce(form)
    assert faults == ()
    assert made is not None
    return made


def accepts(form: fim.FormSchema, inner: str) -> bool:
    target = namespace(form)
    text = f'<x:{root_name(form)} xmlns:x="{target}">{inner}</x:{root_name(form)}>'
    ours = etree.XMLSchema(etree.fromstring(to_xsd(form))).validate(etree.fromstring(text))
    theirs = xmlschema.XMLSchema(io.BytesIO(to_xsd(form))).is_valid(io.BytesIO(text.encode()))
    assert ours is theirs
    return ours


def test_code_elements_may_be_qualified_or_not_and_texts_may_hold_comments_and_cdata() -> None:
    text = xdf.field(1).replace("<code>input</code>", "<xdf:code> input <!-- x --></xdf:code>")
    text = text.replace("Name von F00000001", "Straße <!-- x --><![CDATA[& Nr. <1>]]>")
    field, notices = one(text)
    assert (field.kind, field.label, notices) == ("input", "Straße & Nr. <1>", set())


def test_names_of_every_kind_only_reach_texts_and_never_element_names() -> None:
    text = xdf.field(1).replace("Name von F00000001", "1. Ämter | `x` *und* <b>ß</b>\n# _Zeile_".replace("<", "&lt;"))
    form = read(xdf.form(xdf.used(text), xdf.used(text.replace("F00000001", "F00000002"))))
    dictionary = next(content for name, content in products(form).files.items() if name.endswith(".md")).decode()
    assert "1. Ämter \\| \\`x\\` \\*und\\* \\<b\\>ß\\</b\\><br>\\# \\_Zeile\\_" in dictionary
    assert accepts(form, "<x:F00000001/><x:F00000002/>")


def test_a_group_or_field_without_version_is_read_and_keyed_by_its_id() -> None:
    form = read(xdf.form(xdf.used(xdf.group(1, xdf.used(xdf.field(2, version="")), version=""))))
    files = products(form).files
    assert json.loads(next(v for k, v in files.items() if k.endswith("example.json"))) == {
        "G00000001": {"F00000002": ""}
    }


def test_occurrences_without_end_and_without_any() -> None:
    form = read(xdf.form(xdf.used(xdf.field(1), "0:*"), xdf.used(xdf.field(2), "0:0"), xdf.used(xdf.field(3), "2:3")))
    assert [(child.id, child.minimum, child.maximum) for child in form.children] == [
        ("F00000001", 0, None),
        ("F00000003", 2, 3),
    ]
    assert [notice.rule for notice in form.notices] == ["fim_never"]
    assert accepts(form, "<x:F00000001/>" * 50 + "<x:F00000003/>" * 2)
    assert not accepts(form, "<x:F00000003/>")


def test_labels_and_static_texts_are_told_and_never_transported() -> None:
    label = xdf.field(1, kind="label", more="<xdf:inhalt>Bitte alles ausfüllen.</xdf:inhalt>")
    bare = label.replace("<xdf:datentyp><code>text</code></xdf:datentyp>", "").replace("F00000001", "F00000002")
    form = read(xdf.form(xdf.used(label), xdf.used(bare), xdf.used(xdf.field(3, kind="hidden"), "0:1")))
    made = products(form)
    assert b"F00000001" not in made.files["fim-s99000099_1.0.xsd"]
    assert b"F00000002" not in made.files["fim-s99000099_1.0.schema.json"]
    assert "Bitte alles ausfüllen." in made.files["fim-s99000099_1.0.md"].decode()
    assert accepts(form, "")


def test_a_choice_group_takes_exactly_one_of_its_children() -> None:
    inner = xdf.group(1, xdf.used(xdf.field(2), "0:1"), xdf.used(xdf.field(3, "date")), choice=True)
    form = read(xdf.form(xdf.used(inner)))
    group = form.children[0]
    assert isinstance(group, Group)
    assert group.choice
    assert accepts(form, "<x:G00000001><x:F00000002/></x:G00000001>")
    assert accepts(form, "<x:G00000001><x:F00000003>2026-01-31</x:F00000003></x:G00000001>")
    assert not accepts(form, "<x:G00000001/>")
    assert not accepts(form, "<x:G00000001><x:F00000002/><x:F00000003>2026-01-31</x:F00000003></x:G00000001>")
    schema = jsonschema_rs.Draft202012Validator(json.loads(products(form).files["fim-s99000099_1.0.schema.json"]))
    assert schema.is_valid({"G00000001V1.0": {"F00000002V1.0": "x"}})
    assert not schema.is_valid({"G00000001V1.0": {}})
    assert not schema.is_valid({"G00000001V1.0": {"F00000002V1.0": "x", "F00000003V1.0": "2026-01-31"}})


def mapped(form: fim.FormSchema, **targets: str) -> tuple[Mapping | None, list[tuple[str, str]]]:
    fields = [{"from": f"/{source}", "to": target} for source, target in targets.items()]
    head = {"format": 1, "version": "1.0.0", "form_schema": form.id, "form_version": form.version}
    mapping, faults = read_mapping({**head, "fields": fields}, form)
    return mapping, [(fault.rule, fault.de) for fault in faults]


@pytest.mark.parametrize(
    ("record", "valid"),
    [({"a": "x"}, True), ({"b": "2026-01-31"}, True), ({}, False), ({"a": "x", "b": "2026-01-31"}, False)],
)
def test_a_record_fills_one_side_of_a_choice_group(record: dict[str, str], valid: object) -> None:
    inner = xdf.group(1, xdf.used(xdf.field(2, given={"minLength": "1"})), xdf.used(xdf.field(3, "date")), choice=True)
    form = read(xdf.form(xdf.used(inner)))
    mapping, faults = mapped(form, a="G00000001/F00000002", b="G00000001/F00000003")
    assert faults == []
    assert mapping is not None
    schema, _ = compiled_xsd.load(to_xsd(form))
    assert schema is not None
    filled, findings = fill(plan(schema, form, mapping, Texts(form)), record)
    made, more = document(schema, filled, standard="xfall", schema_uri="u")
    assert (made is not None and not findings and not more) is valid


def test_a_mapping_may_serve_one_side_of_a_choice_group_but_that_one_wholly() -> None:
    person = xdf.used(xdf.group(2, xdf.used(xdf.field(3)), xdf.used(xdf.field(4))))
    form = read(
        xdf.form(xdf.used(xdf.group(1, person, xdf.used(xdf.field(5)), choice=True)), xdf.used(xdf.field(6), "0:1"))
    )
    whole = {"a": "G00000001/G00000002/F00000003", "b": "G00000001/G00000002/F00000004"}
    assert mapped(form, **whole)[1] == []
    assert mapped(form, c="G00000001/F00000005")[1] == []
    ((rule, sentence),) = mapped(form, a=whole["a"])[1]
    assert (rule, whole["b"] in sentence) == ("mapping_mandatory", True)
    ((rule, sentence),) = mapped(form, d="F00000006")[1]
    assert (rule, "G00000001" in sentence) == ("mapping_mandatory", True)


@pytest.mark.parametrize("qualified", [True, False])
def test_code_lists_in_both_forms_become_enumerations_with_names(qualified: bool) -> None:
    codes = {"01": "Schleswig-Holstein", "15": "Sachsen-Anhalt", "X & <": "Sonst"}
    listed = table(xdf.code_list(codes, qualified=qualified))
    more = REFERENCE.format(id="", version="<xdf:version>1</xdf:version>")
    field, notices = one(xdf.field(1, "num_int", "select", more=more), listed)
    assert {code.code: code.name for code in field.codes} == codes
    assert notices == set()
    form = read(xdf.form(xdf.used(xdf.field(1, "num_int", "select", more=more))), listed)
    assert accepts(form, "<x:F00000001>15</x:F00000001>")
    assert accepts(form, "<x:F00000001>X &amp; &lt;</x:F00000001>")
    assert not accepts(form, "<x:F00000001>1</x:F00000001>")


def test_a_reference_finds_its_version_or_the_newest_or_says_that_nothing_lies_there() -> None:
    old, new = (table(xdf.code_list({version: "x"}, version=version)) for version in ("2024", "2025"))
    versioned = REFERENCE.format(id="", version="<xdf:version>2024</xdf:version>")
    assert one(xdf.field(1, kind="select", more=versioned), old, new)[0].codes[0].code == "2024"
    assert (
        one(xdf.field(1, kind="select", more=REFERENCE.format(id="", version="")), new, old)[0].codes[0].code == "2025"
    )
    other = REFERENCE.format(id="", version="<xdf:version>1999</xdf:version>")
    field, notices = one(xdf.field(1, kind="select", more=other), old, new)
    assert (field.codes, notices) == ((), {"fim_list_absent"})
    assert field.code_list is not None
    assert field.code_list.version == "1999"


def test_columns_named_by_the_field_win_and_missing_ones_are_said() -> None:
    listed = table(xdf.code_list({"1": "Eins", "2": "Zwei"}))
    keys = "<xdf:codeKey>name</xdf:codeKey><xdf:nameKey>code</xdf:nameKey><xdf:helpKey>hilfe</xdf:helpKey>"
    field, notices = one(xdf.field(1, kind="select", more=REFERENCE.format(id="", version="") + keys), listed)
    assert [(code.code, code.name) for code in field.codes] == [("Eins", "1"), ("Zwei", "2")]
    assert notices == {"fim_list_column"}


def test_codes_that_repeat_or_are_empty_do_not_count() -> None:
    field, notices = one(xdf.field(1, kind="select", codes=("a", "", "a", "b")))
    assert [code.code for code in field.codes] == ["a", "b"]
    assert notices == {"fim_codes_twice"}


@pytest.mark.parametrize(
    ("words", "expected", "notices"),
    [
        ('{"minLength":"1","maxLength":"9"}', (1, 9, None), set()),
        ('{"minLength":1,"maxLength":9,"pattern":null}', (1, 9, None), set()),
        ('{"minLength":"","maxLength":"","pattern":""}', (None, None, None), set()),
        (r'{"pattern":"\\d{2}\\.x$"}', (None, None, r"\d{2}\.x"), set()),
        (r'{"pattern":"\d{2}\.x"}', (None, None, r"\d{2}\.x"), set()),
        ('{"minLength":"2","fileSize":"7"}', (2, None, None), {"fim_free_text"}),
        ("Nur volle Jahre.", (None, None, None), {"fim_free_text"}),
        ('{"minLength":"2"', (None, None, None), {"fim_free_text"}),
        ('{"pattern":"(?=x)[a-z]+"}', (None, None, None), {"fim_pattern_spelling"}),
        ('{"pattern":"[0-9]{5}","maxLength":"4"}', (None, 4, None), {"fim_pattern_length"}),
        ('{"minValue":"1"}', (None, None, None), {"fim_unused_limit"}),
    ],
)
def test_limits_as_json_text(words: str, expected: tuple[object, ...], notices: set[str]) -> None:
    text = xdf.field(1, standard="2.0").replace("></xdf:praezisierung>", f"> {words} </xdf:praezisierung>")
    field, found = one(text, standard="2.0")
    assert (field.min_length, field.max_length, field.pattern) == expected
    assert found == notices
    assert any(note.name == "praezisierung" and note.text == words for note in field.notes)


def test_limits_of_dates_numbers_and_files() -> None:
    date, notices = one(xdf.field(1, "date", given={"minValue": "1900-01-01", "maxValue": "heute"}))
    assert (date.earliest, date.latest, notices) == ("1900-01-01", None, {"fim_unused_limit"})
    whole, _ = one(xdf.field(1, "num_int", given={"minValue": "0.5", "maxValue": "3.7"}))
    assert (whole.min_value, whole.max_value) == (1, 3)
    money, _ = one(xdf.field(1, "num_currency", given={"minValue": "0.001"}))
    assert str(money.min_value) == "0.01"
    more = "<xdf:maxSize>1000000</xdf:maxSize><xdf:mediaType>application/pdf</xdf:mediaType>"
    file, _ = one(xdf.field(1, "file", more=more))
    assert (file.max_size, file.media_types) == (1_000_000, ("application/pdf",))
    form = read(xdf.form(xdf.used(xdf.field(1, "date", given={"minValue": "2020-02-29"}))))
    assert accepts(form, "<x:F00000001>2020-02-29</x:F00000001>")
    assert not accepts(form, "<x:F00000001>2020-02-28</x:F00000001>")


def test_elements_of_a_foreign_namespace_are_passed_over_and_said() -> None:
    field, notices = one(xdf.field(1, more='<tool:pos xmlns:tool="urn:tool" x="1"><tool:y/></tool:pos>'))
    assert field.id == "F00000001"
    assert notices == {"fim_foreign"}


def test_a_form_of_a_thousand_fields_is_imported_within_seconds() -> None:
    groups = [
        xdf.used(
            xdf.group(number, *(xdf.used(xdf.field(number * 100 + no, given={"maxLength": "50"})) for no in range(25)))
        )
        for number in range(1, 41)
    ]
    begun = time.process_time()
    made = products(read(xdf.form(*groups)))
    assert time.process_time() - begun < 4
    assert made.files["fim-s99000099_1.0.xsd"].count(b"<xs:element") == 1 + 40 + 1000
