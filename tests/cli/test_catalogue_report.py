"""`gateway catalogue report` and `verify-report`."""

from __future__ import annotations

import json

import pytest

from gateway.catalogue.publication.report import of_town, signed
from gateway.crypto.keys import generate_ed25519, private_key
from tests.catalogue.entries import ARS
from tests.catalogue.publication.offers import NOW, TODAY, Rows, publication
from tests.catalogue_gateway import written
from tests.commands import run
from tests.login.conftest import at_once

KEY = private_key(generate_ed25519("gateway-evidence")[0])


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    made = signed([of_town(at_once(publication(Rows()).town(ARS)))], TODAY, NOW, KEY)
    (tmp_path / "report.json").write_bytes(made.body)
    (tmp_path / "report.json.jws").write_text(made.signature + "\n")
    return tmp_path / "report.json"


def verified(*arguments):
    done = run("catalogue", "verify-report", *arguments, "--json")
    return done.returncode, json.loads(done.stdout), done.stderr


def keys(tmp_path, key):
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [dict(key.public_jwk)]}))
    return path


def test_a_report_is_checked_with_nothing_but_its_files(file, tmp_path):
    assert verified(file)[:2] == (0, {"ok": True, "date": "2026-11-30", "trust": "from_report"})
    assert verified(file, "--trust", keys(tmp_path, KEY))[1]["trust"] == "given"
    assert "--trust" in run("catalogue", "verify-report", file).stdout
    assert not (tmp_path / "data").exists(), "nothing was made for looking"


def test_what_is_not_in_order_ends_with_1_and_tells_nothing_of_it(file, tmp_path):
    stranger = private_key(generate_ed25519("a-stranger")[0])
    refused = {"ok": False, "date": None, "trust": "from_report"}
    code, verdict, told = verified(file, "--trust", keys(tmp_path, stranger))
    assert (code, verdict["ok"], verdict["trust"]) == (1, False, "given")
    assert "[key_unknown]" in told
    body = file.read_bytes()
    file.write_bytes(body.replace(b"22", b"23", 1))
    assert (*verified(file)[:2], "[signature]" in verified(file)[2]) == (1, refused, True)
    file.write_bytes(body)
    (tmp_path / "report.json.jws").unlink()
    assert (*verified(file)[:2], "[signature_missing]" in verified(file)[2]) == (1, refused, True)
    file.write_bytes(b"<html>")
    assert (*verified(file)[:2], "[form]" in verified(file)[2]) == (1, refused, True)


@pytest.fixture
def config(tmp_path, postgres_dsn):
    return written(tmp_path, postgres_dsn)


def test_the_command_writes_report_and_signature_and_anybody_gets_the_same_that_day(config, tmp_path):
    done = run("catalogue", "report", "--out", tmp_path / "r.json", "--config", config, "--json")
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert (line["ok"], line["signature"]) == (True, str(tmp_path / "r.json.jws"))
    body = json.loads((tmp_path / "r.json").read_bytes())
    (town,) = body["municipalities"]
    listed = run("catalogue", "list", "--config", config, "--json").stdout.splitlines()
    claims = [json.loads(each) for each in listed]
    assert [each["service"] for each in town["services"]] == [each["service"] for each in claims]
    keys = [each for each in claims if each["leika_key"]]
    assert (town["counts"]["claimed"], town["counts"]["with_leika_key"]) == (len(claims), len(keys)) == (22, 16)
    assert json.loads(run("catalogue", "verify-report", tmp_path / "r.json", "--json").stdout)["ok"]
    unwritable = run("catalogue", "report", "--out", tmp_path / "no/r.json", "--config", config)
    assert (unwritable.returncode, "[not_writable]" in unwritable.stderr) == (3, True)
