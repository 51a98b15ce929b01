"""Certificates from PEM files.

Knows: what is said where a file holds none. Never does: judge a certificate. Standard: RFC 7468.
Start reading: `read_certificates`.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from gateway.input import regular_file
from gateway.settings import unusable_files


def read_certificates(path: Path, setting: str, rule: str) -> tuple[x509.Certificate, ...]:
    """Every certificate of the file. Raises `SettingsInvalid` with the rule, naming the setting."""
    try:
        return tuple(x509.load_pem_x509_certificates(regular_file.content(path)))
    except (OSError, ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        cause = unusable_files.no_certificates(path)
    raise unusable_files.refusal(f"{setting}: {path}", rule, cause, unusable_files.CERTIFICATES)
