"""TLS of `gateway serve`: our certificate, and whose client certificates we ask for.

Knows: files of certificates and keys, which authorities may vouch for portals. Never does: judge a client's certificate
(`login/certificates.py` does). Standards: RFC 8446, RFC 8705. Start reading: `context`.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import SettingsInvalid
from gateway.keys.pem import read_certificates
from gateway.login.certificates import CertificateRule, Presented, subject_of
from gateway.model import Finding
from gateway.settings import unusable_files
from gateway.settings.gateway import Settings
from gateway.settings.server import ClientSection, TlsSection
from gateway.wiring.refusals import Attempt

_RULE: Final = "certificate_unreadable"


def context(settings: Settings) -> ssl.SSLContext | None:
    """TLS of our own, 1.2 at least; None where a proxy does it. Raises `SettingsInvalid`.

    Portals are asked for a certificate only where one is registered. Whoever has none is served all the same; one that
    nobody vouches for ends the handshake.
    """
    tls = settings.server.tls
    if tls.certificate_file is None or tls.key_file is None:
        return None
    tls_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls_context.minimum_version = ssl.TLSVersion.TLSv1_2
    read_certificates(tls.certificate_file, "server.tls.certificate_file", _RULE)
    _is_key(tls.key_file)  # the library would wait for a pipe, or for somebody to type a password
    try:
        tls_context.load_cert_chain(tls.certificate_file, tls.key_file)
    except (OSError, ssl.SSLError):
        raise _no_key(tls.key_file, "not_a_pair") from None
    trusted = [*authorities(tls), *(certificate for section in settings.clients for certificate in pinned(section))]
    if trusted:
        pem = "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in trusted)
        tls_context.load_verify_locations(cadata=pem)
        tls_context.verify_mode = ssl.CERT_OPTIONAL
        tls_context.verify_flags |= (
            ssl.VERIFY_X509_PARTIAL_CHAIN
        )  # an issuing authority may be trusted without its root
    return tls_context


def attempts(settings: Settings) -> Iterator[Attempt]:
    """What is read here, tried one by one; see `refusals`."""
    tls = settings.server.tls
    if tls.certificate_file is not None and tls.key_file is not None:
        yield partial(read_certificates, tls.certificate_file, "server.tls.certificate_file", _RULE)
        yield partial(_is_key, tls.key_file)
    yield partial(authorities, tls)
    for section in settings.clients:
        for file in section.tls_certificate_files:
            yield partial(read_certificates, file, _pinned(section), _RULE)
    yield partial(context, settings)


def _is_key(path: Path) -> None:
    if (cause := unusable_files.no_tls_key(path)) != "not_a_pair":
        raise _no_key(path, cause)


def _no_key(path: Path, cause: str) -> SettingsInvalid:
    return unusable_files.refusal(f"server.tls.key_file: {path}", _RULE, cause, unusable_files.TLS_KEY)


def authorities(tls: TlsSection) -> tuple[x509.Certificate, ...]:
    """Who may vouch for portals' certificates. Raises `SettingsInvalid`."""
    return read_certificates(tls.client_ca_file, "server.tls.client_ca_file", _RULE) if tls.client_ca_file else ()


def pinned(section: ClientSection) -> Iterable[x509.Certificate]:
    """The certificates that are a client's by themselves. Raises `SettingsInvalid`."""
    for file in section.tls_certificate_files:
        yield from read_certificates(file, _pinned(section), _RULE)


def _pinned(section: ClientSection) -> str:
    return f"clients.{section.id}.tls_certificate_files"


def rule(section: ClientSection, setting: str) -> CertificateRule | None:
    """Which certificates are the client's; None: none. Raises `SettingsInvalid`."""
    prints = frozenset(Presented(certificate.public_bytes(Encoding.DER)).thumbprint for certificate in pinned(section))
    try:
        subject = subject_of(section.tls_subject) if section.tls_subject is not None else None
    except ValueError:
        fault = Finding(
            f"{setting}.tls_subject",
            "distinguished_name",
            "Erwartet wird ein Name nach RFC 4514, etwa CN=portal,O=Stadt,C=DE.",
            "Expected is a name as of RFC 4514, like CN=portal,O=Stadt,C=DE.",
        )
        raise SettingsInvalid(findings=(fault,)) from None
    certificate_rule = CertificateRule(prints, subject, section.tls_san_dns, section.tls_san_uri)
    return certificate_rule if certificate_rule != CertificateRule() else None
