"""Message 1200 of XBau-Kernmodul 1.3.0: what four services write for a municipality that asks for it."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest
from elementpath import XPathContext
from elementpath.xpath2 import XPath2Parser
from lxml import etree

from gateway.errors import DataInvalid
from gateway.model import Attachment, Purpose
from gateway.services.loader import load
from gateway.services.service import Service
from gateway.xoev.message.around import Around, Product, attachment_id
from tests.schema_folder import library_of

from .conftest import PARAMETERS, SPEAKING, TANGERHUETTE

NAMESPACE = "http://www.xleitstelle.de/xbau/kernmodul/1/3/0"
VECTORS = Path(__file__).parents[1] / "vectors/xbau"
PLAN = Attachment("site_plan", "Lageplan Ä (1).pdf", "application/pdf", 123_456, "ab" * 32, upload=UUID(int=7))
DEED = replace(PLAN, kind="deed_extract", filename="Urkunde.pdf")
AROUND = Around(
    UUID("693c64d6-456f-4d14-abe7-fe9681c74aaf"),
    UUID("5e08e073-4e06-438d-9444-1275f6cbf061"),
    datetime(2026, 11, 23, 1, 30, 0, 45_000, tzinfo=UTC),
    TANGERHUETTE,
    "Stadt Tangerhütte",
    Product("OZG-Gateway", "The founders of the OZG gateway", "0.1.0"),
)


def around(name: str, **changes: Any) -> Around:
    return replace(AROUND, attachments=(DEED if name == "vorkaufsrecht" else PLAN,), **changes)


def made(service: Service, record: Mapping[str, Any], given: Around | None = None) -> etree._Element:
    document, findings = service.document(record, given or around(service.id))
    assert findings == []
    assert document is not None
    assert hashlib.sha256(document.content).hexdigest() == document.sha256
    return etree.fromstring(document.content)


def ordinary(service: Service) -> dict[str, Any]:
    return copy.deepcopy(dict(service.compiled.examples["ordinary"]))


def texts(root: etree._Element, path: str) -> list[str]:
    return [str(one) for one in root.xpath(path)]


@pytest.fixture(params=SPEAKING)
def town_service(request, speaking) -> Service:
    return speaking.get(request.param).rules_for(TANGERHUETTE)


@pytest.fixture(scope="module")
def house(speaking) -> Service:
    return speaking.get("hausnummer").rules_for(TANGERHUETTE)


@pytest.mark.parametrize("example", ["ordinary", "extreme"])
def test_the_official_schema_and_the_official_schematron_accept_every_example(town_service, xbau, example):
    root = made(town_service, town_service.compiled.examples[example])
    official = etree.XMLSchema(etree.parse(str(xbau / "offline/xbau-kernmodul-universellerAntrag.xsd")))
    official.assertValid(root)
    assert broken_rules(xbau, root) == []


def broken_rules(xbau: Path, root: etree._Element) -> list[str]:
    """The ids of official assertions that the document breaks; enough of Schematron for the one published file."""
    sch = "{http://purl.oclc.org/dsdl/schematron}"
    schema = etree.parse(str(xbau / "specs/xbau-schematron-leere-elemente.sch"))
    rules = {rule.get("id"): rule for rule in schema.iter(f"{sch}rule") if rule.get("abstract") == "true"}
    whole = XPathContext(root.getroottree())
    broken = []
    for rule in schema.iter(f"{sch}rule"):
        if rule.get("abstract") == "true":
            continue
        extended = [rules[one.get("rule")] for one in rule.iter(f"{sch}extends")]
        for test in [one for each in (rule, *extended) for one in each.iter(f"{sch}assert")]:
            holds = XPath2Parser().parse(test.get("test"))
            for node in list(XPath2Parser().parse(rule.get("context")).select(copy.copy(whole))):
                there = copy.copy(whole)
                there.item = node
                broken += [] if holds.evaluate(there) else [test.get("id")]
    return broken


def test_the_helper_that_runs_the_schematron_sees_an_empty_element(xbau, house):
    root = made(house, ordinary(house))
    etree.SubElement(root.find("grundstueck"), "lageVorhaben").text = " \n"
    assert broken_rules(xbau, root) == ["sch-xbau-gen-001"]


def test_the_document_says_what_it_is(town_service):
    document, _ = town_service.document(ordinary(town_service), around(town_service.id))
    assert (document.standard, document.namespace, document.media_type, document.schema_uri) == (
        "xbau-kernmodul",
        NAMESPACE,
        "application/xml",
        "urn:xoev-de:bmk:standard:xbau-kernmodul_1.3.0",
    )
    assert (town_service.standard, town_service.namespace) == (document.standard, document.namespace)
    assert town_service.schema_uri == document.schema_uri
    assert etree.fromstring(document.content).tag == f"{{{NAMESPACE}}}universellerAntrag.antrag.1200"


def test_the_header_is_complete(town_service):
    root = made(town_service, ordinary(town_service), around(town_service.id, test=True))
    assert dict(root.attrib) == {
        "produkt": "OZG-Gateway",
        "produkthersteller": "The founders of the OZG gateway",
        "produktversion": "0.1.0",
        "standard": "XBau-Kernmodul",
        "version": "1.3.0",
        "test": "true",
    }
    head = root.find("nachrichtenkopf.g2g")
    identification = head.find("identifikation.nachricht")
    assert identification.findtext("nachrichtenUUID") == str(AROUND.message_id)
    assert identification.findtext("erstellungszeitpunkt") == "2026-11-23T02:30:00.045+01:00"
    kind = identification.find("nachrichtentyp")
    assert kind.findtext("code") == "1200"
    assert kind.get("listURI") == "urn:xoev-de:xbau-kernmodul:codeliste:xbau-kernmodul-nachrichten"
    for role, key in (("leser", "reader"), ("autor", "author")):
        party = head.find(role)
        assert party.findtext("kennung") == PARAMETERS["message"][f"{key}_id"]
        assert party.findtext("name") == PARAMETERS["message"][f"{key}_name"]
        directory = party.find("verzeichnisdienst")
        assert (directory.findtext("code"), directory.get("listVersionID")) == ("DVDV", "3")
    assert root.findtext("referenzAntragsservice/referenzAntragsservice") == str(AROUND.case_id)


def test_a_message_in_earnest_is_no_test_and_summer_time_is_told(house):
    summer = around("hausnummer", created_at=datetime(2026, 7, 1, 22, 59, 59, 999_999, tzinfo=UTC))
    root = made(house, ordinary(house), summer)
    assert "test" not in root.attrib
    assert texts(root, "//erstellungszeitpunkt/text()") == ["2026-07-02T00:59:59.999+02:00"]
    assert texts(root, "//anlage/datum/text()") == ["2026-07-02"]


def test_the_same_message_has_the_same_bytes_and_another_message_another_identity(house):
    first, _ = house.document(ordinary(house), around("hausnummer"))
    again, _ = house.document(ordinary(house), around("hausnummer"))
    other, _ = house.document(ordinary(house), around("hausnummer", message_id=UUID(int=1)))
    assert first.content == again.content
    assert first.content.replace(str(AROUND.message_id).encode(), str(UUID(int=1)).encode()) == other.content


@pytest.mark.parametrize("name", SPEAKING)
def test_the_message_of_each_ordinary_record_is_the_vector(speaking, name):
    service = speaking.get(name).rules_for(TANGERHUETTE)
    document, _ = service.document(ordinary(service), around(name))
    assert document.content == (VECTORS / f"{name}.xml").read_bytes().rstrip(b"\n")


@pytest.mark.parametrize("example", ["ordinary", "extreme"])
def test_every_value_of_the_record_is_in_the_message(town_service, example):
    record = town_service.compiled.examples[example]
    root = made(town_service, record)
    extension = root.find("bezug/anbindungFachverfahren/anwendungsspezifischeErweiterung")
    (form,) = extension
    etree.XMLSchema(etree.fromstring(town_service.compiled.schema.source)).assertValid(form)
    plain = replace(town_service, definition=replace(town_service.definition, standard="xfall"))
    alone, _ = plain.document(record)
    assert etree.tostring(form, method="c14n", exclusive=True) == alone.content


def test_persons_and_organisations_apply(house):
    root = made(house, ordinary(house))
    person = root.find("antragsteller/natuerlichePerson")
    assert person.findtext("name/familienname/name") == "Müller-Łukasiewicz"
    assert person.findtext("name/vorname/name") == "Jürgen"
    assert texts(person, "anschrift/*/text()") == ["Straße der Jugend", "12 a", "39517", "Tangerhütte"]
    assert texts(person, "kommunikation/kennung/text()") == ["juergen.mueller@example.org", "+49 3935 000000"]
    record = ordinary(house)
    applicant = record["applicant"]
    del applicant["person"], applicant["contact"]
    applicant["organisation"] = {"name": "Bürgerstiftung Tangerhütte e. V."}
    applicant["address"]["country"] = "LU"
    root = made(house, record)
    assert texts(root, "antragsteller/organisation/name/name/text()") == ["Bürgerstiftung Tangerhütte e. V."]
    assert texts(root, "antragsteller/organisation/anschrift/staat/staat/code/text()") == ["143"]
    assert root.find("antragsteller/organisation/kommunikation") is None


def test_who_has_no_given_name_has_none_in_the_message_either(house):
    record = ordinary(house)
    del record["applicant"]["person"]["given_names"]
    root = made(house, record)
    assert [one.tag for one in root.find("antragsteller/natuerlichePerson/name/vorname")] == ["nichtVorhanden"]


def test_each_buyer_is_an_applicant_with_an_identity_of_its_own(speaking):
    service = speaking.get("grundstueckskauf").rules_for(TANGERHUETTE)
    root = made(service, ordinary(service))
    assert texts(root, "antragsteller/natuerlichePerson/name/vorname/name/text()") == ["Jürgen", "Zoë Ǧülşen"]
    ids = texts(root, "antragsteller/natuerlichePerson/id/text()")
    assert len(set(ids)) == 2
    assert ids == texts(made(service, ordinary(service)), "antragsteller/natuerlichePerson/id/text()")
    assert len(root.findall("antragsteller")[1].findall("natuerlichePerson/kommunikation")) == 0


def test_a_party_to_the_contract_applies_as_person_or_organisation(speaking):
    service = speaking.get("vorkaufsrecht").rules_for(TANGERHUETTE)
    record = ordinary(service)
    requester = record["requester"]
    requester["role"] = "buyer"
    del requester["notary"]
    requester["person"] = {"given_names": "Zoë", "family_name": "Weiß"}
    assert made(service, record).findtext("antragsteller/natuerlichePerson/name/familienname/name") == "Weiß"
    del requester["person"]
    requester["name"] = "Weiß & Söhne GmbH"
    assert made(service, record).findtext("antragsteller/organisation/name/name") == "Weiß & Söhne GmbH"


def test_parcels_carry_state_district_section_and_number(house):
    root = made(house, ordinary(house))
    parcels = root.findall("grundstueck/flurstueck")
    coded = [texts(one, "kodierungFlurstueck//text()") for one in parcels]
    assert coded == [["Tangerhütte", "4", "127", "4"], ["Tangerhütte", "4", "128"]]
    assert {one.findtext("bundesland/code") for one in parcels} == {"15"}
    assert root.find("grundstueck/anschriftGrundstueck") is None, "the plot has no number yet"
    record = ordinary(house)
    record["building"]["existing_number"] = "7"
    address = made(house, record).find("grundstueck/anschriftGrundstueck")
    assert texts(address, "*/text()") == ["Am Schloßpark", "7", "Tangerhütte"]


def test_attachments_carry_hash_size_reference_and_name(house):
    more = replace(PLAN, kind="power_of_attorney", filename="Vollmacht.PDF", upload=UUID(int=8), sha256="cd" * 32)
    form = replace(PLAN, filename="antrag.pdf", purpose=Purpose.FORM)
    root = made(house, ordinary(house), replace(AROUND, attachments=(PLAN, more, form)))
    listed = root.findall("anlagen/anlage")
    assert [one.findtext("bezeichnung") for one in listed] == ["Lageplan", "Vollmacht"]
    assert [one.findtext("anlageart/code") for one in listed] == ["1803", "0602"]
    assert [one.findtext("mimeType/code") for one in listed] == ["application/pdf", "application/pdf"]
    enclosed = listed[0].find("anhangOderVerlinkung/anhang")
    assert dict(enclosed.attrib) == {"filesize": "123456", "hashValue": "ab" * 32}
    assert enclosed.findtext("dateiname") == "Lageplan Ä (1).pdf"
    assert enclosed.findtext("dokumentid") == str(attachment_id(AROUND.case_id, UUID(int=7)))


def test_without_attachments_there_is_no_empty_list_of_them(house):
    assert made(house, ordinary(house), AROUND).find("anlagen") is None


def test_file_names_differ_and_follow_the_rule(house):
    twin = replace(PLAN, upload=UUID(int=8))
    _, findings = house.document(ordinary(house), replace(AROUND, attachments=(PLAN, twin)))
    assert [(one.pointer, one.rule) for one in findings] == [("/attachments/1/filename", "not_unique")]
    odd = replace(PLAN, filename="Plan/1.pdf")
    _, findings = house.document(ordinary(house), replace(AROUND, attachments=(odd,)))
    assert [(one.pointer, one.rule) for one in findings] == [("/attachments/0/filename", "pattern")]


def test_a_parcel_that_the_standard_demands_is_missing_in_the_record(speaking):
    service = speaking.get("verkehrsregelung")
    record = ordinary(service)
    del record["parcels"]
    plain, findings = service.document(record)
    assert plain is not None, "XFall can do without"
    _, findings = service.rules_for(TANGERHUETTE).document(record, AROUND)
    assert [(one.pointer, one.rule) for one in findings] == [("/record/parcels", "missing")]
    assert "Flurstück" in findings[0].de
    assert "Parcel" in findings[0].en


def test_the_published_schema_of_the_record_demands_what_the_message_needs(speaking):
    plain, asked = speaking.get("verkehrsregelung"), speaking.get("verkehrsregelung").rules_for(TANGERHUETTE)
    assert "parcels" not in plain.record_schema()["required"]
    assert "parcels" in asked.record_schema()["required"]
    assert asked.record_schema()["properties"]["parcels"]["minItems"] == 1
    assert "required" in plain.record_schema()
    for name in SPEAKING:
        service = speaking.get(name).rules_for(TANGERHUETTE)
        jsonschema_rs.Draft202012Validator(service.record_schema()).validate(ordinary(service))


def test_what_the_message_misses_is_told_together_with_everything_else(speaking):
    service = speaking.get("verkehrsregelung")
    record = ordinary(service)
    del record["parcels"], record["company"]["name"]
    found = service.check(record, (), ars=TANGERHUETTE, today=date(2026, 11, 24))
    told = [(one.pointer, one.rule) for one in found if one.pointer.startswith("/record")]
    assert told == [("/record/company/name", "missing"), ("/record/parcels", "missing")]


def test_characters_that_xbau_cannot_carry_are_found_where_they_were_entered(house):
    record = ordinary(house)
    applicant = record["applicant"]
    del applicant["person"]
    applicant["organisation"] = {"name": "Verein „Zukunft“ e. V."}  # DIN 91379 D in the form, C in XBau
    assert house.check(record, (PLAN,), ars=TANGERHUETTE) == []
    document, findings = house.document(record, around("hausnummer"))
    assert document is None
    (one,) = findings
    assert (one.pointer, one.rule) == ("/record/applicant/organisation/name", "characters")
    assert "8" in one.de
    assert "Zukunft" not in one.de + one.en


@pytest.mark.parametrize("place", ["building_file_number", "wish.remark"])
def test_white_space_alone_is_no_answer(house, place):
    record = ordinary(house)
    at = record
    *way, last = place.split(".")
    for step in way:
        at = at[step]
    at[last] = "  "
    _, findings = house.document(record, around("hausnummer"))
    assert [(one.pointer, one.rule) for one in findings] == [(f"/record/{place.replace('.', '/')}", "too_short")]


def test_the_trace_says_which_value_went_where_and_no_value(house):
    lines = house.trace(ordinary(house), around("hausnummer"))
    went = {line["to"]: line["from"] for line in lines}
    assert went["antragsteller/natuerlichePerson/name/familienname/name"] == "/record/applicant/person/family_name"
    assert went["nachrichtenkopf.g2g/leser/kennung"] == "@/parameters/reader_id"
    assert went["anlagen/anlage/anhangOderVerlinkung/anhang/@hashValue"] == "/attachments/0/sha256"
    assert "Müller-Łukasiewicz" not in str(lines)


def test_only_who_asks_for_it_gets_it(speaking):
    assert speaking.get("hausnummer").standard == "xfall"
    assert speaking.get("hausnummer").rules_for("150900550550").standard == "xfall"
    assert speaking.get("termin").rules_for(TANGERHUETTE).standard == "xfall"


def test_the_schema_set_is_needed_only_where_somebody_asks_for_it():
    assert load(None).get("hausnummer").standard == "xfall"
    assert refused({"hausnummer": PARAMETERS}, None) == {"/hausnummer/standard": "schema_absent"}


def test_what_is_missing_names_the_command_that_brings_it():
    with pytest.raises(DataInvalid) as told:
        load(None, {TANGERHUETTE: {"hausnummer": PARAMETERS}}, library_of())
    (one,) = told.value.findings
    assert "gateway schemas install" in one.de
    assert "gateway schemas install" in one.en
    assert "xbau-kernmodul-universellerAntrag.xsd" in one.de


def refused(parameters: Mapping[str, Any], directory: Path | None) -> dict[str, str]:
    with pytest.raises(DataInvalid) as told:
        load(None, {TANGERHUETTE: parameters}, library_of(directory))
    prefix = f"parameters/{TANGERHUETTE}#"
    return {one.pointer.removeprefix(prefix): one.rule for one in told.value.findings}


def test_every_parameter_that_is_missing_or_unfit_is_told_at_once(xbau):
    message = {
        key: value for key, value in PARAMETERS["message"].items() if key not in {"author_id", "application_kind"}
    }
    message |= {"reader_name": "Stadt „Tangerhütte“"}
    assert refused({"hausnummer": {"standard": "xbau-kernmodul", "message": message}}, xbau / "offline") == {
        "/hausnummer/message/author_id": "parameter_missing",
        "/hausnummer/message/application_kind": "parameter_missing",
        "/hausnummer/message/reader_name": "parameter_value",
    }


def test_parameters_nobody_declared_and_standards_nobody_speaks_are_refused(xbau):
    wrong = {"standard": "xwasser", "message": {"reader": "x", "reader_id": ""}}
    assert refused({"hausnummer": wrong, "termin": {"standard": "xbau-kernmodul"}}, xbau / "offline") == {
        "/hausnummer/standard": "parameter_value",
        "/hausnummer/message/reader": "parameter_unknown",
        "/hausnummer/message/reader_id": "parameter_value",
        "/termin/standard": "parameter_unknown",
    }


def test_a_message_without_its_surroundings_is_a_mistake_of_the_caller(house):
    with pytest.raises(TypeError, match="around"):
        house.document(ordinary(house))
