"""Key pairs towards identity providers, from PEM files.

Knows: which file holds what, and how to say everything that is wrong with them at once. Never does: sign or decrypt
(`bundid` does). Standards: RFC 7468, RFC 5958. Start reading: `provider_keys`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from gateway.bundid import keys
from gateway.bundid.keys import KeyPair, KeyPairUnfit, ProviderKeys
from gateway.errors import SettingsInvalid
from gateway.input import regular_file
from gateway.model import Finding
from gateway.settings import unusable_files
from gateway.settings.identity import IdentityKeysSection

_T = TypeVar("_T")
PAIRS: Final = ("signing", "encryption", "next_signing", "next_encryption")
FILE_MOST: Final = 1 << 20


def paths(section: IdentityKeysSection) -> tuple[Path, ...]:
    """Every file that the section names."""
    named = (getattr(section, f"{name}_{half}_file") for name in PAIRS for half in ("key", "certificate"))
    return tuple(path for path in named if path is not None)


def provider_keys(section: IdentityKeysSection, setting: str) -> ProviderKeys:
    """The pairs of the section. Raises `SettingsInvalid` with every fault; `setting` is that of the section."""
    findings: list[Finding] = []
    read = {name: _pair(section, name, setting, findings) for name in PAIRS}
    if findings or read["signing"] is None or read["encryption"] is None:
        raise SettingsInvalid(findings=tuple(findings))
    return ProviderKeys(read["signing"], read["encryption"], read["next_signing"], read["next_encryption"])


def _pair(section: IdentityKeysSection, name: str, setting: str, findings: list[Finding]) -> KeyPair | None:
    key_file, certificate_file = (getattr(section, f"{name}_{half}_file") for half in ("key", "certificate"))
    if key_file is None or certificate_file is None:
        return None
    at = f"{setting}.{name}_key_file: {key_file}"
    key = _tried(key_file, at, keys.private_key, findings)
    shown = _tried(
        certificate_file, f"{setting}.{name}_certificate_file: {certificate_file}", keys.certificate, findings
    )
    if key is None or shown is None:
        return None
    try:
        return keys.pair(key, shown)
    except KeyPairUnfit as unfit:
        findings.append(_finding(at, unfit.cause))
        return None


def _tried(path: Path, setting: str, read: Callable[[bytes], _T], findings: list[Finding]) -> _T | None:
    try:
        return read(regular_file.content(path, FILE_MOST))
    except KeyPairUnfit as unfit:
        findings.append(_finding(setting, unusable_files.unreadable(path) or unfit.cause))
    except OSError:
        findings.append(_finding(setting, unusable_files.unreadable(path) or "unreadable"))
    return None


def _finding(setting: str, cause: str) -> Finding:
    return Finding(setting, "identity_key", *unusable_files.said(cause, unusable_files.PROVIDER_KEY))
