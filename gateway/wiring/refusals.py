"""Every fault of what the settings name, told at once: each reader is tried, and what it refuses is gathered.

Knows: which files are read of the settings by every process, and by whom the others are. Never does: read a file
itself, or judge one. Standard: house rule (all faults, not the first one). Start reading: `faults`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from gateway.errors import DataInvalid, SettingsInvalid
from gateway.keys import files as keyfiles
from gateway.keys.files import read_header_secret, read_secret
from gateway.keys.municipality import DocumentKeys
from gateway.keys.pem import read_certificates
from gateway.model import Finding, SignatureFormat
from gateway.settings.gateway import Settings
from gateway.settings.municipality import MunicipalityFile
from gateway.wiring import appearance, identity

Attempt = Callable[[], object]
"""Reads something of the settings; raises `SettingsInvalid` or `DataInvalid` where that cannot be used."""


def faults(attempts: Iterable[Attempt]) -> list[Finding]:
    """What the attempts refuse, each fault once."""
    findings: dict[Finding, None] = {}
    for attempt in attempts:
        try:
            attempt()
        except (SettingsInvalid, DataInvalid) as error:
            findings |= dict.fromkeys(error.findings)
    return list(findings)


def of_files(settings: Settings, towns: Sequence[MunicipalityFile], also: Iterable[Attempt]) -> list[Finding]:
    """The faults of every file that a process reads at its start; a missing master key is told with others only."""
    findings = faults([*_own(settings, towns), *also])
    return findings + faults([partial(keyfiles.judge_master_files, settings)]) if findings else []


def of_keys(towns: Sequence[MunicipalityFile], keys: DocumentKeys) -> list[Finding]:
    """The faults of the keys that sign documents, as far as they show without knowing what is signed how."""
    return faults(partial(keys.check, town.ars, {SignatureFormat.JWS}) for town in towns)


def _own(settings: Settings, towns: Sequence[MunicipalityFile]) -> Iterator[Attempt]:
    token_file = keyfiles.token_file(settings)
    if settings.evidence.signing_key_file is not None or token_file.exists():
        yield partial(keyfiles.read_private, token_file, "evidence.signing_key_file")
    yield partial(keyfiles.published_keys, settings)
    for name in sorted({town.fitconnect.environment for town in towns} & settings.fitconnect.environments.keys()):
        for path in settings.fitconnect.environments[name].trust_roots:
            yield partial(read_certificates, path, f"fitconnect.environments.{name}.trust_roots", "roots_unreadable")
    for town in towns:
        yield partial(read_secret, town.fitconnect.client_secret_file, f"{town.slug}.fitconnect.client_secret_file")
    if secret := settings.catalogue.push.client_secret_file:
        yield partial(read_header_secret, secret, "catalogue.push.client_secret_file")
    if ours := settings.catalogue.readback.pvog_client_id_file:
        yield partial(read_header_secret, ours, "catalogue.readback.pvog_client_id_file")
    statistics = settings.catalogue.statistics
    for name in ("transactions_token_file", "sdg_key_file"):
        if path := getattr(statistics, name):
            yield partial(read_header_secret, path, f"catalogue.statistics.{name}")
    yield from identity.attempts(settings, towns)
    yield from appearance.attempts(towns)
