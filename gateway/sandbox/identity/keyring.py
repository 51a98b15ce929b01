"""The keys of the identity providers, kept as files so that a service provider may pin them.

Knows: RSA keys and self-signed certificates, one pair for each identity provider and one that nobody knows.
Never does: give a key a meaning. Standard: RFC 5280. Start reading: `load`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from gateway.input import whole_file

_BITS: Final = 3072
_YEARS: Final = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True)
class SigningPair:
    """A private key and its certificate."""

    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate

    @property
    def certificate_text(self) -> str:
        """The certificate as `ds:X509Certificate` has it: base64 DER in lines."""
        return base64.encodebytes(self.certificate.public_bytes(Encoding.DER)).decode("ascii").strip()


def load(directory: Path, name: str, now: datetime) -> SigningPair:
    """The pair of this name in `directory`, made where there is none; what we wrote is not proven prime anew."""
    key_file, certificate_file = directory / f"{name}.key.pem", directory / f"{name}.crt.pem"
    if not certificate_file.exists():
        pair = make(name, now)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with whole_file.opened(key_file, 0o600) as file:
            file.write(pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with whole_file.opened(certificate_file, 0o644) as file:
            file.write(pair.certificate.public_bytes(Encoding.PEM))
        return pair
    key = load_pem_private_key(key_file.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return SigningPair(key, x509.load_pem_x509_certificate(certificate_file.read_bytes()))


def make(name: str, now: datetime, key: rsa.RSAPrivateKey | None = None) -> SigningPair:
    """A pair with a certificate of three years; a new key where none is given."""
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"identity sandbox {name}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _YEARS)
        .sign(key, hashes.SHA256())
    )
    return SigningPair(key, certificate)
