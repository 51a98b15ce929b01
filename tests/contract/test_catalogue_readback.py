"""Fixed interfaces §1: `catalogue readback` of a whole municipality, which no source feels."""

from __future__ import annotations

import json

from tests.commands import run

MOST = 10


def test_a_municipality_with_three_routed_services_takes_ten_requests_at_most(line):
    done = run("catalogue", "readback", "--config", line["config"], "--json")
    lines = [json.loads(row) for row in done.stdout.splitlines()]
    asked = {row["source"]: row["requests"] for row in lines if "source" in row}
    assert set(asked) == {"pvog", "datahub", "routing"}, done.stdout
    assert min(asked.values()) > 0
    assert sum(asked.values()) <= MOST, asked
