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
    """Settings of a machine on which nothing lies but keys, secrets and the list of what was erased."""
    home = Path(line["config"]).parent
    kept = home / "elsewhere"
    shutil.copytree(home / "data" / "keys", kept / "keys")
    shutil.copy(home / "data" / "erased.jsonl", kept)
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
            restored = command(config, "restore", str(backup))
            assert (restored["rows"], restored["erased_again"]) == (said["rows"], 1)
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
