"""Every shipped service, and more by files alone: examples, rules, readable application, calendar, towns."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import jsonschema_rs
import pytest
from icalendar import Calendar
from lxml import etree

from gateway.model import Attachment, Severity
from gateway.services import loader
from gateway.services.loader import load
from tests.shipped_services import own_services

OWN = Path(loader.__file__).parent
TODAY = date(2026, 11, 24)
SHIPPED = {
    "hausnummer": "99012021002000",
    "grundstueckskauf": None,
    "vorkaufsrecht": None,
    "verkehrsregelung": None,
    "kita-kuendigung": None,
    "ersatzbetreuung": None,
    "termin": None,
    "hund-anmelden": "99102013104000",
    "hund-abmelden": "99102013070000",
}
ATTACHED = {"attachment_missing", "attachment_expected"}


@pytest.fixture(scope="module")
def services():
    return own_services()


def found(service, record, today=TODAY):
    return sorted(
        f"{one.pointer} {one.rule}"
        for one in service.check(record, (), ars="", today=today)
        if one.rule not in ATTACHED
    )


def test_the_nine_services_are_there_and_no_key_is_invented(services):
    assert {name: service.leika_key for name, service in services.items()} == SHIPPED
    assert len({service.namespace for _, service in services.items()}) == 9
    assert all(service.definition.assurance == "none" for _, service in services.items())


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("example", ["ordinary", "extreme"])
def test_examples_pass_become_valid_documents_and_every_value_goes_somewhere(services, name, example):
    service = services.get(name)
    record = service.compiled.examples[example]
    assert found(service, record) == []
    document, findings = service.document(record)
    assert findings == []
    etree.XMLSchema(etree.fromstring(service.xsd)).assertValid(etree.fromstring(document.content))
    went = {line["from"] for line in service.trace(record)}
    assert went == set(leaves(record, "/record"))


def leaves(value, place):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{place}/{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{place}/{number}")
    else:
        yield place


@pytest.mark.parametrize("name", SHIPPED)
def test_faulty_examples_give_all_their_findings_in_two_languages_and_no_value(services, name):
    service = services.get(name)
    faulty = service.compiled.examples["faulty"]
    assert len(faulty["findings"]) >= 4
    extra = {"/attachments attachment_missing"}
    got = [line for line in found(service, faulty["record"], None) if line not in extra]
    assert got == faulty["findings"]
    for one in service.check(faulty["record"], (), ars=""):
        assert one.de != one.en
        assert "03935 1234" not in one.de + one.en


@pytest.mark.parametrize("name", SHIPPED)
def test_an_empty_record_names_everything_mandatory(services, name):
    service = services.get(name)
    required = service.record_schema()["required"]
    assert {f"/record/{key} missing" for key in required} <= set(found(service, {}))


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("language", ["de", "en"])
def test_the_readable_application_is_made_for_each_example(services, name, language):
    service = services.get(name)
    plan = Attachment("site_plan", "Lageplan Müller.pdf", "application/pdf", 1000, "ab" * 32)
    for example in ("ordinary", "extreme"):
        pdf = service.readable(
            service.compiled.examples[example],
            municipality_name="Stadt Tangerhütte",
            received_at=datetime(2026, 11, 24, 9, tzinfo=UTC),
            attachments=[plan],
            language=language,
        )
        assert pdf.startswith(b"%PDF-1.7")
        assert b"pdfuaid" in pdf
        assert b"/StructTreeRoot" in pdf or b"ObjStm" in pdf


@pytest.mark.parametrize(
    ("name", "place", "value", "line"),
    [
        ("kita-kuendigung", "contract.termination_date", "2026-12-21", "/record/contract/termination_date too_early"),
        ("kita-kuendigung", "contract.termination_date", "2026-12-22", None),
        ("verkehrsregelung", "period.from", "2026-12-01", "/record/period/from too_early"),
        ("verkehrsregelung", "period.to", "2031-03-31", "/record/period/to too_early"),
        ("termin", "appointment.times.0.date", "2026-11-23", "/record/appointment/times/0/date too_early"),
        ("termin", "appointment.times.0.date", "2026-11-24", None),
        ("hund-anmelden", "dog.kept_since", "2026-11-25", "/record/dog/kept_since too_late"),
        ("hund-anmelden", "dog.kept_since", "2026-11-24", None),
        ("grundstueckskauf", "buyers.0.share_percent", 49.99, "/record/buyers sum"),
        ("kita-kuendigung", "custodians.1.confirmed", False, "/record/custodians/1/confirmed not_confirmed"),
        ("hund-anmelden", "sepa.agreed", False, "/record/sepa/agreed not_confirmed"),
        (
            "kita-kuendigung",
            "custodians.1.address.postal_code",
            "3951",
            "/record/custodians/1/address/postal_code pattern",
        ),
        ("verkehrsregelung", "company.address.postal_code", "L-1234", "/record/company/address/postal_code pattern"),
        ("verkehrsregelung", "responsible.phone", "0170 1234567", None),
        ("verkehrsregelung", "responsible.phone", "1234567", "/record/responsible/phone format"),
        ("grundstueckskauf", "purchase.building_begin", "2031-02-28", "/record/purchase/building_begin too_early"),
    ],
)
def test_rules_of_the_services_hold(services, name, place, value, line):
    service = services.get(name)
    record = json.loads(json.dumps(service.compiled.examples["ordinary"]))
    *way, last = place.split(".")
    at = record
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    at[last] = value
    assert found(service, record) == ([line] if line else [])
    told_by_schema = line is not None and line.split()[1] not in {"too_early", "too_late", "sum", "format"}
    assert jsonschema_rs.is_valid(service.record_schema(), record) is not told_by_schema


def test_health_data_are_flagged_and_stay_shortest(services):
    flagged = {name for name, service in services.items() if "health" in service.definition.special_categories}
    assert flagged == {"ersatzbetreuung"}
    days = {name: service.definition.retention_days for name, service in services.items()}
    assert days["ersatzbetreuung"] == min(days.values())


@pytest.mark.parametrize("example", ["ordinary", "extreme"])
def test_a_calendar_program_reads_the_wished_times(services, example):
    service = services.get("termin")
    record = service.compiled.examples[example]
    received = datetime(2026, 11, 24, 9, tzinfo=UTC)
    raw = service.calendar(record, uid="0d9f7a0e", received_at=received, place="Stadt Tangerhütte; Bismarckstr. 5")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    events = Calendar.from_ical(raw).walk("VEVENT")
    wished = record["appointment"]
    assert len(events) == len(wished["times"])
    for event in events:
        assert str(event["SUMMARY"]) == wished["subject"]
        assert str(event["LOCATION"]) == "Stadt Tangerhütte; Bismarckstr. 5"
        assert (event.end - event.start).total_seconds() == wished["minutes"] * 60
        assert event["DTSTAMP"].dt == received
        assert event["UID"].startswith("0d9f7a0e-")


def test_wished_times_are_local_ones_of_winter_and_summer(services):
    service = services.get("termin")
    record = json.loads(json.dumps(service.compiled.examples["ordinary"]))
    record["appointment"]["times"] = [
        {"date": "2031-01-15", "time": "09:30"},
        {"date": "2031-07-15", "time": "00:30"},
        {"date": "2031-03-30", "time": "03:00"},
        {"date": "2031-10-26", "time": "03:00"},
    ]
    raw = service.calendar(record, uid="u", received_at=datetime(2026, 1, 1, tzinfo=UTC), place="x")
    starts = [event.start for event in Calendar.from_ical(raw).walk("VEVENT")]
    assert [f"{at:%m-%d %H:%M}" for at in starts] == ["01-15 08:30", "07-14 22:30", "03-30 01:00", "10-26 02:00"]


def test_no_other_service_has_a_calendar(services):
    for name, service in services.items():
        given = service.calendar(
            service.compiled.examples["ordinary"], uid="u", received_at=datetime(2026, 1, 1, tzinfo=UTC), place="x"
        )
        assert (given is not None) == (name == "termin")


def test_a_tenth_service_is_a_folder_and_nothing_else(tmp_path):
    for folder in OWN.iterdir():
        if (folder / "service.toml").exists():
            shutil.copytree(folder, tmp_path / folder.name)
    tenth = tmp_path / "strandbad-parkausweis"
    shutil.copytree(tmp_path / "hund-abmelden", tenth)
    for name in ("service.toml", "form.xml", "mapping.toml", "texts.toml"):
        text = (tenth / name).read_text(encoding="utf-8")
        text = text.replace("S99000000009", "S99000000010").replace('"hund-abmelden"', '"strandbad-parkausweis"')
        (tenth / name).write_text(text.replace("99102013070000", "none"), encoding="utf-8")
    services = load(tmp_path)
    assert len(services.ids()) == 10
    service = services.get("strandbad-parkausweis")
    document, findings = service.document(service.compiled.examples["ordinary"])
    assert findings == []
    assert service.namespace.encode() in document.content


def test_every_fault_of_every_service_is_told_at_once_with_its_place(tmp_path):
    shutil.copytree(OWN / "termin", tmp_path / "termin")
    shutil.copytree(OWN / "hund-anmelden", tmp_path / "hund-anmelden")
    mapping = tmp_path / "termin" / "mapping.toml"
    text = mapping.read_text(encoding="utf-8").replace("days = 0", 'days = "heute"')
    mapping.write_text(text.replace('kind = "at_least_one"', 'kind = "vielleicht"'), encoding="utf-8")
    head = tmp_path / "hund-anmelden" / "service.toml"
    head.write_text(head.read_text(encoding="utf-8").replace("99102013104000", "12"), encoding="utf-8")
    with pytest.raises(loader.DataInvalid) as told:
        load(tmp_path)
    places = [one.pointer for one in told.value.findings]
    assert "hund-anmelden/service.toml#/leika_key" in places
    assert "termin/mapping.toml#/rules/0/kind" in places
    assert "termin/mapping.toml#/rules/1" in places
    assert all(one.de != one.en and one.severity is Severity.ERROR for one in told.value.findings)
