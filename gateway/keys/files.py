"""Key files: what the gateway signs and encrypts with, read once from disk.

Knows: where each key stands and who may create it (test mode only, except the token key). Never does: network, SQL.
Standard: fixed interfaces §2, RFC 7517. Start reading: `master_keys`, then `KeyFiles`.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gateway.crypto import jws
from gateway.crypto.keys import PrivateKey, digest, private_key, public_members, verify_key
from gateway.crypto.vault import MasterKey
from gateway.errors import KeyUnfit, MasterKeyMissing, SettingsInvalid
from gateway.input import regular_file, whole_file
from gateway.keys.municipality import DocumentKeys
from gateway.model import Finding
from gateway.ports.clock import Clock
from gateway.settings import unusable_files
from gateway.settings.gateway import Settings
from gateway.settings.municipality import MunicipalityFile

MASTER_KEY_BYTES = 32


_HEADER_SECRET: Final = re.compile(r"[\x20-\x7e]{1,8000}")


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read; whole or not at all, never over an existing one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with whole_file.opened(path, 0o600, replace=False) as file:
        file.write(content)


def master_keys(settings: Settings, *, data_exist: bool) -> tuple[MasterKey, ...]:
    """The master key to use, then those that stored keys may still hang on; each knows where it was read from.

    In test mode a missing first one is made, unless encrypted data exist already. Raises `MasterKeyMissing` and
    `SettingsInvalid` with every fault.
    """
    vault = settings.vault
    files = list(vault.previous_master_key_files)
    texts = []
    if vault.master_key is not None:
        texts.append(("GATEWAY__VAULT__MASTER_KEY", vault.master_key.get_secret_value().encode()))
    else:
        files.insert(0, _master_file(settings, data_exist=data_exist))
    for path in files:
        if not path.exists() or path.is_dir():
            raise MasterKeyMissing(place=str(path))
        texts.append((str(path), regular_file.content(path) if os.access(path, os.R_OK) else b""))
    for number, secret in enumerate(vault.previous_master_keys):
        texts.append((f"GATEWAY__VAULT__PREVIOUS_MASTER_KEYS[{number}]", secret.get_secret_value().encode()))
    keys = [(source, _decoded(text)) for source, text in texts]
    if faults := tuple(_no_master_key(source) for source, key in keys if len(key) != MASTER_KEY_BYTES):
        raise SettingsInvalid(findings=faults)
    return tuple(MasterKey(key, source) for source, key in keys)


def _master_file(settings: Settings, *, data_exist: bool) -> Path:
    path = settings.vault.master_key_file or settings.data_dir / "keys" / "master.key"
    if not path.exists() and not data_exist and settings.mode != "production":
        write_secret(path, base64.b64encode(os.urandom(MASTER_KEY_BYTES)) + b"\n")
    return path


def _decoded(text: bytes) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        return b""


def _no_master_key(source: str) -> Finding:
    return Finding(
        f"vault: {source}",
        "master_key_form",
        "Erwartet werden 32 Bytes in Base64 (neu: head -c 32 /dev/urandom | base64), lesbar für das Gateway.",
        "32 bytes in base64 are expected (new: head -c 32 /dev/urandom | base64), readable for the gateway.",
    )


def token_file(settings: Settings) -> Path:
    """The file of the token key."""
    return settings.evidence.signing_key_file or settings.data_dir / "keys" / "token.jwk"


def published_keys(settings: Settings) -> tuple[Mapping[str, Any], ...]:
    """The public halves of the keys before and after the token key. Raises `SettingsInvalid` with every fault."""
    jwks, faults = [], []
    for path in settings.evidence.published_key_files:
        try:
            jwks.append(_public(json.loads(regular_file.text(path))))
        except Exception:  # noqa: BLE001 - whatever is wrong with a key file, nothing of it is shown
            cause = unusable_files.no_jwk(path)
            sentences = unusable_files.said(cause, unusable_files.PUBLISHED_KEY, rule="kty, crv, kid")
            faults.append(Finding(f"evidence.published_key_files: {path}", "key_unreadable", *sentences))
    if faults:
        raise SettingsInvalid(findings=tuple(faults))
    return tuple(jwks)


def _public(jwk: Mapping[str, Any]) -> Mapping[str, Any]:
    public = private_key(jwk).public_jwk if "d" in jwk else public_members(jwk)
    if not isinstance(verify_key(public), ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey):
        raise TypeError
    return {**public, "kid": str(public["kid"])}


def read_private(path: Path, setting: str) -> PrivateKey:
    """A private JWK from its file. Raises `SettingsInvalid` naming the setting, never the content."""
    rule = "?"
    try:
        return private_key(json.loads(regular_file.text(path)))
    except KeyUnfit as error:
        rule = str(error.params["rule"])
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a key file, nothing of it is shown
        rule = type(error).__name__
    cause = unusable_files.no_private_jwk(path)
    raise unusable_files.refusal(f"{setting}: {path}", "key_unreadable", cause, unusable_files.EVIDENCE_KEY, fits=rule)


def judge_master_files(settings: Settings) -> None:
    """What is wrong with the files of master keys. Raises `SettingsInvalid` with every fault.

    One that test mode would make is no fault; whether data exist that need it, only the database knows.
    """
    vault = settings.vault
    files = [(f"vault.previous_master_key_files: {path}", path) for path in vault.previous_master_key_files]
    current = vault.master_key_file
    if current is not None and (settings.mode == "production" or current.exists()):
        files.insert(0, (f"vault.master_key_file: {current}", current))
    faults = []
    for setting, path in files:
        cause = unusable_files.unreadable(path)
        if cause is None and len(_decoded(regular_file.content(path))) == MASTER_KEY_BYTES:
            continue
        sentences = unusable_files.said(cause or "no_master_key", unusable_files.MASTER_KEY)
        faults.append(Finding(setting, "master_key_unreadable", *sentences))
    if faults:
        raise SettingsInvalid(findings=tuple(faults))


def read_secret(path: Path, setting: str) -> str:
    """A secret from its file, without surrounding white space. Raises `SettingsInvalid` naming the setting."""
    try:
        secret = regular_file.text(path).strip()
    except (OSError, UnicodeDecodeError):
        secret = ""
    if not secret:
        cause = unusable_files.no_secret(path)
        raise unusable_files.refusal(f"{setting}: {path}", "secret_unreadable", cause, unusable_files.SECRET)
    return secret


def read_header_secret(path: Path, setting: str) -> str:
    """A secret that is shown in a header of HTTP. Raises as `read_secret`, also for what no header can hold."""
    secret = read_secret(path, setting)
    if _HEADER_SECRET.fullmatch(secret) is None:
        raise unusable_files.refusal(f"{setting}: {path}", "secret_unreadable", "no_header", unusable_files.SECRET)
    return secret


class KeyFiles(DocumentKeys):
    """The keys of all municipalities and the gateway's own (port `Keys`)."""

    def __init__(
        self,
        municipalities: tuple[MunicipalityFile, ...],
        token: PrivateKey,
        published: tuple[Mapping[str, Any], ...] = (),
        *,
        clock: Clock,
    ) -> None:
        super().__init__(municipalities, clock)
        self.token = token
        self.published = published
        self.receipt_key = digest(token.public_jwk)

    def sign_receipt(self, payload: Mapping[str, Any]) -> str:
        """Compact JWS (EdDSA) of a receipt."""
        header = {"alg": self.token.alg, "kid": self.token.kid, "typ": "receipt+jwt"}
        return jws.sign(json.dumps(payload, separators=(",", ":")).encode(), self.token, header)
