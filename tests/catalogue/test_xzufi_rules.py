"""What no entry may hold when it leaves, each with its place; what is allowed passes."""

from __future__ import annotations

import pytest

from gateway.catalogue.entry import FurtherLink, TextModule, Unit
from gateway.catalogue.xzufi import rules
from gateway.catalogue.xzufi.profile import profile
from tests.catalogue.entries import ARS, entry
from tests.catalogue.test_xzufi_messages import composed


def told(one, signature=None):
    found = rules.findings(one, signature, profile("2.3.1"))
    return [(each.pointer.removeprefix(f"{ARS}/hausnummer/"), each.rule) for each in found]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"leika_key": "9901202100200"}, ("leika_key", "leika_key")),
        ({"leika_key": "12012021002000"}, ("leika_key", "leika_key")),
        ({"url": "javascript:alert(1)"}, ("url", "web_address")),
        ({"url": "https://ich:geheim@a.example/"}, ("url", "web_address")),
        ({"url": "https://[a/"}, ("url", "web_address")),
        ({"assurance": "sehr hoch"}, ("assurance", "assurance")),
        ({"titles": {"en": "Only"}}, ("titles", "german_missing")),
        ({"titles": {"de": "A", "fr": "B"}}, ("titles/fr", "language")),
        ({"titles": {"de": " "}}, ("titles/de", "empty")),
        ({"titles": {"de": "A\u200b"}}, ("titles/de", "latin")),
        ({"titles": {"de": "A\x07"}}, ("titles/de", "latin")),
        ({"languages": ("de", "tr")}, ("languages", "language")),
        ({"summaries": {"de": "<script>"}}, ("summaries/de", "html")),
        ({"modules": (TextModule("99", {"de": "A"}),)}, ("modules/99", "text_module")),
        ({"modules": (TextModule("06", {"de": "<p style='x'>A"}),)}, ("modules/06/de", "html")),
        (
            {"modules": (TextModule("06", {"de": "A"}, (FurtherLink("ftp://a.example/", {"de": "A"}),)),)},
            ("modules/06/links/0", "web_address"),
        ),
        ({"unit": Unit("a", {"de": "A"}, "Straße\u0e01", "39517", "B")}, ("unit/street", "latin")),
    ],
)
def test_what_may_not_leave_is_told_with_its_place(changes, said):
    assert told(entry(**changes)) == [said]


def test_an_entry_as_it_should_be_has_no_finding():
    assert told(entry(), "x" * 500) == []


def test_a_signature_that_was_cut_off_is_told():
    assert told(entry(), "x" * 499) == [("destination_id", "signature_truncated")]


@pytest.mark.parametrize(
    "html",
    [
        "<img src=x onerror=alert(1)>", "<a href='javascript:alert(1)'>A</a>", "<a href=' javascript:alert(1)'>A</a>",
        "<a href='https://a.example/' onclick='x'>A</a>", "<p class='a'>", "<!-- a -->", "<!DOCTYPE a>", "<?php a ?>",
        "<![CDATA[a]]>", "<SCRIPT>a</SCRIPT>", "</div>", "<svg/onload=alert(1)>", "<iframe>", "<a href='//a.example/'>",
    ],
)  # fmt: skip
def test_html_that_no_text_may_hold(html):
    assert told(entry(summaries={"de": f"<p>Ja</p>{html}"})) == [("summaries/de", "html")]


@pytest.mark.parametrize(
    "html",
    [
        "Ohne Auszeichnung & mit 3 < 4", "<p>A<br/>B</p><h1>C</h1>", "<ul><li><b>A</b> <sup>2</sup></li></ul>",
        "<a href='https://a.example/?a=1&amp;b=2'>A</a>",
    ],
)  # fmt: skip
def test_html_that_texts_may_hold(html):
    assert told(entry(summaries={"de": html})) == []


def test_two_descriptions_of_one_unit_are_told():
    other = Unit("rathaus", {"de": "Anders"}, "Weg 1", "39517", "Tangerhütte")
    _, findings = composed([entry(), entry(service="zwei", unit=other)])
    assert [(each.pointer, each.rule) for each in findings] == [(f"{ARS}/zwei/unit", "unit_differs")]


def test_one_entry_twice_would_make_one_id_twice():
    _, findings = composed([entry(unit=None), entry(unit=None)])
    assert {each.rule for each in findings} == {"id_twice"}


def test_what_the_schema_has_against_an_entry_is_told_by_entry_and_without_its_value():
    _, findings = composed([entry(unit=None), entry(service="zwei", unit=None, titles={"de": "A"}, municipality="12")])
    assert "12/zwei/leistung/gueltigkeitGebietID" in {each.pointer for each in findings}
    assert all("'12'" not in each.de + each.en for each in findings)
