"""Before anything runs out, nothing new is taken; it comes back by itself; what is on its way has room."""

from __future__ import annotations

import pytest

from gateway.backpressure import machine
from gateway.backpressure.admission import Pressure, Reading, Resource, Thresholds, short
from gateway.errors import Overloaded, StorageFull

LIMITS = Thresholds(disk_bytes=1000, memory_bytes=100, waiting=50)
ENOUGH = Reading(disk_bytes=10_000, memory_bytes=1000, waiting=0)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (ENOUGH, set()),
        (Reading(999, 1000, 0), {Resource.DISK}),
        (Reading(10_000, 99, 0), {Resource.MEMORY}),
        (Reading(10_000, 1000, 50), {Resource.QUEUE}),
        (Reading(0, 0, 99), set(Resource)),
        (Reading(), set()),
    ],
)
def test_each_resource_has_its_limit(seen, expected):
    assert short(LIMITS, seen) == expected


def test_a_limit_of_zero_is_not_watched():
    assert short(Thresholds(), Reading(0, 0, 10**9)) == set()


def test_it_does_not_flutter_at_the_limit_and_comes_back_by_itself():
    pressure = Pressure(LIMITS)
    assert pressure.note(Reading(999, 1000, 0)) == ({Resource.DISK}, set())
    with pytest.raises(Overloaded) as refused:
        pressure.check()
    assert refused.value.retry_after
    assert pressure.note(Reading(1050, 1000, 0)) == (set(), set())
    with pytest.raises(Overloaded):
        pressure.check()
    assert pressure.note(Reading(1200, 1000, 0)) == (set(), {Resource.DISK})
    pressure.check()


def test_an_upload_is_refused_where_it_would_not_fit_beside_those_on_their_way():
    pressure = Pressure(LIMITS)
    pressure.note(ENOUGH)
    with pressure.room(3000):
        with pressure.room(1000):
            pass
        pressure.check(1500)
        with pytest.raises(StorageFull) as refused:
            pressure.check(1501)
        assert refused.value.status == 507
    pressure.check(4500)


def test_the_machine_and_the_container_say_what_they_have_left(tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 8000 kB\nMemAvailable:    4000 kB\n")
    assert machine.memory_free(meminfo, tmp_path / "absent") == 4_096_000
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("900000\n")
    (tmp_path / "memory.stat").write_text("anon 500000\ninactive_file 50000\n")
    assert machine.memory_free(meminfo, tmp_path) == 150_000
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.memory_free(meminfo, tmp_path) == 4_096_000
    assert machine.disk_free(tmp_path) > 0
    assert machine.disk_free(tmp_path / "absent") is None
