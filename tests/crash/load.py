"""What goes on while others are killed: portals that hand off, one that follows the feed, a webhook that is told."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from tests.demo_fixture import ARS, PDF, Portal

PORTALS = 3
BREATH_S = 0.4  # between two applications of one portal: others use this machine too
ENDED = frozenset({"accepted", "rejected", "expired", "held", "cancelled"})
UNCLEAR = frozenset({0, 401, 500, 502, 503})


class Patient(Portal):
    """A portal whose token is renewed, and that waits for a gateway that is away."""

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], Any]:
        answer = super().call(method, path, body, **headers)
        if answer[0] == 401:
            try:
                super().__init__(self.line)
            except AssertionError:
                return 0, {}, b""
        return answer

    def surely(self, method: str, path: str, body: Any = None, *, seconds: float = 120, **headers: str) -> Any:
        """The answer with 200, 201 or 204, asked for until it comes."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            status, _, answer = self.call(method, path, body, **headers)
            if status in {200, 201, 204}:
                return answer
            assert status in UNCLEAR, (method, path, status, answer)
            time.sleep(0.2)
        raise AssertionError(f"no answer to {method} {path} within {seconds} s")


class Load:
    """Portals that hand off until told to stop; each repeats its key until it has its 201."""

    def __init__(self, line: dict[str, Any], *, portals: int = PORTALS, breath_s: float = BREATH_S) -> None:
        self.line, self.breath_s, self.ended = line, breath_s, threading.Event()
        self.taken: list[str] = []
        self.faults: list[str] = []
        self._example = Patient(line).surely("GET", f"/services/hausnummer/example.json?municipality={ARS}")
        self._threads = [threading.Thread(target=self._work) for _ in range(portals)]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        portal = Patient(self.line)
        while not self.ended.is_set():
            try:
                self.taken.append(hand_off(portal, self._example))
            except AssertionError as error:
                self.faults.append(str(error))
                return
            self.ended.wait(self.breath_s)

    def stop(self) -> None:
        """Let everybody come to an end: whoever began goes on until answered."""
        self.ended.set()
        for thread in self._threads:
            thread.join(180)


def hand_off(portal: Patient, example: dict[str, Any], *, content: bytes = PDF) -> str:
    """One application with its attachments, repeated under the same ids (the example's, if any) until it is taken."""
    body, key = {**example, "reference": f"crash-{uuid4()}"}, str(uuid4())
    body["attachments"] = [{**each, "upload": each["upload"] or str(uuid4())} for each in example["attachments"]]
    for each in body["attachments"]:
        portal.surely("PUT", f"/uploads/{each['upload']}", content, Content_Type="application/pdf")
    made: str = portal.surely("POST", "/submissions", body, Idempotency_Key=key)["id"]
    return made


class Follower:
    """Reads the change feed from its beginning while everything dies around it."""

    def __init__(self, line: dict[str, Any]) -> None:
        self.portal, self._ended = Patient(line), threading.Event()
        self.seen: list[tuple[str, str, str]] = []
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        while not self._ended.is_set():
            status, _, page = self.portal.call("GET", f"/changes?after={self.cursor}&wait=2")
            if status == 200:
                self.seen += [(c["cursor"], c["submission_id"], c["state"]) for c in page["changes"]]
            else:
                self._ended.wait(0.2)

    @property
    def cursor(self) -> str:
        """How far it has read."""
        return self.seen[-1][0] if self.seen else ""

    def until_ended(self, submissions: set[str], seconds: float) -> set[str]:
        """Those that have not come to their end within so many seconds without any news."""
        count, since = -1, time.monotonic()
        while left := submissions - {i for _, i, state in self.seen if state in ENDED}:
            if len(self.seen) != count:
                count, since = len(self.seen), time.monotonic()
            if time.monotonic() - since > seconds:
                return left
            time.sleep(0.2)
        return set()

    def stop(self) -> list[tuple[str, str, str]]:
        """End; what a reader sees who begins only now."""
        self._ended.set()
        self._thread.join(60)
        again: list[tuple[str, str, str]] = []
        while True:
            after = again[-1][0] if again else ""
            page = self.portal.surely("GET", f"/changes?after={after}")
            if not page["changes"]:
                return again
            again += [(c["cursor"], c["submission_id"], c["state"]) for c in page["changes"]]


class Receiver:
    """A webhook of a portal: notes which changes it was told of, and how often."""

    def __init__(self, portal: Patient) -> None:
        told = self.told = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                told.append((self.headers["webhook-id"], body["data"].get("cursor", "")))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        portal.surely("POST", "/webhooks", {"url": self.url, "events": ["submission.state"]})

    def untold(self, cursors: set[str], seconds: float) -> set[str]:
        """The changes that it was not told of within so many seconds."""
        until = time.monotonic() + seconds
        while (left := cursors - {cursor for _, cursor in self.told}) and time.monotonic() < until:
            time.sleep(0.2)
        return left

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
