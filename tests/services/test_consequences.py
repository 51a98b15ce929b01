"""One cause is one finding in a record too: nothing counts inside what is missing, and no list for a wrong type."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from gateway.services.service import Service
from tests.shipped_services import own_services

from .conftest import SPEAKING, TANGERHUETTE

DAY = date(2026, 11, 24)
WRONG: tuple[Any, ...] = (7, [], {}, "x", True, None)


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, one in inner:
        yield (*above, step)
        yield from places(one, (*above, step))


def changed(record: dict[str, Any], place: tuple[Any, ...], *value: Any) -> dict[str, Any]:
    """The record with another value there, or none."""
    made = copy.deepcopy(record)
    holder: Any = made
    for step in place[:-1]:
        holder = holder[step]
    if value:
        holder[place[-1]] = value[0]
    else:
        del holder[place[-1]]
    return made


def told(service: Service, ars: str, record: dict[str, Any]) -> list[tuple[str, str]]:
    found = service.check(record, (), ars=ars, today=DAY)
    return [(one.pointer, one.rule) for one in found if one.pointer.startswith("/record")]


def ordinary(service: Service) -> dict[str, Any]:
    return copy.deepcopy(dict(service.compiled.examples["ordinary"]))


def judge(service: Service, ars: str) -> int:
    record, counted = ordinary(service), 0
    for place in places(record):
        here = "/record/" + "/".join(map(str, place))
        for value in WRONG:
            found = told(service, ars, changed(record, place, value))
            if (here, "wrong_type") in found:
                assert found == [(here, "wrong_type")], (service.id, here, value)
                counted += 1
        found = told(service, ars, changed(record, place))
        if (here, "missing") in found:  # a message may well need something else instead
            near = [each for each in found if here.startswith(each[0]) or each[0].startswith(f"{here}/")]
            assert near == [(here, "missing")], (service.id, here)
            counted += 1
    return counted


@pytest.mark.parametrize("name", ["grundstueckskauf", "hausnummer", "hund-anmelden", "verkehrsregelung"])
def test_a_value_that_is_not_there_or_of_the_wrong_type_is_that_alone(name):
    assert judge(own_services().get(name), "") > 20


@pytest.mark.parametrize("name", SPEAKING)
def test_neither_does_the_message_add_what_follows(speaking, name):
    assert judge(speaking.get(name).rules_for(TANGERHUETTE), TANGERHUETTE) > 20


def test_a_choice_that_was_not_made_is_told_once_and_what_else_is_missing_beside_it(speaking):
    service = speaking.get("hausnummer").rules_for(TANGERHUETTE)
    assert told(service, TANGERHUETTE, changed(ordinary(service), ("applicant",), {})) == [
        ("/record/applicant", "exactly_one"),
        ("/record/applicant/address", "missing"),
        ("/record/applicant/role", "missing"),
    ]


def test_a_sum_over_values_that_are_all_there_is_judged():
    service = own_services().get("grundstueckskauf")
    record = changed(ordinary(service), ("buyers", 0, "share_percent"), 1)
    assert told(service, "", record) == [("/record/buyers", "sum")]
