"""A gateway with one municipality that offers services, on a database of the test's own, for commands and wiring."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from gateway.cli.demo import catalogue as demo
from gateway.crypto.keys import generate_ec
from gateway.keys.files import write_secret
from tests.shipped_services import own_services

PAGES = "http://127.0.0.1:8081/pages"
SETTINGS = """mode = "test"
data_dir = "data"
[database]
url = "{dsn}"
[vault]
master_key_file = "master.key"
[outbound]
allow_private = ["loopback"]
[fitconnect.environments.test]
token_url = "http://127.0.0.1:9/token"
submission_api = "http://127.0.0.1:9"
delivery_issuer = "http://127.0.0.1:9"
insecure_public_keys = true
[municipalities]
dir = "towns"
"""
TOWN = """slug = "tangerhuette"
ars = "150900546546"
name = "Stadt Tangerhütte"
public_url = "http://localhost:9"
[fitconnect]
environment = "test"
client_id = "client"
client_secret_file = "../client.secret"
[keys]
signing_jwk_file = "../signing.jwk"
[[destinations]]
services = ["*"]
destination_id = "879ee109-a690-4db8-ab32-424284184d7d"
"""


@cache
def signing_key() -> dict[str, Any]:
    now = datetime.now(UTC)
    begins, ends = now - timedelta(minutes=5), now + timedelta(days=30)
    private, _ = generate_ec("town", "P-256", subject="Stadt", not_before=begins, not_after=ends, serial=7)
    return dict(private)


def written(home: Path, dsn: str) -> Path:
    """Write settings, keys, the town's file and its entries as the demo does; the settings file."""
    write_secret(home / "master.key", base64.b64encode(bytes(range(32))))
    write_secret(home / "client.secret", b"x" * 40)
    write_secret(home / "signing.jwk", json.dumps(signing_key()).encode())
    (home / "towns").mkdir()
    folder = demo.entry_files(home, PAGES)
    town = TOWN + demo.town_section(folder, PAGES, own_services().ids())
    (home / "towns" / "tangerhuette.toml").write_text(town, encoding="utf-8")
    config = home / "settings.toml"
    config.write_text(SETTINGS.format(dsn=dsn), encoding="utf-8")
    return config
