"""Keys, event logs signed with them, a clock that stands, and a store with one submission."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from uuid import uuid4

import httpx
import pytest
import uvicorn

from gateway.crypto import jws, keys
from gateway.errors import CounterpartGarbled
from gateway.fitconnect import names
from gateway.fitconnect.channel import Addressee, Environment, FitConnectChannel
from gateway.model import Document, Purpose, Signature, State, Submission
from gateway.outbound.answer import Answer
from gateway.outbound.client import Policy, exchange, http_client
from gateway.ports.channel import Enclosure, Parcel
from gateway.sandbox.clock import Ids
from gateway.sandbox.fitconnect import keyring, server
from gateway.sandbox.fitconnect.offers import DEMO
from gateway.wiring.clock import SystemClock
from tests.stores import empty, holding

SHARED = Path(__file__).parents[3] / "shared" / "data"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ISSUER = "https://delivery.example/submission-api"
DESTINATION = "879ee109-a690-4db8-ab32-424284184d7d"
SUBMISSION = "ce75a6b8-d72f-4b94-b09e-af6be35bc2ae"
CASE = "e89e107e-ed79-40e6-ad34-4e770f9df263"
TAGS = {"metadata": "M" * 22, "data": "D" * 22, "f50308a5-b3ed-4627-9f0b-b5a8e0095791": "A" * 22}


class RoutedClient:
    """Stands for the client of `outbound`: what respx answers, or an error that a route raises."""

    def __init__(self):
        self._http = httpx.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

    async def exchange(self, method, url, headers, content, limit):
        got = await self._http.request(method, url, headers=headers, content=content)
        host = got.request.url.host
        if len(got.content) > limit:
            raise CounterpartGarbled(host=host)
        return Answer(got.status_code, dict(got.headers), got.content, host)

    async def aclose(self):
        await self._http.aclose()


@pytest.fixture
async def routed():
    """A client whose requests respx answers."""
    client = RoutedClient()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def sandbox_keys(rsa_keys, tmp_path_factory):
    """The sandbox's keys, made of the session's three."""
    shared = {"delivery": "root", "portal": "root", "root": "root"}
    for kind in ("automatic", "manual"):
        shared |= {f"{kind}-decryption": "encryption", f"{kind}-signing": "signing"}
    material = {name: rsa_keys[key] for name, key in shared.items()}
    directory = tmp_path_factory.mktemp("sandbox-keys")
    return keyring.SandboxKeys.from_keys(directory, material, now=datetime.now(UTC), ids=Ids(seed=1))


@pytest.fixture
async def sandbox(sandbox_keys, tmp_path, request):
    """A running sandbox; its readiness line and itself. A test may ask by parameter for what it offers."""
    listener = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    box = server.Sandbox.open(tmp_path, base_url=base, keys=sandbox_keys, offered=getattr(request, "param", DEMO))
    config = uvicorn.Config(server.app(box), lifespan="off", log_config=None, access_log=False, ws="none")
    serving = uvicorn.Server(config)
    task = asyncio.create_task(serving.serve(sockets=[listener]))
    while not serving.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    yield SimpleNamespace(box=box, **server.readiness(box))
    serving.should_exit = True
    await task
    await box.close()
    listener.close()


@pytest.fixture
async def client():
    made = http_client(Policy(allow_private=("loopback",)))
    yield made
    await made.aclose()


@pytest.fixture(scope="session")
def shared():
    """Read a file of the reference data, or skip where they are not installed."""

    def read(path):
        if not (SHARED / path).exists():
            pytest.skip(f"reference data {path} are not here")
        return (SHARED / path).read_bytes()

    return read


@pytest.fixture(scope="session")
def jwks(rsa_keys):
    """Public and private JWK of each use, one root: `wrapKey` and `verify` are the destination's."""
    span = {"not_before": NOW - timedelta(days=1), "not_after": NOW + timedelta(days=365)}
    root = keys.generate_root(subject="Test-Root", serial=1, key=rsa_keys["root"], **span)
    made = {"root": root.certificate}
    for serial, (use, name) in enumerate((("wrapKey", "encryption"), ("verify", "signing")), start=2):
        pair = keys.generate_rsa(
            f"test-{use}-key", use, subject="Tangerhütte", serial=serial, root=root, key=rsa_keys[name], **span
        )
        made[use] = pair
    return made


@pytest.fixture(scope="session")
def signers(jwks, rsa_keys):
    """Who signs: the destination with its own key, the delivery service with another of the session's."""
    public = jwks["verify"][1]
    subscriber = keys.private_key(jwks["verify"][0])
    other = keys.PrivateKey("delivery-key-1", rsa_keys["root"], "PS512", {})
    numbers = rsa_keys["root"].public_key().public_numbers()
    modulus = base64.urlsafe_b64encode(numbers.n.to_bytes(512, "big")).rstrip(b"=").decode()
    delivery_jwk = {
        "kty": "RSA",
        "alg": "PS512",
        "kid": "delivery-key-1",
        "key_ops": ["verify"],
        "e": "AQAB",
        "n": modulus,
    }
    return SimpleNamespace(subscriber=subscriber, delivery=other, subscriber_jwk=public, delivery_jwk=delivery_jwk)


@pytest.fixture(scope="session")
def sign():
    """Sign a payload (object or bytes) as a SET; `header` overrides members."""
    return signed


@pytest.fixture
def make():
    """Values that a channel takes."""
    return SimpleNamespace(
        parcel=parcel, enclosure=enclosure, document=document, signer=Signer, archive=empty(), wire_tags=wire_tags
    )


@pytest.fixture
def event(signers):
    """Make one signed SET; every claim has a good default that a test may break."""

    def make(kind, *, by=None, body=None, header=None, drop=(), **claims):
        by = by or ("subscriber" if kind in {"accept-submission", "reject-submission"} else "delivery")
        key = getattr(signers, by)
        if body is None:
            tagged = kind in names.TAGGED_EVENTS
            body = {"authenticationTags": wire_tags(TAGS)} if tagged else {}
        payload = {
            "$schema": names.SET_SCHEMA,
            "jti": str(uuid4()),
            "iss": DESTINATION if by == "subscriber" else ISSUER,
            "iat": 1_795_000_000,
            "sub": f"submission:{SUBMISSION}",
            "txn": f"case:{CASE}",
            "events": {f"{names.EVENT_PREFIX}{kind}": body},
            **claims,
        }
        payload = {name: value for name, value in payload.items() if name not in drop}
        return signed(payload, key, header)

    return make


def signed(payload, key, header=None):
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return jws.sign(raw, key, {"typ": "secevent+jwt", "alg": key.alg, "kid": key.kid, **(header or {})})


def wire_tags(tags):
    """Tags as `authenticationTags` writes them."""
    own = {name: tag for name, tag in tags.items() if name in {"metadata", "data"}}
    return {**own, "attachments": {name: tag for name, tag in tags.items() if name not in own}}


@dataclass
class StandingClock:
    at: datetime = NOW
    ticks: float = 0.0

    def now(self):
        return self.at

    def tick(self):
        return self.ticks


@pytest.fixture
def clock():
    return StandingClock()


@pytest.fixture
def store(new_submission):
    return holding(new_submission)


@pytest.fixture
def new_submission():
    return Submission(
        id=uuid4(),
        municipality="150900546546",
        client="portal",
        service="hausnummer",
        state=State.RECEIVED,
        version=1,
        created_at=NOW,
        updated_at=NOW,
        channel="fitconnect",
    )


def document(content=b"<antrag>\xc3\xa4</antrag>", schema_uri="urn:xfall:example:1.0"):
    return Document(content, "xfall", schema_uri, "urn:x", "application/xml", hashlib.sha256(content).hexdigest())


def enclosure(content, **more):
    given = {"filename": "Lageplan Straße.pdf", "media_type": "application/pdf", "purpose": Purpose.ATTACHMENT}
    return Enclosure(uuid4(), size=len(content), **{"content": content, **given, **more})


def parcel(*enclosures, **more):
    return Parcel(document(**more), enclosures, NOW)


class Signer:
    """`ports.Keys` with one key for documents; the header brings the certificate chain along."""

    def __init__(self, key):
        self.key = key

    async def sign_document(self, municipality, document, style):
        chain = [base64.b64encode(der).decode("ascii") for der in self.key.x5c]
        token = jws.sign_detached(document.content, self.key, {"x5c": chain} if chain else {})
        return Signature(style, token, self.key.alg, self.key.kid, None)


async def carried_out_and_opened(sandbox, client, delivery, store, submission_id):
    """What the automatic subscriber opened of the submission, once it is accepted."""
    await delivery.advance(submission_id)
    for _ in range(100):
        if (await store.load(submission_id)).state is State.ACCEPTED:
            break
        await asyncio.sleep(0.02)
        await delivery.advance(submission_id)
    row = await store.load(submission_id)
    assert row.state is State.ACCEPTED, row.reason
    address = f"{sandbox.admin}/submissions/{row.remote_id}/opened"
    answer = await exchange(client, "GET", address, headers={}, content=None)
    return json.loads(answer.body)


@pytest.fixture
def channel_to(sandbox, client, signers, make):
    """Makes a channel to the sandbox's automatic subscriber, for the service of that identifier."""
    account, *_ = [each for each in sandbox.clients if each["role"] == "sender"]
    [destination] = [each for each in sandbox.destinations if each["subscriber"] == "automatic"]
    environment = Environment(
        sandbox.token_url,
        sandbox.submission_api_v2.removesuffix("/v2"),
        delivery_issuers=frozenset({sandbox.delivery_issuer}),
        insecure_public_keys=True,
    )
    return lambda identifier: FitConnectChannel(
        environment,
        account["client_id"],
        lambda: account["client_secret"],
        addressee=lambda _service, _test: Addressee(destination["destination_id"], identifier, "Hausnummer beantragen"),
        keys=make.signer(signers.subscriber),
        archive=make.archive,
        client=client,
        clock=SystemClock(),
        random=os.urandom,
    )
