"""The nine services against the list of what each record carries: everything is there, typed, bounded and checked."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from gateway.services.service import Service
from tests.shipped_services import own_services

CATALOGUE = own_services()
TODAY = date(2026, 11, 24)
PARCEL = "/parcels/*/district /parcels/*/section /parcels/*/numerator /parcels/*/denominator"
CARRIED = {
    "hausnummer": f"/applicant/person /applicant/organisation /applicant/role {PARCEL} /building/street /reason"
    " /building_file_number /wish/house_number",
    "grundstueckskauf": f"/buyers/*/person /buyers/*/organisation /buyers/*/share_percent {PARCEL} /description"
    " /area_m2 /purchase/purpose /purchase/offer_eur /purchase/financing /purchase/building_intended"
    " /purchase/building_begin /purchase/handover",
    "vorkaufsrecht": f"/requester/role /requester/name /requester/notary/office /requester/notary/deed_number"
    f" /requester/notary/deed_date /sellers/*/family_name /sellers/*/organisation /buyers/*/family_name {PARCEL}"
    " /co_ownership_share /contract/price_eur /contract/date /contract/kind",
    "verkehrsregelung": "/company/name /responsible/family_name /responsible/phone /place/road /place/from /place/to"
    " /place/built_up /period/from /period/to /measure/kind /measure/remaining_road_m /measure/remaining_footway_m"
    " /measure/diversion /measure/standard_plan /measure/reason /measure/public_transport",
    "kita-kuendigung": "/custodians/*/family_name /custodians/*/confirmed /child/family_name /child/date_of_birth"
    " /contract/facility /contract/number /contract/termination_date /contract/reason /refund/iban",
    "ersatzbetreuung": "/custodian/family_name /child/family_name /care/home_facility /care/wished_facility"
    " /care/days/*/date /care/days/*/hours /health/notes /emergency_contact/phone",
    "termin": "/appointment/subject /appointment/office /appointment/times/*/date /appointment/times/*/time"
    " /appointment/minutes /requester/contact/email /requester/contact/phone /appointment/remark",
    "hund-anmelden": "/keeper/person /keeper/organisation /dog/name /dog/breed /dog/born /dog/chip /dog/dangerous"
    " /dog/dangerous_since /dog/kept_since /sepa/holder /sepa/iban /sepa/agreed",
    "hund-abmelden": "/keeper/person /dog/name /dog/chip /deregistration/date /deregistration/reason /refund/iban",
}
ASKED = {
    "hausnummer": {"site_plan": True, "proof_of_ownership": False, "power_of_attorney": False},
    "grundstueckskauf": {"site_plan": True, "concept": False, "financing_proof": False},
    "vorkaufsrecht": {"deed_extract": True},
    "verkehrsregelung": {"traffic_sign_plan": True, "site_plan": True},
    "kita-kuendigung": {"second_custodian_confirmation": False},
    "ersatzbetreuung": {"employer_confirmation": False},
    "termin": {},
    "hund-anmelden": {"insurance_proof": False},
    "hund-abmelden": {"proof": False},
}
CODES = {
    ("hausnummer", "/applicant/role"): {"owner", "builder", "agent"},
    ("hausnummer", "/reason"): {"new_building", "division", "renumbering", "first_assignment"},
    ("verkehrsregelung", "/measure/kind"): {"half_closure", "full_closure", "footway", "cycleway", "no_stopping"},
}
NUMBERS = {("termin", "/appointment/times"): (1, 3), ("kita-kuendigung", "/custodians"): (1, 2)}


def shapes(shape: dict[str, Any], place: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield place, shape
    for name, inner in shape.get("properties", {}).items():
        yield from shapes(inner, f"{place}/{name}")
    if "items" in shape:
        yield from shapes(shape["items"], f"{place}/*")


@pytest.mark.parametrize("name", CARRIED)
def test_the_record_carries_what_the_list_says(name: str) -> None:
    service = CATALOGUE.get(name)
    there = dict(shapes(service.record_schema()))
    assert set(CARRIED[name].split()) - set(there) == set()
    assert {rule.kind: rule.required for rule in service.attachments} == ASKED[name]


@pytest.mark.parametrize("name", CARRIED)
def test_every_value_has_a_type_and_bounds(name: str) -> None:
    for place, shape in shapes(CATALOGUE.get(name).record_schema()):
        bounded = {
            "string": shape.keys() & {"maxLength", "enum"} or not set("*+") & set(shape.get("pattern", "*")),
            "number": shape.keys() >= {"minimum", "maximum"},
            "integer": shape.keys() >= {"minimum", "maximum"},
            "array": "maxItems" in shape,
        }
        assert bounded.get(shape["type"], True), (name, place, shape)
        assert place == "" or place.endswith("*") or shape["type"] == "object" or shape.get("title"), (name, place)


def test_lists_of_codes_and_numbers_of_entries_are_those_of_the_list() -> None:
    for (name, place), codes in CODES.items():
        assert set(dict(shapes(CATALOGUE.get(name).record_schema()))[place]["enum"]) == codes
    for (name, place), (low, high) in NUMBERS.items():
        shape = dict(shapes(CATALOGUE.get(name).record_schema()))[place]
        assert (shape["minItems"], shape["maxItems"]) == (low, high)


def leaves(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*place, key))
    else:
        yield place


def changed(record: Any, place: tuple[str | int, ...], value: Any) -> Any:
    copied = copy.deepcopy(record)
    at = copied
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    return copied


def found(service: Service, record: Any, place: tuple[str | int, ...]) -> set[str]:
    pointer = "/record" + "".join(f"/{step}" for step in place)
    return {one.rule for one in service.check(record, (), ars="", today=TODAY) if one.pointer == pointer}


@pytest.mark.parametrize("name", CARRIED)
def test_a_value_of_another_type_or_far_too_long_is_found_wherever_it_stands(name: str) -> None:
    service = CATALOGUE.get(name)
    record = service.compiled.examples["ordinary"]
    for place in leaves(record):
        assert "wrong_type" in found(service, changed(record, place, {"a": 1}), place), place
        text = found(service, changed(record, place, "x" * 5000), place)
        assert text & {"too_long", "wrong_type", "not_in_list", "format", "pattern"}, place


@pytest.mark.parametrize(
    ("name", "place", "value", "rule"),
    [
        ("hund-anmelden", ("dog", "chip"), "27609810234567", "too_short"),
        ("hund-anmelden", ("dog", "chip"), "27609810234567X", "pattern"),
        ("hund-anmelden", ("sepa", "iban"), "DE89370400440532013001", "format"),
        ("hund-abmelden", ("refund", "iban"), "DE89370400440532013001", "format"),
        ("kita-kuendigung", ("refund", "iban"), "DE89370400440532013001", "format"),
        ("grundstueckskauf", ("purchase", "offer_eur"), 0.005, "multiple_of"),
        ("grundstueckskauf", ("purchase", "offer_eur"), -1, "too_small"),
        ("termin", ("appointment", "times", 0, "time"), "25:00", "pattern"),
        ("termin", ("appointment", "minutes"), 0, "too_small"),
        ("verkehrsregelung", ("measure", "remaining_road_m"), -0.5, "too_small"),
        ("ersatzbetreuung", ("care", "days", 0, "hours"), 25, "too_large"),
    ],
)
def test_what_a_value_means_is_checked(name: str, place: tuple[str | int, ...], value: Any, rule: str) -> None:
    service = CATALOGUE.get(name)
    assert rule in found(service, changed(service.compiled.examples["ordinary"], place, value), place)
