"""The demo's environment: a directory with settings and keys, sandbox, database and `gateway serve`, all loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.cli.console import say
from gateway.cli.demo import catalogue as offer
from gateway.cli.demo import identity as logins
from gateway.crypto.keys import generate_ec
from gateway.errors import DemoFailed
from gateway.keys.files import write_secret
from gateway.services.loader import shipped_ids
from gateway.store.server import embedded

ARS = "150900546546"
SLUG = "tangerhuette"
CLIENT = "demo-portal"
START_WITHIN_S = 90.0
STOP_WITHIN_S = 9.0


@dataclass(frozen=True, slots=True)
class DemoEnvironment:
    """A running demo: readiness lines of gateway and sandbox, and where everything lies."""

    serve: dict[str, Any]
    sandbox: dict[str, Any]
    config: Path
    secret: str
    identity: dict[str, Any] | None = None
    catalogue: dict[str, Any] | None = None
    redirect_uri: str = ""

    def line(self) -> dict[str, Any]:
        """The one line of `gateway demo --keep`."""
        portal = {"client_id": CLIENT, "client_secret": self.secret}
        sandboxes = {"fitconnect": self.sandbox, "identity": self.identity, "catalogue": self.catalogue}
        line = {
            **self.serve,
            "portal": portal,
            "config": str(self.config),
            "sandboxes": {name: ready for name, ready in sandboxes.items() if ready is not None},
        }
        if self.identity is None:
            return line
        return {**line, "oidc_client": {**portal, "redirect_uri": self.redirect_uri}}


@asynccontextmanager
async def demo_environment(*, login: bool = False, catalogue: bool = False) -> AsyncIterator[DemoEnvironment]:
    """Set everything up in a directory of its own; afterwards no process and no directory is left.

    With `login` an identity sandbox runs too, at which citizens log in for the demo's portal; with `catalogue` a
    catalogue sandbox, which has the pages of the town's 22 services and lists them.
    """
    home = Path(tempfile.mkdtemp(prefix="gateway-demo-"))
    os.chmod(home, 0o755)  # noqa: PTH101, S103 - the database may run as another system user; every secret below is 0600
    children: list[asyncio.subprocess.Process] = []
    try:
        data = home / "data"
        port, key = _free_port(), asyncio.create_task(asyncio.to_thread(_signing_key))
        database = asyncio.create_task(asyncio.to_thread(embedded.start, data))
        arguments = ("sandbox", "fitconnect", "--data", str(home / "sandbox"))
        sandbox = await _started("sandbox", arguments, home, children)
        secret = secrets.token_urlsafe(32)
        identity, listing, redirect_uri, town, more = None, None, "", "", ""
        if login:
            arguments = ("sandbox", "identity", "--data", str(home / "identity"))
            identity = await _started("identity", arguments, home, children)
            redirect_uri = f"http://127.0.0.1:{_free_port()}/signed-in"
            town = await logins.settings(home, identity)
        if catalogue:
            listing = await _started("catalogue", ("sandbox", "catalogue"), home, children)
            more = offer.settings_section(home, listing)
            folder = await asyncio.to_thread(offer.entry_files, home, listing["pages"])
            town += offer.town_section(folder, listing["pages"], shipped_ids())
        redirects = f'redirect_uris = ["{redirect_uri}"]\n' if redirect_uri else ""
        config = _write_settings(home, port, sandbox, secret, await key, town=town, more=redirects + more)
        await database
        serve = await _started("serve", ("serve", "--config", str(config)), home, children)
        if identity is not None:
            await logins.introduce(serve["base_url"], SLUG, identity)
        yield DemoEnvironment(serve, sandbox, config, secret, identity, listing, redirect_uri)
    finally:
        await asyncio.shield(_end(home, children))


async def _end(home: Path, children: list[asyncio.subprocess.Process]) -> None:
    for child in reversed(children):
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGTERM)
    for child in children:
        try:
            await asyncio.wait_for(child.wait(), STOP_WITHIN_S)
        except TimeoutError:
            child.kill()
            await child.wait()
    await asyncio.to_thread(embedded.stop, home / "data")
    await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)


async def _started(
    part: str, arguments: tuple[str, ...], home: Path, children: list[asyncio.subprocess.Process]
) -> dict[str, Any]:
    log = home / f"{part}.log"
    command = [sys.executable, "-m", "gateway.cli.main", *arguments, "--json", "--until-stdin-closes"]
    with log.open("ab") as errors:
        child = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    children.append(child)
    assert child.stdout
    try:
        line = await asyncio.wait_for(child.stdout.readline(), START_WITHIN_S)
    except TimeoutError:
        line = b""
    if not line:
        say(log.read_text(errors="replace")[-2000:])
        raise DemoFailed(part=part, log=str(log))
    ready: dict[str, Any] = json.loads(line)
    return ready


def _write_settings(  # noqa: PLR0913 - what the files are made of
    home: Path, port: int, sandbox: dict[str, Any], secret: str, key: dict[str, Any], *, town: str, more: str
) -> Path:
    sender = next(c for c in sandbox["clients"] if c["role"] == "sender")
    submission_api = sandbox["submission_api_v2"].rstrip("/").removesuffix("/v2")
    write_secret(home / "secrets" / "portal", secret.encode())
    write_secret(home / "secrets" / "fitconnect", sender["client_secret"].encode())
    write_secret(home / "secrets" / "signing.jwk", json.dumps(key).encode())
    (home / "municipalities").mkdir()
    written = _town(port, sandbox, sender["client_id"]) + town
    (home / "municipalities" / "tangerhuette.toml").write_text(written, encoding="utf-8")
    config = home / "settings.toml"
    config.write_text(
        f"""mode = "test"
data_dir = "data"

[server]
host = "127.0.0.1"
port = {port}
public_url = "http://localhost:{port}"

[outbound]
allow_private = ["loopback"]

[fitconnect.environments.sandbox]
token_url = "{sandbox["token_url"]}"
submission_api = "{submission_api}"
delivery_issuer = "{submission_api}"
routing_api = "{sandbox["routing_api"]}"
portal_issuer = "{sandbox["portal_issuer"]}"
insecure_public_keys = true

[municipalities]
dir = "municipalities"

[[clients]]
id = "{CLIENT}"
secret_file = "secrets/portal"
{more}
[log]
level = "warning"
""",
        encoding="utf-8",
    )
    return config


def _town(port: int, sandbox: dict[str, Any], client_id: str) -> str:
    """The municipality's file, all but what it says of logins."""
    inbox = next(d for d in sandbox["destinations"] if d["subscriber"] == "automatic")
    return f"""slug = "{SLUG}"
ars = "{ARS}"
name = "Stadt Tangerhütte"
public_url = "http://localhost:{port}"

[fitconnect]
environment = "sandbox"
client_id = "{client_id}"
client_secret_file = "../secrets/fitconnect"

[keys]
signing_jwk_file = "../secrets/signing.jwk"

[[destinations]]
services = ["*"]
destination_id = "{inbox["destination_id"]}"

[parameters.hausnummer]
"attachments.site_plan.max_bytes" = 370000000
"""


def _signing_key() -> dict[str, Any]:
    """The town's key for documents: P-256, as on seal cards.

    FIT-Connect asks for RSA-4096 where it encrypts and signs events; with what a town signs a document is its own
    affair, and an elliptic curve does it in a twentieth of the time.
    """
    now = datetime.now(UTC)
    private, _ = generate_ec(
        f"tangerhuette-{os.urandom(4).hex()}",
        "P-256",
        subject="Stadt Tangerhütte (Vorführung)",
        not_before=now - timedelta(minutes=5),
        not_after=now + timedelta(days=30),
        serial=int.from_bytes(os.urandom(8), "big") >> 1,
    )
    return dict(private)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
