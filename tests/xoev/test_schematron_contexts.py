"""The matcher for simple contexts gives what evaluating them gives; the official rules give what they should."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from elementpath import XPath2Parser, XPathContext
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.xoev import schematron
from gateway.xoev.schematron import Budget
from gateway.xoev.schematron.contexts import Elements, context
from gateway.xoev.schematron.xpath import context_of
from tests.properties import TIMES

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
NAMESPACES = {"n": "urn:n"}
XBAU = Path(__file__).parents[3] / "shared/data/xsd/xbau_kern-1.3.0"

NAMES = st.sampled_from(["a", "b", "n:a", "*"])
PREDICATES = st.sampled_from(["", "", "", "[1]", "[b]", "[not(*)]", "[@x]"])


@st.composite
def paths(draw: st.DrawFn) -> str:
    steps = draw(st.lists(st.tuples(st.sampled_from(["/", "//"]), NAMES, PREDICATES), min_size=1, max_size=4))
    text = "".join("".join(step) for step in steps)
    return text if draw(st.booleans()) else text.lstrip("/")


def holding(tag: str, children: list[etree._Element]) -> etree._Element:
    element = etree.Element(tag, {"x": "1"} if len(children) % 2 else {})
    element.extend(children)
    return element


TREES = st.recursive(
    st.builds(etree.Element, st.sampled_from(["a", "b", "{urn:n}a", "{urn:n}b"])),
    lambda inner: st.builds(holding, st.sampled_from(["a", "b", "{urn:n}a"]), st.lists(inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=150 * TIMES)
@given(TREES, st.lists(paths(), min_size=1, max_size=3))
def test_a_context_matches_what_evaluating_it_by_the_library_alone_selects(
    root: etree._Element, alternatives: list[str]
) -> None:
    text = " | ".join(alternatives)
    found = context(text, NAMESPACES)
    assert (found.paths is None) == ("[" in text)
    counted = context_of(root, Budget(), NOW)
    ours = [node.value for node in found.nodes(Elements(root), counted, {})]
    theirs = XPath2Parser(NAMESPACES).parse(f"//({text})")
    assert ours == [node.value for node in theirs.select(XPathContext(root.getroottree()))]


def test_a_rule_whose_names_the_document_does_not_hold_is_not_evaluated() -> None:
    found = context("a/n:b[count(1 to 1000000000) = 1]", NAMESPACES)
    root = etree.fromstring(b"<a><b/></a>")
    counted = context_of(root, Budget(), NOW)
    before = counted.budget.left
    assert list(found.nodes(Elements(root), counted, {})) == []
    assert counted.budget.left == before


@pytest.mark.parametrize(
    ("change", "places"),
    [
        (None, []),
        (
            (b"<flur>3</flur>", b"<flur> \n </flur>"),
            ["/universellerAntrag.antrag.1200/grundstueck/flurstueck/kodierungFlurstueck/flur"],
        ),
        (
            (b"<vorname><name>Zo\xc3\xab</name></vorname>", b"<vorname/>"),
            ["/universellerAntrag.antrag.1200/antragsteller/natuerlichePerson/name/vorname"],
        ),
    ],
)
def test_the_official_rules_of_xbau_find_an_element_without_content(
    change: tuple[bytes, bytes] | None, places: list[str]
) -> None:
    if not XBAU.exists():
        pytest.skip("the official XBau files are not beside the checkout")
    rules, faults = schematron.read((XBAU / "specs/xbau-schematron-leere-elemente.sch").read_bytes())
    assert rules is not None, faults
    message = (XBAU / "sample-universellerAntrag.1200.xml").read_bytes()
    if change:
        assert change[0] in message
        message = message.replace(*change)
    outcome = schematron.run(rules, etree.fromstring(message), NOW)
    assert outcome.broken is None
    assert [(one.check.id, one.location) for one in outcome.failed] == [("sch-xbau-gen-001", place) for place in places]


def test_rules_in_the_shape_of_xbau_are_asked_of_a_message() -> None:
    """What the official rules of XBau use: conditions, patterns, sums, comparisons with sequences, distinct values."""
    rules, faults = schematron.read(
        b"""<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
        <sch:ns prefix="n" uri="urn:n"/><sch:pattern>
        <sch:rule abstract="true" id="head"><sch:assert id="head" test="if (leser/verzeichnis/code = 'DVDV')
          then (matches(leser/kennung, '^[a-z]{3}:\\d+$')) else true()">x</sch:assert></sch:rule>
        <sch:rule abstract="true" id="files"><sch:assert id="files"
          test="count(//datei/*/name) = count(distinct-values(//datei/*/name))">x</sch:assert></sch:rule>
        <sch:rule abstract="true" id="cost"><sch:assert id="cost" test="if (exists(n:kosten[n:a or n:b]) and
          n:art/code = ('1','2')) then ((n:kosten/n:a + n:kosten/n:b) div (100 * n:raum) &lt;= 400) else true()"
          >x</sch:assert></sch:rule>
        <sch:rule context="n:antrag.1200"><sch:extends rule="head"/><sch:extends rule="files"/></sch:rule>
        <sch:rule context="n:antrag.1200//n:gebaeude"><sch:extends rule="cost"/></sch:rule>
        </sch:pattern></sch:schema>"""
    )
    assert rules is not None, faults
    good = (
        b'<n:antrag.1200 xmlns:n="urn:n"><leser><verzeichnis><code>DVDV</code></verzeichnis><kennung>gba:1</kennung>'
        b"</leser><datei><x><name>1.pdf</name></x></datei><datei><x><name>2.pdf</name></x></datei><n:gebaeude><n:kosten>"
        b"<n:a>100</n:a><n:b>100</n:b></n:kosten><n:art><code>2</code></n:art><n:raum>5</n:raum></n:gebaeude>"
        b"</n:antrag.1200>"
    )
    bad = good.replace(b"gba:1", b"GBA:1").replace(b"2.pdf", b"1.pdf").replace(b">5<", b">0.001<")
    assert schematron.run(rules, etree.fromstring(good), NOW).failed == ()
    failed = schematron.run(rules, etree.fromstring(bad), NOW).failed
    assert [one.check.id for one in failed] == ["head", "files", "cost"]
