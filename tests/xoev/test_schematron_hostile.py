"""Rules that never end, or fill the memory: refused after a number of steps that is the same on every machine."""

from __future__ import annotations

import resource
from datetime import UTC, datetime

import pytest
from lxml import etree

from gateway.xoev import schematron
from gateway.xoev.schematron import Budget, RuleBroken
from gateway.xoev.schematron.budget import Exhausted
from gateway.xoev.schematron.linear import Unsuitable, compiled
from gateway.xoev.schematron.xpath import Unreadable, context_of, expression
from gateway.xoev.xml.paths import readable_path

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
STEPS = 60_000
ROOT = etree.fromstring(b"<a>" + b"<b>some text<c/></b>" * 200 + b"</a>")

LONG = "string-join(for $i in 1 to 1000 return 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '')"
ENDLESS = [
    "count(1 to 1000000000) = 1",
    "count(1 to 10000000000000000000000) = 1",
    "some $i in 1 to 100000, $j in 1 to 100000 satisfies $i = -1",
    "every $i in (for $j in 1 to 100000 return for $k in 1 to 100000 return $k) satisfies $i",
    "count(//*[//*[//*[//*]]]) = 1",
    "count(//*/following::*/following::*) = 1",
    "count(//*/preceding-sibling::*/following-sibling::*) = 1",
    "(1 to 20000) = (30000 to 50000)",
    "//* = 'absent' or //*/string() = //*/concat(., 'x')",
    "count(distinct-values(for $i in 1 to 1500 return $i * 1.5)) = 1",
    "count(for $last in /a/b[last()] return for $i in 1 to 3000 return $last/following-sibling::b) = 1",
    "deep-equal(for $i in 1 to 5000 return /, for $i in 1 to 5000 return /)",
    f"string-length(replace({LONG}, 'a', {LONG})) = 1",
    f"string-length(string-join(for $i in 1 to 100000 return {LONG}, '')) = 1",
    "string-length(codepoints-to-string(for $i in 1 to 100000000 return 65)) = 1",
    "count(for $i in 1 to 100000 return /a/absent) = 1",
    "count(index-of(1 to 1000000, 7)) = 1",
    "count(for $i in 1 to 5000 return root(.)) = 1",
]


@pytest.mark.parametrize("test", ENDLESS)
def test_a_rule_that_never_ends_is_stopped_by_the_number_of_its_steps(test: str) -> None:
    context = context_of(ROOT, Budget(STEPS), NOW)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Exhausted):
        expression(test, {}).holds(context, context.root, {})
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2_000 + "1" + ")" * 2_000,
        "- " * 4_000 + "1",
        "a" * 10_001,
        "doc('http://127.0.0.1/')",
        "doc-available('file:///etc/passwd')",
        "collection()",
        "document-uri(.)",
        "contains('a', 'b', 'http://www.w3.org/2013/collation/UCA?lang=de')",
        "environment-variable('HOME')",
        "element(a)*",
        "1 +",
        "",
    ],
)
def test_an_expression_that_reaches_out_or_nests_without_end_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(Unreadable):
        expression(text, {})


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|aa)+$", "^(a|a)*$", "(.*)*b", r"(\w+\s?)*$x"])
def test_a_pattern_with_countless_ways_to_match_takes_linear_time(pattern: str) -> None:
    assert compiled(pattern).search("a" * 20_000 + "!") is None


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "a{1000}{1000}", "(((a{100}){100}){100})", "(", "[a", "a" * 3_000, "(?=a)"]
)
def test_a_pattern_that_needs_to_go_back_or_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(Unsuitable):
        compiled(pattern)


@pytest.mark.parametrize(
    ("pattern", "flags", "text", "found"),
    [
        (r"^[a-z]{3}:\d+$", "", "gba:15", True),
        (r"^[a-z]{3}:\d+$", "", "gba:15\n", False),
        (r"^\d$", "", "٣", True),
        (r"^\w+$", "", "Łukasiewicz", True),
        (r"^\W$", "", "-", True),
        (r"^\s$", "", "\N{NO-BREAK SPACE}", False),
        (r"^[\i-[:]][\c-[:]]*$", "", "größe", True),
        (r"^\p{IsBasicLatin}+$", "", "ä", False),
        ("STRASSE", "i", "strasse", True),
        ("a b", "x", "ab", True),
        ("^.$", "s", "\n", True),
        ("^.$", "", "\n", False),
    ],
)
def test_patterns_mean_what_xpath_says(pattern: str, flags: str, text: str, found: bool) -> None:
    assert (compiled(pattern, flags).search(text) is not None) is found


@pytest.mark.parametrize(
    "test",
    [
        r"tokenize('a b  c', '\s+')[3] = 'c'",
        r"replace('2026-11-26', '(\d+)-(\d+)-(\d+)', '$3.$2.$1') = '26.11.2026'",
        r"replace('a$b', '\$', '\\\$') = 'a\$b'",
        "count(distinct-values((1, 1.0, 'a', 'a', 2, xs:double('NaN'), xs:double('NaN')))) = 4",
        "count(distinct-values(//b)) = 1",
        "deep-equal(//b[1], //b[2]) and not(deep-equal(//b[1], //c[1]))",
        "sum(1 to 100) = 5050 and count(3 to 1) = 0",
    ],
)
def test_what_the_counting_replaces_means_the_same(test: str) -> None:
    context = context_of(ROOT, Budget(STEPS), NOW)
    assert expression(test, {}).holds(context, context.root, {})


def endless(test: str) -> bytes:
    return (
        '<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><sch:pattern>'
        f'<sch:rule context="b"><sch:assert id="slow" test="{test}">x</sch:assert></sch:rule>'
        "</sch:pattern></sch:schema>"
    ).encode()


def test_the_outcome_names_the_check_that_used_the_budget_up() -> None:
    rules, _ = schematron.read(endless("count(1 to 1000000000) = 1"))
    assert rules is not None
    outcome = schematron.run(rules, ROOT, NOW, budget=Budget(STEPS))
    assert (outcome.broken, outcome.stopped_at) == (RuleBroken.BUDGET, "slow")


def test_texts_that_double_in_each_variable_are_stopped() -> None:
    lets = "".join(f'<sch:let name="v{n + 1}" value="concat($v{n}, $v{n})"/>' for n in range(60))
    source = endless("true()").replace(
        b"<sch:pattern>", f"<sch:let name='v0' value=\"'aaaaaaaa'\"/>{lets}<sch:pattern>".encode()
    )
    rules, faults = schematron.read(source)
    assert rules is not None, faults
    outcome = schematron.run(rules, ROOT, NOW, budget=Budget(STEPS))
    assert (outcome.broken, outcome.stopped_at) == (RuleBroken.BUDGET, "let")


def test_numbers_that_square_in_each_variable_are_stopped() -> None:
    lets = "".join(f'<sch:let name="v{n + 1}" value="$v{n} * $v{n}"/>' for n in range(60))
    source = endless("true()").replace(
        b"<sch:pattern>", f'<sch:let name="v0" value="12345678"/>{lets}<sch:pattern>'.encode()
    )
    rules, _ = schematron.read(source)
    assert rules is not None
    assert schematron.run(rules, ROOT, NOW, budget=Budget(STEPS)).broken is RuleBroken.BUDGET


def test_failures_without_number_are_told_up_to_a_thousand() -> None:
    rules, _ = schematron.read(endless("false()"))
    assert rules is not None
    outcome = schematron.run(rules, etree.fromstring(b"<a>" + b"<b/>" * 3_000 + b"</a>"), NOW)
    assert len(outcome.failed) == 1_000
    assert outcome.cut


def test_a_document_of_countless_elements_uses_the_budget_up_before_it_is_copied() -> None:
    rules, _ = schematron.read(endless("true()"))
    assert rules is not None
    wide = etree.fromstring(b"<a>" + b"<b/>" * 70_000 + b"</a>")
    assert schematron.run(rules, wide, NOW, budget=Budget(STEPS)).broken is RuleBroken.BUDGET


def test_rules_that_multiply_when_they_unfold_are_refused() -> None:
    many = "".join(
        f'<sch:rule abstract="true" id="r{n}">' + f'<sch:extends rule="r{n + 1}"/>' * 10 + "</sch:rule>"
        for n in range(9)
    )
    source = (
        '<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2"><sch:pattern>'
        f'{many}<sch:rule abstract="true" id="r9"><sch:assert test="1">x</sch:assert></sch:rule>'
        '<sch:rule context="a"><sch:extends rule="r0"/></sch:rule></sch:pattern></sch:schema>'
    ).encode()
    rules, faults = schematron.read(source)
    assert rules is None
    assert "sch_too_many" in {one.rule for one in faults}


def test_contexts_that_match_nothing_of_a_large_document_are_paid_for() -> None:
    rule_ = '<sch:rule context="c/b | c/a"><sch:assert test="true()">x</sch:assert></sch:rule>'
    source = endless("true()").replace(b"<sch:pattern>", b"<sch:pattern>" + rule_.encode() * 2_000)
    rules, _ = schematron.read(source)
    assert rules is not None
    document = etree.fromstring(b"<a>" + b"<b/>" * 5_000 + b"<c/></a>")
    assert schematron.run(rules, document, NOW, budget=Budget(100_000)).broken is RuleBroken.BUDGET


def test_a_path_counts_siblings_only_so_far() -> None:
    wide = etree.fromstring(b"<a>" + b"<b/>" * 1_500 + b"</a>")
    assert [readable_path(wide[number]) for number in (0, 999, 1_000, 1_499)] == [
        "/a/b[1]",
        "/a/b[1000]",
        "/a/b[>1000]",
        "/a/b[>1000]",
    ]
