"""Beginnings and ends that go wrong: interrupted, without its key, with nobody at the other end."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.keys.files import write_secret
from gateway.sandbox.clock import Ids
from gateway.sandbox.fitconnect.keyring import SandboxKeys
from tests.commands import run
from tests.demo_fixture import GATEWAY, Portal, http, kept_demo, start, stop

pytestmark = pytest.mark.slow


@pytest.fixture
def room() -> Iterator[Path]:
    """A directory that the database's system user may enter."""
    directory = Path(tempfile.mkdtemp(prefix="starts-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def commands() -> dict[int, str]:
    """The command lines of all processes."""
    found = {}
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found[int(each.parent.name)] = each.read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return found


def held(port: int) -> socket.socket:
    """A socket that keeps a freed port from being given to anybody else; who asks for it by its number gets it."""
    kept = socket.socket()
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    while True:  # the one who was killed may still be listening for a moment
        with suppress(OSError):
            kept.bind(("127.0.0.1", port))
            return kept


@pytest.mark.parametrize("reached", ["sandbox.log", "serve.log"])
def test_an_interrupted_demo_leaves_no_process_and_no_directory(room, reached):
    process = subprocess.Popen(
        [*GATEWAY, "demo", "--json"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(room)}, start_new_session=True,
    )  # fmt: skip
    while not any(room.glob(f"gateway-demo-*/{reached}")):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert list(room.glob("gateway-demo-*")) == []
    assert [line for line in commands().values() if str(room) in line] == []


def test_serve_names_a_master_key_that_is_missing_or_wrong_and_does_not_begin(room):
    config = room / "settings.toml"
    config.write_text('mode = "test"\ndata_dir = "data"\n[server]\nport = 0\n', encoding="utf-8")
    process, _ = start("serve", "--no-worker", "--config", str(config))
    assert stop(process) == 0
    key = room / "data/keys/master.key"
    right = key.read_bytes()
    key.unlink()
    missing = run("serve", "--json", "--no-worker", "--config", str(config))
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "master_key_missing" in missing.stderr
    assert "master.key" in missing.stderr
    assert not key.exists(), "a new one would open nothing that stands there"
    key.write_bytes(base64.b64encode(bytes(32)))
    key.chmod(0o600)
    wrong = run("serve", "--json", "--no-worker", "--config", str(config))
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "master_key_wrong" in wrong.stderr
    key.write_bytes(right)
    process, _ = start("serve", "--no-worker", "--config", str(config))
    assert stop(process) == 0


def test_serve_tells_where_it_listens_and_by_which_address_it_is_reached(room):
    config = room / "settings.toml"
    config.write_text('data_dir = "data"\n[server]\nport = 9\nmax_body_bytes = 20000\n', encoding="utf-8")
    process, line = start("serve", "--no-worker", "--port", "0", "--config", str(config))
    try:
        assert line["listening"] == line["base_url"] == line["issuer"]
        assert urlsplit(line["listening"]).port not in {0, 9, 8080}
        assert line["token_url"] == f"{line['listening']}/oidc/token"
        discovery = http("GET", f"{line['listening']}/.well-known/openid-configuration")[2]
        assert (discovery["issuer"], discovery["token_endpoint"]) == (line["issuer"], line["token_url"])
    finally:
        assert stop(process) == 0
    config.write_text(
        'data_dir = "data"\n[server]\nport = 0\npublic_url = "https://gateway.town.example"\n', encoding="utf-8"
    )
    process, line = start("serve", "--no-worker", "--config", str(config))
    try:
        assert line["base_url"] == line["issuer"] == "https://gateway.town.example"
        assert http("GET", f"{line['listening']}/health")[0] == 200
    finally:
        assert stop(process) == 0


def test_production_runs_and_its_worker_runs_in_production_too(room):
    config = room / "settings.toml"
    write_secret(room / "master.key", base64.b64encode(os.urandom(32)))
    config.write_text(
        'mode = "test"\ndata_dir = "data"\n[vault]\nmaster_key_file = "master.key"\n'
        '[server]\nport = 0\npublic_url = "https://gateway.town.example"\n',
        encoding="utf-8",
    )
    process, line = start("serve", "--mode", "production", "--config", str(config))
    try:
        told = Path(f"/proc/{line['pids']['worker']}/environ").read_bytes().split(b"\0")
        assert {b"GATEWAY__MODE=production", b"GATEWAY__SERVER__PUBLIC_URL=https://gateway.town.example"} <= set(told)
    finally:
        assert stop(process) == 0
    (room / "master.key").chmod(0o644)
    refused = run("serve", "--json", "--mode", "production", "--config", str(config))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert f"vault.master_key_file: {room / 'master.key'}" in refused.stderr


def test_a_sandbox_whose_port_is_taken_says_so(room):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = run("sandbox", "fitconnect", "--json", "--data", str(room / "sandbox"), "--port", str(port))
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("address_taken: ")
    assert f"127.0.0.1:{port}" in refused.stderr
    assert "--port" in refused.stderr


def test_a_second_sandbox_on_the_same_directory_is_refused(room, rsa_keys):
    names = ("delivery", "portal", "automatic-decryption", "manual-decryption", "automatic-signing", "manual-signing")
    material = dict.fromkeys((*names, "root"), rsa_keys["root"])  # six new ones take seconds
    SandboxKeys.from_keys(room / "sandbox" / "keys", material, now=datetime.now(UTC), ids=Ids(1))
    first, line = start("sandbox", "fitconnect", "--data", str(room / "sandbox"))
    try:
        second = run("sandbox", "fitconnect", "--json", "--data", str(room / "sandbox"))
        assert (second.returncode, second.stdout) == (2, "")
        assert second.stderr.startswith("already_serving: ")
        assert str(line["pid"]) in second.stderr
    finally:
        os.kill(line["pid"], signal.SIGKILL)
        stop(first)
    again, after = start("sandbox", "fitconnect", "--data", str(room / "sandbox"))
    assert stop(again) == 0
    assert after["clients"] == line["clients"], "who was killed holds it no longer"


def test_with_fit_connect_away_at_the_start_applications_are_taken_and_delivered_later():
    with kept_demo(60) as line:
        sandbox = line["sandboxes"]["fitconnect"]
        port = urlsplit(sandbox["token_url"]).port
        os.kill(sandbox["pid"], signal.SIGKILL)
        kept = held(port)
        while http("GET", sandbox["delivery_jwks"])[0]:
            pass
        (gateway,) = (pid for pid, text in commands().items() if f" serve --config {line['config']} " in text)
        os.kill(gateway, signal.SIGTERM)
        while commands().get(gateway):
            pass
        serve, again = start("serve", "--config", line["config"])
        try:
            portal = Portal({**line, **again})
            status, _, made = portal.create(portal.body())
            assert status == 201, made
            home = str(Path(line["config"]).parent / "sandbox")
            awake, _ = start("sandbox", "fitconnect", "--data", home, "--port", str(port))
            try:
                assert portal.followed(made["id"])["state"] == "accepted"
            finally:
                stop(awake)
        finally:
            stop(serve)
            kept.close()
