"""`gateway catalogue push` beside the sandbox: published, pushed, listed; what is refused is seen in the list."""

from __future__ import annotations

import json

import pytest

from gateway.keys.files import write_secret
from tests.catalogue_gateway import written
from tests.commands import run
from tests.demo_fixture import http
from tests.forked import serving

PUSH = """[catalogue.push]
address = "{collector}"
token_url = "{collector_token_url}"
client_id = "{client}"
client_secret_file = "collector.secret"
"""
UNVERIFIED = "unverified = true\n"


@pytest.fixture
def there():
    with serving("sandbox", "catalogue", "--port", "0") as line:
        yield line


@pytest.fixture
def config(tmp_path, postgres_dsn, there):
    config = written(tmp_path, postgres_dsn)
    client = there["collector_client"]
    write_secret(config.parent / "collector.secret", client["client_secret"].encode())
    section = PUSH.format(**there, client=client["client_id"])
    config.write_text(config.read_text(encoding="utf-8") + section, encoding="utf-8")
    return config


def allow_unverified(config):
    config.write_text(config.read_text(encoding="utf-8") + UNVERIFIED, encoding="utf-8")


def export(config):
    ended = run("catalogue", "export", "--config", config, "--json")
    assert ended.returncode == 0, ended.stderr


def push(config):
    ended = run("catalogue", "push", "--config", config, "--json")
    return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def listed(config):
    ended = run("catalogue", "list", "--config", config, "--json")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_what_no_official_schema_vouches_for_is_refused_with_place_rule_and_way_out(config, there):
    code, lines, told = push(config)
    assert (code, lines) == (1, []), "nothing was exported yet"
    export(config)
    code, lines, told = push(config)
    assert (code, lines) == (2, [])
    assert "catalogue_unverified" in told
    assert "urn:xoev-de:fim:standard:xzufi_2.3.1" in told
    assert "[schema_not_installed]" in told
    assert "gateway schemas install" in told
    assert http("GET", there["admin"] + "/state")[2]["imports"] == []


def test_published_pushed_listed_and_what_is_refused_is_seen_until_it_is_taken(config, there):
    allow_unverified(config)
    export(config)
    http("POST", there["admin"] + "/faults", {"match": "POST /collector/*", "kind": "status", "value": 422, "times": 1})
    code, (line,), _ = push(config)
    assert (code, line["state"], line["status"], line["cause"]) == (3, "refused", 422, "counterpart_refused")
    *entries, last = listed(config)
    assert (len(entries), all("service" in each for each in entries)) == (22, True)
    (work,) = last["work"]
    assert (work["kind"], work["municipality"], work["state"]) == ("push", "150900546546", "refused")
    assert set(work) == {"kind", "municipality", "state", "since", "cause", "suggestion"}
    alarms = run("alarms", "list", "--config", config, "--json").stdout
    assert "catalogue_push_refused" in alarms
    assert "150900546546" in alarms
    code, (line,), _ = push(config)
    assert (code, line["state"], line["since"]) == (0, "accepted", 0)
    state = http("GET", there["admin"] + "/state")[2]
    with_key = {each["leika_key"]: each["url"] for each in entries if each["leika_key"]}
    assert {each["leika_key"]: each["url"] for each in state["offers"] if "L100999" in each["id"]} == with_key
    assert push(config)[:2] == (0, [])
    assert all("service" in each for each in listed(config))
    assert "catalogue_push_refused" not in run("alarms", "list", "--config", config, "--json").stdout


def test_a_collector_that_is_away_is_told_by_the_exit_code(config, there):
    allow_unverified(config)
    export(config)
    http("POST", there["admin"] + "/faults", {"match": "POST /*", "kind": "status", "value": 503, "times": 9})
    code, (line,), _ = push(config)
    assert (code, line["state"], line["cause"]) == (4, "waiting", "counterpart_busy")


def test_without_a_collector_there_is_nobody_to_push_to(tmp_path, postgres_dsn):
    code, lines, told = push(written(tmp_path, postgres_dsn))
    assert (code, lines) == (1, [])
    assert "[catalogue.push]" in told


def test_a_refused_export_is_seen_in_the_list_with_town_and_way_out_until_one_is_accepted(tmp_path, postgres_dsn):
    config = written(tmp_path, postgres_dsn)
    export(config)
    town = config.parent / "towns" / "tangerhuette.toml"
    whole = town.read_text(encoding="utf-8")
    begin, end = whole.index("[catalogue.urls]"), whole.index("[catalogue.unit]")
    town.write_text(whole[:begin] + whole[end:], encoding="utf-8")
    assert run("catalogue", "export", "--config", config).returncode == 2
    work = listed(config)[-1]["work"]
    assert {(each["kind"], each["municipality"], each["state"], each["cause"]) for each in work} == {
        ("export", "150900546546", "failed", "catalogue_export_shrinks")
    }
    assert len(work) == 3
    assert all("--allow-loss" in each["suggestion"]["de"] for each in work)
    assert "catalogue_export_shrinks: " in run("catalogue", "list", "--config", config).stdout
    town.write_text(whole, encoding="utf-8")
    export(config)
    assert all("service" in each for each in listed(config))
