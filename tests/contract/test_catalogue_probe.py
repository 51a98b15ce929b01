"""Fixed interfaces §1: `catalogue probe`, as an operator uses it: what services need is measured and told."""

from __future__ import annotations

import json

import pytest

from tests.commands import run
from tests.demo_fixture import http


@pytest.fixture
def operate(line):
    def operate(*arguments: str) -> list[dict]:
        done = run(*arguments, "--config", line["config"], "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(row) for row in done.stdout.splitlines()]

    return operate


def probed(operate, times=1):
    """The lines of the last of so many runs by subject, and its summary."""
    for _ in range(times):
        *lines, summary = operate("catalogue", "probe")
    return {row.get("service") or row["dependency"]: row for row in lines}, summary["summary"]


def test_what_services_need_is_measured_told_and_over_again(line, operate):
    admin = line["sandboxes"]["fitconnect"]["admin"]
    seen, summary = probed(operate)
    needs = {name.partition(":")[0] for name, row in seen.items() if "dependency" in row}
    assert {"database", "queue", "token", "destination"} <= needs
    assert all(row["good"] and row["works"] and row["reason"] is None for row in seen.values())
    assert (summary["good"], summary["bad"], summary["own_network"]) == (len(seen), 0, True)
    (name,) = (name for name in seen if name.startswith("token:"))
    http("POST", f"{admin}/faults", {"match": "POST /token*", "kind": "status", "value": 503, "times": 1000})
    try:
        failing, _ = probed(operate, 3)
        (alarm,) = [row for row in operate("alarms", "list") if row["subject"] == name]
    finally:
        http("DELETE", f"{admin}/faults")
    assert (failing[name]["good"], failing[name]["works"], failing[name]["reason"]) == (
        False,
        False,
        "counterpart_busy",
    )
    assert failing["database:"]["works"]
    assert (alarm["rule"], alarm["submission_id"], alarm["municipality"], alarm["service"]) == (
        "dependency_down",
        None,
        None,
        None,
    )
    seen, _ = probed(operate, 3)
    assert seen[name]["works"]
    assert [row for row in operate("alarms", "list") if row["subject"] == name] == []
