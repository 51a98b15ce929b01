"""Keys of a service provider: pairs of an RSA key and the certificate that shows it, one to sign, one to decrypt.

Knows: what fits together and how long. Never does: read files (`wiring` does), judge who issued a certificate (identity
providers take self-signed ones). Standard: SAML 2.0 metadata §2.4.1.1; BSI TR-03116-4 (RSA of 3072 bits or more).
Start reading: `ProviderKeys`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

LEAST_BITS: Final = 3072


class KeyPairUnfit(Exception):
    """Key and certificate are none that can be used; `cause` is one of a closed list, and nothing of them is shown."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(cause)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private RSA key and its certificate."""

    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate

    @property
    def not_before(self) -> datetime:
        """When the certificate begins."""
        return self.certificate.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """When the certificate ends; identity providers may refuse it then."""
        return self.certificate.not_valid_after_utc


@dataclass(frozen=True, slots=True)
class ProviderKeys:
    """The keys towards one identity provider.

    Requests are signed with `signing`. What is encrypted for either pair is decrypted. The metadata show both pairs, so
    that a roll-over needs no moment at which both sides change.
    """

    signing: KeyPair
    encryption: KeyPair
    next_signing: KeyPair | None = None
    next_encryption: KeyPair | None = None


def private_key(content: bytes) -> rsa.RSAPrivateKey:
    """A private key from PEM. Raises `KeyPairUnfit` (`encrypted`, `no_key`, `key_kind`, `key_too_short`, `key_broken`).

    It is judged by a signature of its own: OpenSSL's proof that its primes are prime takes 0.3 s for 4096 bits, at each
    start of each process, and says nothing more of a key that the operator made.
    """
    if b"ENCRYPTED" in content:
        raise KeyPairUnfit("encrypted")
    try:
        key = serialization.load_pem_private_key(content, password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if key is None:
        raise KeyPairUnfit("no_key")
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyPairUnfit("key_kind")
    if key.key_size < LEAST_BITS:
        raise KeyPairUnfit("key_too_short")
    if not _signs(key):
        raise KeyPairUnfit("key_broken")
    return key


def _signs(key: rsa.RSAPrivateKey) -> bool:
    """Whether its parts belong together: what one half signs the other verifies."""
    try:
        signature = key.sign(b"trial", padding.PKCS1v15(), hashes.SHA256())
        key.public_key().verify(signature, b"trial", padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, InternalError, ValueError):
        return False
    return True


def certificate(content: bytes) -> x509.Certificate:
    """The first certificate of a PEM file. Raises `KeyPairUnfit` (`no_certificate`)."""
    try:
        certificates = x509.load_pem_x509_certificates(content)
        _ = certificates[0].public_key(), certificates[0].not_valid_after_utc
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        certificates = []
    if not certificates:
        raise KeyPairUnfit("no_certificate")
    return certificates[0]


def pair(key: rsa.RSAPrivateKey, shown: x509.Certificate) -> KeyPair:
    """Both, if they belong together. Raises `KeyPairUnfit` (`not_a_pair`)."""
    if shown.public_key() != key.public_key():
        raise KeyPairUnfit("not_a_pair")
    return KeyPair(key, shown)


def self_signed(  # noqa: PLR0913 - what a certificate says, all of it named
    key: rsa.RSAPrivateKey, *, encryption: bool, subject: str, not_before: datetime, not_after: datetime, serial: int
) -> KeyPair:
    """The key with a certificate of its own (RSA-SHA256, which every reader of metadata knows)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    usage = x509.KeyUsage(
        digital_signature=not encryption,
        content_commitment=False,
        key_encipherment=encryption,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return KeyPair(key, signed)
