"""What the answer of a page means, and which redirects are followed."""

from __future__ import annotations

import time

import pytest

from gateway.catalogue.probes.page import MOST_HOPS, ProbeReason, judge, next_hop, text

TITLES = ("Hausnummer beantragen", "Apply for a house number")
PHRASES = ("Entschuldigung", "nicht verfügbar", "")
PAGE = "<html><title>Stadt</title><body><h1>{}</h1><p>Für Grundstücke</p></body></html>"
HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, PAGE.format("Hausnummer beantragen"), None),
        (204, PAGE.format("apply  for a\n house number"), None),
        (200, PAGE.format("Haus&shy;nummer <b>bean</b>tragen"), None),
        (200, PAGE.format("Willkommen"), ProbeReason.TEXT_MISSING),
        (200, "", ProbeReason.TEXT_MISSING),
        (200, PAGE.format("Hausnummer</h1><h1>beantragen"), None),
        (200, PAGE.format("Hausnummer beantragen<p>derzeit NICHT verf&uuml;gbar"), ProbeReason.FAILURE_PHRASE),
        (200, PAGE.format("Entschuldigung!"), ProbeReason.FAILURE_PHRASE),
        (503, PAGE.format("Hausnummer beantragen"), ProbeReason.STATUS),
        (304, PAGE.format("Hausnummer beantragen"), ProbeReason.STATUS),
        (200, PAGE.format("Hausnummer beantragen<script>say('Entschuldigung')</script>"), None),
        (200, PAGE.format("x<template>Hausnummer beantragen</template>"), ProbeReason.TEXT_MISSING),
        (200, PAGE.format("Hausnummer beantragen<noscript>Entschuldigung</noscript>"), None),
        (200, PAGE.format("Hausnummer beantragen<!-- Entschuldigung > --><STYLE>Entschuldigung</Style >"), None),
        (200, PAGE.format("Hausnummer beantragen<script>'</scripted>Entschuldigung'</script>"), None),
        (
            200,
            PAGE.format("Hausnummer beantragen<script>Entschuldigung</script>Entschuldigung"),
            ProbeReason.FAILURE_PHRASE,
        ),
        (200, PAGE.format("Hausnummer beantragen &lt;script&gt; Entschuldigung"), ProbeReason.FAILURE_PHRASE),
        (200, PAGE.format("Haus<!-- -->nummer<!-- --> beantragen"), None),
        (200, PAGE.format("1 < 2, Hausnummer beantragen"), None),
        (200, PAGE.format("<script>Hausnummer beantragen"), ProbeReason.TEXT_MISSING),
        (200, PAGE.format("<a title='Hausnummer beantragen"), ProbeReason.TEXT_MISSING),
        (200, PAGE.format("<!-- Hausnummer beantragen"), ProbeReason.TEXT_MISSING),
        (200, "<!doctype html><?xml version='1'?><title>Hausnummer beantragen", None),
    ],
)
def test_an_answer_is_what_people_see(status, body, reason):
    assert judge(status, HTML, body.encode(), TITLES, PHRASES) is reason


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html; charset=iso-8859-1", "Straße"),
        ("text/html", '<meta charset="iso-8859-1">Straße'),
        ('text/html; charset="ISO-8859-1"', "Straße"),
    ],
)
def test_a_page_says_its_encoding(content_type, body):
    assert "strasse" in text(content_type, body.encode("iso-8859-1"))


@pytest.mark.parametrize(
    "label", ["punycode", "idna", "undefined", "unicode_escape", "utf-7", "hex", "base64", "\u00e4"]
)
def test_an_encoding_that_browsers_do_not_know_is_not_used(label):
    assert text(f"text/html; charset={label}", "Bürger\\x41-é".encode()) == "bürger\\x41-é"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html; charset=" + " " * 60_000 + "!", b"x"),
        ("text/html; charset" + "\t" * 60_000, b"x"),
        ("text/html; charset=punycode", b"a-" + b"b" * 1_000_000),
        ("text/html", b"&#" + b"1" * 1_900_000 + b";"),
        ("text/html", b"&#" * 1_000_000),
    ],
)
def test_no_page_takes_long_to_read(content_type, body):
    began = time.process_time()
    text(content_type, body)
    assert time.process_time() - began < 8  # linear: tenths; else minutes, in which no other thread gets on


def test_an_unknown_encoding_is_no_fault_of_ours():
    assert text("text/html; charset=klingon", "Straße".encode()) == "strasse"


HERE = "https://rathaus.example/a/b"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("c?d=1#e", "https://rathaus.example/a/c?d=1"),
        ("//portal.example/x", "https://portal.example/x"),
        ("http://rathaus.example/a/c", ProbeReason.REDIRECT_DOWNGRADED),
        ("/a/b", ProbeReason.REDIRECT_LOOP),
        ("javascript:alert(1)", ProbeReason.ADDRESS_REFUSED),
        ("https://user:word@rathaus.example/", ProbeReason.ADDRESS_REFUSED),
        ("https://[::1/", ProbeReason.ADDRESS_REFUSED),
        ("https:///x", "https://rathaus.example/x"),  # as browsers read it
        ("mailto:a@b.example", ProbeReason.ADDRESS_REFUSED),
        ("", ProbeReason.STATUS),
        (None, ProbeReason.STATUS),
    ],
)
def test_each_hop_is_judged(location, target):
    assert next_hop(HERE, location, [HERE]) == target


def test_hops_have_an_end():
    seen = [HERE]
    for hop in range(MOST_HOPS):
        target = next_hop(seen[-1], f"/{hop}", seen)
        assert target == f"https://rathaus.example/{hop}"
        seen.append(target)
    assert next_hop(seen[-1], "/more", seen) is ProbeReason.REDIRECTS_TOO_MANY
    assert next_hop("http://a.example/", "https://a.example/", ["http://a.example/"]) == "https://a.example/"
