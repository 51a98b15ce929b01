"""What the demo's settings say of citizens' logins, and how gateway and identity sandbox get to know each other.

Knows: keys and files of one municipality at the sandbox's two identity providers. Never does: log in (`login` does).
Standard: fixed interfaces §2, SAML 2.0 metadata. Start reading: `settings`, then `introduce`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.bundid.keys import self_signed
from gateway.errors import CounterpartRefused
from gateway.keys.files import write_secret
from gateway.outbound.client import Policy
from gateway.outbound.httpx_transport import httpx_client

PROVIDERS = {"bundid": ("bundid-int", ""), "unternehmenskonto": ("mein-unternehmenskonto", "muk")}
"""Our names for the sandbox's identity providers: profile, and where the readiness line tells of it."""


async def settings(home: Path, identity: dict[str, Any]) -> str:
    """Lines of the municipality's file; keys and the metadata of the identity providers are written beside it."""
    _write_keys(home / "secrets")
    lines = []
    async with httpx_client(Policy(allow_private=("loopback",))) as client:
        for name, (profile, key) in PROVIDERS.items():
            line = identity[key] if key else identity
            answer = await client.get(line["idp_metadata"])
            (home / "secrets" / f"{name}.xml").write_bytes(answer.content)
            lines.append(_section(name, profile))
    return "\n".join(lines)


async def introduce(base_url: str, slug: str, identity: dict[str, Any]) -> None:
    """Give the sandbox our metadata, as an operator uploads them in a self-service portal."""
    async with httpx_client(Policy(allow_private=("loopback",))) as client:
        for name in PROVIDERS:
            ours = await client.get(f"{base_url}/saml/{slug}/{name}/metadata")
            taken = await client.post(identity["admin"] + "/service-providers", content=ours.content)
            _sound(ours)
            _sound(taken)


def _sound(answer: httpx.Response) -> None:
    if not answer.is_success:
        raise CounterpartRefused(host=answer.url.netloc.decode(), http_status=answer.status_code, problem="metadata")


def _section(name: str, profile: str) -> str:
    keys = "\n".join(
        f'{purpose}_{kind}_file = "../secrets/saml-{purpose}.{kind}.pem"'
        for purpose in ("signing", "encryption")
        for kind in ("key", "certificate")
    )
    return f"""
[identity.providers.{name}]
profile = "{profile}"
metadata = "../secrets/{name}.xml"
entity_id = "https://login.tangerhuette.example/{name}"
online_service_id = "BMI-A0001"

[identity.providers.{name}.keys]
{keys}
"""


def _write_keys(directory: Path) -> None:
    now = datetime.now(UTC)
    for purpose in ("signing", "encryption"):
        pair = self_signed(
            rsa.generate_private_key(65537, 3072),
            encryption=purpose == "encryption",
            subject="Stadt Tangerhütte (Vorführung)",
            not_before=now - timedelta(minutes=5),
            not_after=now + timedelta(days=90),
            serial=int.from_bytes(os.urandom(8), "big") >> 1,
        )
        secret = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_secret(directory / f"saml-{purpose}.key.pem", secret)
        (directory / f"saml-{purpose}.certificate.pem").write_bytes(pair.certificate.public_bytes(Encoding.PEM))
