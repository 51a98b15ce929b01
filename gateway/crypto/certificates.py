"""Certificate chains up to pinned roots.

Knows: which chain we trust, as FIT-Connect asks: RSA signatures with SHA-2, PKCS#1 v1.5 or PSS; validity, basic
constraints, path length, key usage. Never does: fetch anything, read a clock, or trust a root because it came along in
`x5c`. Standard: RFC 5280 §6.1 without policies and name constraints, which are refused where they are critical.
Start reading: `check_chain`, then `revocation` for OCSP and CRL.

Every broken rule is a `KeyUnfit` whose `rule` is one of the slugs in `RULES`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from gateway.errors import KeyUnfit

Usage = Literal["keyEncipherment", "digitalSignature"]

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "chain_form": "the chain holds 1 to 10 DER certificates that can be read",
        "chain_root": "the chain leads to one of the configured roots",
        "chain_signature": "each certificate is signed by the next one, with RSA and SHA-256, SHA-384 or SHA-512",
        "chain_validity": "each certificate is valid now",
        "chain_ca": "each issuer is a certification authority that may sign certificates",
        "chain_path_length": "no certification authority stands deeper than its issuers allow",
        "chain_extension": "no certificate holds a critical extension that is not understood",
        "chain_leaf": "the leaf is no certification authority",
        "chain_key_usage": "the leaf's key usage fits what the key is for",
    }
)

CHAIN_MOST: Final = 10
ISSUER_BITS_LEAST: Final = 2048
_HASHES: Final = (SHA256, SHA384, SHA512)
_ALGORITHMS: Final = frozenset(
    {
        SignatureAlgorithmOID.RSA_WITH_SHA256,
        SignatureAlgorithmOID.RSA_WITH_SHA384,
        SignatureAlgorithmOID.RSA_WITH_SHA512,
        SignatureAlgorithmOID.RSASSA_PSS,
    }
)
_UNDERSTOOD: Final = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,  # restricts use by others' protocols; the key usage decides here
        ExtensionOID.CERTIFICATE_POLICIES,  # any policy will do, as the initial set of RFC 5280 §6.1.1 (c)
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    }
)
_Extension = TypeVar("_Extension", bound=x509.ExtensionType)


def check_chain(x5c: Sequence[bytes], roots: Sequence[x509.Certificate], *, now: datetime, usage: Usage) -> None:
    """Return where `x5c` (DER, leaf first) leads to one of the pinned `roots`, all rules kept; KeyUnfit otherwise.

    `now` is aware; `usage` is `keyEncipherment` for keys to seal for, `digitalSignature` for keys to verify with. The
    root itself may be missing from `x5c`. What stands behind the pinned root in `x5c` is not looked at.
    """
    path = path_to_root(x5c, roots)
    for depth, certificate in enumerate(path):
        _check_common(certificate, now)
        if depth:
            _check_authority(certificate, below=depth - 1)
    _check_leaf(path[0], usage)


def path_to_root(x5c: Sequence[bytes], roots: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """The certificates from the leaf to the pinned root that ends the chain, each signed by the next one.

    KeyUnfit (`chain_form`, `chain_root`, `chain_signature`).
    """
    certificates = certificates_of(x5c)
    path = [certificates[0]]
    for following in (*certificates[1:], None):
        root = next((root for root in roots if signed_by(path[-1], root)), None)
        if root is not None:
            return (*path, root)
        if following is None:
            break
        require(signed_by(path[-1], following), "chain_signature")
        path.append(following)
    raise KeyUnfit(rule="chain_root")


def certificates_of(x5c: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """The certificates of a chain in DER, 1 to 10 of them. KeyUnfit (`chain_form`) where they cannot be read."""
    require(0 < len(x5c) <= CHAIN_MOST, "chain_form")
    try:
        return tuple(x509.load_der_x509_certificate(der) for der in x5c)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise KeyUnfit(rule="chain_form") from None


def signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether `issuer` is named by and signed `certificate`, with an algorithm that we accept."""
    if not acceptable(certificate, issuer.public_key()):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def acceptable(signed: x509.Certificate | x509.CertificateRevocationList, key: object) -> bool:
    """Whether the signature is RSA with SHA-2 (PSS with the same hash inside) and the key is long enough for it."""
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < ISSUER_BITS_LEAST:
        return False
    try:
        algorithm = signed.signature_hash_algorithm
        parameters = signed.signature_algorithm_parameters
    except (ValueError, UnsupportedAlgorithm):
        return False
    if signed.signature_algorithm_oid not in _ALGORITHMS or not isinstance(algorithm, _HASHES):
        return False
    if isinstance(parameters, padding.PSS):
        return parameters.mgf._algorithm.name == algorithm.name  # noqa: SLF001 - no public name for it
    return isinstance(parameters, padding.PKCS1v15)


def extension(certificate: x509.Certificate, kind: type[_Extension]) -> _Extension | None:
    """The certificate's extension of that kind, or None. KeyUnfit (`chain_form`) where they cannot be read."""
    return next((e.value for e in extensions(certificate) if isinstance(e.value, kind)), None)


def extensions(certificate: x509.Certificate) -> tuple[x509.Extension[Any], ...]:
    """All extensions. KeyUnfit (`chain_form`) where they cannot be read or one is there twice."""
    try:
        return tuple(certificate.extensions)
    except (ValueError, x509.DuplicateExtension, UnsupportedAlgorithm):
        raise KeyUnfit(rule="chain_form") from None


def _check_common(certificate: x509.Certificate, now: datetime) -> None:
    require(certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc, "chain_validity")
    critical = {e.oid for e in extensions(certificate) if e.critical}
    require(critical <= _UNDERSTOOD, "chain_extension")


def _check_authority(certificate: x509.Certificate, *, below: int) -> None:
    """An issuer with `below` further authorities between it and the leaf."""
    constraints = extension(certificate, x509.BasicConstraints)
    usage = extension(certificate, x509.KeyUsage)
    require(constraints is not None and constraints.ca and usage is not None and usage.key_cert_sign, "chain_ca")
    most = constraints.path_length if constraints is not None else 0
    require(most is None or below <= most, "chain_path_length")


def _check_leaf(leaf: x509.Certificate, usage: Usage) -> None:
    constraints = extension(leaf, x509.BasicConstraints)
    require(constraints is None or not constraints.ca, "chain_leaf")
    key_usage = extension(leaf, x509.KeyUsage)
    if key_usage is None:
        raise KeyUnfit(rule="chain_key_usage")
    require(
        key_usage.key_encipherment if usage == "keyEncipherment" else key_usage.digital_signature, "chain_key_usage"
    )


def require(kept: bool, rule: str) -> None:
    """Raises `KeyUnfit` where a rule is not kept."""
    if not kept:
        raise KeyUnfit(rule=rule)
