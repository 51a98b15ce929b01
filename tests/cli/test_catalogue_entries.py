"""`gateway catalogue list|show|check`: 22 services, each file that changed is seen, every fault told, nothing lost."""

from __future__ import annotations

import json
import time

import psycopg
import pytest

from tests.catalogue_gateway import PAGES, written
from tests.commands import run
from tests.forked import serving

KEYS = {
    "municipality", "service", "leika_key", "title", "url", "delivered_by", "revision", "life_cycle", "delivered",
    "listed", "works", "findings", "counted", "validity",
}  # fmt: skip
EDIT = "gewerbe-anmelden"


@pytest.fixture
def config(tmp_path, postgres_dsn):
    return written(tmp_path, postgres_dsn)


def lines(ended):
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def told(ended):
    return {(one["pointer"], one["rule"], one["severity"]) for one in map(json.loads, ended.stdout.splitlines())}


def test_22_services_are_listed_each_flagged_that_has_no_key(config):
    listed = lines(run("catalogue", "list", "--config", config, "--json"))
    assert len(listed) == 22
    for line in listed:
        assert line.keys() >= KEYS
        assert line["url"] == f"{PAGES}/{line['service']}"
        assert set(line["title"]) == {"de", "en"}
        assert (line["delivered"], line["listed"], line["works"]) == (False, None, None)
        assert ("no_leika" in line["findings"]) == (line["leika_key"] is None)
    assert sorted(line["delivered_by"] for line in listed) == ["elsewhere"] * 13 + ["gateway"] * 9
    human = run("catalogue", "list", "--config", config, LANG="de_DE.UTF-8")
    assert "Gewerbe anmelden (nicht geliefert, gelistet: noch unbekannt" in human.stdout
    assert (
        "Ersatzbetreuung bei Schließzeiten beantragen (nicht geliefert, ohne Leistungsschlüssel nicht listbar"
        in human.stdout
    )


@pytest.mark.parametrize("other", ["150900000000", "x"])
def test_a_municipality_that_is_none_of_ours_is_told(config, other):
    ended = run("catalogue", "list", "--municipality", other, "--config", config)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("unknown_municipality: ")


def test_an_entry_whose_time_has_not_come_or_is_over_is_listed_and_marked_as_not_counting(config):
    days = ("valid_from = 2999-01-01", "valid_until = 2020-01-02")
    for name, line in zip((EDIT, "geburtsurkunde"), days, strict=True):
        file = config.parent / "catalogue" / f"{name}.toml"
        file.write_text(f"{line}\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    listed = {each["service"]: each for each in lines(run("catalogue", "list", "--config", config, "--json"))}
    marked = {each["service"]: each["validity"] for each in listed.values() if not each["counted"]}
    assert (len(listed), sorted(marked.values())) == (22, ["ended", "to_come"])
    assert {each["validity"] for name, each in listed.items() if name not in marked} == {"current"}
    human = run("catalogue", "list", "--config", config, LANG="de_DE.UTF-8").stdout
    assert human.count("zählt nicht") == 2
    assert "zählt nicht: gilt erst ab 2999-01-01" in human
    assert "zählt nicht: galt bis vor 2020-01-02" in human
    (ended,) = [name for name, validity in marked.items() if validity == "ended"]
    assert "does not count" in run("catalogue", "show", ended, "--config", config, LANG="en_US.UTF-8").stdout


def test_a_file_that_changed_is_a_new_revision_with_when_and_who(config):
    run("catalogue", "list", "--config", config, "--json")
    file = config.parent / "catalogue" / f"{EDIT}.toml"
    before = file.read_text(encoding="utf-8")
    file.write_text(before.replace("Gewerbe anmelden", "Gewerbe beginnen"), encoding="utf-8")
    (shown,) = lines(run("catalogue", "show", EDIT, "--config", config, "--json"))
    assert [(each["number"], each["by"]) for each in shown["revisions"]] == [(2, "files"), (1, "files")]
    assert shown["revisions"][0]["at"] > shown["revisions"][1]["at"]
    assert (shown["revision"], shown["entry"]["titles"]["de"]) == (2, "Gewerbe beginnen")
    assert shown["findings"] == shown["details"] == []
    human = run("catalogue", "show", EDIT, "--config", config, LANG="en_GB.UTF-8")
    assert "Revision 2" in human.stdout
    unknown = run("catalogue", "show", "gibt-es-nicht", "--config", config, "--json")
    assert (unknown.returncode, "unknown_entry" in unknown.stderr) == (3, True)


def test_faults_are_told_and_what_has_them_stays_as_it_was(config):
    sound = run("catalogue", "check", "--config", config, "--json")
    assert sound.returncode == 0
    assert {rule for _, rule, _ in told(sound)} == {"no_leika"}
    folder = config.parent / "catalogue"
    broken = (folder / f"{EDIT}.toml").read_text(encoding="utf-8")
    (folder / f"{EDIT}.toml").write_text(
        broken.replace("99050012104000", "9905001210400").replace("<ul>", "<ul onclick='x'>")
    )
    (folder / "geburtsurkunde.toml").unlink()
    checked = run("catalogue", "check", "--config", config, "--json")
    assert checked.returncode == 3
    assert {each for each in told(checked) if each[2] == "error"} == {
        (f"tangerhuette/{EDIT}.toml#/leika_key", "entry_pattern", "error"),
        ("tangerhuette/geburtsurkunde", "entry_vanished", "error"),
    }
    listed = run("catalogue", "list", "--config", config, "--json")
    assert "entry_vanished" in listed.stderr
    known = {line["service"]: line for line in lines(listed)}
    assert len(known) == 22
    assert (known[EDIT]["leika_key"], known[EDIT]["revision"]) == ("99050012104000", 1)
    (folder / f"{EDIT}.toml").write_text(broken.replace("example = true", 'life_cycle = "withdrawn"'))
    assert EDIT not in {line["service"] for line in lines(run("catalogue", "list", "--config", config, "--json"))}


def test_serve_registers_everything_without_being_asked(config, postgres_dsn):
    config.write_text(config.read_text(encoding="utf-8") + "[server]\nport = 0\n", encoding="utf-8")
    served = serving("serve", "--config", config, "--no-worker")
    with served, psycopg.connect(postgres_dsn, autocommit=True) as connection:
        rows, end = [], time.monotonic() + 30
        while rows != [("files", 22)] and time.monotonic() < end:
            rows = connection.execute("SELECT changed_by, count(*) FROM catalogue_revisions GROUP BY 1").fetchall()
    assert rows == [("files", 22)]
