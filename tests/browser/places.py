"""Everything that a browser meets when somebody logs in: two `gateway serve`, the identity sandbox, a portal.

Each is a site of its own: gateway and portal by https under names that Chromium is told, the identity provider where
the sandbox speaks, on loopback. Before the two `gateway serve` stands a relay, as a load balancer would.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.cli.demo import identity as demo_identity
from gateway.crypto.keys import generate_ec
from gateway.keys.files import write_secret
from tests.browser.portal import BYE, CALLBACK, CLIENT, GATEWAY, PORTAL, Portal
from tests.demo_fixture import ARS, http, start, stop

SLUG, SECRET = "tangerhuette", "s" * 43
TOWN = f"""slug = "{SLUG}"
ars = "{ARS}"
name = "Einheitsgemeinde Stadt Tangerhütte"
public_url = "{GATEWAY}"

[fitconnect]
environment = "test"
client_id = "sender"
client_secret_file = "../secrets/portal"

[keys]
signing_jwk_file = "../secrets/signing.jwk"
"""
SETTINGS = """mode = "test"
data_dir = "{name}"

[server]
public_url = "{gateway}"

[server.tls]
certificate_file = "secrets/tls.pem"
key_file = "secrets/tls.key"

[database]
url = "{database}"

[outbound]
allow_private = ["loopback"]

[fitconnect.environments.test]
token_url = "https://auth.example/token"
submission_api = "https://submission.example"
insecure_public_keys = true

[municipalities]
dir = "towns"

[[clients]]
id = "{client}"
secret_file = "secrets/portal"
redirect_uris = ["{callback}"]
post_logout_redirect_uris = ["{bye}"]

[log]
level = "warning"
"""
SHARED = """
[vault]
master_key_file = "{keys}/master.key"

[evidence]
signing_key_file = "{keys}/token.jwk"

[login]
id_token_key_files = ["{keys}/id-token-RS256.jwk"]
"""


class Places:
    """All of them, running. `serving` are the two `gateway serve` by name; one is asked at a time."""

    def __init__(self, home: Path, database: str) -> None:
        self.database = database
        self._home = home
        self._ended = contextlib.ExitStack()
        self.serving: dict[str, subprocess.Popen[bytes]] = {}
        self._ports: dict[str, int] = {}

    def open(self) -> None:
        """Start them and make them known to each other."""
        home, secrets = self._home, self._home / "secrets"
        secrets.mkdir()
        (home / "towns").mkdir()
        tls = _certificate(secrets)
        write_secret(secrets / "portal", SECRET.encode())
        write_secret(secrets / "signing.jwk", json.dumps(_signing_key()).encode())
        sandbox, line = start("sandbox", "identity", "--data", str(home / "identity"))
        self._ended.callback(stop, sandbox)
        self.identity: dict[str, Any] = line
        (home / "towns" / f"{SLUG}.toml").write_text(
            TOWN + asyncio.run(demo_identity.settings(home, line)), encoding="utf-8"
        )
        self.portal = Portal(tls, SECRET)
        self._ended.callback(self.portal.close)
        self.serve("one")
        self.serve("two")
        self.relay = Relay()
        self._ended.callback(self.relay.close)
        self.portal.gateway_port = self.relay.port
        self.ask("one")
        self._introduce()

    def serve(self, name: str) -> None:
        """Start one `gateway serve`; keys and database are shared, the rest is its own."""
        config = self._home / f"{name}.toml"
        text = SETTINGS.format(
            name=name, gateway=GATEWAY, database=self.database, client=CLIENT, callback=CALLBACK, bye=BYE
        )
        if name != "one":
            text += SHARED.format(keys=self._home / "one" / "keys")
        config.write_text(text, encoding="utf-8")
        process, line = start("serve", "--no-worker", "--port", "0", "--config", str(config))
        self.serving[name] = process
        self._ended.callback(self._end, process)
        self._ports[name] = urlsplit(line["listening"]).port or 0

    def ask(self, name: str) -> None:
        """From now on that `gateway serve` answers; it is started again where it was killed."""
        if self.serving[name].poll() is not None:
            self.serve(name)
        self.relay.lead_to(self._ports[name])

    def kill(self, name: str) -> None:
        """SIGKILL."""
        os.kill(self.serving[name].pid, signal.SIGKILL)
        self.serving[name].wait(10)

    def age(self, table: str, column: str = "expires_at") -> None:
        """As if a day had gone by for every row."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(f"UPDATE {table} SET {column} = {column} - interval '1 day'")  # type: ignore[arg-type]

    def forget(self) -> None:
        """No login, no session, nothing that came to the portal."""
        self.portal.came.clear()
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute("DELETE FROM logins_under_way; DELETE FROM login_sessions")

    def rules(self) -> str:
        """What Chromium is told of the names."""
        ports = {GATEWAY: self.relay.port, PORTAL: self.portal.port}
        return ",".join(f"MAP {urlsplit(each).netloc}:443 127.0.0.1:{port}" for each, port in ports.items())

    def close(self) -> None:
        """End all that was started."""
        self._ended.close()

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            stop(process)
        else:
            process.stdout.close()  # type: ignore[union-attr]

    def _introduce(self) -> None:
        for name in demo_identity.PROVIDERS:
            ours = self.portal.called("GET", f"/saml/{SLUG}/{name}/metadata")
            status, _, said = http("POST", self.identity["admin"] + "/service-providers", ours)
            assert status < 300, said


class Relay:
    """Leads connections on to a port that may change; who is connected then connects anew."""

    def __init__(self) -> None:
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self._to = 0
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, port: int) -> None:
        """Whoever connects from now on gets there."""
        self._to = port
        self._hang_up()

    def close(self) -> None:
        """Nobody gets through any more."""
        self._door.close()
        self._hang_up()

    def _hang_up(self) -> None:
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._door.accept()
                try:
                    called = socket.create_connection(("127.0.0.1", self._to))
                except OSError:
                    caller.close()
                    continue
                self._open |= {caller, called}
                for one, other in ((caller, called), (called, caller)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.discard(one)
        one.close()


@contextlib.contextmanager
def opened(database: str) -> Iterator[Places]:
    """The places in a directory of their own; afterwards nothing of them is left."""
    home = Path(tempfile.mkdtemp(prefix="gateway-browser-"))
    places = Places(home, database)
    try:
        places.open()
        yield places
    finally:
        places.close()
        shutil.rmtree(home, ignore_errors=True)


def _certificate(folder: Path) -> ssl.SSLContext:
    """One for both names, that the browser is told to take; the same for the portal, as a context."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "browser tests")])
    names = [x509.DNSName(urlsplit(each).netloc) for each in (GATEWAY, PORTAL)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([*names, x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_secret(folder / "tls.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "tls.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "tls.pem", folder / "tls.key")
    return tls


def _signing_key() -> dict[str, Any]:
    now = datetime.now(UTC)
    days = {"not_before": now - timedelta(minutes=5), "not_after": now + timedelta(days=1)}
    private, _ = generate_ec("browser-tests", "P-256", subject="Stadt Tangerhütte", serial=1, **days)
    return dict(private)
