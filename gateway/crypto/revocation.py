"""Whether certificates are revoked: OCSP for the leaf, CRL for the authorities, as values.

Knows: what to ask for and what an answer is worth. Never does: fetch; the caller sends a `RevocationRequest` through
`outbound` and brings the bytes back. It fails closed: an answer that is missing, stale, from somebody else or unclear
counts as none, and a certificate without a good answer is refused.
Standards: RFC 6960 (OCSP), RFC 5280 §5 and §6.3 (CRL). Start reading: `revocation_requests`, then `check_revocation`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    ExtensionOID,
    SignatureAlgorithmOID,
)

from gateway.crypto import certificates
from gateway.errors import KeyUnfit

CLOCK_SKEW: Final = timedelta(minutes=5)
UNDATED_FOR: Final = timedelta(hours=24)  # how long an OCSP answer without nextUpdate is believed
RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "revoked": "no certificate of the chain is revoked",
        "revocation_unknown": "for each certificate below the root a good and current answer of OCSP or CRL is there",
    }
)

_SHA2: Final = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
_PKCS1: Final = {
    SignatureAlgorithmOID.RSA_WITH_SHA256: _SHA2[0],
    SignatureAlgorithmOID.RSA_WITH_SHA384: _SHA2[1],
    SignatureAlgorithmOID.RSA_WITH_SHA512: _SHA2[2],
}


class _Verdict(Enum):
    GOOD = auto()
    REVOKED = auto()
    UNCLEAR = auto()


@dataclass(frozen=True, slots=True)
class RevocationRequest:
    """What to fetch about certificate `position` of the path (0 = leaf).

    Of `urls` (http and https only, in the certificate's order) one answer is enough. With a `body` it is a POST of
    media type `application/ocsp-request`, else a GET of a DER CRL. LDAP points are left out: a chain that offers only
    those needs a local CRL store, whose bytes are an answer like any other.
    """

    kind: Literal["ocsp", "crl"]
    position: int
    urls: tuple[str, ...]
    body: bytes = field(default=b"", repr=False)


def revocation_requests(x5c: Sequence[bytes], roots: Sequence[x509.Certificate]) -> tuple[RevocationRequest, ...]:
    """What must be asked about a chain (DER, leaf first) below its pinned root.

    For the leaf an OCSP request where it names a responder, then the CRL as second choice; for each authority below
    the root the CRL. A request with empty `urls` can only be answered from a local store. KeyUnfit as
    `certificates.path_to_root`.
    """
    path = certificates.path_to_root(x5c, roots)
    requests: list[RevocationRequest] = []
    for position, (certificate, issuer) in enumerate(pairwise(path)):
        responders = _responders(certificate) if position == 0 else ()
        if responders:
            requests.append(RevocationRequest("ocsp", position, responders, _ocsp_request(certificate, issuer)))
        requests.append(RevocationRequest("crl", position, _points(certificate)))
    return tuple(requests)


def check_revocation(
    x5c: Sequence[bytes],
    roots: Sequence[x509.Certificate],
    answers: Mapping[RevocationRequest, bytes | None],
    *,
    now: datetime,
) -> None:
    """Return where a good answer stands for every certificate below the root; KeyUnfit otherwise.

    `answers` maps requests of `revocation_requests` to the bytes received, or None. One answer that says revoked
    decides (`revoked`); without any good one it is `revocation_unknown`.
    """
    path = certificates.path_to_root(x5c, roots)
    for position, (certificate, issuer) in enumerate(pairwise(path)):
        verdicts = {
            _ocsp_verdict(answer, certificate, issuer, now)
            if request.kind == "ocsp"
            else _crl_verdict(answer, certificate, issuer, now)
            for request, answer in answers.items()
            if request.position == position and answer is not None
        }
        if _Verdict.REVOKED in verdicts:
            raise KeyUnfit(rule="revoked")
        if _Verdict.GOOD not in verdicts:
            raise KeyUnfit(rule="revocation_unknown")


def _responders(certificate: x509.Certificate) -> tuple[str, ...]:
    access = certificates.extension(certificate, x509.AuthorityInformationAccess)
    return _web(
        description.access_location
        for description in access or ()
        if description.access_method == AuthorityInformationAccessOID.OCSP
    )


def _points(certificate: x509.Certificate) -> tuple[str, ...]:
    points = certificates.extension(certificate, x509.CRLDistributionPoints)
    return _web(name for point in points or () for name in point.full_name or ())


def _web(names: Iterable[x509.GeneralName]) -> tuple[str, ...]:
    urls = (name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))
    return tuple(url for url in urls if url.lower().startswith(("http://", "https://")))


def _ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    # SHA-1 only names the issuer here (RFC 5019 §2.1.1); responders know no other, and nothing rests on it.
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303 - see above
    return builder.build().public_bytes(Encoding.DER)


def _ocsp_verdict(answer: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> _Verdict:
    try:
        response = ocsp.load_der_ocsp_response(answer)
        if response.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            return _Verdict.UNCLEAR
        if not _signed_by_responder(response, issuer, now):
            return _Verdict.UNCLEAR
        verdicts = {_single_verdict(single, certificate, issuer, now) for single in response.responses}
    except (ValueError, UnsupportedAlgorithm, KeyUnfit):
        return _Verdict.UNCLEAR
    if _Verdict.REVOKED in verdicts:
        return _Verdict.REVOKED
    return _Verdict.GOOD if _Verdict.GOOD in verdicts else _Verdict.UNCLEAR


def _single_verdict(
    single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime
) -> _Verdict:
    if single.serial_number != certificate.serial_number or not _names(single, issuer):
        return _Verdict.UNCLEAR
    if single.certificate_status == ocsp.OCSPCertStatus.REVOKED:
        return _Verdict.REVOKED
    until = single.next_update_utc or single.this_update_utc + UNDATED_FOR
    fresh = single.this_update_utc - CLOCK_SKEW <= now <= until + CLOCK_SKEW
    return _Verdict.GOOD if fresh and single.certificate_status == ocsp.OCSPCertStatus.GOOD else _Verdict.UNCLEAR


def _names(single: ocsp.OCSPSingleResponse, issuer: x509.Certificate) -> bool:
    """Whether the CertID means this issuer: hashes of its name and of its key's bits (RFC 6960 §4.1.1)."""
    key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    return single.issuer_name_hash == _hash(single.hash_algorithm, issuer.subject.public_bytes()) and (
        single.issuer_key_hash == _hash(single.hash_algorithm, key)
    )


def _hash(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _signed_by_responder(response: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> bool:
    """The issuer itself, or one it certified for OCSP signing and nothing in between (RFC 6960 §4.2.2.2)."""
    delegates = (c for c in response.certificates if _may_respond(c, issuer, now))
    return any(_verifies(response, signer.public_key()) for signer in (issuer, *delegates))


def _may_respond(delegate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    purposes = certificates.extension(delegate, x509.ExtendedKeyUsage)
    valid = delegate.not_valid_before_utc <= now <= delegate.not_valid_after_utc
    named = purposes is not None and ExtendedKeyUsageOID.OCSP_SIGNING in purposes
    return valid and named and certificates.signed_by(delegate, issuer)


def _verifies(response: ocsp.OCSPResponse, key: object) -> bool:
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < certificates.ISSUER_BITS_LEAST:
        return False
    oid = response.signature_algorithm_oid
    if oid in _PKCS1:
        return _rsa_verifies(response, key, padding.PKCS1v15(), _PKCS1[oid])
    # The library gives no parameters of PSS for OCSP; whatever they say, one of these three must fit.
    return oid == SignatureAlgorithmOID.RSASSA_PSS and any(
        _rsa_verifies(response, key, padding.PSS(padding.MGF1(sha2), padding.PSS.AUTO), sha2) for sha2 in _SHA2
    )


def _rsa_verifies(
    response: ocsp.OCSPResponse,
    key: rsa.RSAPublicKey,
    scheme: padding.PSS | padding.PKCS1v15,
    algorithm: hashes.HashAlgorithm,
) -> bool:
    try:
        key.verify(response.signature, response.tbs_response_bytes, scheme, algorithm)
    except InvalidSignature:
        return False
    return True


def _crl_verdict(answer: bytes, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> _Verdict:
    try:
        crl = x509.load_der_x509_crl(answer)
        if not _authentic(crl, issuer) or not _covers(crl, certificate):
            return _Verdict.UNCLEAR
        entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    except (ValueError, UnsupportedAlgorithm, InvalidSignature, x509.DuplicateExtension, KeyUnfit):
        return _Verdict.UNCLEAR
    if entry is not None:
        return _Verdict.REVOKED  # once revoked stays revoked, however old the list is
    until = crl.next_update_utc
    fresh = until is not None and crl.last_update_utc - CLOCK_SKEW <= now <= until
    return _Verdict.GOOD if fresh else _Verdict.UNCLEAR


def _authentic(crl: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    """Whether the issuer itself signed the CRL and may; InvalidSignature where the signature is wrong."""
    key = issuer.public_key()
    usage = certificates.extension(issuer, x509.KeyUsage)
    if crl.issuer != issuer.subject or usage is None or not usage.crl_sign or not certificates.acceptable(crl, key):
        return False
    parameters = crl.signature_algorithm_parameters
    algorithm = crl.signature_hash_algorithm
    if not isinstance(key, rsa.RSAPublicKey) or algorithm is None or isinstance(parameters, ec.ECDSA | None):
        return False
    key.verify(crl.signature, crl.tbs_certlist_bytes, parameters, algorithm)
    return True


def _covers(crl: x509.CertificateRevocationList, certificate: x509.Certificate) -> bool:
    """Whether the CRL is complete for this certificate: no delta, no part by reason, not for the other kind."""
    constraints = certificates.extension(certificate, x509.BasicConstraints)
    authority = constraints is not None and constraints.ca
    for item in crl.extensions:
        point = item.value
        if isinstance(point, x509.IssuingDistributionPoint):
            partial = point.indirect_crl or point.only_contains_attribute_certs or point.only_some_reasons
            other_kind = point.only_contains_user_certs if authority else point.only_contains_ca_certs
            if partial or other_kind:
                return False
        elif item.critical or item.oid == ExtensionOID.DELTA_CRL_INDICATOR:
            return False
    return True
