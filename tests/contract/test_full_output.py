"""A command whose output goes to a full disk ends in a sentence, never in a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [["--help"], ["services", "check"], ["schemas", "list", "--available", "--json"]])
def test_output_that_cannot_be_written_is_a_sentence(arguments: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "GATEWAY__DATA_DIR": str(tmp_path), "LANG": "de_DE.UTF-8"}
    command = [sys.executable, "-m", "gateway.cli.main", *arguments]
    with FULL.open("w") as full:
        done = subprocess.run(
            command, check=False, stdout=full, stderr=subprocess.PIPE, text=True, env=environment, timeout=60
        )
    assert done.returncode == 1
    assert done.stderr.startswith("Die Ausgabe ist nicht schreibbar (")
    assert len(done.stderr.splitlines()) == 1
