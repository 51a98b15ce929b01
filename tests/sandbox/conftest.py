"""A sandbox in this process, turned by a fixed clock, and a client that speaks to it as a stranger would."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway.crypto import base64url, jwe, jws
from gateway.crypto.keys import PrivateKey
from gateway.fitconnect import names
from gateway.sandbox.clock import Clock, Ids
from gateway.sandbox.fitconnect.keyring import SandboxKeys
from gateway.sandbox.fitconnect.offers import SampleService
from gateway.sandbox.fitconnect.sandbox import Sandbox
from gateway.sandbox.fitconnect.server import app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from cryptography.hazmat.primitives.asymmetric import rsa

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BASE = "http://127.0.0.1:1"
SERVICE = "urn:de:fim:leika:leistung:99012021002000"
SCHEMA = "urn:example:xfall"
XML = "<antrag xmlns='urn:example'>Grünstraße 7</antrag>".encode()
PDF = b"%PDF-1.7 made up"


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory, rsa_keys: Mapping[str, rsa.RSAPrivateKey]) -> SandboxKeys:
    encryption, signing, root = rsa_keys["encryption"], rsa_keys["signing"], rsa_keys["root"]
    material = {
        "delivery": signing,
        "portal": root,
        "automatic-decryption": encryption,
        "manual-decryption": encryption,
        "automatic-signing": signing,
        "manual-signing": root,
        "root": root,
    }
    return SandboxKeys.from_keys(tmp_path_factory.mktemp("keys"), material, now=START, ids=Ids(1))


@dataclass
class Parcel:
    """What a sender is about to send; tests spoil single fields."""

    document: bytes = XML
    attachments: dict[str, bytes] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    service: dict[str, Any] = field(default_factory=lambda: {"name": "Hausnummer", "identifier": SERVICE})
    more: dict[str, Any] = field(default_factory=dict)


class Peer:
    """A sender and a subscriber over HTTP; shares no code with the sandbox's endpoints."""

    def __init__(self, sandbox: Sandbox, http: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.http = http
        self.v2 = "/submission-api/v2"
        self.admin = sandbox.admin_path

    async def token(self, role: str) -> dict[str, str]:
        client = self.sandbox.client(role)
        answer = await self.http.post(
            "/token",
            data={
                "grant_type": "client_credentials",
                "client_id": client.client_id,
                "client_secret": client.client_secret,
            },
        )
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json()['access_token']}"}

    @property
    def signer(self) -> PrivateKey:
        return self.sandbox.keys.keys["portal"]

    def seal(self, data: bytes, destination: str, cty: str = names.JSON) -> bytes:
        key = self.sandbox.keys.keys[f"{destination}-decryption"]
        return jwe.seal(data, key.rsa.public_key(), kid=key.kid, cty=cty, cek=b"k" * 32, iv=b"i" * 12)

    def parcel(self, **more: bytes) -> Parcel:
        """A parcel that a careful subscriber accepts: signed, with a readable PDF and what `more` adds."""
        parcel = Parcel(attachments={str(uuid.uuid4()): PDF, **{str(uuid.uuid4()): v for v in more.values()}})
        signature = jws.sign_detached(XML, self.signer, {"x5c": self.signer.public_jwk["x5c"]})
        entries = [
            {
                "attachmentId": attachment_id,
                "hash": sha512(content),
                "purpose": "form" if content == PDF else "attachment",
                "mimeType": "application/pdf",
            }
            for attachment_id, content in parcel.attachments.items()
        ]
        parcel.metadata = {
            "$schema": names.METADATA_2_1_0,
            "contentStructure": {
                "data": {
                    "hash": sha512(XML),
                    "submissionSchema": {"schemaUri": SCHEMA, "mimeType": names.XML},
                    "signature": {"signatureFormat": "json", "detachedSignature": True, "content": signature},
                },
                "attachments": entries,
            },
        }
        return parcel

    async def announce(self, parcel: Parcel, destination: str = "automatic", **more: Any) -> dict[str, str]:
        body = {
            "destinationId": self.sandbox.own_destination(destination).id,
            "announcedAttachments": list(parcel.attachments),
            "publicService": parcel.service,
            **parcel.more,
            **more,
        }
        answer = await self.http.post(f"{self.v2}/submissions", json=body, headers=await self.token("sender"))
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def upload(self, ids: Mapping[str, str], attachment_id: str, body: bytes, **headers: str) -> httpx.Response:
        path = f"{self.v2}/submissions/{ids['submissionId']}/attachments/{attachment_id}"
        head = {"Content-Type": names.JOSE, **headers, **await self.token("sender")}
        return await self.http.put(path, content=body, headers=head)

    async def submit(self, ids: Mapping[str, str], body: Mapping[str, Any]) -> httpx.Response:
        path = f"{self.v2}/submissions/{ids['submissionId']}"
        return await self.http.put(path, json=body, headers=await self.token("sender"))

    def body(self, parcel: Parcel, destination: str = "automatic") -> dict[str, str]:
        metadata = json.dumps(parcel.metadata).encode()
        return {
            "encryptedMetadata": self.seal(metadata, destination).decode(),
            "encryptedData": self.seal(parcel.document, destination, names.XML).decode(),
        }

    async def send(self, parcel: Parcel, destination: str = "automatic", **more: Any) -> dict[str, str]:
        """Announce, upload, submit, and wait until nothing moves any more."""
        ids = await self.announce(parcel, destination, **more)
        for attachment_id, content in parcel.attachments.items():
            answer = await self.upload(ids, attachment_id, self.seal(content, destination))
            assert answer.status_code == 204, answer.text
        answer = await self.submit(ids, self.body(parcel, destination))
        assert answer.status_code == 200, answer.text
        await self.sandbox.settle()
        return ids

    async def event_log(self, ids: Mapping[str, str]) -> list[str]:
        path = f"{self.v2}/submissions/{ids['submissionId']}/events"
        answer = await self.http.get(path, headers=await self.token("sender"))
        assert answer.status_code == 200, answer.text
        log: list[str] = answer.json()["eventLog"]
        return log

    async def last(self, ids: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """Type and payload of the last event."""
        claims = claims_of((await self.event_log(ids))[-1])
        uri, payload = next(iter(claims["events"].items()))
        return uri.removeprefix(names.EVENT_PREFIX), payload

    async def post_event(self, ids: Mapping[str, str], token: str) -> httpx.Response:
        head = {"Content-Type": names.JOSE, **await self.token("subscriber")}
        return await self.http.post(f"{self.v2}/cases/{ids['caseId']}/events", content=token, headers=head)

    def event(self, ids: Mapping[str, str], kind: str, payload: Mapping[str, Any], **claims: Any) -> str:
        """A SET as the manual destination's subscriber would sign it."""
        body = {
            "$schema": names.SET_SCHEMA,
            "jti": str(uuid.uuid4()),
            "iss": self.sandbox.own_destination("manual").id,
            "iat": int(START.timestamp()),
            "sub": f"submission:{ids['submissionId']}",
            "txn": f"case:{ids['caseId']}",
            "events": {names.EVENT_PREFIX + kind: payload},
            **claims,
        }
        return jws.sign(json.dumps(body).encode(), self.sandbox.keys.keys["manual-signing"], {"typ": names.SET_TYP})

    async def order(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """An order to the admin API."""
        answer = await self.http.post(self.admin + path, json=body)
        assert answer.status_code < 300, answer.text
        return answer

    async def shown(self, ids: Mapping[str, str]) -> dict[str, Any]:
        answer = await self.http.get(f"{self.admin}/submissions")
        return next(s for s in answer.json()["submissions"] if s["submission_id"] == ids["submissionId"])


def sha512(content: bytes) -> dict[str, str]:
    return {"type": "sha512", "content": hashlib.sha512(content).hexdigest()}


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64url.decode(token.split(".")[1].encode()))
    return claims


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference data beside the checkout; skips where they are absent."""
    found = Path(__file__).parents[3] / "shared"
    if not (found / "data" / "fitconnect").is_dir():
        pytest.skip("no reference data beside the checkout")
    return found


def open_sandbox(directory: Path, keyring: SandboxKeys) -> Sandbox:
    return Sandbox.open(
        directory,
        base_url=BASE,
        offered=(SampleService(SERVICE, ("DE1509",), ((SCHEMA, names.XML),)),),
        clock=Clock(lambda: START),
        ids=Ids(7),
        keys=keyring,
    )


@pytest.fixture
async def peer(tmp_path: Path, keyring: SandboxKeys) -> AsyncIterator[Peer]:
    sandbox = open_sandbox(tmp_path / "sandbox", keyring)
    transport = httpx.ASGITransport(app(sandbox))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        yield Peer(sandbox, http)
    await sandbox.close()
