"""One submission's evidence with real signatures, and attackers' tools: pack and sign whatever one likes."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from gateway.crypto import jws
from gateway.crypto.keys import PrivateKey, digest, generate_ed25519, private_key
from gateway.evidence import archive, chain, container, merkle, roots
from gateway.evidence.archive import Dossier, Witness
from gateway.evidence.roots import ChainHead
from gateway.fitconnect import names
from gateway.ports.store import EvidenceEntry

NOW = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
ISSUER = "https://delivery.example/submission-api"
DESTINATION = "879ee109-a690-4db8-ab32-424284184d7d"
ATTACHMENT = "f50308a5-b3ed-4627-9f0b-b5a8e0095791"
TAGS = {"metadata": "M" * 22, "data": "D" * 22, ATTACHMENT: "A" * 22}
SENT = ("create-submission", "submit-submission", "accept-submission")


@dataclass(frozen=True)
class Signer:
    key: PrivateKey
    jwk: dict

    @property
    def digest(self) -> str:
        return digest(self.jwk)


def rsa_signer(kid, secret):
    n = secret.public_key().public_numbers().n
    modulus = base64.urlsafe_b64encode(n.to_bytes(512)).rstrip(b"=").decode()
    jwk = {"kty": "RSA", "alg": "PS512", "kid": kid, "key_ops": ["verify"], "e": "AQAB", "n": modulus}
    return Signer(PrivateKey(kid, secret, "PS512", jwk), jwk)


class Case:
    """A submission from receipt to acceptance, as the gateway would have kept it."""

    def __init__(self, gateway, service, authority, *, submission=None):
        self.gateway, self.service, self.authority = gateway, service, authority
        self.id: UUID = submission or uuid4()
        self.remote, self.case = str(uuid4()), str(uuid4())
        self.tokens = [self.event(kind) for kind in SENT]
        self.entries = self.told(self.tokens)

    def event(self, kind, **claims):
        signer = self.authority if kind in {"accept-submission", "reject-submission"} else self.service
        tagged = kind in names.TAGGED_EVENTS
        attached = {name: tag for name, tag in TAGS.items() if name not in {"metadata", "data"}}
        tags = {"metadata": TAGS["metadata"], "data": TAGS["data"], "attachments": attached}
        payload = {
            "$schema": names.SET_SCHEMA,
            "jti": str(uuid4()),
            "iss": DESTINATION if signer is self.authority else ISSUER,
            "iat": int(NOW.timestamp()),
            "sub": f"submission:{self.remote}",
            "txn": f"case:{self.case}",
            "events": {f"{names.EVENT_PREFIX}{kind}": {"authenticationTags": tags} if tagged else {}},
            **claims,
        }
        header = {"typ": "secevent+jwt", "alg": signer.key.alg, "kid": signer.key.kid}
        return jws.sign(json.dumps(payload).encode(), signer.key, header)

    def told(self, tokens):
        receipt = jws.sign(json.dumps({"sub": str(self.id)}).encode(), self.gateway, {"typ": "receipt+jwt"})
        return (
            EvidenceEntry("received", {"receipt": receipt, "key": digest(self.gateway.public_jwk)}),
            EvidenceEntry("validated", {"schema_uri": "urn:schema", "valid": True, "rules": []}),
            EvidenceEntry("sealed", {"destination_id": DESTINATION, "tags": TAGS}),
            EvidenceEntry("announced", {"remote_id": self.remote, "case_id": self.case}),
            EvidenceEntry("submitted", {"remote_id": self.remote}),
            *(self.kept(token) for token in tokens),
        )

    def kept(self, token):
        payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        [uri] = payload["events"]
        signer = self.authority if payload["iss"] == DESTINATION else self.service
        at = "2026-11-24T12:00:00.000Z"
        kind = uri.removeprefix(names.EVENT_PREFIX)
        body = {"type": kind, "issuer": payload["iss"], "verified": True, "at": at, "token": token}
        return EvidenceEntry("event", {**body, "key": signer.digest})

    def links(self, entries=None, *, start=None):
        head = start or chain.start(self.id)
        return chain.chained(entries or self.entries, seq=0, head=head, at=NOW)

    def dossier(self, entries=None, *, signed_at=(), key=None, links=None):
        """`signed_at` are numbers of entries at which a root was signed; the last entry always is."""
        links = links or self.links(entries)
        witnesses = []
        for no, seq in enumerate(dict.fromkeys((*signed_at, len(links))), start=1):
            others = [ChainHead(uuid4(), 3, bytes(32)).leaf() for _ in range(4)]
            leaves = [*others, ChainHead(self.id, seq, links[seq - 1].hash).leaf()]
            tree = merkle.Tree(leaves)
            said = roots.SignedRoot(no, chain.moment(NOW + timedelta(minutes=no)), 5, tree.root, roots.NOTHING_BEFORE)
            witnesses.append(Witness(no, roots.sign(key or self.gateway, said), seq, 4, tree.path(4)))
        jwks = {each.digest: each.jwk for each in (self.service, self.authority)}
        jwks[digest(self.gateway.public_jwk)] = dict(self.gateway.public_jwk)
        return Dossier(self.id, links, jwks, tuple(witnesses))

    def members(self, dossier=None, *, key=None):
        return archive.build(dossier or self.dossier(), key or self.gateway, NOW)


@pytest.fixture(scope="session")
def gateway_key():
    return private_key(generate_ed25519("gateway-evidence-1")[0])


@pytest.fixture(scope="session")
def stranger():
    """A key of somebody else, under the gateway's own `kid`."""
    return private_key(generate_ed25519("gateway-evidence-1")[0])


@pytest.fixture(scope="session")
def case(gateway_key, rsa_keys):
    return Case(
        gateway_key, rsa_signer("delivery-key-1", rsa_keys["root"]), rsa_signer("authority-key-1", rsa_keys["signing"])
    )


@pytest.fixture(scope="session")
def other_case(case):
    return Case(case.gateway, case.service, case.authority)


@pytest.fixture(scope="session")
def members(case):
    return case.members()


@pytest.fixture(scope="session")
def packed(members):
    return container.pack(members)
