"""TLS at the door of `gateway serve`: our certificate, and whose client certificates we ask for."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway import regular
from gateway.errors import SettingsInvalid
from gateway.login.certificates import CertificateRule, Presented, subject_of
from gateway.model import Finding
from gateway.sections import TlsSection
from gateway.settings import ClientSection, Settings


def context(settings: Settings) -> ssl.SSLContext | None:
    """TLS of our own, 1.2 at least; None where a proxy does it. Raises `SettingsInvalid`.

    Portals are asked for a certificate only where one is registered. Whoever has none is served all the same; one that
    nobody vouches for ends the handshake.
    """
    tls = settings.server.tls
    if tls.certificate_file is None or tls.key_file is None:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        for path in (tls.certificate_file, tls.key_file):
            regular.opened(path).close()  # the library would wait for a pipe
        made.load_cert_chain(tls.certificate_file, tls.key_file)
    except (OSError, ssl.SSLError):
        raise _unreadable("server.tls.certificate_file") from None
    trusted = [*authorities(tls), *(each for section in settings.clients for each in pinned(section))]
    if trusted:
        pem = "".join(each.public_bytes(Encoding.PEM).decode() for each in trusted)
        made.load_verify_locations(cadata=pem)
        made.verify_mode = ssl.CERT_OPTIONAL
        made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an issuing authority may be trusted without its root
    return made


def authorities(tls: TlsSection) -> tuple[x509.Certificate, ...]:
    """Who may vouch for portals' certificates. Raises `SettingsInvalid`."""
    return _certificates(tls.client_ca_file, "server.tls.client_ca_file") if tls.client_ca_file else ()


def pinned(section: ClientSection) -> Iterable[x509.Certificate]:
    """The certificates that are a client's by themselves. Raises `SettingsInvalid`."""
    for file in section.tls_certificate_files:
        yield from _certificates(file, f"clients.{section.id}.tls_certificate_files")


def rule(section: ClientSection, place: str) -> CertificateRule | None:
    """Which certificates are the client's; None: none. Raises `SettingsInvalid`."""
    prints = frozenset(Presented(each.public_bytes(Encoding.DER)).thumbprint for each in pinned(section))
    try:
        subject = subject_of(section.tls_subject) if section.tls_subject is not None else None
    except ValueError:
        fault = Finding(
            f"{place}.tls_subject",
            "distinguished_name",
            "Erwartet wird ein Name nach RFC 4514, etwa CN=portal,O=Stadt,C=DE.",
            "Expected is a name as of RFC 4514, like CN=portal,O=Stadt,C=DE.",
        )
        raise SettingsInvalid(findings=(fault,)) from None
    found = CertificateRule(prints, subject, section.tls_san_dns, section.tls_san_uri)
    return found if found != CertificateRule() else None


def _certificates(file: Path, place: str) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(regular.content(file)))
    except (OSError, ValueError):
        raise _unreadable(f"{place}: {file}") from None


def _unreadable(place: str) -> SettingsInvalid:
    fault = Finding(
        place,
        "certificate_unreadable",
        "Die Datei fehlt, enthält kein PEM-Zertifikat oder passt nicht zu ihrem Schlüssel.",
        "The file is missing, holds no PEM certificate or does not fit its key.",
    )
    return SettingsInvalid(findings=(fault,))
