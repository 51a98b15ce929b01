"""Fixed interfaces §1: pause, resume, maintenance and the failure basket, as an operator uses them."""

from __future__ import annotations

import json
import select
import shutil
from pathlib import Path

import psycopg
import pytest

from gateway.store.server import embedded
from tests.commands import run
from tests.demo_fixture import http


@pytest.fixture
def operate(line):
    def operate(*arguments: str, code: int = 0) -> list[dict]:
        done = run(*arguments, "--config", line["config"], "--json")
        assert done.returncode == code, done.stderr
        return [json.loads(row) for row in done.stdout.splitlines()]

    return operate


@pytest.fixture
def faults(line):
    admin = line["sandboxes"]["fitconnect"]["admin"]

    def fault(**what) -> None:
        assert http("POST", f"{admin}/faults", what)[0] < 300

    yield fault
    http("DELETE", f"{admin}/faults")


def known(portal, status):
    """Come back once the gateway answers an upload so: what it read of pauses it believes for a second."""
    for _ in range(100):
        if portal.upload()[0] == status:
            return
        select.select([], [], [], 0.05)
    pytest.fail(f"not {status}")


def test_while_deliveries_are_paused_all_is_taken_over_and_nothing_goes_out(portal, operate):
    (paused,) = operate("pause", "all")
    assert paused["paused"] is True
    try:
        status, _, made = portal.create(portal.body())
        assert status == 201
        assert portal.call("GET", f"/submissions/{made['id']}")[2]["state"] == "received"
    finally:
        (going,) = operate("resume", "all")
    assert going["paused"] is False
    assert going["woken"] >= 1
    assert portal.followed(made["id"])["state"] == "accepted"


def test_one_destination_can_be_paused_by_its_id_and_others_go_on(line, portal, operate):
    automatic, manual = sorted(line["sandboxes"]["fitconnect"]["destinations"], key=lambda d: d["subscriber"])[:2]
    operate("pause", manual["destination_id"])
    try:
        _, _, made = portal.create(portal.body())
        assert portal.followed(made["id"])["destination_id"] == automatic["destination_id"]
    finally:
        operate("resume", manual["destination_id"])
    assert run("pause", "everything", "--config", line["config"]).returncode == 3


def test_a_pause_of_a_destination_that_nobody_knows_is_told(line, operate):
    unknown = "00000000-0000-4000-8000-000000000000"
    try:
        done = run("pause", unknown, "--config", line["config"])
        assert any(d["destination_id"] in done.stderr for d in line["sandboxes"]["fitconnect"]["destinations"])
        assert operate("pause", unknown)[0]["known"] is False
    finally:
        operate("resume", unknown)
    assert operate("pause", "all")[0]["known"] is True
    operate("resume", "all")


def test_under_maintenance_new_applications_get_503_and_reading_goes_on(portal, operate, accepted):
    body = portal.body()
    assert operate("maintenance", "on")[0]["maintenance"] is True
    try:
        known(portal, 503)
        status, headers, problem = portal.create(body)
        assert (status, problem["code"], problem["retry"]) == (503, "maintenance", True)
        assert int(headers["retry-after"]) > 0
        assert portal.call("GET", f"/submissions/{accepted['id']}")[0] == 200
    finally:
        operate("maintenance", "off")
    known(portal, 201)
    status, _, made = portal.create(body)
    assert status == 201
    assert portal.followed(made["id"])["state"] == "accepted"


def test_what_is_held_is_listed_by_cause_and_goes_on_when_resumed(portal, operate, faults):
    faults(match="POST /v2/submissions", kind="status", value=400, times=2)
    ids = []
    for _ in range(2):
        _, _, made = portal.create(portal.body())
        assert portal.followed(made["id"])["state"] == "held"
        ids.append(made["id"])
    (cause,) = operate("held", "list")
    assert cause["count"] == 2
    assert set(cause["submissions"]) == set(ids)
    assert set(cause["suggestion"]) == {"de", "en"}
    selection = ("--cause", cause["cause"], "--destination", cause["destination_id"])
    preview = operate("held", "resume", *selection, "--preview")
    assert {(row["submission_id"], row["state"]) for row in preview} == {(each, "held") for each in ids}
    assert operate("held", "cancel", ids[0])[0]["state"] == "cancelled"
    (resumed,) = operate("held", "resume", *selection)
    assert resumed["submission_id"] == ids[1]
    # that it was held once stands in the feed as well
    assert portal.followed(ids[1], ends=frozenset({"accepted"}))["state"] == "accepted"
    assert operate("held", "list") == []


def test_a_corrected_secret_counts_without_a_restart(line, portal, operate, faults):
    secret = Path(line["config"]).parent / "secrets" / "fitconnect"
    right, worker = secret.read_text(encoding="utf-8"), line["pids"]["worker"]
    try:
        secret.write_text("what the authority never gave", encoding="utf-8")
        faults(match="POST /v2/submissions", kind="status", value=401, times=1)  # its token is refused
        _, _, made = portal.create(portal.body())
        assert portal.followed(made["id"])["reason"]["code"] == "token_refused"
        (cause,) = operate("held", "list")
        assert (cause["cause"], cause["submissions"]) == ("token_refused", [made["id"]])
    finally:
        secret.write_text(right, encoding="utf-8")
    operate("held", "resume", made["id"])
    assert portal.followed(made["id"], ends=frozenset({"accepted"}))["state"] == "accepted"
    assert Path(f"/proc/{worker}").exists(), "nobody started the worker anew"


def test_the_basket_asks_which_and_names_what_it_does_not_hold(operate, accepted):
    assert operate("held", "resume", code=3) == []
    assert operate("held", "resume", "--cause", "no_such_cause", code=1) == []
    assert operate("held", "resume", "--all") == [], "everything, which is nothing"
    assert operate("held", "resume", accepted["id"], code=1) == []
    assert operate("held", "cancel", "no-uuid", code=3) == []


def test_access_and_erasure_on_request_and_the_repeat_learns_of_it(portal, operate):
    body = {**portal.body(), "reference": "contract:erase"}
    _, _, made = portal.create(body, "contract-erase")
    assert portal.followed(made["id"])["state"] == "accepted"
    (held,) = operate("retention", "subject", "contract:erase")
    assert held["submission_id"] == made["id"]
    assert "record" in held["kept"]
    assert all(row["ok"] and row["due"] == 0 for row in operate("retention", "plan"))
    operate("retention", "hold", made["id"])
    (kept,) = operate("retention", "erase", "--reference", "contract:erase", code=1)
    assert kept["ok"] is False
    operate("retention", "hold", made["id"], "--release")
    (erased,) = operate("retention", "erase", made["id"])
    assert erased == {"ok": True, "submission_id": made["id"], "erased": True}
    assert operate("retention", "subject", "contract:erase") == []
    assert operate("retention", "erase", "--reference", "contract:erase", code=1) == [], "nothing was erased"
    status, _, problem = portal.create(body, "contract-erase")
    assert (status, problem["code"]) == (410, "erased")
    assert all(row["erased"] == 0 for row in operate("retention", "run"))


def test_alarms_are_listed_and_nothing_is_noted_where_there_is_none(operate, accepted):
    assert operate("alarms", "list") == []
    assert operate("alarms", "acknowledge", accepted["id"], code=1) == []
    assert operate("alarms", "test", code=1) == []


def test_a_backup_is_made_while_all_goes_on_and_checked_aside(line, operate, accepted, tmp_path):
    out = tmp_path / "sicherung.zip"
    (made,) = operate("backup", str(out))
    assert made["ok"] is True
    assert made["submissions"] >= 1
    assert set(made["root"]) == {"no", "sha256"}
    (checked,) = operate("restore", str(out), "--check")
    assert (checked["ok"], checked["broken"]) == (True, [])
    assert checked["chains"] >= 1
    refused = run("restore", str(out), "--config", line["config"])
    assert refused.returncode == 2
    assert "database_not_empty" in refused.stderr


def test_a_restore_on_another_machine_holds_back_figures_that_may_have_been_sent(line, operate, accepted, tmp_path):
    out, home = tmp_path / "sicherung.zip", Path(line["config"]).parent
    operate("backup", str(out))
    shutil.copytree(home / "data" / "keys", home / "elsewhere" / "keys")
    config = home / "elsewhere.toml"
    text = Path(line["config"]).read_text(encoding="utf-8").replace('data_dir = "data"', 'data_dir = "elsewhere"')
    config.write_text(text, encoding="utf-8")
    done = run("restore", str(out), "--config", str(config), "--json")
    assert done.returncode == 0, done.stderr
    restored = json.loads(done.stdout.splitlines()[-1])
    assert restored["submissions"] >= 1
    try:
        with psycopg.connect(embedded.start(home / "elsewhere").dsn) as connection:
            (held,) = connection.execute("SELECT value FROM facts WHERE name = 'statistics_held'").fetchone()
    finally:
        embedded.stop(home / "elsewhere")
    assert held.decode() == f"{restored['statistics_held']}-01"


def test_nothing_starts_on_a_database_that_lacks_roots_until_somebody_says_why(line, operate, accepted, tmp_path):
    operate("evidence", "export", accepted["id"], "--out", str(tmp_path / "e.zip"))
    noted = Path(line["config"]).parent / "data" / "evidence.witness"
    known = json.loads(noted.read_text())
    noted.write_text(json.dumps({**known, "no": known["no"] + 1000}))
    refused = run("check", "--config", line["config"], "--json")
    assert refused.returncode == 1
    assert "evidence_shortened" in refused.stdout
    (said,) = operate("evidence", "accept", "--why", "a test of the witness")
    assert said["before"] == known["no"] + 1000
    assert json.loads(noted.read_text())["accepted"][-1]["why"] == "a test of the witness"
    rows = operate("check")
    assert [row["ok"] for row in rows if row["check"] == "evidence"] == [True]
