"""New keys as JWK pairs, for operators and tests: RSA or EC with a self-made chain, and Ed25519.

Knows: the shape that FIT-Connect asks of keys and of their certificates: RSA-4096, SHA-512,
RSASSA-PSS. Never does: read a clock or choose a serial number; only the key material is drawn, by the primitive.
Such chains serve for test; production keys are certified by the V-PKI. Start reading: `generate_rsa`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import pybase64
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway.crypto import base64url

Jwk = dict[str, Any]

_PRIVATE_OP = {"wrapKey": "unwrapKey", "verify": "sign"}
_ALG = {"wrapKey": "RSA-OAEP-256", "verify": "PS512"}
_EC_ALG = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
_CURVES: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}


@dataclass(frozen=True, slots=True)
class RootCertificate:
    """A certification authority for test that can issue several leaves."""

    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate


def generate_root(
    *, subject: str, not_before: datetime, not_after: datetime, serial: int, key: rsa.RSAPrivateKey | None = None
) -> RootCertificate:
    """A self-signed root; `subject` is its common name, `key` an existing RSA-4096 key to use instead of a new one."""
    key_pair = key or rsa.generate_private_key(65537, 4096)
    builder = (
        _certificate(subject, subject, key_pair.public_key(), not_before, not_after, serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
    )
    return RootCertificate(key_pair, _sign(builder, key_pair))


def generate_rsa(  # noqa: PLR0913 - what a certificate says, all of it named
    kid: str,
    use: Literal["wrapKey", "verify"],
    *,
    subject: str,
    not_before: datetime,
    not_after: datetime,
    serial: int,
    root: RootCertificate | None = None,
    key: rsa.RSAPrivateKey | None = None,
) -> tuple[Jwk, Jwk]:
    """A new RSA-4096 key pair as (private JWK, public JWK), both with the chain leaf, root in `x5c`.

    Args:
        kid: 8 to 64 characters.
        use: what the public key is for; it decides `key_ops`, `alg` and the certificate's key usage.
        subject: common name of the leaf; a root made here is named after it.
        not_before: start of the validity, aware.
        not_after: end of the validity, aware.
        serial: of the leaf; a root made here gets the next number.
        root: issue from this root instead of making one.
        key: an existing RSA-4096 key to use instead of a new one.
    """
    issuer = root or generate_root(
        subject=f"{subject} Test-Root", not_before=not_before, not_after=not_after, serial=serial + 1
    )
    key_pair = key or rsa.generate_private_key(65537, 4096)
    name = _common_name(issuer.certificate)
    builder = (
        _certificate(subject, name, key_pair.public_key(), not_before, not_after, serial)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(key_encipherment=use == "wrapKey", digital_signature=use == "verify"), critical=True)
    )
    leaf = _sign(builder, issuer.key)
    chain = [pybase64.b64encode_as_string(c.public_bytes(Encoding.DER)) for c in (leaf, issuer.certificate)]
    private = _private_members(key_pair)
    public = {"kty": "RSA", "alg": _ALG[use], "kid": kid, "n": private.pop("n"), "e": private.pop("e"), "x5c": chain}
    return {**public, "key_ops": [_PRIVATE_OP[use]], **private}, {**public, "key_ops": [use]}


def generate_ec(  # noqa: PLR0913 - as `generate_rsa`
    kid: str,
    curve: Literal["P-256", "P-384", "P-521"],
    *,
    subject: str,
    not_before: datetime,
    not_after: datetime,
    serial: int,
    root: RootCertificate | None = None,
) -> tuple[Jwk, Jwk]:
    """A new EC key pair to sign with as (private JWK, public JWK), both with the chain leaf, root in `x5c`.

    Arguments as for `generate_rsa`; a root made here is RSA-4096.
    """
    issuer = root or generate_root(
        subject=f"{subject} Test-Root", not_before=not_before, not_after=not_after, serial=serial + 1
    )
    key_pair = ec.generate_private_key(_CURVES[curve])
    builder = (
        _certificate(subject, _common_name(issuer.certificate), key_pair.public_key(), not_before, not_after, serial)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
    )
    chain = [
        pybase64.b64encode_as_string(c.public_bytes(Encoding.DER))
        for c in (_sign(builder, issuer.key), issuer.certificate)
    ]
    numbers, size = key_pair.private_numbers(), (key_pair.key_size + 7) // 8
    point = {name: _text(getattr(numbers.public_numbers, name).to_bytes(size)) for name in ("x", "y")}
    public = {"kty": "EC", "crv": curve, "alg": _EC_ALG[curve], "kid": kid, **point, "x5c": chain}
    private = {**public, "key_ops": ["sign"], "d": _text(numbers.private_value.to_bytes(size))}
    return private, {**public, "key_ops": ["verify"]}


def generate_ed25519(kid: str) -> tuple[Jwk, Jwk]:
    """A new Ed25519 key pair to sign with (EdDSA, RFC 8037) as (private JWK, public JWK)."""
    key = ed25519.Ed25519PrivateKey.generate()
    public = {
        "kty": "OKP",
        "crv": "Ed25519",
        "alg": "EdDSA",
        "kid": kid,
        "x": _text(key.public_key().public_bytes_raw()),
    }
    return {**public, "key_ops": ["sign"], "d": _text(key.private_bytes_raw())}, {**public, "key_ops": ["verify"]}


def _certificate(  # noqa: PLR0913, PLR0917 - the fields of a certificate
    subject: str,
    issuer: str,
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    not_before: datetime,
    not_after: datetime,
    serial: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _sign(builder: x509.CertificateBuilder, key: rsa.RSAPrivateKey) -> x509.Certificate:
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA512()), salt_length=hashes.SHA512.digest_size)
    return builder.sign(key, hashes.SHA512(), rsa_padding=pss)


def _usage(
    *,
    key_encipherment: bool = False,
    digital_signature: bool = False,
    key_cert_sign: bool = False,
    crl_sign: bool = False,
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=crl_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _common_name(certificate: x509.Certificate) -> str:
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _text(octets: bytes) -> str:
    return base64url.encode(octets).decode("ascii")


def _private_members(key: rsa.RSAPrivateKey) -> Jwk:
    numbers = key.private_numbers()
    values = {
        "n": numbers.public_numbers.n,
        "e": numbers.public_numbers.e,
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    return {name: _text(value.to_bytes((value.bit_length() + 7) // 8)) for name, value in values.items()}
