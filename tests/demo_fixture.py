"""A kept demo for tests that look at the gateway from outside: real processes, plain HTTP, nothing of our code."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

ARS = "150900546546"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"
GATEWAY = [sys.executable, "-m", "gateway.cli.main"]


def start(*arguments: str, cwd: Path | None = None) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """Start a serving command and read its readiness line."""
    process = subprocess.Popen(
        [*GATEWAY, *arguments, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=cwd,
    )
    raw, until = b"", time.monotonic() + 120
    try:
        while b"\n" not in raw:
            assert time.monotonic() < until, "no readiness line"
            if select.select([process.stdout], [], [], 0.5)[0]:
                more = os.read(process.stdout.fileno(), 65536)
                assert more, f"gateway {arguments} ended with {process.wait()}"
                raw += more
    except AssertionError:
        process.stdout.close()
        raise
    return process, json.loads(raw.split(b"\n")[0])


def stop(process: subprocess.Popen[bytes], seconds: float = 15) -> int:
    """SIGTERM, then wait; the exit code."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(seconds)
    finally:
        process.stdout.close()


def http(
    method: str, url: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], Any]:
    """Status, headers in lower case, parsed JSON or bytes; status 0 where no answer came."""
    headers = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        try:
            answer = opener.open(urllib.request.Request(url, data=body, method=method, headers=headers), timeout=60)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            status, found, raw = answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except (OSError, HTTPException):
        return 0, {}, b""
    if "json" in found.get("content-type", "").replace("x-ndjson", ""):
        return status, found, json.loads(raw)
    return status, found, raw


class Portal:
    """A portal that knows the fixed interface only."""

    def __init__(self, line: dict[str, Any]) -> None:
        self.line, self.api = line, line["api"]
        pair = f"{line['portal']['client_id']}:{line['portal']['client_secret']}"
        basic = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        status, _, token = http(
            "POST",
            line["token_url"],
            b"grant_type=client_credentials",
            {**basic, "Content-Type": "application/x-www-form-urlencoded"},
        )
        assert status == 200, token
        self.token = token
        self.auth = {"Authorization": f"Bearer {token['access_token']}"}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], Any]:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return http(method, self.api + path, body, {**self.auth, **named})

    def upload(self, raw: bytes = PDF, name: str | None = None) -> tuple[int, Any]:
        name = name or str(uuid4())
        status, _, answer = self.call("PUT", f"/uploads/{name}", raw, Content_Type="application/pdf")
        return status, answer

    def body(self) -> dict[str, Any]:
        """The example of `hausnummer`, its attachments uploaded."""
        status, _, body = self.call("GET", f"/services/hausnummer/example.json?municipality={ARS}")
        assert status == 200, body
        for attachment in body["attachments"]:
            status, made = self.upload()
            assert status == 201, made
            attachment["upload"] = made["upload"]
        return body

    def create(self, body: Any, key: str | None = None) -> tuple[int, dict[str, str], Any]:
        return self.call("POST", "/submissions", body, Idempotency_Key=key or str(uuid4()))

    def followed(
        self,
        submission_id: str,
        seconds: float = 60,
        ends: frozenset[str] = frozenset({"accepted", "rejected", "held"}),
    ) -> dict[str, Any]:
        """The submission once it came to one of `ends`; by the feed's long poll from the start, not by sleeping."""
        until, after = time.monotonic() + seconds, ""
        while time.monotonic() < until:
            status, _, page = self.call("GET", f"/changes?after={after}&wait=5")
            if status != 200:
                select.select([], [], [], 0.2)
                continue
            ended = {c["submission_id"] for c in page["changes"] if c["state"] in ends}
            if submission_id in ended:
                break
            after = page["next"] or after
        return self.call("GET", f"/submissions/{submission_id}")[2]


@contextlib.contextmanager
def kept_demo(seconds: float = 15, *, login: bool = False) -> Iterator[dict[str, Any]]:
    """A kept demo, with `login` one that people log in at; afterwards nothing of it is left, within so many seconds."""
    process, line = start("demo", "--keep", *(["--login"] if login else []))
    try:
        yield line
    finally:
        assert stop(process, seconds) == 0
        assert not Path(line["config"]).parent.exists()


@contextlib.contextmanager
def served_anew(line: dict[str, Any], *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """`gateway serve` of a kept demo in a new process, by the settings as they stand now: process, readiness line."""
    os.kill(line["pids"]["serve"], signal.SIGTERM)
    while Path(f"/proc/{line['pids']['serve']}").exists():  # it holds the data directory until it has gone
        time.sleep(0.05)
    process, ready = start("serve", "--config", line["config"], *arguments)
    try:
        yield process, ready
    finally:
        assert stop(process, 60) == 0


def add_identity_provider(config: Path, name: str, metadata: bytes) -> None:
    """One more identity provider of the demo's town, by eIDAS names; with the keys that the demo made for logins."""
    keys = "\n".join(
        f'{purpose}_{kind}_file = "../secrets/saml-{purpose}.{kind}.pem"'
        for purpose in ("signing", "encryption")
        for kind in ("key", "certificate")
    )
    (config.parent / "secrets" / f"{name}.xml").write_bytes(metadata)
    with (config.parent / "municipalities" / "tangerhuette.toml").open("a", encoding="utf-8") as town:
        town.write(
            f'\n[identity.providers.{name}]\nprofile = "eidas"\nmetadata = "../secrets/{name}.xml"\n'
            f'entity_id = "https://login.tangerhuette.example/{name}"\n\n[identity.providers.{name}.keys]\n{keys}\n'
        )


@pytest.fixture(scope="session")
def line() -> Iterator[dict[str, Any]]:
    """The readiness line of one kept demo, with logins, for all tests of a session that leave it as it was."""
    with kept_demo(60, login=True) as readiness:
        yield readiness


@pytest.fixture(scope="session")
def portal(line: dict[str, Any]) -> Portal:
    return Portal(line)
