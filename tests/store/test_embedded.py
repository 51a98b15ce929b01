"""The database that the gateway brings along: starts, is found again, survives being killed, stops."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg
import pytest

from gateway.errors import DatabaseDamaged, DatabaseNotStarted, DatabaseUnfit
from gateway.store.server import embedded


@pytest.fixture(scope="module")
def data_dir():
    directory = Path(tempfile.mkdtemp(prefix="ozg-test-"))
    yield directory
    embedded.stop(directory)
    shutil.rmtree(directory, ignore_errors=True)


def value(dsn, sql):
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(sql).fetchone()[0]


def test_a_second_start_finds_the_first(data_dir):
    first = embedded.start(data_dir)
    assert embedded.start(data_dir) == first
    assert value(first.dsn, "SHOW listen_addresses") == ""
    assert value(first.dsn, "SHOW fsync") == value(first.dsn, "SHOW synchronous_commit") == "on"
    assert value(first.dsn, "SELECT datlocale FROM pg_database WHERE datname = 'postgres'") == "C.UTF-8"


def test_it_starts_again_after_being_killed_with_what_was_committed(data_dir):
    running = embedded.start(data_dir)
    with psycopg.connect(running.dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")
    os.kill(running.pid, signal.SIGKILL)
    again = embedded.start(data_dir)
    assert again.pid != running.pid
    assert value(again.dsn, "SELECT seven FROM kept") == 7


def test_a_stale_lock_file_that_names_a_stranger_does_not_stop_it(data_dir):
    embedded.start(data_dir)
    lock = data_dir / "postgres" / "data" / "postmaster.pid"
    lines = lock.read_text()
    embedded.stop(data_dir)
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        lock.write_text("\n".join([str(stranger.pid), *lines.splitlines()[1:]]) + "\n")
        assert value(embedded.start(data_dir).dsn, "SELECT 1") == 1
    finally:
        stranger.communicate(b"\n")


def test_stopping_leaves_no_process_and_may_be_repeated(data_dir):
    running = embedded.start(data_dir)
    running.stop()
    running.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)


def test_it_outlives_a_killed_parent_and_holds_no_pipe_of_it_open(data_dir):
    embedded.stop(data_dir)
    code = (
        "import os, sys, pathlib; from gateway.store.server import embedded;"
        "print(embedded.start(pathlib.Path(sys.argv[1])).pid, flush=True); os.kill(os.getpid(), 9)"
    )
    # communicate() would wait for ever if a database process held the pipe
    done = subprocess.run([sys.executable, "-c", code, str(data_dir)], capture_output=True, timeout=30, check=False)
    pid = int(done.stdout)
    assert embedded.start(data_dir).pid == pid
    assert os.getsid(pid) != os.getsid(0)


def test_a_long_path_gets_its_socket_elsewhere_and_cleans_it_up(data_dir):
    deep = data_dir / ("x" * 60) / ("y" * 60)
    running = embedded.start(deep)
    sockets = Path(value(running.dsn, "SHOW unix_socket_directories"))
    assert len(str(sockets)) < 100
    assert sockets.stat().st_mode & 0o077 == 0
    running.stop()
    assert not sockets.exists()


def test_another_major_version_is_refused_by_name(data_dir):
    embedded.stop(data_dir)
    version = data_dir / "postgres" / "data" / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(DatabaseUnfit, match="PostgreSQL 17") as refused:
        embedded.start(data_dir)
    for language in ("de", "en"):
        assert {"gateway backup", "gateway restore"} <= set(refused.value.sentence(language).split("`"))
    version.write_text("18\n")


def test_what_stops_it_is_told(data_dir):
    embedded.stop(data_dir)
    conf = data_dir / "postgres" / "data" / "postgresql.conf"
    with conf.open("a") as file:
        file.write("\nno_such_setting = 1\n")
    with pytest.raises(DatabaseNotStarted, match="configuration file"):
        embedded.start(data_dir)
    conf.write_text(conf.read_text().replace("no_such_setting = 1", ""))


@pytest.fixture
def stopped(data_dir):
    """The cluster at rest; what a test did to it is undone."""
    embedded.start(data_dir)
    embedded.stop(data_dir)
    data, kept = data_dir / "postgres" / "data", data_dir / "postgres" / "kept"
    subprocess.run(["cp", "-a", data, kept], check=True)
    yield data
    embedded.stop(data_dir)
    shutil.rmtree(data, ignore_errors=True)
    data.unlink(missing_ok=True)
    kept.rename(data)


@pytest.fixture
def unstarted(tmp_path):
    """The directory of a cluster that nobody starts: all that is looked at then is its version."""
    data = tmp_path / "home" / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text(f"{embedded.MAJOR}\n")
    return data


def replaced(data):
    shutil.rmtree(data)
    data.write_text("no directory")


CLUSTERS = {
    "version of other bytes": lambda data: (data / "PG_VERSION").write_bytes(b"\xff\xfe\x00"),
    "version cut off": lambda data: (data / "PG_VERSION").write_bytes(b""),
    "version gone": lambda data: (data / "PG_VERSION").unlink(),
    "a file in its place": replaced,
}


@pytest.mark.parametrize("name", CLUSTERS)
def test_a_directory_that_is_no_cluster_any_more_is_told_and_left_as_it_is(unstarted, tmp_path, name):
    (unstarted / "base").mkdir()
    CLUSTERS[name](unstarted)
    before = sorted(unstarted.parent.rglob("*"))
    with pytest.raises(DatabaseDamaged, match="gateway restore") as told:
        embedded.start(tmp_path / "home")
    assert str(unstarted) in told.value.sentence("de")
    assert sorted(unstarted.parent.rglob("*")) == before


@pytest.mark.parametrize("number", ["9" * 30, "-1", "0", "4294967296"])
def test_a_lock_file_with_a_number_of_no_process_signals_nobody(unstarted, tmp_path, number, monkeypatch):
    (unstarted / "postmaster.pid").write_text(f"{number}\n{unstarted}\n1\n5432\n{unstarted}\n\n\nready\n")
    asked = []
    monkeypatch.setattr(os, "kill", lambda pid, _signal: asked.append(pid))
    assert embedded.running(tmp_path / "home") is None
    embedded.stop(tmp_path / "home")
    assert asked == []


@pytest.mark.parametrize("name", ["control", "lock"])
def test_damaged_files_end_in_a_sentence_with_the_way_out(stopped, data_dir, name):
    if name == "control":
        (stopped / "global" / "pg_control").write_bytes(bytes(8192))
    else:
        (stopped / "postmaster.pid").write_bytes(b"\xff\n")
    with pytest.raises(DatabaseNotStarted, match="gateway restore"):
        embedded.start(data_dir, wait=0.5)


def test_damaged_tables_are_told_when_they_are_read(data_dir):
    dsn = embedded.start(data_dir).dsn
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE torn AS SELECT repeat('x', 100) FROM generate_series(1, 100)")
    file = data_dir / "postgres" / "data" / value(dsn, "SELECT pg_relation_filepath('torn')")
    embedded.stop(data_dir)
    file.write_bytes(b"\xff" * file.stat().st_size)
    dsn = embedded.start(data_dir).dsn
    with pytest.raises(DatabaseDamaged, match="invalid page"), embedded.damage_told(data_dir):
        value(dsn, "SELECT count(*) FROM torn")
    with pytest.raises(psycopg.errors.UndefinedTable), embedded.damage_told(data_dir):
        value(dsn, "SELECT count(*) FROM no_such_table")


def test_a_record_of_the_socket_that_names_another_directory_is_not_believed(unstarted, tmp_path):
    (tmp_path / "kept").write_text("still here")
    (unstarted.parent / "socket").write_text(str(tmp_path))
    embedded.stop(tmp_path / "home")
    assert (tmp_path / "kept").exists()
