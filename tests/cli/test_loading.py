"""Processes that stay look for no garbage among what they load, and for what is garbage afterwards."""

import gc
import json
import subprocess
import sys

import pytest

from gateway.cli.console import loading

STARTED = """
import gc, json, sys
from gateway.cli.main import main
try:
    main()
except SystemExit as ended:
    print(json.dumps({"code": ended.code, "frozen": gc.get_freeze_count(), "enabled": gc.isenabled()}))
"""


def test_what_is_loaded_is_left_out_of_garbage_collection():
    try:
        with loading():
            assert not gc.isenabled()
            loaded = [[]]
        assert gc.isenabled()
        assert not any(each is loaded for each in gc.get_objects())
    finally:
        gc.unfreeze()


def test_garbage_is_looked_for_again_where_loading_fails():
    try:
        with pytest.raises(ImportError), loading():
            raise ImportError
        assert gc.isenabled()
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_process_that_stays_loads_so(tmp_path, command):
    arguments = [command, "--config", str(tmp_path / "missing.toml")]
    done = subprocess.run([sys.executable, "-c", STARTED, *arguments], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout)
    assert (said["code"], said["enabled"]) == (2, True)
    assert said["frozen"] > 100_000
