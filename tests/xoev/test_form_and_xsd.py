from __future__ import annotations

import tomllib
from hashlib import sha256
from pathlib import Path

import pytest
from lxml import etree

from gateway.services.service import Service
from gateway.xoev import fim
from gateway.xoev.form.products import produce
from gateway.xoev.schema import compiled_xsd
from gateway.xoev.xfall import schema as xfall

ROOT = Path(__file__).parents[2]
FORM = ROOT / "gateway/services/hausnummer/form.xml"
SHARED = ROOT.parent / "shared/data/xfall"


def changed(before: str, after: str) -> tuple[fim.FormSchema | None, list[str]]:
    text = FORM.read_text()
    assert before in text
    form, faults = fim.read(text.replace(before, after, 1).encode())
    return form, [fault.rule for fault in faults]


def test_the_generated_xsd_is_the_published_one(service: Service) -> None:
    published = (ROOT / "xsd/fim-s99000000001_1.0.0.xsd").read_bytes()
    assert service.xsd == published
    manifest = tomllib.loads((ROOT / "xsd/MANIFEST.toml").read_text())
    own = next(one for one in manifest["sets"] if one["own"])
    assert own["urn"] == service.namespace
    assert own["files"][0]["sha256"] == sha256(published).hexdigest()


def test_the_xsd_has_the_shape_of_the_fim_portal(service: Service) -> None:
    root = etree.fromstring(service.xsd)
    xs = "{http://www.w3.org/2001/XMLSchema}"
    assert root.get("targetNamespace") == "urn:xoev-de:xfall:standard:fim-s99000000001_1.0.0"
    assert root.get("elementFormDefault") == "qualified"
    assert [child.tag for child in root] == [f"{xs}element"]
    assert root[0].get("name", "").startswith("fim.S99000000001.")
    assert not root.findall(f".//{xs}element[@ref]")
    assert all(name.get("name") is None for name in root.iter(f"{xs}complexType", f"{xs}simpleType"))


def test_the_same_form_gives_the_same_bytes() -> None:
    form, _ = fim.read(FORM.read_bytes())
    assert form is not None
    assert xfall.to_xsd(form) == xfall.to_xsd(form)


def test_any_prefix_reads_the_same() -> None:
    text = FORM.read_text()
    other = text.replace("xdf:", "ns0:").replace("xmlns:xdf=", "xmlns:ns0=")
    assert fim.read(other.encode())[0] == fim.read(text.encode())[0]


def test_a_foreign_sample_of_xdatenfelder_3_is_read() -> None:
    sample = SHARED / "xdf3-sample/xdf3.xml"
    if not sample.exists():
        pytest.skip("the sample is not beside the checkout")
    form, faults = fim.read(sample.read_bytes())
    assert faults == ()
    assert form is not None
    assert compiled_xsd.load(xfall.to_xsd(form))[1] == ()


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("<xdf:id>F99000000101</xdf:id>", "<xdf:id>X1</xdf:id>", "fim_id"),
        ("<xdf:anzahl>0:1</xdf:anzahl>", "<xdf:anzahl>2:1</xdf:anzahl>", "fim_occurs"),
        ("<xdf:anzahl>0:1</xdf:anzahl>", "<xdf:anzahl>viele</xdf:anzahl>", "fim_occurs"),
        ("<code>text_latin</code>", "<code>prosa</code>", "fim_datentyp"),
        ("<code>input</code>", "<code>zauber</code>", "fim_feldart"),
        ("xdatenfelder_3.0.0", "xdatenfelder_9", "fim_message"),
    ],
)
def test_faults_of_a_form_schema_name_line_and_rule(before: str, after: str, rule: str) -> None:
    form, rules = changed(before, after)
    assert form is None
    assert rule in rules
    _, faults = fim.read(FORM.read_text().replace(before, after, 1).encode())
    assert all(fault.pointer.split("/")[1].isdigit() for fault in faults)


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ('pattern="[A-Z]{2}"', 'pattern="[A-Z"', "fim_pattern"),
        ('maxLength="120"', 'maxLength="1.5"', "fim_limit"),
        ("xdf:werte>", "xdf:leer>", "fim_no_codes"),
        ("<xdf:version>1.0.0</xdf:version>", "", "fim_draft"),
    ],
)
def test_what_the_standard_lets_be_ignored_is_a_notice(before: str, after: str, rule: str) -> None:
    text = FORM.read_text().replace(before, after, -1 if "werte" in before else 1)
    form, faults = fim.read(text.encode())
    assert faults == ()
    assert form is not None
    assert rule in {notice.rule for notice in form.notices}
    assert produce(form)[1] == ()


def test_a_group_that_holds_itself_is_refused_in_bounded_time() -> None:
    _, rules = changed("<xdf:id>G99000000011</xdf:id>", "<xdf:id>G99000000010</xdf:id>")
    assert "fim_recursion" in rules


HEAD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="u">'
ANY = '<xs:element name="a"><xs:complexType><xs:sequence><xs:any/></xs:sequence></xs:complexType></xs:element>'


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        ("<a/>", "xsd_root"),
        (f"{HEAD}<xs:import/></xs:schema>", "xsd_foreign"),
        ("<!DOCTYPE a><a/>", "xml_doctype"),
        (f'{HEAD}<xs:element name="a" type="xs:no"/></xs:schema>', "xsd_invalid"),
        (f"{HEAD}{ANY}</xs:schema>", "xsd_shape"),
    ],
)
def test_an_xsd_of_another_shape_is_refused(source: str, rule: str) -> None:
    schema, faults = compiled_xsd.load(source.encode())
    assert schema is None
    assert faults[0].rule == rule
