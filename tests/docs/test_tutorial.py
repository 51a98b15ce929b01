"""The tutorial, walked as it stands: a shell, curl and nothing of ours but the demo."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # what it sends and sees, the contract's tests send and see in the default suite
PAGE = Path(__file__).parents[2] / "docs/tutorial/first-submission.md"
BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_with_curl_alone_a_record_is_sent_and_seen_accepted(tmp_path):
    lines = [textwrap.dedent(block) for _, block in BLOCK.findall(PAGE.read_text(encoding="utf-8"))]
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/gateway").symlink_to(Path(sys.executable).parent / "gateway")
    script = "set -eu\ntrap 'kill %1; wait %1' EXIT\nset -m\n" + "".join(lines)
    done = subprocess.run(
        ["/bin/bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    it = json.loads((tmp_path / "state.json").read_text(encoding="utf-8"))
    assert it["state"] == "accepted"
    assert {event["type"]: event["verified"] for event in it["events"]} == {
        "create-submission": True,
        "submit-submission": True,
        "accept-submission": True,
    }
