"""Several machines: two `gateway serve`, three `gateway worker`, one PostgreSQL that none of them started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from gateway.store.server import embedded
from tests.crash.house import alive
from tests.demo_fixture import GATEWAY, kept_demo, stop

WITHIN_S = 40.0


def until(what: Callable[[], bool], seconds: float = WITHIN_S) -> bool:
    """Whether it came true in time."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class External:
    """A PostgreSQL server of its own, reached by TCP as one on another machine would be."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ozg-external-"))
        self.directory.chmod(0o755)
        embedded.start(self.directory)
        embedded.stop(self.directory)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        data = self.directory / "postgres" / "data"
        with (data / "postgresql.conf").open("a") as conf:
            conf.write(f"listen_addresses = '*'\nport = {self.port}\n")
        with (data / "pg_hba.conf").open("a") as hba:
            hba.write("host all all 10.203.0.0/24 trust\n")
        self.start()

    def start(self) -> None:
        """Start it, also after it was killed."""
        command = [str(embedded.system_user.programs() / "postgres"), "-D", str(self.directory / "postgres" / "data")]
        owner = embedded.system_user.owner()
        who = {"user": owner.uid, "group": owner.gid, "extra_groups": []} if owner else {}
        with (self.directory / "log").open("ab") as log:
            command += ["-k", str(self.directory / "postgres" / "data")]
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True, **who
            )
        assert until(self.answers)

    def answers(self) -> bool:
        """Whether it takes connections."""
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(self.url(), connect_timeout=2):
            return True
        return False

    def url(self, host: str = "127.0.0.1") -> str:
        """Its address as `[database] url`."""
        return f"postgresql://{embedded.ROLE}@{host}:{self.port}/postgres"

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Fast shutdown, or whatever else."""
        self.process.send_signal(how)
        self.process.wait(30)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Look, or do something, past the gateway."""
        with psycopg.connect(self.url(), autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def close(self) -> None:
        """Nothing of it is left."""
        if self.process.poll() is None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)


class Host:
    """One process on a machine of its own: its settings, its data directory, its log."""

    def __init__(self, cluster: Cluster, name: str, *arguments: str, url: str | None = None, inside: str = "") -> None:
        self.name, self._arguments, self._inside = name, arguments, inside
        self.config = cluster.settings(name, url or cluster.database.url())
        self.log = cluster.home / f"{name}.log"
        self.start()

    def start(self) -> None:
        """Start it; back once it is ready."""
        prefix = ["ip", "netns", "exec", self._inside] if self._inside else []
        with self.log.open("ab") as log:
            command = [*prefix, *GATEWAY, *self._arguments, "--config", str(self.config), "--json"]
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, start_new_session=True)
        assert self.process.stdout
        assert self.process.stdout.readline(), self.log.read_text()[-2000:]

    @property
    def frozen(self) -> bool:
        """Whether it was stopped (SIGSTOP)."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text()
        return stat.rsplit(")", 1)[1].split()[0] == "T"

    def says(self, event: str) -> int:
        """How often its log names an event."""
        return self.log.read_text().count(f'"{event}"')

    def signal(self, how: signal.Signals) -> None:
        """A signal to it."""
        self.process.send_signal(how)

    def end(self) -> float:
        """SIGTERM; the seconds it took to end. Its exit code must be 0."""
        began = time.monotonic()
        assert stop(self.process) == 0, self.log.read_text()[-2000:]
        return time.monotonic() - began

    def close(self) -> None:
        """End it whatever state it is in."""
        if alive(self.process.pid):
            self.process.kill()
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()


class Cluster:
    """The hosts, their database, and the sandbox of a kept demo whose own gateway was shut down."""

    def __init__(self, line: dict[str, Any], database: External, points: Path) -> None:
        self.line, self.database, self.points = line, database, points
        self.home = Path(line["config"]).parent
        self._plain = Path(line["config"]).read_text(encoding="utf-8")
        self.admin = line["sandboxes"]["fitconnect"]["admin"]
        self.hosts: list[Host] = []

    def settings(self, name: str, url: str) -> Path:
        """The settings of one host: its own data directory, keys and database shared."""
        keys = self.home / "data" / "keys"
        text = self._plain.replace('data_dir = "data"', f'data_dir = "{name}"').replace('"warning"', '"info"')
        text += f'\n[database]\nurl = "{url}"\n\n[vault]\nmaster_key_file = "{keys / "master.key"}"\n'
        text += f'\n[evidence]\nsigning_key_file = "{keys / "token.jwk"}"\n'
        path = self.home / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def serve(self, name: str, port: int) -> Host:
        """A `gateway serve` without a worker."""
        return self._host(name, "serve", "--no-worker", "--port", str(port))

    def worker(self, name: str, **others: Any) -> Host:
        """A `gateway worker`."""
        return self._host(name, "worker", "--concurrency", "8", **others)

    def _host(self, name: str, *arguments: str, **others: Any) -> Host:
        host = Host(self, name, *arguments, **others)
        self.hosts.append(host)
        return host

    def line_of(self, host: Host, port: int) -> dict[str, Any]:
        """What a portal has to know of one `gateway serve`."""
        base = f"http://127.0.0.1:{port}"
        return {**self.line, "api": f"{base}/api/v1", "token_url": f"{base}/oidc/token", "config": str(host.config)}

    def freeze_at(self, point: str) -> None:
        """The next worker that comes there stops (SIGSTOP) until it is told to go on."""
        (self.points / f"worker.{point}").write_text("SIGSTOP")

    def state_of(self, submission: str) -> dict[str, Any]:
        """Everything that a late worker could change about a submission."""
        (row,) = self.database.rows(
            "SELECT version, state, updated_at, remote_id, evidence_seq,"
            " (SELECT count(*) FROM evidence WHERE submission = it.id) AS evidence,"
            " (SELECT count(*) FROM journal WHERE submission = it.id) AS journal,"
            " (SELECT count(*) FROM changes WHERE submission = it.id) AS changes,"
            " (SELECT count(*) FROM procrastinate_jobs WHERE lock = it.id::text) AS jobs"
            " FROM submissions AS it WHERE id = %s",
            submission,
        )
        return row

    def close(self) -> None:
        """End every host."""
        for host in self.hosts:
            host.close()


@contextlib.contextmanager
def cluster(points: Path) -> Iterator[Cluster]:
    """Nothing of it runs yet but the database and the sandbox."""
    with kept_demo(60) as line:
        os.kill(line["pids"]["serve"], signal.SIGKILL)
        assert until(lambda: not alive(line["pids"]["worker"]))
        database = External()
        it = Cluster(line, database, points)
        try:
            yield it
        finally:
            it.close()
            database.close()
