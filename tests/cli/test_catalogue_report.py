"""`gateway catalogue report` and `verify-report`."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from gateway.catalogue import entry_json
from gateway.catalogue.publication.report import of_town, signed
from gateway.crypto.keys import generate_ec, generate_ed25519, private_key
from gateway.store.connection.database import Database
from tests.catalogue.entries import ARS, ENTRY
from tests.catalogue.publication.offers import NOW, TODAY, Rows, publication
from tests.commands import run
from tests.login.conftest import at_once
from tests.store.test_catalogue_statuses import REVISION
from tests.wiring.test_refusals import TOWN

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
def config(tmp_path, postgres_dsn, monkeypatch):
    """Settings of a gateway with one town, which claims one service."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "towns").mkdir()
    (tmp_path / "towns/one.toml").write_text(TOWN.format(slug="one", ars=ARS))
    (tmp_path / "towns/one.secret").write_text("s" * 43)
    days = {"not_before": NOW - timedelta(days=1), "not_after": NOW + timedelta(days=365)}
    signing, _ = generate_ec("one", "P-256", subject="Stadt", serial=1, **days)
    (tmp_path / "towns/one.jwk").write_text(json.dumps(dict(signing)))
    path = tmp_path / "settings.toml"
    path.write_text(
        f'data_dir = "data"\n[database]\nurl = "{postgres_dsn}"\n[municipalities]\ndir = "towns"\n'
        '[fitconnect.environments.test]\ntoken_url = "http://127.0.0.1:9/token"\n'
        'submission_api = "http://127.0.0.1:9"\ninsecure_public_keys = true\n'
    )

    async def claim():
        database = await Database.open(postgres_dsn, size=1)
        state = {"entry": json.dumps(entry_json.as_json(ENTRY)), "digest": entry_json.digest(ENTRY)}
        await database.run(REVISION, town=ARS, service=ENTRY.service, number=1, now=NOW, **state)
        await database.close()

    return path, claim


def test_the_command_writes_report_and_signature_and_anybody_gets_the_same_that_day(config, tmp_path):
    path, claim = config
    asyncio.run(claim())
    done = run("catalogue", "report", "--out", tmp_path / "r.json", "--config", path, "--json")
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert (line["ok"], line["signature"]) == (True, str(tmp_path / "r.json.jws"))
    body = json.loads((tmp_path / "r.json").read_bytes())
    assert body["municipalities"][0]["counts"]["claimed"] == 1
    assert json.loads(run("catalogue", "verify-report", tmp_path / "r.json", "--json").stdout)["ok"]
    unwritable = run("catalogue", "report", "--out", tmp_path / "no/r.json", "--config", path)
    assert (unwritable.returncode, "[not_writable]" in unwritable.stderr) == (3, True)
