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

from gateway.errors import DatabaseNotStarted, DatabaseUnfit
from gateway.store import embedded


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
        "import os, sys, pathlib; from gateway.store import embedded;"
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
