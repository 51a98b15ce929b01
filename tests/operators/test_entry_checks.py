"""What `gateway check` says of a municipality's catalogue entries."""

from __future__ import annotations

import json

import pytest

from gateway.catalogue.registry import TownEntries
from gateway.catalogue.sentences import finding
from gateway.model import Severity
from gateway.operators.checks import Affair, Checks
from gateway.operators.entries import entries, entries_without_file
from tests.catalogue.entries import ARS, ENTRY
from tests.catalogue_gateway import written
from tests.commands import run

TOWN = "tangerhuette"
FAULT = finding(f"{TOWN}/a.toml#/id", "entry_twice", "b.toml")
NOTICE = finding(f"{TOWN}/a.toml#/leika_key", "no_leika", severity=Severity.INFO)


def town(*findings, made=(ENTRY,)):
    return TownEntries(ARS, made, findings, frozenset(), True)


def test_sound_entries_are_one_line_that_says_how_many() -> None:
    (line,) = entries(Checks("en"), TOWN, town())
    assert (line.check, line.ok, line.detail, line.remedy) == (f"catalogue {TOWN}", True, "entries: 1", "")
    (line,) = entries(Checks("de"), TOWN, town(NOTICE, NOTICE))
    assert (line.ok, line.detail) == (True, "Einträge: 1, Hinweise: 2 (gateway catalogue check)")
    assert entries(Checks("en"), TOWN, town(made=())) == []


@pytest.mark.parametrize("made", [(ENTRY,), ()])
def test_each_fault_of_a_file_has_a_line_of_its_own(made) -> None:
    whole, fault = entries(Checks("en"), TOWN, town(NOTICE, FAULT, made=made))
    assert (whole.ok, bool(whole.remedy), whole.affair) == (False, True, Affair.SETTINGS)
    assert (fault.check, fault.ok, fault.detail) == (FAULT.pointer, False, "entry_twice")
    assert (fault.remedy, fault.affair) == (FAULT.en, Affair.SETTINGS)


def test_a_town_without_a_file_is_told_of() -> None:
    (line,) = entries_without_file(Checks("de"), [finding("150900550550", "entry_town_vanished", 3)])
    assert (line.check, line.ok, line.affair, "(3)" in line.remedy) == ("150900550550", False, Affair.SETTINGS, True)


def rows(config):
    done = run("check", "--config", config, "--json")
    return done.returncode, {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}


def test_the_command_judges_files_as_the_catalogue_does_and_registers_nothing(tmp_path, postgres_dsn):
    config = written(tmp_path, postgres_dsn)
    _, before = rows(config)
    assert (before[f"catalogue {TOWN}"]["ok"], "22" in before[f"catalogue {TOWN}"]["detail"]) == (True, True)
    file = tmp_path / "catalogue" / "geburtsurkunde.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("https://", "javascript:") + "\nodd = 1\n")
    code, after = rows(config)
    failed = {name: row["detail"] for name, row in after.items() if not row["ok"] and name not in before}
    told = run("catalogue", "check", "--config", config, "--json").stdout
    faults = [each for each in map(json.loads, told.splitlines()) if each["severity"] == "error"]
    assert failed == {each["pointer"]: each["rule"] for each in faults} != {}
    assert (code, after[f"catalogue {TOWN}"]["ok"]) == (2, False)
    settings = config.read_text(encoding="utf-8")
    config.write_text(settings + '[[clients]]\nid = "more"\njwks = "nowhere.jwks"\n', encoding="utf-8")
    _, both = rows(config)
    assert any("more" in name for name in both), "and beside other faults"
    assert {name for name in failed if name not in both} == set()
    (tmp_path / "services" / "odd").mkdir(parents=True)
    (tmp_path / "services" / "odd" / "service.toml").write_text("id = 3", encoding="utf-8")
    config.write_text(settings + '[services]\ndir = "services"\n', encoding="utf-8")
    _, unknown = rows(config)
    assert any("odd" in name for name in unknown)
    assert not [name for name in unknown if "catalogue" in name or name in failed], "nobody knows whose entries"
