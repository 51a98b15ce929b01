"""A machine is lost: its backup, its list of what was erased and its keys bring everything back on an empty one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.crash.cluster import External, until
from tests.crash.house import alive
from tests.crash.load import Patient, hand_off
from tests.demo_fixture import ARS, GATEWAY, kept_demo, start, stop

pytestmark = pytest.mark.crash


def command(config: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [*GATEWAY, *arguments, "--config", str(config), "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def another_machine(line: dict[str, Any], url: str | None) -> Path:
    """Settings of a machine on which nothing lies but keys and secrets."""
    home = Path(line["config"]).parent
    shutil.copytree(home / "data" / "keys", home / "elsewhere" / "keys")
    text = Path(line["config"]).read_text(encoding="utf-8").replace('data_dir = "data"', 'data_dir = "elsewhere"')
    config = home / "elsewhere.toml"
    config.write_text(text + (f'\n[database]\nurl = "{url}"\n' if url else ""), encoding="utf-8")
    return config


@pytest.mark.parametrize("kind", ["embedded", "external"])
def test_a_lost_machine_comes_back_from_its_backup(tmp_path, kind):
    external = External() if kind == "external" else None
    try:
        with kept_demo(60) as line:
            portal = Patient(line)
            example = portal.surely("GET", f"/services/hausnummer/example.json?municipality={ARS}")
            made = [hand_off(portal, example) for _ in range(3)]
            before = {each: portal.followed(each) for each in made}
            feed = portal.surely("GET", "/changes")
            backup = tmp_path / "backup.zip"
            said = command(line["config"], "backup", str(backup))
            command(line["config"], "retention", "erase", made[0])  # after the backup: it must not come back
            for pid in line["pids"].values():
                os.kill(pid, signal.SIGKILL)
            assert until(lambda: not any(alive(pid) for pid in line["pids"].values()))
            config = another_machine(line, external and external.url())
            home, own = Path(line["config"]).parent, Path(line["config"]).parent / "elsewhere" / "erased.jsonl"
            lost = home / "data" / "erased.jsonl"
            if external:  # the list lies where the lost machine had it, and is named
                restored = command(config, "restore", str(backup), "--erased", str(lost))
                assert own.read_text() == lost.read_text(), "the next restore here needs it again"
            else:
                shutil.copy(lost, own)
                restored = command(config, "restore", str(backup))
            assert (restored["rows"], restored["erased_again"]) == (said["rows"], 1)
            assert restored["erased_lists"] == [str(lost if external else own)]
            process, now = start("serve", "--config", str(config))
            try:
                assert now["database"] == kind
                again = Patient(line)
                assert {each: again.surely("GET", f"/submissions/{each}") for each in made[1:]} == {
                    each: before[each] for each in made[1:]
                }
                assert again.surely("GET", f"/submissions/{made[0]}")["reference"] is None
                assert again.surely("GET", "/changes")["changes"] == feed["changes"]
                archive = tmp_path / "evidence.zip"
                assert command(config, "evidence", "export", made[1], "--out", str(archive))["ok"]
                assert command(config, "evidence", "verify", str(archive))["ok"]
                assert again.followed(hand_off(again, example))["state"] == "accepted"
            finally:
                stop(process, 60)
    finally:
        if external:
            external.close()


def test_a_restore_misses_a_list_of_erasures_only_where_there_should_be_one(tmp_path):
    with kept_demo(60) as line:
        backup = tmp_path / "backup.zip"
        command(line["config"], "backup", str(backup))
        config = another_machine(line, None)
        fresh = [*GATEWAY, "restore", str(backup), "--config", str(config)]
        assert subprocess.run(fresh, capture_output=True, check=True).stderr == b"", "nothing was erased before"
        shutil.rmtree(config.parent / "elsewhere")
        portal = Patient(line)
        example = portal.surely("GET", f"/services/hausnummer/example.json?municipality={ARS}")
        made = hand_off(portal, example)
        portal.followed(made)
        command(line["config"], "retention", "erase", made)
        command(line["config"], "backup", str(backup))
        config = another_machine(line, None)
        done = subprocess.run(
            [*GATEWAY, "restore", str(backup), "--config", str(config), "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout)["erased_lists"] == []
        assert "erased.jsonl" in done.stderr
        assert "--erased" in done.stderr
        (tmp_path / "list").write_text("nonsense\n")
        refused = subprocess.run(
            [*GATEWAY, "restore", str(backup), "--config", str(config), "--erased", str(tmp_path / "list")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (refused.returncode, "erased_list_unreadable" in refused.stderr) == (2, True)
