"""From record to validated document, and judging a message: rates on one core, beside bare lxml in the same run.

Run: python -m tests.bench.bench_documents. Each figure is the best of five runs in processor time of this process, so
that work beside it on the same cores counts little.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import UUID

from lxml import etree

from gateway.model import Attachment
from gateway.services.loader import load
from gateway.services.service import Service
from gateway.xoev.readable.application import Names
from gateway.xoev.xml import strict_xml

ARS = "150900546546"
TODAY = date(2026, 11, 24)
RUNS = 5
START = """
import time
began = time.perf_counter()
from gateway.services.loader import load
load()
print(time.perf_counter() - began)
"""


def rate(work: Callable[[], object], rounds: int) -> float:
    """How often a second, the best of some runs."""
    work()
    best = float("inf")
    for _ in range(RUNS):
        began = time.process_time()
        for _ in range(rounds):
            work()
        best = min(best, time.process_time() - began)
    return rounds / best


def taken_in(service: Service, record: Mapping[str, Any], plan: Attachment) -> None:
    """What taking in does with a record: every check, the document, its validation."""
    findings = service.check(record, [plan], ars=ARS, today=TODAY)
    document, more = service.document(record)
    if findings or more or document is None:
        raise AssertionError(findings, more)


def message(service: Service, record: Mapping[str, Any], size: int) -> bytes:
    """A document of about so many bytes, by more parcels."""
    parcels, content = list(record["parcels"]), b""
    while len(content) < size:
        parcels.append(parcels[0])
        document, _ = service.document({**record, "parcels": parcels})
        assert document is not None
        content = document.content
    return content


def judged(service: Service, content: bytes) -> int:
    """Hardened reading and the schema's verdict with every finding."""
    parsed = strict_xml.parse(content)
    assert parsed.root is not None
    return len(service.compiled.schema.errors(parsed.root))


def of_another(record: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The record with what tells one applicant of this service from another."""
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    applicant = record["applicant"]
    person = {**applicant["person"], "given_names": f"Jürgen {letters}", "family_name": f"Müller-{letters}"}
    address = {**applicant["address"], "street": f"Straße {letters}", "house_number": str(number % 200 + 1)}
    contact = {"email": f"{letters}@example.org", "phone": f"+49 3935 {number:06}"}
    return {
        **record,
        "applicant": {**applicant, "person": person, "address": address, "contact": contact},
        "building": {**record["building"], "street": f"Am Schloßpark {letters}"},
        "building_file_number": f"63-{number}",
        "wish": {"house_number": str(number % 90 + 1), "remark": f"Die Zufahrt liegt an der Straße »{letters}«."},
    }


def documents(rounds: int) -> dict[str, Any]:
    """The rows of the benchmark page."""
    command = [sys.executable, "-c", START]
    starts = [float(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(RUNS)]
    service = load().get("hausnummer")
    record = service.example(ARS)["record"]
    plan = Attachment("site_plan", "Lageplan.pdf", "application/pdf", 1_234_567, "ab" * 32)
    small, large = service.document(record)[0], message(service, record, 2500)
    assert small is not None
    broken = large.replace(b">01</", b">99</")
    assert not judged(service, large)
    assert judged(service, broken)
    schema = etree.XMLSchema(etree.fromstring(service.xsd))
    floor = rate(lambda: schema.validate(etree.fromstring(small.content)), rounds)
    whole = rate(lambda: taken_in(service, record, plan), rounds)
    at = datetime(2026, 11, 24, 12, tzinfo=UTC)
    numbers = count()

    def printed() -> None:
        """Another application each time: Typst remembers what it has set before."""
        number = next(numbers)
        other = of_another(record, number)
        names = Names(f"{UUID(int=number)}", f"{UUID(int=number << 64)}", f"portal-{number}")
        service.readable(other, municipality_name="Stadt", received_at=at, attachments=[plan], names=names)

    return {
        "start of all services, s (goal 1)": min(starts),
        "document bytes": len(small.content),
        "bare lxml parse and validate per second": floor,
        "record to validated document per second (goal 1000)": whole,
        "record to validated document, in bare lxml": floor / whole,
        "check of a record per second": rate(lambda: service.check(record, [plan], ars=ARS, today=TODAY), rounds),
        "message bytes": len(large),
        "message, bare lxml per second": rate(lambda: schema.validate(etree.fromstring(large)), rounds),
        "message with findings, valid per second (goal 8000)": rate(lambda: judged(service, large), rounds),
        "message with findings, invalid per second": rate(lambda: judged(service, broken), rounds),
        "readable application per second": rate(printed, rounds // 10),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(documents(3000), indent=1) + "\n")
