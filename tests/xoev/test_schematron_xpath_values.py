"""XPath 2.0 in rules: what the recommendations say of comparing and of writing atomic values.

Each right value comes from the recommendation named beside its group, never from a run of the engine:
XPath 2.0 (2nd ed.) §3.5.1, §3.5.2, §3.4; XQuery 1.0 and XPath 2.0 Functions and Operators (2nd ed.) §17.1.2.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from elementpath import ElementPathError
from lxml import etree

from gateway.xoev.schematron.budget import Budget
from gateway.xoev.schematron.xpath import context_of, expression

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DOCUMENT = etree.fromstring(
    "<r><nine>9</nine><ten>10</ten><from>2026-01-01</from><to>2026-02-01</to><million>1000000</million>"
    "<one>1.0</one><yes>true</yes><word>a</word><day>P1D</day><empty/></r>"
)


def value(text: str) -> object:
    context = context_of(DOCUMENT, Budget(), AT)
    return expression(text, {}).value(context, context.root, {})


@pytest.mark.parametrize(
    ("text", "right"),
    [
        # §3.5.2: both untyped, so both are cast to xs:string and compared by code point
        ("/r/nine < /r/ten", False),
        ("/r/nine > /r/ten", True),
        ("/r/ten <= /r/nine", True),
        ("/r/ten >= /r/nine", False),
        ("/r/from < /r/to", True),
        ("/r/to >= /r/from", True),
        ("/r/from <= /r/from", True),
        ("/r/empty < /r/nine", True),
        ("/r/one = /r/ten", False),
        ("(/r/nine, /r/ten) < (/r/nine)", True),
        ("/r/nine < xs:untypedAtomic('10')", False),
        # one untyped, one numeric: cast to xs:double
        ("/r/nine < 10", True),
        ("/r/nine < 10.5", True),
        ("10.5 > /r/nine", True),
        ("1e1 > /r/nine", True),
        ("/r/one = 1", True),
        ("number(/r/nine) < number(/r/ten)", True),
        # one untyped, one string: xs:string
        ("/r/one = '1'", False),
        ("/r/from < '2026-01-05'", True),
        # one untyped, one of another type: cast to that type
        ("/r/from < xs:date('2026-01-05')", True),
        ("xs:date('2026-01-05') > /r/from", True),
        ("xs:date('2026-01-01') = /r/from", True),
        ("current-date() >= /r/from", True),
        ("/r/day < xs:dayTimeDuration('P2D')", True),
        ("xs:dayTimeDuration('P2D') > /r/day", True),
        ("xs:time('10:00:00') > xs:untypedAtomic('09:00:00')", True),
        ("/r/yes = true()", True),
        # an empty sequence is never in any relation
        ("/r/nothing < /r/nine", False),
        ("() = ()", False),
        # §3.5.1, value comparisons: untyped is xs:string
        ("/r/nine lt /r/ten", False),
        ("/r/from lt /r/to", True),
        ("/r/nine eq '9'", True),
        # §3.4, arithmetic: untyped is xs:double
        ("/r/nine + /r/ten", 19.0),
    ],
)
def test_values_compare_as_the_recommendation_says(text: str, right: object) -> None:
    assert value(text) == right


@pytest.mark.parametrize(
    "text",
    [
        "/r/word < 5",  # err:FORG0001, no double
        "xs:date('2026-01-01') < /r/word",  # err:FORG0001, no date
        "/r/nine lt 10",  # err:XPTY0004, a string beside a number
        "/r/from lt xs:date('2026-01-05')",  # err:XPTY0004
        "'9' < 10",  # err:XPTY0004
    ],
)
def test_values_that_cannot_be_compared_are_an_error(text: str) -> None:
    with pytest.raises(ElementPathError):
        value(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        # xs:double: between 1e-6 and 1e6 as a decimal, else mantissa with a point, E, exponent without plus or zeros
        ("string(1e6)", "1.0E6"),
        ("string(sum(/r/million))", "1.0E6"),
        ("string(/r/million * 2)", "2.0E6"),
        ("string(1234567.5e0)", "1.2345675E6"),
        ("string(999999e0)", "999999"),
        ("string(999999.9e0)", "999999.9"),
        ("string(1e5)", "100000"),
        ("string(0.5e0)", "0.5"),
        ("string(0.000001e0)", "0.000001"),
        ("string(1e-7)", "1.0E-7"),
        ("string(-1e-7)", "-1.0E-7"),
        ("string(0.00000099e0)", "9.9E-7"),
        ("string(1e21)", "1.0E21"),
        ("string(1.7976931348623157e308)", "1.7976931348623157E308"),
        ("string(0e0)", "0"),
        ("string(-0e0)", "-0"),
        ("string(1 div 0e0)", "INF"),
        ("string(-1 div 0e0)", "-INF"),
        ("string(number('x'))", "NaN"),
        # xs:float: the same, with the digits of 32 bits
        ("string(xs:float('1e6'))", "1.0E6"),
        ("string(xs:float('0.1'))", "0.1"),
        ("string(xs:float('3.4e38'))", "3.4E38"),
        # xs:decimal and xs:integer: never an exponent
        ("string(1000000)", "1000000"),
        ("string(1000000.0)", "1000000"),
        ("string(0.0000001)", "0.0000001"),
        ("string(1.10)", "1.1"),
        # wherever a value becomes a text
        ("xs:string(1e6)", "1.0E6"),
        ("1e6 cast as xs:string", "1.0E6"),
        ("concat('', 1e6)", "1.0E6"),
        ("string-join(for $i in (1e6, 2e0) return string($i), ' ')", "1.0E6 2"),
        # of a node its text stays as it is
        ("string(/r/million)", "1000000"),
    ],
)
def test_numbers_become_their_canonical_text(text: str, right: str) -> None:
    assert value(text) == right


def test_a_message_says_a_number_by_its_canonical_text() -> None:
    context = context_of(DOCUMENT, Budget(), AT)
    assert expression("(sum(/r/million), 1, true())", {}).text_at(context, context.root, {}) == "1.0E6 1 true"
