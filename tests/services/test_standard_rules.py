"""Rules that a standard publishes beside its schema: once installed they are asked of every message."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import DataInvalid
from gateway.model import Severity
from gateway.services.loader import Services, load
from gateway.services.service import Service
from gateway.services.standard_support import message_findings
from tests.schema_folder import library_of

from .conftest import PARAMETERS, SPEAKING, TANGERHUETTE
from .test_codes import NOW, around

OFFICIAL = "specs/xbau-schematron-leere-elemente.sch"
NAME = "//familienname/name"


def rule(context: str, test: str) -> bytes:
    return f"""<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><sch:pattern>
    <sch:rule context="{context}"><sch:assert id="own-1" test="{test}">So geht das nicht.</sch:assert></sch:rule>
    </sch:pattern></sch:schema>""".encode()


def loaded(xbau: Path, rules: Iterable[bytes], speaking: Iterable[str]) -> Services:
    files = {f"{number}.sch": source for number, source in enumerate(rules)}
    parameters = {TANGERHUETTE: dict.fromkeys(speaking, PARAMETERS)}
    return load(None, parameters, library_of(xbau / "offline", rules=files))


def town(xbau: Path, *rules: bytes) -> Service:
    return loaded(xbau, rules, ["hausnummer"]).get("hausnummer")


def told(service: Service, family_name: str | None = None) -> list[tuple[str, str]]:
    record: dict[str, Any] = dict(service.compiled.examples["ordinary"])
    if family_name is not None:
        applicant = record["applicant"]
        record["applicant"] = {**applicant, "person": {**applicant["person"], "family_name": family_name}}
    document, found = service.rules_for(TANGERHUETTE).document(record, around(service))
    assert (document is None) == any(one.severity is Severity.ERROR for one in found)
    assert all("Sperr" not in one.de + one.en for one in found)
    return [(one.pointer, one.rule) for one in found]


@pytest.fixture(scope="module")
def official(xbau: Path) -> Services:
    """The services that speak XBau, with the rules that its standard publishes."""
    return loaded(xbau, ((xbau / OFFICIAL).read_bytes(),), SPEAKING)


@pytest.mark.parametrize("service", SPEAKING)
def test_every_example_keeps_the_official_rules(official: Services, service: str) -> None:
    speaking = official.get(service)
    for name in ("ordinary", "extreme"):
        document, found = speaking.rules_for(TANGERHUETTE).document(speaking.compiled.examples[name], around(speaking))
        assert (document is not None, found) == (True, []), name
    assert speaking.rules_for(TANGERHUETTE).passed_stages["rules"] == "passed"


def test_a_broken_rule_is_told_at_the_place_in_the_record_and_nothing_is_written(xbau: Path) -> None:
    strict = town(xbau, rule(NAME, ". != 'Sperr'"))
    assert told(strict) == []
    assert told(strict, "Sperr") == [("/record/applicant/person/family_name", "own-1")]


def test_a_rule_that_the_example_breaks_is_refused_at_load(xbau: Path) -> None:
    with pytest.raises(DataInvalid) as refused:
        town(xbau, rule(NAME, "false()"))
    assert [one.rule for one in refused.value.findings] == ["own-1"]
    assert "/applicant/person/family_name" in refused.value.findings[0].pointer


def test_a_rule_that_asks_for_the_day_stops_applications_and_never_the_gateway(xbau: Path) -> None:
    timed = town(xbau, rule(NAME, "current-date() lt xs:date('2026-01-01')"))
    assert told(timed) == [("/record/applicant/person/family_name", "own-1")]
    assert "own-1" in {one.rule for one in message_findings(timed, TANGERHUETTE, NOW)}


def test_rules_that_never_end_are_refused_within_their_budget(xbau: Path) -> None:
    with pytest.raises(DataInvalid) as refused:
        town(xbau, rule(NAME, "count(for $i in 1 to 1000000000 return $i) = 1"))
    assert [one.rule for one in refused.value.findings] == ["rules_too_costly"]


def test_a_rule_file_that_cannot_be_read_is_a_warning_and_the_stage_is_not_called_passed(xbau: Path) -> None:
    unread = town(xbau, rule(NAME, "key('a', .)"))
    assert told(unread) == []
    assert unread.rules_for(TANGERHUETTE).passed_stages["rules"] == "not_asked"
    (one,) = [each for each in message_findings(unread, TANGERHUETTE, NOW) if each.rule == "rules_unread"]
    assert one.severity is Severity.WARNING
    assert "0.sch" in one.de


def test_parts_that_a_schema_includes_are_not_asked_on_their_own(xbau: Path) -> None:
    part = b"""<sch:pattern xmlns:sch="http://purl.oclc.org/dsdl/schematron"><sch:rule context="//familienname/name">
    <sch:assert id="own-2" test=". != 'Sperr'">x</sch:assert></sch:rule></sch:pattern>"""
    whole = b"""<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
    <sch:include href="1.sch"/></sch:schema>"""
    assert told(town(xbau, whole, part), "Sperr") == [("/record/applicant/person/family_name", "own-2")]
