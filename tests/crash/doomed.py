"""A kept demo in which a process dies at a point one names; whoever died is started again, as a supervisor would."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg

from gateway.store.server import embedded
from tests.crash.house import Household, alive
from tests.crash.load import Patient, Receiver, hand_off
from tests.demo_fixture import ARS, GATEWAY, http, start

SANDBOX, COMMAND = "sandbox", "command"
DIES_WITHIN_S = 20.0


class Doomed(Household):
    """The demo of `line`, armed with `points`; close it before the demo ends."""

    def __init__(self, line: dict[str, Any], points: Path) -> None:
        super().__init__(line)
        self.line, self.points = line, points
        self.home = Path(line["config"]).parent
        sandbox = line["sandboxes"]["fitconnect"]
        self.admin = sandbox["admin"]
        self.destination = sandbox["destinations"][0]["destination_id"]
        self._port = sandbox["submission_api_v2"].split(":")[2].split("/")[0]
        self._sandbox: int = sandbox["pid"]
        self.taken: set[str] = set()
        self.apart: set[str] = set()
        self.watch()
        self.portal = Patient(line)
        self.receiver = Receiver(self.portal)
        self.examples = {
            service: self.portal.surely("GET", f"/services/{service}/example.json?municipality={ARS}")
            for service in ("hausnummer", "termin")
        }

    def revive(self) -> None:
        """The sandbox too."""
        super().revive()
        if not alive(self._sandbox):
            arguments = ("--data", str(self.home / "sandbox"), "--port", self._port)
            process, ready = start("sandbox", "fitconnect", *arguments)
            self._processes.append(process)
            self._sandbox = ready["pid"]

    def arm(self, role: str, point: str) -> None:
        """Let the next process of that role die there."""
        (self.points / f"{role}.{point}").touch()

    def died(self, role: str, point: str) -> bool:
        """Whether one died there, waited for a while."""
        until = time.monotonic() + DIES_WITHIN_S
        while not (self.points / f"{role}.{point}.died").exists():
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        return True

    def disarm(self, role: str, point: str) -> None:
        """Nobody is to die there any more."""
        (self.points / f"{role}.{point}").unlink(missing_ok=True)

    def passed(self) -> set[tuple[str, str]]:
        """Role and name of every point that a process came by."""
        names = (each.name.removesuffix(".passed").removesuffix(".died") for each in self.points.iterdir())
        return {(name.split(".")[0], name.split(".", 2)[2]) for name in names}

    def hand_off(self, service: str = "hausnummer", **others: Any) -> str:
        """One application, repeated until it is taken."""
        made = hand_off(self.portal, self.examples[service], **others)
        self.taken.add(made)
        return made

    def command(self, *arguments: str) -> None:
        """A command of the operator's, given again where it was killed."""
        for _ in range(3):
            command = [*GATEWAY, *arguments, "--config", self.config]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != -signal.SIGKILL:
                assert done.returncode in {0, 1}, (arguments, done.stderr)
                return

    def steer(self, path: str, body: dict[str, Any]) -> None:
        """A wish to the sandbox, said again while it is away."""
        while not 200 <= http("POST", self.admin + path, body)[0] < 300:
            time.sleep(0.1)

    def sql(self, *statements: str) -> None:
        """Statements by the database's owner."""
        with psycopg.connect(embedded.start(self.home / "data").dsn, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def blow(self, who: str, how: signal.Signals = signal.SIGKILL) -> None:
        """A signal to a process once it is there; what starts in its place is what a scene is about."""
        until = time.monotonic() + DIES_WITHIN_S
        while time.monotonic() < until:
            pid = self._sandbox if who == SANDBOX else self.pid(who)
            with contextlib.suppress(ProcessLookupError):
                if pid is not None and alive(pid):
                    os.kill(pid, how)
                    return
            time.sleep(0.05)

    def close(self) -> None:
        """End what was started here, and wait for the keeper."""
        super().close()
        self.receiver.close()
