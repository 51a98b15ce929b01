"""Killed with SIGKILL at random moments under load: every 201 ends accepted, each exactly once at the receiver.

`KILLS` and `SEED` by environment; the short run is part of `.ci/run`.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from uuid import uuid4

import pytest

from tests.demo_fixture import PDF, Portal, http, kept_demo, start, stop

pytestmark = pytest.mark.crash
KILLS = int(os.environ.get("KILLS", "6"))
SEED = int(os.environ.get("SEED", "1"))
PORTALS = 4


def hand_off(portal: Portal, example: dict, number: int, ended: threading.Event) -> str | None:
    body, key = {**example, "reference": f"kill-{number}"}, str(uuid4())
    body["attachments"] = [{**a, "upload": str(uuid4())} for a in example["attachments"]]
    until = time.monotonic() + 60  # whoever began goes on until answered: what was taken must be known
    while time.monotonic() < until:
        uploads = [portal.upload(PDF, a["upload"])[0] for a in body["attachments"]]
        if all(status in (200, 201) for status in uploads):
            status, _, made = portal.create(body, key)
            if status == 201:
                return made["id"]
            assert status in (0, 500, 502, 503), made
        ended.wait(0.2) if not ended.is_set() else time.sleep(0.2)
    return None


class Load:
    """Several portals that hand off until told to stop; each repeats its key until it has its 201."""

    def __init__(self, portal: Portal) -> None:
        self.portal, self.ended = portal, threading.Event()
        self.taken: list[str] = []
        self.faults: list[str] = []
        self._example = portal.call("GET", "/services/hausnummer/example.json?municipality=150900546546")[2]
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(PORTALS)]
        for thread in self._threads:
            thread.start()

    def _work(self, number: int) -> None:
        while not self.ended.is_set():
            try:
                made = hand_off(self.portal, self._example, number, self.ended)
            except AssertionError as error:
                self.faults.append(str(error))
                return
            if made:
                self.taken.append(made)
            number += PORTALS

    def stop(self) -> None:
        self.ended.set()
        for thread in self._threads:
            thread.join(60)


def kill(line: dict, who: set[str]) -> None:
    for name in who:
        with contextlib.suppress(ProcessLookupError):
            os.kill(line["pids"][name], signal.SIGKILL)


def test_nothing_is_lost_or_doubled_whoever_is_killed():
    chance, kids = random.Random(SEED), []
    with kept_demo() as line:
        portal, now = Portal(line), line
        load = Load(portal)
        for number in range(KILLS):
            load.ended.wait(0.3 + chance.random())
            kill(now, {"serve", "worker", "postgres"} if number % 3 == 2 else {"serve", "worker"})
            kid, now = start("serve", "--config", line["config"])
            kids.append(kid)
        load.stop()
        states = {i: portal.followed(i, 60)["state"] for i in load.taken}
        arrived = http("GET", line["sandboxes"]["fitconnect"]["admin"] + "/submissions")[2]["submissions"]
        delivered = [s["submit_count"] for s in arrived if s["state"] != "announced"]
        for kid in kids:
            stop(kid)
    assert not load.faults
    assert set(states.values()) == {"accepted"}
    assert sum(delivered) == len(load.taken)
    assert set(delivered) == {1}


def test_a_worker_or_database_that_dies_comes_back_by_itself():
    with kept_demo() as line:
        portal = Portal(line)
        for name in ("worker", "postgres"):
            kill(line, {name})
            until = time.monotonic() + 60
            status, made = 0, {}
            while status != 201 and time.monotonic() < until:
                with contextlib.suppress(AssertionError):
                    status, _, made = portal.create(portal.body())
            assert status == 201
            assert portal.followed(made["id"])["state"] == "accepted"
