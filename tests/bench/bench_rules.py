"""What validation and Schematron cost for a message of about 2.5 kB; prints one JSON object a line.

Run: python -m tests.bench.bench_rules [--quick]. The message is the sample of XBau-Kernmodul with its official schema
and rules where they lie beside the checkout, else a document of this project's own. The floor is bare lxml: parse and
validate the same bytes in the same run. Each figure is the best of five rounds, for machines are noisy.

The large rule set has the shape of the official rules of XBau 2.6 (154 contexts by message and element, 19 abstract
rules with conditions, patterns, sums and comparisons), written by this benchmark with the names of the message.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml import etree

from gateway.services.loader import load
from gateway.xoev import schematron
from gateway.xoev.report import Recommendation, Scenario, validate
from gateway.xoev.schema.sets import SchemaSet, compile_set

XBAU = Path(__file__).parents[3] / "shared/data/xsd/xbau_kern-1.3.0"
NOW = datetime(2026, 11, 26, tzinfo=UTC)
EMPTY = """<sch:pattern><sch:rule context="//*"><sch:assert id="empty"
test="not(not(*) and normalize-space(.) = '')">x</sch:assert></sch:rule></sch:pattern>"""
TESTS = (
    "if (leser/verzeichnisdienst/code = 'DVDV') then (matches(leser/kennung, '^[a-z]{3}:[0-9]+$')) else true()",
    "count(//anhangOderVerlinkung/*/dateiname) = count(distinct-values(//anhangOderVerlinkung/*/dateiname))",
    "if (exists(flurstueck) and flurstueck/bundesland/code = ('15', 'x')) then (count(flurstueck) &lt; 9) else true()",
    "not(normalize-space(//familienname/name) = '' and normalize-space(//organisation/name) = '')",
    "exists(//flurstueck/bundesland)",
)


def schema(body: str) -> bytes:
    """A rule set around patterns."""
    head = '<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">'
    return (
        f'{head}<sch:ns prefix="n" uri="http://www.xleitstelle.de/xbau/kernmodul/1/3/0"/>{body}</sch:schema>'.encode()
    )


def large() -> bytes:
    """154 contexts: 22 messages with seven elements each, of which those of one message can match."""
    abstract = "".join(
        f'<sch:rule abstract="true" id="r{n}"><sch:assert id="a{n}" test="{TESTS[n % len(TESTS)]}">x</sch:assert>'
        "</sch:rule>"
        for n in range(19)
    )
    inner = ("nachrichtenkopf.g2g", "antragsteller", "grundstueck", "flurstueck", "name", "leser", "kommunikation")
    messages = ["universellerAntrag.antrag.1200", *(f"statistik.nachricht.{400 + n}" for n in range(21))]
    rules = "".join(
        f'<sch:rule context="n:{message}//{name}">'
        + "".join(f'<sch:extends rule="r{(3 * n + more) % 19}"/>' for more in range(3))
        + "</sch:rule>"
        for message in messages
        for n, name in enumerate(inner)
    )
    return schema(f"<sch:pattern>{abstract}{rules}</sch:pattern>{EMPTY}")


def subject() -> tuple[bytes, Any, bytes]:
    """The message, its schema and its rules."""
    if XBAU.exists():
        files = {path.name: path.read_bytes() for path in (XBAU / "offline").glob("*.xsd")}
        judge, faults = compile_set(SchemaSet("", "", files), start="xbau-kernmodul-universellerAntrag.xsd")
        assert judge is not None, faults
        rules = (XBAU / "specs/xbau-schematron-leere-elemente.sch").read_bytes()
        return (XBAU / "sample-universellerAntrag.1200.xml").read_bytes(), judge, rules
    service = load().get("hausnummer")
    document, findings = service.document(service.compiled.examples["ordinary"])
    assert document is not None, findings
    return document.content, service.compiled.schema, schema(EMPTY)


def best(work: Callable[[], object], rounds: int) -> float:
    """Seconds that one call takes."""
    work()
    times = []
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(rounds):
            work()
        times.append((time.perf_counter() - began) / rounds)
    return min(times)


def ruled(source: bytes) -> schematron.RuleSet:
    """A rule set, read."""
    rules, faults = schematron.read(source)
    assert rules is not None, faults
    return rules


def figures(rounds: int) -> Iterator[dict[str, Any]]:
    """Every figure, one after another."""
    message, judge, source = subject()
    plain = Scenario("bench", judge, "bench")
    broken = message.replace(b"</", b"\xe2\x80\x93</", 3)
    root = etree.fromstring(message)
    assert validate(message, plain, NOW).recommendation is Recommendation.ACCEPTABLE
    assert validate(broken, plain, NOW).recommendation is Recommendation.REJECT
    floor = best(lambda: judge.errors(etree.fromstring(message)), rounds)
    yield {"figure": "bare lxml, parse and validate, per second", "value": 1 / floor}
    valid = best(lambda: validate(message, plain, NOW), rounds)
    yield {"figure": "report of a valid message, per second (goal 8,000)", "value": 1 / valid}
    yield {"figure": "report of a valid message, ratio to bare lxml", "value": valid / floor}
    yield {
        "figure": "report with findings, per second",
        "value": 1 / best(lambda: validate(broken, plain, NOW), rounds),
    }
    for name, rules in (("rules of XBau", ruled(source)), ("154 contexts and the rules of XBau", ruled(large()))):
        assert schematron.run(rules, root, NOW).broken is None
        seconds = best(lambda rules=rules: schematron.run(rules, root, NOW), max(rounds // 20, 5))
        yield {"figure": f"Schematron, {name}, ms a message (goal 5)", "value": seconds * 1000}
        yield {"figure": f"Schematron, {name}, ratio to bare lxml", "value": seconds / floor}
    yield {"figure": "reading 154 contexts, ms", "value": best(lambda: ruled(large()), 1) * 1000}
    yield {"figure": "message bytes", "value": len(message)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    for figure in figures(100 if parser.parse_args().quick else 2_000):
        sys.stdout.write(json.dumps(figure) + "\n")


if __name__ == "__main__":
    main()
