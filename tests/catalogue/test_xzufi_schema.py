"""The installed schema decides: root, order, types; what it does not know is told and nothing is written past it."""

from __future__ import annotations

import pytest
from lxml import etree

from gateway.catalogue.xzufi.profile import profile
from gateway.catalogue.xzufi.schema import schema_of
from gateway.errors import CatalogueExportInvalid
from gateway.sets.library import Library
from tests.catalogue.exporting import content, local, writer
from tests.catalogue.test_xzufi_messages import SIGNATURE, WHOLE, composed

OWN = profile("2.3.1").xsd.decode()
NAME = '<xs:element name="bezeichnung" type="xzufi:SprachText" maxOccurs="unbounded"/>\n'
ID = '      <xs:element name="id" type="xzufi:Identifikator"/>\n'
STREET = '<xs:element name="ort" type="xzufi:Text"/>'


def official(*changes: tuple[str, str]) -> bytes:
    """A stand-in for the official schema: ours with another root and order, and what a test changes."""
    text = OWN.replace('<xs:element name="transfer">', '<xs:element name="transfer.operation.example">')
    before = f'<xs:complexType name="Onlinedienst">\n    <xs:sequence>\n{ID}      {NAME}'
    assert before in text
    text = text.replace(before, f'<xs:complexType name="Onlinedienst">\n    <xs:sequence>\n      {NAME}{ID}')
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def held_to(schema):
    return composed([WHOLE], signature=SIGNATURE, made=writer(official=schema))


def test_root_and_order_are_those_of_the_installed_schema():
    (part,), findings = held_to(official())
    assert findings == []
    root = etree.fromstring(content(part))
    assert local(root) == "transfer.operation.example"
    (service,) = root.iter("{*}onlinedienst")
    assert [local(child) for child in service][:3] == ["bezeichnung", "bezeichnung", "id"]


def test_an_export_is_verified_by_the_official_schema_alone():
    assert not writer().schema.verified
    assert writer(official=official()).schema.verified


def test_what_only_the_official_schema_declares_is_written_then():
    more = STREET + '<xs:element name="strasse" type="xzufi:Text"/><xs:element name="postleitzahl" type="xzufi:Text"/>'
    (part,), findings = held_to(official((STREET, more)))
    assert findings == []
    assert "Bismarckstraße 5" in content(part).decode()
    assert "Bismarckstraße" not in content(composed([WHOLE])[0][0]).decode()


def test_an_element_that_the_installed_schema_does_not_know_is_told():
    _, findings = held_to(official(('name="sprachbezeichnungNativ"', 'name="sprachbezeichnungEigen"')))
    told = {(each.pointer, each.rule) for each in findings}
    assert ("leistung/sprachversion/sprachbezeichnungNativ", "element_unknown") in told
    assert any(rule == "schema" and pointer.endswith("sprachversion[1]") for pointer, rule in told)


def test_a_type_that_the_installed_schema_does_not_know_is_not_named():
    (part,), findings = held_to(official(("OnlinedienstErweitert", "OnlinedienstAnders")))
    assert findings == []
    (service,) = etree.fromstring(content(part)).iter("{*}onlinedienst")
    assert service.attrib == {}


def test_a_schema_without_a_root_for_transfers_is_refused():
    with pytest.raises(CatalogueExportInvalid) as error:
        writer(official=official(('name="loesche" type', 'name="entferne" type')))
    assert [each.rule for each in error.value.findings] == ["root_unknown"]


def test_an_installed_schema_with_faults_is_not_passed_over():
    with pytest.raises(CatalogueExportInvalid) as error:
        writer(official=b"<kein-schema/>")
    assert error.value.findings


@pytest.mark.parametrize("version", ["2.2.0", "2.3.1"])
def test_our_own_profile_says_that_it_is_not_official(version):
    words = profile(version)
    assert b"NOT the official schema" in words.xsd
    assert not schema_of(Library(), words).verified
    assert words.namespace.endswith(version.replace(".", "_"))
