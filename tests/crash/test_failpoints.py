"""Killed at each failpoint alone, before and after every commit and every call outside: the promise holds.

`POINTS` by environment: how many points, drawn by `SEED`; all of them without it. The short run is part of `.ci/run`.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.doomed import COMMAND, Doomed
from tests.crash.house import WORKER
from tests.crash.invariant import broken
from tests.crash.load import ENDED, Follower
from tests.crash.scenes import ELSEWHERE, LAST, PLAN, everything, points
from tests.demo_fixture import GATEWAY, kept_demo, start, stop

pytestmark = pytest.mark.crash
MOST = int(os.environ.get("POINTS", "1000"))
ALL = list(points(PLAN))
CHOSEN = [
    ALL[no] for no in sorted(random.Random(os.environ.get("SEED", "1")).sample(range(len(ALL)), min(MOST, len(ALL))))
]
ONCE = ".keyring.begin"
TRIES = 4
WHOLE = len(CHOSEN) == len(ALL)


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doomed]:
    directory = tmp_path_factory.mktemp("points")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEWAY__FAILPOINTS", str(directory))
        with kept_demo(60) as line:
            for role, point, _ in CHOSEN:
                if point.endswith(ONCE):  # whoever comes first makes it, and that is already the webhook below
                    (directory / f"{role}.{point}").touch()
            it = Doomed(line, directory)
            try:
                yield it
            finally:
                it.close()


def test_every_failpoint_is_in_a_scene_or_has_its_reason():
    staged = {name for _, _, names in (*PLAN, *LAST) for name in names}
    assert staged | set(ELSEWHERE) == everything()
    assert not staged & set(ELSEWHERE)


@pytest.mark.parametrize(("role", "point", "scene"), CHOSEN, ids=[f"{role}.{point}" for role, point, _ in CHOSEN])
def test_somebody_dies_there_and_the_next_goes_on(doomed, role, point, scene):
    doomed.arm(role, point)
    for _ in range(TRIES):  # a blow may have met one that was only just starting
        scene(doomed)
        if doomed.died(role, point):
            return
    doomed.disarm(role, point)
    pytest.fail("nobody came by")


def test_afterwards_everything_taken_was_delivered_once_and_nothing_is_left_lying(doomed):
    doomed.hand_off()
    follower = Follower(doomed.line)
    left = follower.until_ended(doomed.taken, 90)
    again = follower.stop()
    assert left == set()
    assert {state for _, i, state in again if state in ENDED and i not in doomed.apart} == {"accepted"}
    assert broken(doomed.line, doomed.taken, apart=doomed.apart) == []
    assert doomed.receiver.untold({cursor for cursor, _, _ in again}, 60) == set()


@pytest.mark.skipif(not WHOLE, reason="a few points only")
def test_no_point_was_passed_at_which_nobody_died(doomed):
    staged = {(role, point.partition(".")[2]) for role, point, _ in points(PLAN)}
    staged |= {(WORKER, name) for role, name in staged if role == COMMAND}  # each hour it does as the command does
    passed = {(role, name) for role, name in doomed.passed() if role != COMMAND and name not in ELSEWHERE}
    assert passed - staged == set()


@pytest.mark.skipif(not WHOLE, reason="a few points only")
@pytest.mark.parametrize(("role", "point", "scene"), list(points(LAST)))
def test_the_sandbox_forgets_what_is_old_and_comes_back(doomed, role, point, scene):
    doomed.arm(role, point)
    scene(doomed)
    assert doomed.died(role, point)


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_first_start_may_be_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str):
    points, data = tmp_path / "points", tmp_path / "data"
    points.mkdir()
    tmp_path.chmod(0o755)
    monkeypatch.setenv("GATEWAY__FAILPOINTS", str(points))
    monkeypatch.setenv("GATEWAY__DATA_DIR", str(data))
    (points / f"serve.{when}.masters.remember").touch()
    arguments = ("serve", "--no-worker", "--port", "0")
    first = subprocess.run([*GATEWAY, *arguments, "--json"], capture_output=True, check=False)
    assert (first.returncode, first.stdout) == (-9, b"")
    process, line = start(*arguments)
    assert json.dumps(line["pids"]["serve"]).isdigit()
    assert stop(process) == 0
