"""The municipalities' signing keys: key files, certificate chains, external signers, read again where a file changed.

Knows: where each stands. Never does: decide what is signed how. Standard: fixed interfaces §2 (`[keys]`).
Start reading: `DocumentKeys`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from uuid import uuid4

import structlog

from gateway.errors import KeyUnfit, SettingsInvalid, SigningKeyUnfit
from gateway.input import regular_file
from gateway.keys.external import ExternalSigner
from gateway.keys.following import Look, look
from gateway.keys.pem import read_certificates
from gateway.model import Document, Finding, Signature, SignatureFormat, SignatureStyle
from gateway.ports.clock import Clock
from gateway.settings import unusable_files
from gateway.settings.municipality import MunicipalityFile
from gateway.signature import identity as identities
from gateway.signature import making, signer
from gateway.signature.identity import SigningIdentity
from gateway.signature.rules import finding
from gateway.signature.signer import Signer

log = structlog.get_logger()

_T = TypeVar("_T")
_SAID = {"kty": "signing_key_kind", "crv": "signing_key_kind", "use": "signing_key_use"}
"""What is wrong with a JWK that has a sentence of its own; anything else makes the file unreadable."""


class DocumentKeys:
    """Signs documents with the key of the municipality named. `clock` gives the signing time."""

    def __init__(self, municipalities: Iterable[MunicipalityFile], clock: Clock) -> None:
        self._files = {file.ars: file for file in municipalities}
        self._clock = clock
        self._signers: dict[str, Signer] = {}
        self._seen: dict[str, Look] = {}
        self._loading = Lock()
        self._threads: dict[str, ThreadPoolExecutor] = {}

    def close(self) -> None:
        """Give up what external signers are doing; whoever waits for it gets `SignerAway`."""
        for threads in self._threads.values():
            threads.shutdown(wait=False, cancel_futures=True)
        for current in self._signers.values():
            if isinstance(current, ExternalSigner):
                current.close()

    def identity(self, ars: str) -> SigningIdentity:
        """The public half of a municipality's key; no private key is read. Raises `SettingsInvalid`."""
        return _identity(self._files[ars])

    def check(self, ars: str, formats: Iterable[SignatureFormat], *, at: datetime | None = None) -> None:
        """Judge key and certificates for these formats. Raises `SettingsInvalid` with every fault."""
        file = self._files[ars]
        try:
            broken = identities.faults(_identity(file), formats, at=at)
        except KeyUnfit:
            broken = ("signing_certificate_order",)
        faults = [finding(_setting_of(file, rule), rule) for rule in broken]
        faults += _command_faults(f"{file.slug}.keys", file.keys.external_signer)
        if faults:
            raise SettingsInvalid(findings=tuple(faults))

    def _paths(self, ars: str) -> tuple[Path, ...]:
        keys = self._files[ars].keys
        return tuple(path for path in (keys.signing_jwk_file, keys.certificate_chain_file) if path is not None)

    def signer(self, ars: str) -> Signer:
        """The municipality's signer, memoised while its files stay as they are: judging an RSA key takes half a second.

        Where changed files are of no use (half written, key and chain of two) the signer from before goes on. Raises
        `SettingsInvalid` where there is none.
        """
        with self._loading:
            seen = look(self._paths(ars))  # before the files are read: what comes in between is another change
            if ars not in self._signers:
                self._signers[ars] = _signer(self._files[ars])
            elif seen != self._seen[ars]:
                self._renew(ars)
            self._seen[ars] = seen
            return self._signers[ars]

    def _renew(self, ars: str) -> None:
        name, before = f"{self._files[ars].slug}.keys", self._signers[ars]
        try:
            renewed = _signer(self._files[ars])
            self.check(ars, {SignatureFormat.JWS})  # of two files perhaps only one is the new one so far
        except SettingsInvalid as error:
            log.warning("files.not_usable", setting=name, rules=sorted({finding.rule for finding in error.findings}))
            return
        # a command that runs is still known to whoever closes it
        self._signers[ars] = (
            replace(before, identity=renewed.identity) if isinstance(before, ExternalSigner) else renewed
        )
        log.info("files.read_again", setting=name)

    def load(self) -> None:
        """Load every signer whose files are there; what is wrong with one is told where it is used."""
        for ars in self._files:
            with suppress(SettingsInvalid):
                self.signer(ars)

    async def try_signer(self, ars: str, formats: Iterable[SignatureFormat]) -> SigningIdentity:
        """Sign a short text in each format and throw it away; whose key it is. Raises as `sign_document`."""
        content = b"<probe/>"
        probe = Document(content, "", "", "", "application/xml", hashlib.sha256(content).hexdigest())
        for signature_format in sorted(formats):
            await self.sign_document(ars, probe, SignatureStyle(signature_format))
        return self.identity(ars)

    async def sign_document(self, municipality: str, document: Document, style: SignatureStyle) -> Signature:
        """See `ports.Keys`; made in a thread."""
        return await self._in_a_thread(
            municipality,
            lambda: making.sign(self._ready(municipality), document, style, at=self._clock.now(), new_id=uuid4()),
        )

    async def sign_inside(self, municipality: str, document: Document) -> Document:
        """See `ports.Keys`; made in a thread."""
        return await self._in_a_thread(
            municipality,
            lambda: making.sign_inside(self._ready(municipality), document, at=self._clock.now(), new_id=uuid4()),
        )

    def _ready(self, ars: str) -> Signer:
        """The signer; a file that went missing meanwhile holds the submission with that cause, without its path."""
        try:
            return self.signer(ars)
        except SettingsInvalid as error:
            de, en = (" ".join(getattr(finding, name) for finding in error.findings) for name in ("de", "en"))
        raise SigningKeyUnfit(cause_de=de, cause_en=en)

    async def _in_a_thread(self, ars: str, make: Callable[[], _T]) -> _T:
        """In threads of their own where a command signs, as many as it bears: waiting for it holds up nothing else."""
        keys = self._files[ars].keys
        if not keys.external_signer:
            return await asyncio.to_thread(make)
        threads = self._threads.setdefault(ars, ThreadPoolExecutor(keys.external_signer_parallel, "signer"))
        return await asyncio.get_running_loop().run_in_executor(threads, make)


def _signer(file: MunicipalityFile) -> Signer:
    identity = _identity(file)
    if file.keys.external_signer:
        return ExternalSigner(identity, file.keys.external_signer, file.keys.external_signer_timeout_s)
    setting = f"{file.slug}.keys.signing_jwk_file"
    try:
        return signer.local(_jwk(file.keys.signing_jwk_file), identity)
    except KeyUnfit as error:
        rule = str(error.params["rule"])
    raise _unreadable(setting, file.keys.signing_jwk_file, rule)


def _identity(file: MunicipalityFile) -> SigningIdentity:
    keys = file.keys
    chain_setting = f"{file.slug}.keys.certificate_chain_file"
    chain_path = keys.certificate_chain_file
    chain = read_certificates(chain_path, chain_setting, "certificates_unreadable") if chain_path else ()
    rule, setting, path = "", f"{file.slug}.keys.signing_jwk_file", keys.signing_jwk_file
    try:
        if keys.external_signer:
            setting, path = chain_setting, chain_path
            return identities.of_chain(chain)
        return identities.of_jwk(_jwk(path), chain)
    except KeyUnfit as error:
        rule = str(error.params["rule"])
    if rule in _SAID:
        raise SettingsInvalid(findings=(finding(f"{setting}: {path}", _SAID[rule]),))
    raise _unreadable(setting, path, rule, of_chain=bool(keys.external_signer))


def _jwk(path: Path | None) -> Mapping[str, Any]:
    try:
        jwk = json.loads(regular_file.text(path)) if path else None
    except (OSError, ValueError, RecursionError):
        jwk = None
    if not isinstance(jwk, dict) or not isinstance(jwk.get("d"), str):
        raise KeyUnfit(rule="jwk_form")
    return jwk


def _setting_of(file: MunicipalityFile, rule: str) -> str:
    """The setting that names what breaks a rule, and its file."""
    key, chain = file.keys.signing_jwk_file, file.keys.certificate_chain_file
    if chain is not None and (key is None or rule.startswith("signing_certificate")):
        return f"{file.slug}.keys.certificate_chain_file: {chain}"
    return f"{file.slug}.keys.signing_jwk_file: {key}"


def _command_faults(setting: str, command: tuple[str, ...]) -> list[Finding]:
    if not command:
        return []
    path = Path(command[0])
    if not (path.is_file() and os.access(path, os.X_OK)):
        de = "Der Befehl fehlt oder ist nicht ausführbar; bitte Pfad oder Rechte berichtigen (chmod u+x)."
        en = "The command is missing or not executable; correct its path or permissions (chmod u+x)."
        return [Finding(f"{setting}.external_signer: {path}", "external_signer_missing", de, en)]
    if any(entry.stat().st_mode & stat.S_IWOTH for entry in (path, path.parent) if not _sticky(entry)):
        de = "Jeder darf den Befehl ändern; bitte Schreibrechte für andere entziehen."
        en = "Anybody may change the command; take the right to write from others."
        return [Finding(f"{setting}.external_signer: {path}", "external_signer_writable", de, en)]
    return []


def _sticky(path: Path) -> bool:
    return path.is_dir() and bool(path.stat().st_mode & stat.S_ISVTX)


def _unreadable(setting: str, path: Path | None, rule: str, *, of_chain: bool = False) -> SettingsInvalid:
    """Where a command signs, `path` is the chain's; else the key's. What is wrong with a chain has said so before."""
    cause = "missing" if path is None else unusable_files.no_private_jwk(path)
    way_out = unusable_files.SIGNING_KEY
    if rule in {"x5c_missing", "x5c_form", "kty"} and of_chain:
        cause, way_out = "no_certificate", unusable_files.CERTIFICATES
    return unusable_files.refusal(f"{setting}: {path}", "key_unreadable", cause, way_out, fits=rule)
