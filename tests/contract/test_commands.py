"""Fixed interfaces §1: lines and exit codes of the commands."""

from __future__ import annotations

import json
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.commands import run
from tests.demo_fixture import ARS, GATEWAY, PDF, http


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, which has its own language."""
    return subprocess.run([*GATEWAY, *arguments], capture_output=True, text=True, timeout=120, check=False)


def texts(value: object) -> Iterator[str]:
    """Every text in a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from texts(each)


def test_the_readiness_line_of_a_kept_demo_has_every_key(line):
    assert {"listening", "base_url", "api", "token_url", "issuer", "status", "health", "metrics", "database", "pids",
            "portal", "config", "sandboxes", "pid"} <= set(line)  # fmt: skip
    assert http("GET", line["status"])[0] == 200
    assert "callbacks" not in line, "no destination has a callback secret: the door is absent"
    assert set(line["pids"]) == {"serve", "worker", "postgres"}
    assert line["database"] == "embedded"
    sandbox = line["sandboxes"]["fitconnect"]
    assert {"token_url", "submission_api_v1", "submission_api_v2", "destination_api", "routing_api", "portal_jwks",
            "delivery_jwks", "admin", "clients", "destinations", "pid"} <= set(sandbox)  # fmt: skip
    assert {d["subscriber"] for d in sandbox["destinations"]} == {"automatic", "manual"}
    keys = {"destination_id", "name", "subscriber", "metadata_versions", "services", "decryption_jwk_file",
            "signing_jwk_file"}  # fmt: skip
    assert all(keys <= set(d) for d in sandbox["destinations"])


def test_status_and_list_show_the_submission(line, accepted):
    shown = process("status", accepted["id"], "--config", line["config"], "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["state"] == "accepted"
    listed = run("list", "--state", "accepted", "--config", line["config"], "--json")
    assert accepted["id"] in {json.loads(row)["id"] for row in listed.stdout.splitlines()}


def test_send_hands_off_and_waits(line, portal, tmp_path):
    body = portal.call("GET", f"/services/hausnummer/example.json?municipality={ARS}")[2]
    record, plan = tmp_path / "record.json", tmp_path / "plan.pdf"
    record.write_text(json.dumps(body["record"]), encoding="utf-8")
    plan.write_bytes(PDF)
    arguments = ["--municipality", ARS, "--attach", f"site_plan={plan}", "--config", line["config"], "--json"]
    sent = run("send", "hausnummer", str(record), *arguments, "--wait", "60")
    assert sent.returncode == 0, sent.stderr
    assert json.loads(sent.stdout)["state"] == "accepted"
    record.write_text("{}", encoding="utf-8")
    assert run("send", "hausnummer", str(record), *arguments).returncode == 3


def test_the_evidence_of_an_accepted_submission_proves_it_anywhere(line, portal, accepted, tmp_path):
    out, trust = tmp_path / "evidence.zip", tmp_path / "trust.json"
    exported = run("evidence", "export", accepted["id"], "--out", str(out), "--config", line["config"], "--json")
    assert exported.returncode == 0, exported.stderr
    trust.write_text(run("evidence", "keys", "--config", line["config"], "--json").stdout, encoding="utf-8")
    verified = run("evidence", "verify", str(out), "--trust", str(trust), "--json", HOME=str(tmp_path / "elsewhere"))
    assert verified.returncode == 0, verified.stderr
    verdict = json.loads(verified.stdout)
    assert verdict == {
        "ok": True, "submission_id": accepted["id"], "entries": verdict["entries"], "broken_at": None, "trust": "given",
    }  # fmt: skip
    with zipfile.ZipFile(out) as archive:
        kinds = {name.partition("-")[2] for name in archive.namelist() if name.startswith("events/")}
        cover = archive.read("nachweis.html").decode()
        chain = archive.read("chain.jsonl").decode()
    assert kinds == {"create-submission.jwt", "submit-submission.jwt", "accept-submission.jwt"}
    assert accepted["id"] in cover
    personal = {value for value in texts(portal.body()["record"]["applicant"]) if len(value) > 4}
    assert personal
    assert not {value for value in personal if value in cover + chain}, "no personal data"


def test_check_says_for_each_line_ok_or_what_to_do(line):
    checked = run("check", "--config", line["config"], "--json")
    rows = [json.loads(row) for row in checked.stdout.splitlines()]
    assert checked.returncode == 0, checked.stdout
    assert {"settings", "database"} <= {row["check"] for row in rows}
    assert all(set(row) >= {"check", "ok", "detail", "remedy"} for row in rows)


def test_check_ends_with_4_where_a_counterpart_is_away_and_with_2_where_settings_are_wrong_too(line):
    """Both faults stand in the lines; what nobody but the operator can mend decides the exit code."""
    config = Path(line["config"])
    port = urlsplit(line["sandboxes"]["fitconnect"]["token_url"]).port
    away = config.with_name("away.toml")
    away.write_text(config.read_text(encoding="utf-8").replace(f":{port}", ":9"), encoding="utf-8")
    try:
        checked = run("check", "--config", str(away), "--json")
        failed = {row["check"]: row["detail"] for row in map(json.loads, checked.stdout.splitlines()) if not row["ok"]}
        assert set(failed.values()) == {"counterpart_away"}, failed
        assert checked.returncode == 4
        text = away.read_text(encoding="utf-8") + '\n[[clients]]\nid = "more"\njwks = "nowhere.jwks"\n'
        away.write_text(text, encoding="utf-8")
        checked = run("check", "--config", str(away), "--json")
        failed = {row["check"]: row["detail"] for row in map(json.loads, checked.stdout.splitlines()) if not row["ok"]}
        assert f"clients.more.jwks: {config.parent / 'nowhere.jwks'}" in failed
        assert "counterpart_away" in failed.values(), "what can be tried is tried all the same"
        assert checked.returncode == 2
    finally:
        away.unlink()


def test_check_goes_on_without_the_secret_of_one_town_and_a_refused_one_is_settings(line):
    config = Path(line["config"])
    secret = config.parent / "secrets" / "fitconnect"
    right = secret.read_text(encoding="utf-8")
    try:
        secret.write_text("what the authority never gave", encoding="utf-8")
        refused = run("check", "--config", line["config"], "--json")
        secret.write_text("", encoding="utf-8")
        empty = run("check", "--config", line["config"], "--json")
    finally:
        secret.write_text(right, encoding="utf-8")
    failed = [row for row in map(json.loads, refused.stdout.splitlines()) if not row["ok"]]
    assert {row["detail"] for row in failed} == {"token_refused"}
    assert refused.returncode == 2
    rows = {row["check"]: row for row in map(json.loads, empty.stdout.splitlines())}
    (named,) = [
        row for name, row in rows.items() if "client_secret_file: " in name and name.endswith("secrets/fitconnect")
    ]
    assert (named["ok"], named["detail"], empty.returncode) == (False, "secret_unreadable", 2)
    assert [row["ok"] for name, row in rows.items() if name.startswith(("signing_key", "database"))] == [True, True]


def test_a_second_serve_on_the_same_data_directory_is_refused(line):
    second = run("serve", "--config", line["config"], "--json")
    assert second.returncode == 2
    assert "already_serving" in second.stderr
    assert second.stdout == ""


def test_wrong_usage_and_unknown_settings_end_with_2(tmp_path):
    assert process("gibt-es-nicht").returncode == 2
    settings = tmp_path / "settings.toml"
    settings.write_text('[server]\nprot = 1\n[outbound]\nallow_privat = ["x"]\n', encoding="utf-8")
    refused = run("serve", "--config", str(settings), "--json")
    assert refused.returncode == 2
    assert "server.prot" in refused.stderr
    assert "outbound.allow_privat" in refused.stderr, "all faults at once"


@pytest.mark.parametrize(
    ("arguments", "de", "en"),
    [
        (("gibt-es-nicht",), "Den Befehl 'gibt-es-nicht' gibt es nicht.", "No such command 'gibt-es-nicht'."),
        (("status",), "Es fehlt das Argument 'ID'.", "Missing argument 'ID'."),
        (("list", "--state", "fertig"), "'fertig' ist keines von 'received'", "'fertig' is not one of 'received'"),
        (("evidence", "verify", "/nope"), "Datei '/nope' gibt es nicht.", "File '/nope' does not exist."),
    ],
)
def test_wrong_usage_is_told_in_german_and_english(arguments, de, en):
    for language, sentence, usage in (("de", de, "Aufruf: gateway"), ("en", en, "Usage: gateway")):
        refused = process("--lang", language, *arguments)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert sentence in refused.stderr
        assert usage in refused.stderr


def test_a_fault_in_the_files_of_services_keeps_an_operator_from_nothing_else(line, tmp_path):
    (tmp_path / "hund").mkdir()
    (tmp_path / "hund/service.toml").write_text("format = ", encoding="utf-8")
    broken = {"GATEWAY__SERVICES__DIR": str(tmp_path)}
    for command, code in (("list",), 0), (("held", "list"), 0), (("alarms", "list"), 0), (("retention", "plan"), 2):
        assert run(*command, "--config", line["config"], "--json", **broken).returncode == code, command


@pytest.mark.parametrize("place", ["gone/backup.zip", "file/backup.zip"])
def test_a_backup_that_cannot_be_written_is_one_sentence_and_leaves_nothing(line, tmp_path, place):
    (tmp_path / "file").write_text("x")
    refused = run("backup", str(tmp_path / place), "--config", line["config"], "--json")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "[not_writable]" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_production_refuses_what_is_insecure_with_the_list_of_all(line):
    refused = run("serve", "--config", line["config"], "--mode", "production", "--json")
    assert refused.returncode == 2
    for key in ("vault.master_key_file", "server.public_url", "outbound.allow_private", "trust_roots"):
        assert key in refused.stderr


def test_keys_generate_writes_private_files_and_shows_public_parts_only(tmp_path):
    made = run("keys", "generate", "--out", str(tmp_path / "keys"), "--json")
    assert made.returncode == 0, made.stderr
    rows = [json.loads(row) for row in made.stdout.splitlines()]
    assert {row["name"] for row in rows} == {"decryption", "signing"}
    for row in rows:
        assert "d" not in row["public_jwk"]
        assert Path(row["file"]).stat().st_mode & 0o077 == 0
        assert "d" in json.loads(Path(row["file"]).read_text(encoding="utf-8"))
    assert run("keys", "generate", "--out", str(tmp_path / "keys")).returncode == 2


def test_a_key_for_id_tokens_is_written_once_and_listed_by_its_public_part(tmp_path):
    path = tmp_path / "id.jwk"
    made = run("keys", "id-token", "--alg", "ES256", "--out", str(path), "--json")
    assert made.returncode == 0, made.stderr
    public = json.loads(made.stdout)["public_jwk"]
    assert (public["alg"], "d" in public) == ("ES256", False)
    assert path.stat().st_mode & 0o077 == 0
    assert run("keys", "id-token", "--out", str(path)).returncode == 2
    assert json.loads(path.read_text(encoding="utf-8"))["kid"] == public["kid"]


def test_master_keys_are_listed_and_rotated_while_everything_runs(line):
    rows = [json.loads(row) for row in run("keys", "list", "--config", line["config"], "--json").stdout.splitlines()]
    (master,) = [row for row in rows if row["kind"] == "master"]
    assert master["current"] is True
    assert master["removable"] is False
    assert {row["kind"] for row in rows} == {"master", "evidence", "signing", "id-token"}
    assert not [row for row in rows if "d" in row.get("public_jwk", {})]
    rotated = run("keys", "rotate", "--config", line["config"], "--json")
    assert rotated.returncode == 0, rotated.stderr
    assert {"ok": True, "key": master["key"], "left": 0}.items() <= json.loads(rotated.stdout).items()


def test_help_speaks_german_and_english():
    assert "Gateway starten" in process("--help", "--lang", "de").stdout
    assert "Start the gateway" in process("--help", "--lang", "en").stdout
