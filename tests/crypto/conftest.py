"""Certificates on demand, from the session's few RSA keys."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

SHARED = Path(__file__).parents[3] / "shared" / "data"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PSS = padding.PSS(padding.MGF1(hashes.SHA512()), 64)


@pytest.fixture(scope="session")
def shared():
    def read(path):
        if not (SHARED / path).exists():
            pytest.skip(f"reference data {path} are not here")
        text = (SHARED / path).read_text("utf-8")
        return json.loads(text) if path.endswith(".json") else text

    return read


@pytest.fixture(scope="session")
def now():
    return NOW


@pytest.fixture(scope="session")
def jwks(rsa_keys):
    """Pairs (private JWK, public JWK) made of the session's keys, from one root."""
    from gateway.crypto import keys  # noqa: PLC0415 - keeps this file importable for the rest of the folder

    span = {"not_before": NOW - timedelta(days=1), "not_after": NOW + timedelta(days=365)}
    root = keys.generate_root(subject="Test-Root", serial=1, key=rsa_keys["root"], **span)
    pairs = {
        use: keys.generate_rsa(
            f"test-{use}-key", use, subject="Tangerhütte", serial=number, root=root, key=rsa_keys[name], **span
        )
        for number, (use, name) in enumerate({"wrapKey": "encryption", "verify": "signing"}.items(), start=2)
    }
    return {**pairs, "root": root.certificate}


@pytest.fixture(scope="session")
def certify(rsa_keys):
    """Issue a certificate; everything has a good default that a test may break."""

    def issue(
        subject,
        issuer,
        *,
        key="encryption",
        signer="root",
        ca=None,
        path_length=None,
        usage=("key_encipherment",),
        before=NOW - timedelta(days=1),
        after=NOW + timedelta(days=1),
        serial=7,
        scheme=PSS,
        algorithm=None,
        extra=(),
    ):
        def material(name):
            return rsa_keys[name] if isinstance(name, str) else name

        builder = (
            x509.CertificateBuilder()
            .subject_name(name_of(subject))
            .issuer_name(name_of(issuer))
            .public_key(material(key).public_key())
            .serial_number(serial)
            .not_valid_before(before)
            .not_valid_after(after)
        )
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
        if usage is not None:
            builder = builder.add_extension(usage_of(usage), critical=True)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical=critical)
        signing = material(signer)
        rsa_padding = scheme if isinstance(signing, rsa.RSAPrivateKey) else None
        return builder.sign(signing, algorithm or hashes.SHA512(), rsa_padding=rsa_padding)

    return issue


def name_of(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def usage_of(names):
    every = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: name in names for name in every})
