"""A published XSD as document schema: it decides, the mapping stays, and each difference from the form is named."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from gateway.cli.main import group
from gateway.errors import DataInvalid
from gateway.model import Finding, Severity
from gateway.services.loader import load
from gateway.services.service import Service
from gateway.xoev import fim
from gateway.xoev.fim.genericode import Lists
from gateway.xoev.form.published import read_published
from gateway.xoev.form.published_sentences import SENTENCES
from gateway.xoev.schema.sets import SchemaSet, compile_set
from tests.shipped_services import own_services

from .published_xsd import NAMESPACE, OWN, ROOT, URN, XS, Edit, at, facet, folder, library, published

PERSON = "/G99000000010/G99000000011"
ARS = "150900546546"


def loaded(tmp_path: Path, edit: Edit | None = None) -> Service:
    return load(folder(tmp_path), None, library(published(edit))).get("hausnummer")


def refused(tmp_path: Path, edit: Edit | None = None, **wanted: Any) -> tuple[Finding, ...]:
    with pytest.raises(DataInvalid) as caught:
        load(folder(tmp_path, **wanted), None, library(published(edit)))
    return caught.value.findings


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    for one in findings:
        assert one.de != one.en
        assert not re.search(r"\{[0-9]\}|None", one.de + one.en)
    return [(one.rule, one.pointer.removeprefix("hausnummer/form.xml#")) for one in findings]


def ordinary(service: Service) -> dict[str, Any]:
    return copy.deepcopy(dict(service.compiled.examples["ordinary"]))


def test_documents_carry_root_namespace_and_order_of_the_published_xsd(tmp_path: Path) -> None:
    service = loaded(tmp_path)
    document, findings = service.document(ordinary(service))
    assert (document is not None, findings) == (True, [])
    assert document is not None
    root = etree.fromstring(document.content)
    assert root.tag == f"{{{NAMESPACE}}}{ROOT}"
    assert {etree.QName(one).namespace for one in root.iter()} == {NAMESPACE}
    own = own_services().get("hausnummer")
    generated, _ = own.document(ordinary(own))
    assert generated is not None
    before = etree.fromstring(generated.content)
    assert [one.tag.rpartition("}")[2] for one in root] == [
        f"{one.tag.rpartition('}')[2]}V1.0.0" for one in reversed(before)
    ]
    assert sorted(filter(str.strip, root.itertext())) == sorted(filter(str.strip, before.itertext()))
    judge, _ = compile_set(SchemaSet(URN, "1.0", published()))
    assert judge is not None
    assert judge.errors(root) == ()
    assert judge.errors(before) != ()


def test_the_schema_reference_and_the_scenario_follow_the_published_xsd(tmp_path: Path) -> None:
    service = loaded(tmp_path)
    document, _ = service.document(ordinary(service))
    assert document is not None
    assert (document.schema_uri, document.namespace) == (NAMESPACE, NAMESPACE)
    assert service.schema_uris[0] == service.schema_uri == service.namespace == NAMESPACE
    assert service.xsd == published()["hausnummer.xsd"]
    assert service.still_valid(document)
    assert service.scenario.schema is service.compiled.schema
    assert not service.signature_place


def test_an_address_of_the_schema_that_the_service_names_still_counts(tmp_path: Path) -> None:
    services = folder(tmp_path)
    path = services / "hausnummer/service.toml"
    path.write_text(path.read_text().replace("[document]", 'schema_uri = "https://schema.example/h.xsd"\n[document]'))
    service = load(services, None, library(published())).get("hausnummer")
    assert (service.schema_uri, service.namespace) == ("https://schema.example/h.xsd", NAMESPACE)


def test_only_the_order_differs_and_that_is_told(tmp_path: Path) -> None:
    service = loaded(tmp_path)
    assert told(service.compiled.differences) == [("document_order", "")]
    assert service.record_schema() == own_services().get("hausnummer").record_schema() | {
        "properties": service.record_schema()["properties"],
        "required": service.record_schema()["required"],
    }


def remove(name: str) -> Edit:
    def edit(root: etree._Element) -> None:
        one = at(root, name)
        one.getparent().remove(one)

    return edit


def bounds(name: str, **values: str) -> Edit:
    return lambda root: at(root, name).attrib.update(values)


def added(minimum: str) -> Edit:
    def edit(root: etree._Element) -> None:
        group_ = at(root, "G99000000011")[0][0]
        etree.SubElement(group_, f"{XS}element", name="F99000000999", type="xs:string", minOccurs=minimum)

    return edit


def codes(*, without: str = "", more: str = "") -> Edit:
    def edit(root: etree._Element) -> None:
        restriction = at(root, "F99000000120").find(f".//{XS}restriction")
        assert restriction is not None
        for one in list(restriction):
            if one.get("value") == without:
                restriction.remove(one)
        if more:
            etree.SubElement(restriction, f"{XS}enumeration", value=more)

    return edit


def typed(name: str, kind: str) -> Edit:
    def edit(root: etree._Element) -> None:
        one = at(root, name)
        one[:] = []
        one.set("type", kind)

    return edit


def limit(name: str, kind: str, value: str) -> Edit:
    return lambda root: facet(root, name, kind, value)


def attributed(name: str) -> Edit:
    def edit(root: etree._Element) -> None:
        etree.SubElement(at(root, name)[0], f"{XS}attribute", name="fassung", type="xs:string", use="required")

    return edit


def grouped(root: etree._Element) -> None:
    one = at(root, "F99000000103")
    one[:] = []
    sequence = etree.SubElement(etree.SubElement(one, f"{XS}complexType"), f"{XS}sequence")
    etree.SubElement(sequence, f"{XS}element", name="F99000000999", type="xs:string")


def either(root: etree._Element) -> None:
    at(root, "G99000000012")[0][0].tag = f"{XS}choice"


HARMLESS = {
    "the XSD lets in an element more": (added("0"), "document_more", PERSON, "F99000000999"),
    "length narrower": (limit("F99000000103", "maxLength", "90"), "document_narrower", f"{PERSON}/F99000000103", "90"),
    "length wider": (limit("F99000000103", "maxLength", "190"), "document_wider", f"{PERSON}/F99000000103", "190"),
    "pattern": (limit("F99000000103", "pattern", "[A-Z].*"), "document_narrower", f"{PERSON}/F99000000103", "[A-Z].*"),
    "pattern of the XSD's own": (
        limit("F99000000103", "pattern", r"\i\c*"),
        "document_pattern",
        f"{PERSON}/F99000000103",
        r"\i\c*",
    ),
    "value narrower": (
        limit("F99000000107", "minInclusive", "1910"),
        "document_narrower",
        f"{PERSON}/G99000000012/F99000000107",
        "1910",
    ),
    "mandatory": (bounds("F99000000101", minOccurs="1"), "document_narrower", f"{PERSON}/F99000000101", "1:1"),
    "more often": (bounds("F99000000101", maxOccurs="3"), "document_wider", f"{PERSON}/F99000000101", "0:3"),
    "no limits": (typed("F99000000103", "xs:string"), "document_wider", f"{PERSON}/F99000000103", "minLength"),
    "another type": (typed("F99000000103", "xs:anyURI"), "document_type", f"{PERSON}/F99000000103", "xs:anyURI"),
    "wider type": (
        typed("F99000000107", "xs:string"),
        "document_type_wider",
        f"{PERSON}/G99000000012/F99000000107",
        "xs:string",
    ),
    "code more": (codes(more="09"), "document_wider", "/G99000000010/F99000000120", "09"),
}


@pytest.mark.parametrize("case", HARMLESS.values(), ids=list(HARMLESS))
def test_a_difference_that_harms_nothing_is_named_with_its_place(case: Any, tmp_path: Path) -> None:
    edit, rule, place, word = case
    service = loaded(tmp_path, edit)
    found = [one for one in service.compiled.differences if one.rule != "document_order"]
    assert {name for _, name in told(tuple(found))} == {place}
    assert rule in {one.rule for one in found}
    assert any(word in one.de and word in one.en for one in found)
    assert all(one.severity is not Severity.ERROR for one in found)


HARMFUL = {
    "a mapped element missing": (remove("F99000000103"), ("document_lost", f"{PERSON}/F99000000103")),
    "a mapped group missing": (remove("G99000000013"), ("document_lost", "/G99000000010/G99000000013")),
    "a mandatory element more": (added("1"), ("document_surplus", PERSON)),
    "a mandatory attribute": (attributed("G99000000012"), ("document_surplus", f"{PERSON}/G99000000012")),
    "a group for a field": (grouped, ("document_shape", f"{PERSON}/F99000000103")),
    "a choice that excludes what is mapped": (either, ("document_narrower", f"{PERSON}/G99000000012")),
}


@pytest.mark.parametrize("case", HARMFUL.values(), ids=list(HARMFUL))
def test_a_difference_after_which_no_document_is_right_stops_the_service(case: Any, tmp_path: Path) -> None:
    edit, wanted = case
    assert wanted in told(refused(tmp_path, edit))


def test_a_code_that_the_xsd_lacks_is_named_where_the_mapping_uses_it(tmp_path: Path) -> None:
    found = refused(tmp_path, codes(without="03"))
    assert ("document_codes", "/G99000000010/F99000000120") in told(found)
    (mapped,) = [one for one in found if "mapping.toml" in one.pointer]
    assert mapped.severity is Severity.ERROR
    assert "03" in next(one for one in found if one.rule == "document_codes").de


def test_an_element_that_nothing_fills_may_be_missing(tmp_path: Path) -> None:
    services = folder(tmp_path)
    mapping = services / "hausnummer/mapping.toml"
    entry = '[[fields]]\nfrom = "/applicant/person/academic_title"\nto = "G99000000010/G99000000011/F99000000104"\n'
    assert entry in mapping.read_text()
    mapping.write_text(mapping.read_text().replace(f'{entry}latin = "A"\n', ""))
    service = load(services, None, library(published(remove("F99000000104")))).get("hausnummer")
    assert ("document_less", f"{PERSON}/F99000000104") in told(service.compiled.differences)


def test_limits_of_the_xsd_reach_the_record_and_its_findings(tmp_path: Path) -> None:
    service = loaded(tmp_path, limit("F99000000103", "maxLength", "4"))
    person = service.record_schema()["properties"]["applicant"]["properties"]["person"]
    assert person["properties"]["birth_name"]["maxLength"] == 4
    record = ordinary(service)
    record["applicant"]["person"]["birth_name"] = "Müller"
    assert [(one.pointer, one.rule) for one in service.check(record, (), ars=ARS) if "birth_name" in one.pointer] == [
        ("/record/applicant/person/birth_name", "too_long")
    ]
    mandatory = loaded(tmp_path / "second", bounds("F99000000101", minOccurs="1"))
    assert "given_names" in mandatory.record_schema()["properties"]["applicant"]["properties"]["person"]["required"]


def test_what_only_the_xsd_can_judge_is_a_finding_at_the_place_of_the_record(tmp_path: Path) -> None:
    service = loaded(tmp_path, limit("F99000000103", "pattern", r"\i\c*"))
    record = ordinary(service)
    record["applicant"]["person"]["birth_name"] = "Weiß Weiß"
    document, findings = service.document(record)
    assert document is None
    assert [(one.pointer, one.rule) for one in findings] == [("/record/applicant/person/birth_name", "pattern")]


def test_a_limit_that_is_no_number_says_nothing(tmp_path: Path) -> None:
    def edit(root: etree._Element) -> None:
        facet(root, "F99000000107", "minInclusive", "-INF")
        restriction = at(root, "F99000000107").find(f".//{XS}restriction")
        assert restriction is not None
        restriction.set("base", "xs:double")

    service = loaded(tmp_path, edit)
    assert ("document_type", f"{PERSON}/G99000000012/F99000000107") in told(service.compiled.differences)
    assert service.document(ordinary(service))[0] is not None


def test_of_several_patterns_of_one_restriction_one_has_to_hold(tmp_path: Path) -> None:
    def edit(root: etree._Element) -> None:
        facet(root, "F99000000103", "pattern", "[A-V].*")
        restriction = at(root, "F99000000103").find(f".//{XS}restriction")
        assert restriction is not None
        etree.SubElement(restriction, f"{XS}pattern", value="[W-Z].*")

    service = loaded(tmp_path, edit)
    record = ordinary(service)
    for name, right in (("Weiß", True), ("Abel", True), ("weiß", False)):
        record["applicant"]["person"]["birth_name"] = name
        told_wrong = [one for one in service.check(record, (), ars=ARS) if "birth_name" in one.pointer]
        assert (told_wrong == [], service.document(record)[0] is not None) == (right, right)


def test_elements_of_another_namespace_are_written_there(tmp_path: Path) -> None:
    files = published()
    foreign = "urn:example:types"
    files["types.xsd"] = files["types.xsd"].replace(
        b"</xs:schema>",
        b'<xs:element name="F99000000103V1.0.0"><xs:simpleType><xs:restriction base="xs:string">'
        b'<xs:minLength value="1"/><xs:maxLength value="120"/></xs:restriction></xs:simpleType></xs:element>'
        b"</xs:schema>",
    )
    own = etree.fromstring(files["hausnummer.xsd"])
    (field,) = [one for one in own.iter(f"{XS}element") if one.get("name") == "F99000000103V1.0.0"]
    parent = field.getparent()
    assert parent is not None
    reference = etree.Element(f"{XS}element", {"ref": "t:F99000000103V1.0.0", "minOccurs": "0"}, {"t": foreign})
    parent.replace(field, reference)
    files["hausnummer.xsd"] = etree.tostring(own)
    service = load(folder(tmp_path), None, library(files)).get("hausnummer")
    document, findings = service.document(ordinary(service))
    assert (findings, document is not None) == ([], True)
    assert document is not None
    (there,) = etree.fromstring(document.content).iter(f"{{{foreign}}}F99000000103V1.0.0")
    assert there.text == "Weiß"
    record = ordinary(service)
    record["applicant"]["person"]["birth_name"] = "W" * 121
    assert [(one.pointer, one.rule) for one in service.document(record)[1]] == [
        ("/record/applicant/person/birth_name", "too_long")
    ]


def test_attributes_that_the_xsd_fixes_and_demands_are_written(tmp_path: Path) -> None:
    def edit(root: etree._Element) -> None:
        for holder in (root[0], at(root, "G99000000012")):
            words = {"name": "fassung", "type": "xs:string", "use": "required", "fixed": "3"}
            etree.SubElement(holder[0], f"{XS}attribute", words)
            etree.SubElement(holder[0], f"{XS}attribute", name="frei", type="xs:string", fixed="4")

    service = loaded(tmp_path, edit)
    document, findings = service.document(ordinary(service))
    assert (findings, document is not None) == ([], True)
    assert document is not None
    held = [(etree.QName(one).localname, dict(one.attrib)) for one in etree.fromstring(document.content).iter()]
    assert [one for one in held if one[1]] == [(ROOT, {"fassung": "3"}), ("G99000000012V1.0.0", {"fassung": "3"})]


def test_local_elements_without_namespace_are_written_so(tmp_path: Path) -> None:
    service = loaded(tmp_path, lambda root: root.set("elementFormDefault", "unqualified"))
    document, findings = service.document(ordinary(service))
    assert (findings, document is not None) == ([], True)
    assert document is not None
    root = etree.fromstring(document.content)
    assert (etree.QName(root).namespace, etree.QName(root[0]).namespace) == (NAMESPACE, None)
    record = ordinary(service)
    record["applicant"]["person"]["birth_name"] = "W" * 121
    assert ("/record/applicant/person/birth_name", "too_long") in {
        (one.pointer, one.rule) for one in service.document(record)[1]
    }


def test_the_generated_xsd_of_every_service_differs_in_nothing_from_its_form() -> None:
    for name, service in own_services().items():
        form, _ = fim.read((OWN.parent / name / "form.xml").read_bytes(), Lists([]))
        compiled, _ = compile_set(SchemaSet(name, "1", {"form.xsd": service.xsd}))
        assert form is not None
        assert compiled is not None
        found, _ = read_published(compiled, form)
        assert found is not None
        assert (name, found.differences, found.absent, found.form) == (name, (), (), form)
        assert found.schema.root == service.compiled.schema.root


def test_a_set_that_is_not_installed_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (one,) = refused(tmp_path, document='schema_set = "urn:gone_1"')
    assert (one.rule, one.pointer) == ("document_set", "hausnummer/service.toml#/document/schema_set")
    assert f"{URN}_1.0" in one.de
    assert "gateway schemas install" in one.de


def test_a_namespace_that_canonical_xml_and_metadata_forbid_is_refused(tmp_path: Path) -> None:
    files = {name: content.replace(NAMESPACE.encode(), b"hausnummer") for name, content in published().items()}
    with pytest.raises(DataInvalid) as caught:
        load(folder(tmp_path), None, library(files))
    assert [one.rule for one in caught.value.findings] == ["document_uri"]


def test_a_set_that_does_not_compile_is_refused_by_its_cause(tmp_path: Path) -> None:
    files = published()
    del files["types.xsd"]
    with pytest.raises(DataInvalid) as caught:
        load(folder(tmp_path), None, library(files))
    (one,) = caught.value.findings
    assert one.rule == "document_set_faulty"
    assert "urn:example:types" in one.en


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (f'schema_set = "{URN}_1.0"\nroot = "gone"', "root"),
        (f'schema_set = "{URN}_1.0"', "schema_set"),
    ],
)
def test_a_root_that_cannot_be_found_is_refused_with_what_there_is(document: str, place: str, tmp_path: Path) -> None:
    files = published()
    files["hausnummer.xsd"] = (
        files["hausnummer.xsd"]
        .replace(f'"{ROOT}"'.encode(), b'"Antrag"')
        .replace(b"</xs:schema>", b'<xs:element name="Anderes" type="xs:string"/></xs:schema>')
    )
    with pytest.raises(DataInvalid) as caught:
        load(folder(tmp_path, document), None, library(files))
    (one,) = caught.value.findings
    assert (one.rule, one.pointer) == ("document_root", f"hausnummer/service.toml#/document/{place}")
    assert "Anderes, Antrag" in one.de


def test_a_root_without_the_id_of_the_form_is_named_in_the_service(tmp_path: Path) -> None:
    files = published()
    files["hausnummer.xsd"] = (
        files["hausnummer.xsd"]
        .replace(f'"{ROOT}"'.encode(), b'"Antrag"')
        .replace(b"</xs:schema>", b'<xs:element name="Anderes" type="xs:string"/></xs:schema>')
    )
    named = f'schema_set = "{URN}"\nroot = "Antrag"'
    service = load(folder(tmp_path, named), None, library(files)).get("hausnummer")
    document, _ = service.document(ordinary(service))
    assert document is not None
    assert etree.fromstring(document.content).tag == f"{{{NAMESPACE}}}Antrag"


def test_every_sentence_of_a_difference_is_used() -> None:
    tried = {rule for _, rule, *_ in HARMLESS.values()} | {rule for _, (rule, _) in HARMFUL.values()}
    elsewhere = {"document_root", "document_less", "document_order", "document_codes", "document_version"}
    assert tried | elsewhere == set(SENTENCES)


def test_the_reference_page_has_every_difference_with_its_weight() -> None:
    page = (Path(__file__).parents[2] / "docs/reference/document-schema.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(document_[a-z_]+)` \| (\w+) \|", page, re.MULTILINE))
    weights = {rule: severity.value for rule, (severity, *_) in SENTENCES.items() if rule != "document_root"}
    assert rows == weights
    assert "`document_root`" in page


def test_another_version_of_an_element_is_told(tmp_path: Path) -> None:
    files = published()
    files["hausnummer.xsd"] = files["hausnummer.xsd"].replace(b"F99000000103V1.0.0", b"F99000000103V1.1.0")
    service = load(folder(tmp_path), None, library(files)).get("hausnummer")
    assert ("document_version", f"{PERSON}/F99000000103") in told(service.compiled.differences)
    document, _ = service.document(ordinary(service))
    assert document is not None
    assert b"F99000000103V1.1.0" in document.content


class At:
    """The commands with settings of their own, as somebody at a keyboard has them."""

    def __init__(self, tmp_path: Path) -> None:
        self.services = folder(tmp_path)
        self.settings = tmp_path / "gateway.toml"
        self.settings.write_text('data_dir = "data"\n[services]\ndir = "services"\n', encoding="utf-8")
        (tmp_path / "set").mkdir()
        for name, content in published().items():
            (tmp_path / "set" / name).write_bytes(content)
        self.set = tmp_path / "set"

    def run(self, *words: str | Path) -> Result:
        result = CliRunner().invoke(group, [*map(str, words), "--config", str(self.settings)], env={"LANG": "en"})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result


def test_from_install_to_a_valid_document_by_the_commands(tmp_path: Path) -> None:
    there = At(tmp_path)
    missing = there.run("services", "check")
    assert missing.exit_code == 3
    assert "[document_set]" in missing.stdout
    brought = there.run("schemas", "install", there.set, "--unlisted", "--urn", URN, "--version", "1.0")
    assert brought.exit_code == 0
    checked = there.run("services", "check", "--json")
    assert checked.exit_code == 0
    assert "document_order" in [json.loads(line)["rule"] for line in checked.stdout.splitlines()]
    tried = there.run("services", "try", "hausnummer", OWN / "examples/ordinary.json", "--json")
    assert tried.exit_code == 0
    text = json.loads(tried.stdout)["document"]
    assert NAMESPACE in text
    (tmp_path / "document.xml").write_text(text, encoding="utf-8")
    assert there.run("validate", tmp_path / "document.xml", "--service", "hausnummer").exit_code == 0
    assert there.run("validate", tmp_path / "document.xml", "--schema-set", f"{URN}_1.0").exit_code == 0
    changed = there.run("services", "diff", OWN, there.services / "hausnummer", "--json")
    assert '"namespace"' in changed.stdout
