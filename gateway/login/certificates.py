"""Client certificates of portals: whose certificate it is, and the tokens that are bound to it.

Knows: a certificate registered by itself or by a name under a certification authority of ours. Never does: TLS (the
server did that), believe a header. Standards: RFC 8705, RFC 5280 (path), RFC 9440 (`Client-Cert`). Start reading:
`Certificates.proves`.

Possession of the key was proven in the TLS handshake, with us or with a proxy that we trust. A certificate is withdrawn
by taking its registration out; revocation lists are not asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, VerificationError

from gateway.crypto import base64url

BY_AUTHORITY: Final = "tls_client_auth"
BY_ITSELF: Final = "self_signed_tls_client_auth"
METHODS: Final = (BY_AUTHORITY, BY_ITSELF)


@dataclass(frozen=True, slots=True)
class Presented:
    """The certificate with which a caller proved to hold its key, DER."""

    der: bytes = field(repr=False)

    @property
    def thumbprint(self) -> str:
        """`x5t#S256`: base64url of the SHA-256 of the certificate (RFC 8705 §3.1)."""
        return base64url.encode(hashlib.sha256(self.der).digest()).decode()


@dataclass(frozen=True, slots=True)
class CertificateRule:
    """Which certificates are a client's: exactly these, or those with one of these names under an authority of ours.

    `subject` is a distinguished name as of RFC 4514.
    """

    pinned: frozenset[str] = frozenset()
    subject: str | None = None
    san_dns: str | None = None
    san_uri: str | None = None

    @property
    def by_name(self) -> bool:
        """Whether a name is registered."""
        return any((self.subject, self.san_dns, self.san_uri))


class Certificates:
    """Judges certificates. `authorities` are those that may vouch for names; self-signed ones need none."""

    def __init__(self, authorities: Sequence[x509.Certificate] = ()) -> None:
        self._store = verification.Store(list(authorities)) if authorities else None

    def proves(self, presented: Presented, rule: CertificateRule, method: str, now: datetime) -> bool:
        """Whether the certificate is the client's by this method; False for any fault alike."""
        try:
            certificate = x509.load_der_x509_certificate(presented.der)
            if method == BY_ITSELF:
                valid = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
                return valid and presented.thumbprint in rule.pinned
            return rule.by_name and self._vouched(certificate, now) and _named(certificate, rule)
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension):
            return False

    def _vouched(self, certificate: x509.Certificate, now: datetime) -> bool:
        if self._store is None:
            return False
        builder = verification.PolicyBuilder().store(self._store).time(now)
        policies = builder.extension_policies(ca_policy=_AUTHORITY, ee_policy=_CLIENT)
        try:
            policies.build_client_verifier().verify(certificate, [])
        except VerificationError:
            return False
        return True


def _named(certificate: x509.Certificate, rule: CertificateRule) -> bool:
    """Every name that is registered has to be there."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    names_required = (
        (rule.subject, [certificate.subject.rfc4514_string()]),
        (rule.san_dns, names.get_values_for_type(x509.DNSName)),
        (rule.san_uri, names.get_values_for_type(x509.UniformResourceIdentifier)),
    )
    return all(name is None or name in present for name, present in names_required)


def subject_of(text: str) -> str:
    """A distinguished name in its one form. Raises `ValueError`."""
    return x509.Name.from_rfc4514_string(text).rfc4514_string()


def _may_sign(_policy: Policy, _certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("the authority's key may not sign certificates")


def _is_authority(_policy: Policy, _certificate: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("the issuer is no certification authority")


def _may_log_in(_policy: Policy, _certificate: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
    if usage is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("the certificate is not for clients")


_AUTHORITY: Final = (
    ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
)
_CLIENT: Final = ExtensionPolicy.permit_all().may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _may_log_in)
