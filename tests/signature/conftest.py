"""Signing keys of every kind under one root, and what they sign."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.crypto.keys import generate_ec, generate_root, generate_rsa
from gateway.model import Document
from gateway.signature import identity, signer
from gateway.signature.identity import SigningIdentity
from gateway.signature.signer import LocalSigner

NOW = datetime(2026, 11, 26, 9, 30, 15, tzinfo=UTC)
ID = UUID("27464710-34ce-4d11-8446-b306c9228b95")
CONTENT = "<?xml version='1.0' encoding='UTF-8'?>\n<!-- ß --><a xmlns='urn:x'  b = '1'>Straße\r\n<b/></a>\n".encode()
CANONICAL = '<a xmlns="urn:x"><b>Straße</b></a>'.encode()
KINDS = ("rsa", "P-256", "P-384", "P-521")
SPAN = {"not_before": NOW - timedelta(days=1), "not_after": NOW + timedelta(days=7300)}


def document(content=CONTENT):
    return Document(content, "xfall", "urn:x", "urn:x", "application/xml", hashlib.sha256(content).hexdigest())


@pytest.fixture(scope="session")
def authority(rsa_keys):
    return generate_root(subject="Test-PKI", serial=1, key=rsa_keys["root"], **SPAN)


@pytest.fixture(scope="session")
def jwks(rsa_keys, authority):
    """Private JWKs by kind, each with the chain leaf, root."""
    given = {"subject": "Stadt Tangerhütte", "serial": 7, "root": authority, **SPAN}
    made = {"rsa": generate_rsa("town-rsa-1", "verify", key=rsa_keys["signing"], **given)[0]}
    return made | {kind: generate_ec(f"town-{kind}", kind, **given)[0] for kind in KINDS[1:]}


@pytest.fixture(scope="session")
def signers(jwks):
    return {kind: signer.local(jwk, identity.of_jwk(jwk)) for kind, jwk in jwks.items()}


def leaf(key, authority, *, subject="Stadt", usage=True, ca=False, algorithm=None, **span):
    """A certificate for `key` under the authority, as unfit as asked for."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    span = {**SPAN, **span}
    builder = (
        x509.CertificateBuilder(name.__class__([x509.NameAttribute(NameOID.COMMON_NAME, "Test-PKI")]), name)
        .public_key(key.public_key())
        .serial_number(9)
        .not_valid_before(span["not_before"])
        .not_valid_after(span["not_after"])
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if usage is not None:
        flags = dict.fromkeys(
            ("content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
        )
        flags |= {"encipher_only": False, "decipher_only": False}
        builder = builder.add_extension(
            x509.KeyUsage(digital_signature=usage, key_encipherment=not usage, **flags), critical=True
        )
    return builder.sign(authority.key, algorithm or hashes.SHA256())


@pytest.fixture(scope="session")
def brainpool(authority):
    """A signer on a brainpool curve, as a card holds one; JWKs cannot name it."""
    key = ec.generate_private_key(ec.BrainpoolP256R1())
    chain = (leaf(key, authority), authority.certificate)
    return SimpleNamespace(
        key=key, chain=chain, signer=LocalSigner(SigningIdentity("card-1", key.public_key(), chain), key)
    )
