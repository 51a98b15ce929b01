"""Time stamps over signed roots: what to ask an authority, and whether its answer is one.

Knows: request and response, the signature inside, that it was made for time stamps by the certificate it names. Never
does: fetch, follow that certificate to a root: which authorities count is for whoever checks (`openssl ts -verify`).
Standard: RFC 3161, RFC 5652 §5, RFC 5816 (signing certificate). Start reading: `request`, then `check`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.errors import CryptoFailure
from gateway.evidence import der
from gateway.evidence.der import INTEGER, OCTETS, OID, OPTION_0, SEQUENCE, SET, TIME, DerValue

REQUEST_TYPE: Final = "application/timestamp-query"
ANSWER_TYPE: Final = "application/timestamp-reply"
LARGEST: Final = 100_000  # bytes of a response

_HOSTILE: Final = (
    ValueError,
    IndexError,
    TypeError,
    OverflowError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
)
_SHA256: Final = bytes.fromhex("608648016503040201")
_HASHES: Final[Mapping[bytes, hashes.HashAlgorithm]] = {
    _SHA256: hashes.SHA256(),
    bytes.fromhex("608648016503040202"): hashes.SHA384(),
    bytes.fromhex("608648016503040203"): hashes.SHA512(),
}
_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_TST_INFO: Final = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE: Final = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST: Final = bytes.fromhex("2a864886f70d010904")
_SIGNING_CERTIFICATE: Final = bytes.fromhex("2a864886f70d010910020c")
_SIGNING_CERTIFICATE_V2: Final = bytes.fromhex("2a864886f70d010910022f")
_RSA_PSS: Final = bytes.fromhex("2a864886f70d01010a")


def request(content: bytes, nonce: int) -> bytes:
    """The DER of a request for a stamp over the SHA-256 of `content`; `nonce` is random and not negative."""
    algorithm = der.written(SEQUENCE, der.written(OID, _SHA256))
    imprint = der.written(SEQUENCE, algorithm, der.written(OCTETS, hashlib.sha256(content).digest()))
    return der.written(SEQUENCE, der.integer(1), imprint, der.integer(nonce), der.written(der.BOOLEAN, b"\xff"))


def check(response: bytes, content: bytes, *, nonce: int | None = None) -> datetime:
    """When the stamp in a response says that `content` existed (UTC).

    Granted, over this content, with this nonce where one is given, signed by the certificate that it names and that is
    one for time stamps. Raises `CryptoFailure`, whatever is wrong.
    """
    try:
        return _checked(response, content, nonce)
    except _HOSTILE:
        pass
    raise CryptoFailure


def _checked(response: bytes, content: bytes, nonce: int | None) -> datetime:
    _require(len(response) <= LARGEST)
    status, token = der.read(response).children(SEQUENCE)
    _require(status.children(SEQUENCE)[0].number() in {0, 1})
    kind, wrapped = token.children(SEQUENCE)
    _require(kind.expect(OID).content == _SIGNED_DATA)
    [signed] = wrapped.children(OPTION_0)
    parts = signed.children(SEQUENCE)
    info = _content(parts[2])
    certificates = [part for part in parts[3:-1] if part.tag == OPTION_0]
    [signer] = parts[-1].children(SET)
    _check_signer(
        signer,
        info,
        [x509.load_der_x509_certificate(certificate.raw) for certificate in certificates[0].children(OPTION_0)],
    )
    return _told(info, content, nonce)


def _content(encapsulated: DerValue) -> bytes:
    kind, wrapped = encapsulated.children(SEQUENCE)
    _require(kind.expect(OID).content == _TST_INFO)
    [octets] = wrapped.children(OPTION_0)
    return octets.expect(OCTETS).content


def _told(info: bytes, content: bytes, nonce: int | None) -> datetime:
    members = der.read(info).children(SEQUENCE)
    algorithm, digest = members[2].children(SEQUENCE)
    _require(algorithm.children(SEQUENCE)[0].expect(OID).content == _SHA256)
    _require(digest.expect(OCTETS).content == hashlib.sha256(content).digest())
    nonces = [member.number() for member in members[5:] if member.tag == INTEGER]
    _require(nonce is None or nonces == [nonce])
    return _moment(members[4].expect(TIME).content.decode("ascii"))


def _moment(text: str) -> datetime:
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    _require(text.endswith("Z") and len(seconds) == 14 and len(fraction) <= 9)
    instant = datetime.strptime(seconds, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return instant.replace(microsecond=int(fraction[:6].ljust(6, "0")))


def _check_signer(signer: DerValue, info: bytes, certificates: Sequence[x509.Certificate]) -> None:
    _, named, digest, attributes, algorithm, signature, *_ = signer.children(SEQUENCE)
    certificate = _named(named, certificates)
    _require(attributes.tag == OPTION_0)
    hashed = _HASHES.get(digest.children(SEQUENCE)[0].content)
    if hashed is None:
        raise ValueError
    _check_attributes(attributes, info, certificate, hashed)
    signed = der.written(SET, attributes.content)
    is_pss = algorithm.children(SEQUENCE)[0].content == _RSA_PSS
    _check_signature(certificate, signature.expect(OCTETS).content, signed, hashed, is_pss=is_pss)


def _named(named: DerValue, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    """The certificate that issuer and serial number name, where it is one for time stamps alone."""
    issuer, serial = named.children(SEQUENCE)
    for certificate in certificates:
        if certificate.serial_number == serial.number() and certificate.issuer.public_bytes() == issuer.raw:
            usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
            _require(usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING])
            return certificate
    raise ValueError


def _check_attributes(
    attributes: DerValue, info: bytes, certificate: x509.Certificate, hashed: hashes.HashAlgorithm
) -> None:
    by_kind: dict[bytes, DerValue] = {}
    for attribute in attributes.children(OPTION_0):
        kind, values = attribute.children(SEQUENCE)
        _require(kind.content not in by_kind)
        [by_kind[kind.expect(OID).content]] = values.children(SET)
    _require(by_kind[_CONTENT_TYPE].expect(OID).content == _TST_INFO if _CONTENT_TYPE in by_kind else False)
    _require(_MESSAGE_DIGEST in by_kind and by_kind[_MESSAGE_DIGEST].expect(OCTETS).content == _digest(hashed, info))
    named = {kind: by_kind[kind] for kind in (_SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_V2) if kind in by_kind}
    _require(bool(named) and all(_names(value, certificate, kind) for kind, value in named.items()))


def _names(value: DerValue, certificate: x509.Certificate, kind: bytes) -> bool:
    """Whether the signing-certificate attribute is about this certificate: without it, another could be put in."""
    listed = value.children(SEQUENCE)[0].children(SEQUENCE)[0].children(SEQUENCE)
    if kind == _SIGNING_CERTIFICATE:
        return listed[0].content == certificate.fingerprint(hashes.SHA1())  # noqa: S303 - the attribute's first version
    algorithm: hashes.HashAlgorithm | None = hashes.SHA256()
    if listed[0].tag == SEQUENCE:
        algorithm, listed = _HASHES.get(listed[0].children(SEQUENCE)[0].content), listed[1:]
    return algorithm is not None and listed[0].expect(OCTETS).content == certificate.fingerprint(algorithm)


def _check_signature(
    certificate: x509.Certificate, signature: bytes, signed: bytes, hashed: hashes.HashAlgorithm, *, is_pss: bool
) -> None:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        pss = padding.PSS(mgf=padding.MGF1(hashed), salt_length=padding.PSS.AUTO)
        key.verify(signature, signed, pss if is_pss else padding.PKCS1v15(), hashed)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(hashed))
    else:
        raise TypeError


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    state = hashes.Hash(algorithm)
    state.update(data)
    return state.finalize()


def _require(kept: bool) -> None:
    if not kept:
        raise ValueError
