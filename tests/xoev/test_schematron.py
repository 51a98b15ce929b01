"""What rules mean: order, inheritance, phases, messages; and every fault of a rule file with its line."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from lxml import etree

from gateway.model import Severity
from gateway.xoev import schematron
from gateway.xoev.schematron import RuleOutcome, RuleSet
from gateway.xoev.schematron.xpath import expression
from gateway.xoev.xml import strict_xml

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
HEAD = '<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"'


def schema(body: str, more: str = "") -> bytes:
    return f'{HEAD} {more}><sch:ns prefix="n" uri="urn:n"/>{body}</sch:schema>'.encode()


def rules(body: str, more: str = "", sources: dict[str, bytes] | None = None) -> RuleSet:
    found, faults = schematron.read(schema(body, more), sources)
    assert found is not None, faults
    return found


def asked(body: str, document: str, more: str = "", **options: object) -> RuleOutcome:
    root = strict_xml.parse(document.encode()).root
    assert root is not None
    return schematron.run(rules(body, more), root, NOW, **options)


def broken(body: str, document: str, more: str = "", **options: object) -> list[tuple[str, str]]:
    outcome = asked(body, document, more, **options)
    assert outcome.broken is None
    return [(one.check.id, one.location) for one in outcome.failed]


def pattern(rules_: str, attributes: str = "") -> str:
    return f"<sch:pattern {attributes}>{rules_}</sch:pattern>"


def rule(context: str, checks: str) -> str:
    return f'<sch:rule context="{context}">{checks}</sch:rule>'


def test_an_assert_is_broken_where_it_does_not_hold_and_a_report_where_it_does() -> None:
    checks = '<sch:assert id="a" test="b">x</sch:assert><sch:report id="r" test="c">x</sch:report>'
    assert broken(pattern(rule("a", checks)), "<a><b/></a>") == []
    assert broken(pattern(rule("a", checks)), "<a><c/></a>") == [("a", "/a"), ("r", "/a")]


def test_of_the_rules_of_a_pattern_only_the_first_that_matches_a_node_is_asked() -> None:
    first = rule("a/b[@x]", '<sch:assert id="one" test="false()">x</sch:assert>')
    second = rule("b", '<sch:assert id="two" test="false()">x</sch:assert>')
    document = "<a><b x='1'/><b/></a>"
    assert broken(pattern(first + second), document) == [("one", "/a/b[1]"), ("two", "/a/b[2]")]
    assert len(broken(pattern(first) + pattern(second), document)) == 3


def test_variables_are_seen_from_schema_pattern_and_rule_and_an_inner_one_wins() -> None:
    body = (
        '<sch:let name="x" value="1"/><sch:let name="y" value="count(//b)"/>'
        '<sch:pattern><sch:let name="x" value="$x + 1"/><sch:rule context="b"><sch:let name="here" value="@v"/>'
        '<sch:let name="twice" value="$here * $x"/>'
        '<sch:assert id="a" test="$twice = 2 * $y">x</sch:assert></sch:rule></sch:pattern>'
    )
    assert broken(body, "<a><b v='2'/><b v='3'/></a>") == [("a", "/a/b[2]")]


def test_abstract_rules_are_extended_through_several_of_them() -> None:
    body = pattern(
        '<sch:rule abstract="true" id="one"><sch:assert id="a1" test="false()">x</sch:assert></sch:rule>'
        '<sch:rule abstract="true" id="two"><sch:extends rule="one"/><sch:assert id="a2" test="false()">x</sch:assert>'
        "</sch:rule>" + rule("a", '<sch:extends rule="two"/><sch:assert id="a3" test="true()">x</sch:assert>')
    )
    assert [name for name, _ in broken(body, "<a/>")] == ["a1", "a2"]


def test_an_abstract_pattern_is_filled_with_the_parameters_of_the_one_that_is_it() -> None:
    body = (
        '<sch:pattern abstract="true" id="needs">'
        '<sch:rule context="$parent"><sch:let name="kept" value="1"/>'
        '<sch:assert id="a" test="$child and $kept = 1">x</sch:assert></sch:rule></sch:pattern>'
        '<sch:pattern id="p" is-a="needs"><sch:param name="parent" value="a/b"/>'
        '<sch:param name="child" value="c"/></sch:pattern>'
    )
    assert broken(body, "<a><b><c/></b><b/></a>") == [("a", "/a/b[2]")]


def test_only_the_patterns_of_the_phase_are_asked() -> None:
    check = '<sch:assert id="{0}" test="false()">x</sch:assert>'
    body = (
        '<sch:phase id="quick"><sch:active pattern="p1"/></sch:phase>'
        + pattern(rule("a", check.format("one")), 'id="p1"')
        + pattern(rule("a", check.format("two")), 'id="p2"')
    )
    assert [n for n, _ in broken(body, "<a/>")] == ["one", "two"]
    assert [n for n, _ in broken(body, "<a/>", phase="quick")] == ["one"]
    assert [n for n, _ in broken(body, "<a/>", 'defaultPhase="quick"')] == ["one"]
    assert [n for n, _ in broken(body, "<a/>", 'defaultPhase="quick"', phase="#ALL")] == ["one", "two"]
    with pytest.raises(KeyError):
        broken(body, "<a/>", phase="unknown")


def test_a_message_repeats_values_only_where_it_is_asked_to() -> None:
    check = '<sch:assert id="a" test="false()">Der Wert <sch:value-of select="b"/> in <sch:name/>.</sch:assert>'
    body = pattern(rule("a", check))
    hidden = asked(body, "<a><b>Müller</b></a>").failed[0]
    shown = asked(body, "<a><b>Müller</b></a>", values=True).failed[0]
    assert hidden.texts == {"de": "Der Wert … in a."}
    assert shown.texts == {"de": "Der Wert Müller in a."}
    assert rules(body).says_values


def test_a_diagnostic_in_another_language_is_the_message_in_that_language() -> None:
    body = (
        pattern(rule("a", '<sch:assert test="b" id="a" diagnostics="a-en">b fehlt.</sch:assert>'))
        + '<sch:diagnostics><sch:diagnostic id="a-en" xml:lang="en-GB">b is missing.</sch:diagnostic></sch:diagnostics>'
    )
    assert asked(body, "<a/>").failed[0].texts == {"de": "b fehlt.", "en": "b is missing."}


@pytest.mark.parametrize(
    ("attributes", "severity"),
    [
        ("", Severity.ERROR),
        ('role="warning"', Severity.WARNING),
        ('role="INFO"', Severity.INFO),
        ('flag="fatal"', Severity.ERROR),
        ('role="other" flag="warn"', Severity.WARNING),
    ],
)
def test_role_and_flag_say_how_much_a_failure_weighs(attributes: str, severity: Severity) -> None:
    body = pattern(rule("a", f'<sch:assert id="a" test="false()" {attributes}>x</sch:assert>'))
    assert asked(body, "<a/>").failed[0].check.severity is severity


def test_attributes_and_texts_can_be_what_a_rule_is_about() -> None:
    body = pattern(rule("@x", '<sch:assert id="x" test=". = \'1\'">x</sch:assert>'))
    body += pattern(rule("b/text()", '<sch:assert id="t" test="false()">x</sch:assert>'))
    assert broken(body, "<a x='1'><b x='2'>t</b></a>") == [("x", "/a/b/@x"), ("t", "/a/b")]


def test_the_day_of_the_check_is_the_one_that_was_given() -> None:
    body = pattern(rule("a", '<sch:assert id="a" test="current-date() = xs:date(\'2026-11-26\')">x</sch:assert>'))
    assert broken(body, "<a/>") == []


def test_a_check_that_cannot_be_evaluated_is_told_at_its_node_and_the_others_are_asked() -> None:
    body = pattern(
        rule(
            "b",
            '<sch:assert id="sum" test="xs:integer(.) &gt; 1">x</sch:assert>'
            '<sch:assert id="any" test="false()">x</sch:assert>',
        )
    )
    outcome = asked(body, "<a><b>x</b><b>2</b></a>")
    assert [(one.check.id, one.location, one.trouble) for one in outcome.failed] == [
        ("sum", "/a/b[1]", True),
        ("any", "/a/b[1]", False),
        ("any", "/a/b[2]", False),
    ]


def test_files_beside_the_schema_are_included_and_others_are_not() -> None:
    part = (
        '<sch:pattern xmlns:sch="http://purl.oclc.org/dsdl/schematron"><sch:rule context="a">\n'
        '<sch:assert id="a" test="{}">x</sch:assert></sch:rule></sch:pattern>'
    )
    body = '<sch:include href="part/one.sch"/>'
    good = rules(body, sources={"part/one.sch": part.format("false()").encode()})
    root = strict_xml.parse(b"<a/>").root
    assert root is not None
    assert [one.check.id for one in schematron.run(good, root, NOW).failed] == ["a"]
    _, faults = schematron.read(schema(body), {"part/one.sch": part.format("false(").encode()})
    assert [(one.pointer, one.rule) for one in faults] == [("/part/one.sch/2", "sch_xpath")]
    for href in ("../one.sch", "/etc/passwd", "http://127.0.0.1/x.sch", "other.sch", "part/../part/one.sch", ""):
        given = {"part/one.sch": b"<x/>", "../one.sch": part.format("1").encode(), "/etc/passwd": part.encode()}
        found, faults = schematron.read(schema(f'<sch:include href="{href}"/>'), given)
        assert found is None
        assert [one.rule for one in faults] == ["sch_include"]


def test_inclusion_and_inheritance_in_a_circle_are_refused() -> None:
    me = b'<sch:pattern xmlns:sch="http://purl.oclc.org/dsdl/schematron"><sch:include href="me.sch"/></sch:pattern>'
    _, faults = schematron.read(schema('<sch:include href="me.sch"/>'), {"me.sch": me})
    assert [one.rule for one in faults] == ["sch_cycle"]
    circle = pattern(
        '<sch:rule abstract="true" id="one"><sch:extends rule="two"/></sch:rule>'
        '<sch:rule abstract="true" id="two"><sch:extends rule="one"/></sch:rule>'
        + rule("a", '<sch:extends rule="one"/>')
    )
    _, faults = schematron.read(schema(circle))
    assert {one.rule for one in faults} == {"sch_cycle"}


def test_every_fault_of_a_file_is_told_at_once_with_its_line() -> None:
    source = f"""{HEAD} defaultPhase="none">
      <sch:phase id="p"><sch:active pattern="gone"/></sch:phase>
      <sch:pattern is-a="absent"/>
      <sch:pattern><sch:rule context="a["><sch:assert test="b">x</sch:assert></sch:rule>
      <sch:rule context="a"><sch:assert test="unknown(1)">x</sch:assert>
      <sch:assert>x</sch:assert>
      <sch:assert test="q:b">x</sch:assert>
      <sch:assert test="doc('x')">x</sch:assert>
      <sch:assert test="b" diagnostics="d">x</sch:assert>
      <sch:extends rule="nowhere"/>
      <sch:let value="1"/>
      <sch:value-of select="1"/></sch:rule>
      <sch:rule/></sch:pattern>
      <xsl:function xmlns:xsl="http://www.w3.org/1999/XSL/Transform" name="f"/>
    </sch:schema>"""
    found, faults = schematron.read(source.encode())
    assert found is None
    assert sorted((int(one.pointer[1:]), one.rule) for one in faults) == [
        (1, "sch_unknown"),
        (2, "sch_unknown"),
        (3, "sch_unknown"),
        (4, "sch_xpath"),
        (5, "sch_xpath"),
        (6, "sch_attribute"),
        (7, "sch_xpath"),
        (8, "sch_xpath"),
        (9, "sch_unknown"),
        (10, "sch_unknown"),
        (11, "sch_attribute"),
        (12, "sch_element"),
        (13, "sch_attribute"),
        (14, "sch_xslt"),
    ]


@pytest.mark.parametrize(
    ("source", "rule_"),
    [
        (b"<a/>", "sch_root"),
        (b"<schema xmlns='http://www.ascc.net/xml/schematron'/>", "sch_root"),
        (b"<!DOCTYPE a><a/>", "xml_doctype"),
        (b"<a>", "xml_not_well_formed"),
        (b"<sch:schema xmlns:sch='http://purl.oclc.org/dsdl/schematron'/>", "sch_binding"),
        (b"<sch:schema xmlns:sch='http://purl.oclc.org/dsdl/schematron' queryBinding='xslt'/>", "sch_binding"),
        (b" " * (5 << 20), "xml_too_large"),
    ],
)
def test_what_is_no_schematron_of_the_second_xpath_is_refused(source: bytes, rule_: str) -> None:
    found, faults = schematron.read(source)
    assert found is None
    assert [one.rule for one in faults] == [rule_]


@pytest.mark.parametrize(
    ("test", "fixed"),
    [
        ("exists(//a/b[c = '1']) and not(/a = 'x')", True),
        ("if (//a) then count(//a) = 1 else true()", True),
        ("//a/b[. = $v]", False),
        ("some $x in //a satisfies $x = 1", False),
        ("b = //b", False),
        ("count(//b) = count(.)", False),
        ("string() = //a", False),
        ("//a and position() = 1", False),
        ("@x", False),
    ],
)
def test_a_test_is_evaluated_once_only_where_neither_node_nor_variable_has_a_say(test: str, fixed: bool) -> None:
    assert expression(test, {}).fixed is fixed


def test_a_test_that_says_the_same_everywhere_is_told_at_every_node() -> None:
    check = '<sch:assert id="all" test="//c">x</sch:assert><sch:assert id="own" test="c">x</sch:assert>'
    assert broken(pattern(rule("b", check)), "<a><b/><b/></a>") == [
        ("all", "/a/b[1]"),
        ("own", "/a/b[1]"),
        ("all", "/a/b[2]"),
        ("own", "/a/b[2]"),
    ]
    assert broken(pattern(rule("b", check)), "<a><b/><b><c/></b></a>") == [("own", "/a/b[1]")]


def test_one_rule_set_is_asked_by_several_threads_at_once() -> None:
    body = '<sch:let name="all" value="for $b in //b return string($b)"/>' + pattern(
        rule(
            "b",
            '<sch:let name="me" value="string(.)"/>'
            '<sch:assert id="once" test="count(index-of($all, $me)) = 1">x</sch:assert>'
            '<sch:assert id="d" test="every $x in $all satisfies matches($x, \'^[0-9]+$\')">x</sch:assert>',
        )
    )
    shared = rules(body)
    documents = [
        (etree.fromstring(b"<a>" + b"<b>1</b>" * twice + b"<b>7</b><b>8</b></a>"), twice) for twice in (0, 2, 3, 5)
    ]

    def failures(number: int) -> bool:
        root, twice = documents[number % len(documents)]
        return len(schematron.run(shared, root, NOW).failed) == twice

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(failures, range(80)))
