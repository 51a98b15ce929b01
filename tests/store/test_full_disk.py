"""A disk that fills up in the middle of an upload: the portal is told, what was accepted stays, nothing half does."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import psycopg
import pytest

from gateway.backpressure.admission import Pressure, Thresholds
from gateway.backpressure.monitor import LoadMonitor
from gateway.errors import StorageFull
from gateway.store.operation.alarms import open_alarms
from gateway.store.operation.figures import StoredFigures
from tests.store.conftest import drained, incoming, new_submission, pieces, uploaded
from tests.store.test_uploads import counted

MIB = 1 << 20


@pytest.fixture
def small_disk(postgres_dsn):
    """Attachments lie on a file system of 12 MiB. Needs the right to mount one."""
    with psycopg.connect(postgres_dsn, autocommit=True) as owner:
        data = Path(owner.execute("SHOW data_directory").fetchone()[0])
        place = data.parent / "small"
        place.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size=12m,uid={data.stat().st_uid},mode=0700", "tmpfs", str(place)]
        try:
            done = subprocess.run(mount, check=False, capture_output=True)
        except OSError:
            done = None
        if done is None or done.returncode:
            place.rmdir()
            pytest.skip("a small file system cannot be mounted here (needs the right to mount)")
        try:
            owner.execute("TRUNCATE blob_frames")  # what earlier tests left of it would not fit
            owner.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
            owner.execute("ALTER TABLE blob_frames SET TABLESPACE small")
            yield place
        finally:
            room_is_made(place)
            owner.execute("TRUNCATE blob_frames")
            owner.execute("ALTER TABLE blob_frames SET TABLESPACE pg_default")
            owner.execute("DROP TABLESPACE small")
            subprocess.run(["umount", str(place)], check=True)
            place.rmdir()


def room_is_made(place: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=60m", str(place)], check=True)


async def test_nothing_accepted_is_lost_and_nothing_half_stays(store, postgres_dsn, small_disk):
    kept = os.urandom(2 * MIB)
    await store.create(new_submission(attachments=(await uploaded(store, kept),)))
    large = os.urandom(14 * MIB)
    with pytest.raises(StorageFull) as full:
        await store.receive_upload(incoming(large), pieces(*(large[at : at + MIB] for at in range(0, len(large), MIB))))
    assert (full.value.status, full.value.retry) == (507, True)
    assert counted(postgres_dsn, "blobs") == counted(postgres_dsn, "uploads") == 1
    with psycopg.connect(postgres_dsn) as connection:
        (blob,) = connection.execute("SELECT blob FROM attachments").fetchone()
    assert await drained(store.read_blob(blob)) == kept
    room_is_made(small_disk)
    again = incoming(large[: 4 * MIB])
    assert (await store.receive_upload(again, pieces(large[: 4 * MIB]))).created


async def test_pieces_of_a_resumable_upload_that_arrived_before_stay_and_it_goes_on(store, postgres_dsn, small_disk):
    first, rest = os.urandom(MIB), os.urandom(14 * MIB)
    made = await store.pieces.begin("portal", "150900546546", "application/pdf", len(first) + len(rest))
    await store.pieces.append("portal", made.upload, 0, pieces(first), whole=True)
    with pytest.raises(StorageFull):
        await store.pieces.append("portal", made.upload, len(first), pieces(rest), whole=False)
    assert (await store.pieces.find("portal", made.upload)).offset == len(first)
    assert counted(postgres_dsn, "blobs") == 1


async def test_the_watch_refuses_before_and_takes_again_afterwards_and_says_so(store, postgres_dsn, clock, small_disk):
    pressure = Pressure(Thresholds(disk_bytes=6 * MIB))
    watch = LoadMonitor(pressure, StoredFigures(store.database), clock, small_disk, host="host-1")
    await watch.look()
    assert pressure.short == frozenset()
    data = os.urandom(7 * MIB)
    it = incoming(data)
    await store.receive_upload(it, pieces(data))
    await watch.look()
    assert [(row["rule"], row["subject"]) for row in await open_alarms(store.database)] == [("disk_low", "host-1")]
    with psycopg.connect(postgres_dsn, autocommit=True) as owner:
        owner.execute("DELETE FROM blobs")
        owner.execute("VACUUM blob_frames")
    await watch.look()
    assert pressure.short == frozenset()
    assert await open_alarms(store.database) == []


async def test_submissions_that_wait_for_their_delivery_are_counted(store, clock, tmp_path):
    for no in range(3):
        await store.create(new_submission(f"k-{no}"))
    pressure = Pressure(Thresholds(waiting=3))
    watch = LoadMonitor(pressure, StoredFigures(store.database), clock, tmp_path)
    await watch.look()
    assert pressure.seen.waiting == 3
    assert [row["rule"] for row in await open_alarms(store.database)] == ["queue_long"]


async def test_a_database_may_have_a_size_of_its_own(store, clock, tmp_path):
    pressure = Pressure(Thresholds(disk_bytes=MIB))
    watch = LoadMonitor(pressure, StoredFigures(store.database), clock, tmp_path, most_bytes=MIB, host="host-1")
    await watch.look()
    assert pressure.seen.disk_bytes == 0
    assert [row["rule"] for row in await open_alarms(store.database)] == ["disk_low"]
