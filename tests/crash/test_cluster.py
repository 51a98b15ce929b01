"""Two `gateway serve` and three `gateway worker` on one external PostgreSQL: none undoes another's work."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from tests.crash.cluster import Host, cluster, until
from tests.crash.invariant import broken
from tests.crash.load import ENDED, Follower, Load, Patient, hand_off
from tests.demo_fixture import ARS, GATEWAY, http

pytestmark = pytest.mark.crash
TAKEN_OVER_WITHIN_S = 10.0
ENDS_WITHIN_S = 10.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    points = tmp_path_factory.mktemp("points")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEWAY__FAILPOINTS", str(points))
        with cluster(points) as it:
            port, other = (int(it.line["api"].split(":")[2].split("/")[0]), free_port())
            doors = [(it.serve("host-a", port), port), (it.serve("host-b", other), other)]
            lines = [it.line_of(host, at) for host, at in doors]
            portals = [Patient(line) for line in lines]
            example = portals[0].surely("GET", f"/services/hausnummer/example.json?municipality={ARS}")
            yield SimpleNamespace(
                it=it, doors=doors, lines=lines, portals=portals, example=example, taken=set(), workers=[]
            )


@pytest.fixture
def three(house: SimpleNamespace) -> SimpleNamespace:
    """Three workers, whatever became of those before."""
    house.workers = [worker for worker in house.workers if worker.process.poll() is None]
    while len(house.workers) < 3:
        house.workers.append(house.it.worker(f"worker-{len(house.it.hosts)}"))
    return house


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def take(house: SimpleNamespace, portal: int = 0) -> str:
    made = hand_off(house.portals[portal], house.example)
    house.taken.add(made)
    return made


def frozen(house: SimpleNamespace, point: str) -> tuple[str, Host]:
    """An application whose worker stopped at that point, and that worker."""
    house.it.freeze_at(point)
    made = take(house)
    assert until(lambda: any(worker.frozen for worker in house.workers)), "nobody came by"
    return made, next(worker for worker in house.workers if worker.frozen)


def accepted_within(house: SimpleNamespace, made: str, seconds: float) -> float:
    """The seconds until it was accepted."""
    began = time.monotonic()
    state: dict[str, Any] = {}

    def ended() -> bool:
        state.update(house.it.state_of(made))
        return state["state"] in ENDED

    assert until(ended, seconds), state
    assert state["state"] == "accepted"
    return time.monotonic() - began


def delivered(house: SimpleNamespace, made: str) -> list[int]:
    """How often it arrived, for each time that it was announced."""
    arrived = http("GET", house.it.admin + "/submissions")[2]["submissions"]
    remote = house.it.state_of(made)["remote_id"]
    return [each["submit_count"] for each in arrived if each["submission_id"] == remote]


@pytest.mark.parametrize("point", ["before.fitconnect.announce", "after.fitconnect.submit"])
def test_the_work_of_a_killed_worker_is_taken_over_within_ten_seconds(three, point):
    made, worker = frozen(three, point)
    worker.signal(signal.SIGKILL)
    worker.process.wait(5)
    took = accepted_within(three, made, 60)
    assert took <= TAKEN_OVER_WITHIN_S
    assert delivered(three, made) == [1]


@pytest.mark.parametrize("point", ["before.fitconnect.announce", "before.fitconnect.submit", "after.fitconnect.submit"])
def test_a_worker_that_was_stopped_and_comes_back_changes_nothing(three, point):
    made, worker = frozen(three, point)
    accepted_within(three, made, 60)
    before, superseded = three.it.state_of(made), worker.says("delivery.superseded")
    worker.signal(signal.SIGCONT)
    assert until(lambda: worker.says("delivery.superseded") > superseded), worker.log.read_text()[-3000:]
    assert three.it.state_of(made) == before
    assert delivered(three, made) == [1]


def test_a_worker_that_comes_back_works_on(three):
    made, worker = frozen(three, "after.fitconnect.submit")
    accepted_within(three, made, 60)
    worker.signal(signal.SIGCONT)
    for other in three.workers:
        if other is not worker:
            other.end()
    accepted_within(three, take(three), 30)


def test_two_portals_at_two_doors_read_one_feed(three):
    made = [take(three, portal) for portal in (0, 1, 0, 1)]
    for each in made:
        accepted_within(three, each, 60)
    feeds = [Follower(line).stop() for line in three.lines]
    assert feeds[0] == feeds[1]
    assert set(made) <= {i for _, i, _ in feeds[0]}


def test_a_worker_asked_to_end_hands_back_what_it_cannot_finish(three):
    http(
        "POST", three.it.admin + "/faults", {"match": "PUT /v2/submissions/*", "kind": "hang", "value": 40, "times": 1}
    )
    made = take(three)
    time.sleep(1.5)  # until somebody hangs in it; who does not, has nothing to hand back
    took = [worker.end() for worker in three.workers]
    http("DELETE", three.it.admin + "/faults")
    assert max(took) <= ENDS_WITHIN_S
    assert three.it.database.rows("SELECT id FROM procrastinate_jobs WHERE status = 'doing'") == []
    three.workers = [three.it.worker("worker-next")]
    accepted_within(three, made, 30)


def test_nothing_is_lost_while_every_process_is_replaced_in_turn(three):
    loads = [Load(line, portals=1) for line in three.lines]
    for number, worker in enumerate(list(three.workers)):
        assert worker.end() <= ENDS_WITHIN_S
        three.workers[number] = three.it.worker(f"{worker.name}-again")
    for host, _ in three.doors:
        assert host.end() <= ENDS_WITHIN_S
        host.start()
    settled(three, loads)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
def test_nothing_is_lost_when_the_database_goes_and_comes_back(three, how):
    loads = [Load(line, portals=1) for line in three.lines]
    time.sleep(1.0)
    three.it.database.stop(how)
    time.sleep(1.0)
    three.it.database.start()
    time.sleep(1.0)
    settled(three, loads)


def settled(house: SimpleNamespace, loads: list[Load]) -> None:
    """The load ends, and all of it is accepted."""
    for load in loads:
        load.stop()
        assert load.faults == []
        assert load.taken
        house.taken.update(load.taken)
    for each in house.taken:
        accepted_within(house, each, 60)


def test_under_maintenance_neither_door_takes_anything_and_what_is_there_goes_on(three):
    made, worker = frozen(three, "before.fitconnect.announce")
    command = [*GATEWAY, "maintenance", "on", "--config", str(three.doors[0][0].config)]
    subprocess.run(command, check=True, capture_output=True)
    try:
        worker.signal(signal.SIGCONT)
        for portal in three.portals:
            status, _, problem = portal.create(three.example)
            assert (status, problem["code"]) == (503, "maintenance")
            assert portal.call("GET", f"/submissions/{made}")[0] == 200
    finally:
        command[command.index("on")] = "off"
        subprocess.run(command, check=True, capture_output=True)
    accepted_within(three, made, 60)
    accepted_within(three, take(three, 1), 60)


def test_what_is_due_is_done_once_however_many_workers_look(three):
    made, worker = frozen(three, "before.fitconnect.announce")
    worker.signal(signal.SIGKILL)
    three.it.database.rows("UPDATE submissions SET created_at = now() - interval '4 days' WHERE id = %s", made)
    for each in three.workers:
        if each is not worker:
            each.end()
    began = three.it.database.rows("SELECT coalesce(max(no), 0) AS no FROM evidence_roots")[0]["no"]
    three.workers = []
    starting = [
        threading.Thread(target=lambda no=no: three.workers.append(three.it.worker(f"due-{no}"))) for no in (1, 2, 3)
    ]
    for thread in starting:
        thread.start()
    for thread in starting:
        thread.join()
    accepted_within(three, made, 60)
    raised = three.it.database.rows("SELECT rule FROM alarms WHERE submission = %s", made)
    told = sum(each.says("alarm.raised") for each in three.workers)
    assert len({row["rule"] for row in raised}) == len(raised) == told
    roots = three.it.database.rows("SELECT no, at FROM evidence_roots WHERE periodic AND no > %s ORDER BY no", began)
    assert all((b["at"] - a["at"]).total_seconds() >= 55 for a, b in pairwise(roots))


NET = "ozg-cut"
RELAY = """
import asyncio, sys
async def pump(a, b):
    try:
        while data := await a.read(65536):
            b.write(data); await b.drain()
    finally:
        b.close()
async def main(listen, reach):
    async def one(r, w):
        if reach[0] == "/":
            r2, w2 = await asyncio.open_unix_connection(reach)
        else:
            r2, w2 = await asyncio.open_connection("127.0.0.1", int(reach))
        await asyncio.gather(pump(r, w2), pump(r2, w), return_exceptions=True)
    if listen[0] == "/":
        server = await asyncio.start_unix_server(one, listen)
    else:
        server = await asyncio.start_server(one, "127.0.0.1", int(listen))
    await server.serve_forever()
asyncio.run(main(*sys.argv[1:]))
"""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@pytest.fixture
def apart(house: SimpleNamespace) -> Iterator[str]:
    """A network namespace with a link to the database, and a way to the sandbox that is not cut with it."""
    if os.geteuid() or not shutil.which("ip") or subprocess.run(["ip", "netns", "add", NET], check=False).returncode:
        pytest.skip("needs root, iproute2 and network namespaces")
    port = house.it.line["sandboxes"]["fitconnect"]["submission_api_v2"].split(":")[2].split("/")[0]
    pipe = str(house.it.home / "relay")
    relays = []
    try:
        ip("link", "add", "ozg-cut-a", "type", "veth", "peer", "name", "ozg-cut-b", "netns", NET)
        ip("addr", "add", "10.203.0.1/24", "dev", "ozg-cut-a")
        ip("link", "set", "ozg-cut-a", "up")
        for more in (("addr", "add", "10.203.0.2/24", "dev", "ozg-cut-b"), ("link", "set", "ozg-cut-b", "up")):
            ip("-n", NET, *more)
        ip("-n", NET, "link", "set", "lo", "up")
        relay = [sys.executable, "-c", RELAY]
        relays = [
            subprocess.Popen([*relay, pipe, port]),
            subprocess.Popen(["ip", "netns", "exec", NET, *relay, port, pipe]),
        ]
        yield NET
    finally:
        for each in relays:
            each.kill()
            each.wait()
        ip("netns", "del", NET)


def test_a_worker_cut_off_from_the_database_is_replaced_and_changes_nothing_when_it_comes_back(three, apart):
    for each in three.workers:
        each.end()
    far = three.it.worker("far", url=three.it.database.url("10.203.0.1"), inside=apart)
    three.workers = [far]
    made, _ = frozen(three, "after.fitconnect.submit")
    three.workers += [three.it.worker("near-1"), three.it.worker("near-2")]
    ip("link", "set", "ozg-cut-a", "down")
    far.signal(signal.SIGCONT)  # it lives, it reaches the sandbox, and it cannot say what it did
    assert accepted_within(three, made, 60) <= TAKEN_OVER_WITHIN_S
    before = three.it.state_of(made)
    ip("link", "set", "ozg-cut-a", "up")
    for near in three.workers[1:]:
        near.end()
    accepted_within(three, take(three), 60)  # by the one that was cut off: there is no other
    assert three.it.state_of(made) == before
    assert delivered(three, made) == [1]
    far.end()


def test_at_the_end_everything_was_delivered_once_and_nothing_is_left_lying(three):
    follower = Follower(three.lines[1])
    assert follower.until_ended(three.taken, 60) == set()
    follower.stop()
    assert broken(three.lines[0], three.taken) == []
