"""HTML of texts: the allowed elements stay as they are, everything else is told by name."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.catalogue.entry_rules import MOST_TEXT_BYTES
from gateway.catalogue.html_texts import ELEMENTS, judge, words


def refusal(address):
    return None if address.startswith("https://") else "entry_address_scheme"


ALL = "".join(f"<{name}>x</{name}>" for name in sorted(ELEMENTS - {"br", "li", "a"}))


@pytest.mark.parametrize(
    "html",
    [
        ALL,
        "Straße & Co; 3 < 4",
        "<p>Ein Satz<br>und einer<br/>mehr</p>\r\n<ul><li>a<li>b</ul>",
        '<p><a href="https://rathaus.example/a?b=1&amp;c=2">hier</a></p>',
        "<h2>Fristen</h2><p>H<sub>2</sub>O&nbsp;und &quot;x&quot; &#8211; y</p>",
    ],
)
def test_what_is_allowed_stays_with_every_word(html):
    cleaned, refused = judge(html, refusal)
    assert refused == ()
    assert words(cleaned) == words(html)
    assert judge(cleaned, refusal) == (cleaned, ())


@pytest.mark.parametrize(
    ("html", "told"),
    [
        ("<script>alert(1)</script>", ("entry_html_element", ("script",))),
        ("<p>a</p><img src=x onerror=alert(1)>", ("entry_html_element", ("img",))),
        ("<svg/onload=alert(1)>", ("entry_html_element", ("svg",))),
        ("<iframe src='https://a.example'></iframe>", ("entry_html_element", ("iframe",))),
        ("<div>a</div>", ("entry_html_element", ("div",))),
        ("a</table>b", ("entry_html_element", ("table",))),
        ("<p onclick='x()'>a</p>", ("entry_html_attribute", ("p", "onclick"))),
        ("<p style='color:red'>a</p>", ("entry_html_attribute", ("p", "style"))),
        ("<a href='https://a.example' target=_blank>a</a>", ("entry_html_attribute", ("a", "target"))),
        ("<a href='javascript:alert(1)'>a</a>", ("entry_address_scheme", ())),
        ("<a href='&#106;avascript:alert(1)'>a</a>", ("entry_address_scheme", ())),
        ("<a href>a</a>", ("entry_address_scheme", ())),
        ("a<!-- verborgen -->b", ("entry_html_other", ("<!-- -->",))),
        ("<!DOCTYPE html>a", ("entry_html_other", ("<! >",))),
        ("<?php x ?>a", ("entry_html_other", ("<? >",))),
        ("<b>" * 51 + "x" + "</b>" * 51, ("entry_html_read_otherwise", ())),
        ("<p class=a class=b>x</p>", ("entry_html_attribute", ("p", "class"))),
        ("<a href='https://a.example' href='https://b.example'>x</a>", ("entry_html_read_otherwise", ())),
        ('<a href=https://a.example"b>x</a>', ("entry_html_read_otherwise", ())),
        ("<b><p></b>x</p>", ("entry_html_read_otherwise", ())),
        ("a</p>b", ("entry_html_read_otherwise", ())),
        ("a <b", ("entry_html_read_otherwise", ())),
    ],
)
def test_what_is_refused_is_told_by_name(html, told):
    assert told in judge(html, refusal)[1]


def test_everything_is_told_at_once_and_once():
    html = "<script>1</script><script>2</script><p id=a onclick=b>c</p><!-- d -->"
    assert judge(html, refusal)[1] == (
        ("entry_html_other", ("<!-- -->",)),
        ("entry_html_element", ("script",)),
        ("entry_html_attribute", ("p", "id")),
        ("entry_html_attribute", ("p", "onclick")),
    )


def test_a_name_of_any_length_is_shown_short_and_plain():
    ((_, (name,)), *_) = judge("<" + "x\u202e" * 500 + ">", refusal)[1]
    assert len(name) == 40
    assert name.isascii()


HOSTILE = ("<", "<a ", "<!--", "<![", "<?", "&", "&#x", "<b>", "<a href='https://a.example'>", "</", "<ul><li>", "<p>",
           "<p x='", '<a b="', "<script>", "<b><p>", '<a b="<', "</b>", "<p><b></p>", "<li>x", "<br>")  # fmt: skip


@pytest.mark.parametrize(
    "html",
    [
        *(piece * (MOST_TEXT_BYTES // len(piece)) for piece in HOSTILE),
        f"<p {'x ' * 49_000}>",
        f"<p{' ' * 99_000}>",
        f"<p {'/' * 99_000}>",
    ],
    ids=[*HOSTILE, "attributes", "spaces", "slashes"],
)
def test_no_text_takes_long(html):
    began = time.process_time()
    judge(html, refusal)
    assert time.process_time() - began < 8  # linear: tenths; a quadratic reader takes minutes


@pytest.mark.parametrize("number", ["1" * 5000, "0" * 5000 + "106", "x" + "f" * 5000])
def test_a_reference_has_any_number_of_digits(number):
    assert judge(f"<p>&#{number};</p>", refusal)[1] in {(), (("entry_html_read_otherwise", ()),)}
    assert len(words(f"&#{number};")) == 1
    told = judge(f"<a href='&#{number};avascript:alert(1)'>x</a>", refusal)[1]
    assert [rule for rule, _ in told] == ["entry_address_scheme"]


TOKENS = st.sampled_from(
    ["<p>", "</p>", "<b>", "</b>", "<a href='https://a.example/'>", "</a>", "<ul>", "<li>", "</ul>", "<br>", "Wort ",
     "&amp;", "<", ">", "&", "<script>", "</script>", "<!--", "-->", "<x y=z>", "'", '"', "<h1", "\n"]
)  # fmt: skip


@given(st.lists(TOKENS, max_size=12).map("".join))
@example("<a><a>x</a></a>")
def test_whatever_is_accepted_keeps_its_words_and_holds_nothing_else(html):
    cleaned, refused = judge(html, refusal)
    if not refused:
        assert words(cleaned) == words(html)
        assert set(re.findall(r"</?([a-z0-9]+)", cleaned)) <= ELEMENTS
        assert judge(cleaned, refusal)[1] == ()
