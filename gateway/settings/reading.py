"""The only reader of configuration: settings file, municipality files, environment.

Knows: where values come from, and what is wrong between them. Never does: connect, create keys, read services
(`services/loader.py`). Standard: fixed interfaces §2. Start reading: `read`.

Unknown keys are refused by name, all faults are reported at once.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gateway.errors import SettingsInvalid
from gateway.input import regular_file
from gateway.model import Finding
from gateway.settings import unusable_files
from gateway.settings.faults import sentences
from gateway.settings.gateway import FILE, Settings
from gateway.settings.keys import EvidenceSection
from gateway.settings.kinds import anchored
from gateway.settings.logins import LoginSection, algorithms, client_faults
from gateway.settings.municipality import MunicipalityFile, clashes, key_faults
from gateway.settings.production import refused
from gateway.settings.toml import NotToml, parse


def read(file: Path | None, **overrides: object) -> Settings:
    """Read the settings file (may be None), environment and `overrides` (from the command line).

    Paths in the file are relative to it. Raises `SettingsInvalid` with every fault at once.
    """
    settings, findings = settings_and_faults(file, **overrides)
    if findings or settings is None:
        raise SettingsInvalid(findings=tuple(findings))
    return settings


def settings_and_faults(file: Path | None, **overrides: object) -> tuple[Settings | None, list[Finding]]:
    """The settings, None where they are none by their form, and what is wrong. Raises `SettingsInvalid` for no TOML."""
    values: dict[str, Any] = _toml(file) if file else {}
    findings = [_unknown_variable(name) for name in os.environ if _is_unknown(name)]
    findings += _only_by_environment(values)
    values = anchored(values, Settings, file.resolve().parent if file else Path.cwd())
    from_caller: dict[str, Any] = {}
    for key, value in overrides.items():
        section, _, name = key.partition("__")
        if value is not None and name:
            from_caller.setdefault(section, {})[name] = value
        elif value is not None:
            from_caller[section] = value
    try:
        settings = Settings(**{**from_caller, FILE: values})
    except ValidationError as error:
        findings += _findings(error, str(file or "environment"))
        return None, findings
    if settings.vault.master_key_file is not None and settings.vault.master_key is not None:
        findings.append(
            Finding(
                "vault.master_key_file",
                "given_twice",
                "Auch vault.master_key ist gesetzt; bitte nur eines.",
                "vault.master_key is set too; give one of them.",
            )
        )
    if not _is_text(str(settings.data_dir)):
        findings.append(_no_text("data_dir"))
    findings += _several_clients(settings) + client_faults(settings.clients)
    findings += _no_authorities(settings.outbound.ca_bundle)
    if settings.mode == "production":
        findings += _insecure(settings, file, findings)
    return settings, findings


def _several_clients(settings: Settings) -> list[Finding]:
    ids = [client.id for client in settings.clients]
    return [
        Finding(
            f"clients.{number}.id",
            "not_unique",
            "Diese Kennung hat schon ein anderer Zugang; bitte eine eigene geben oder zusammenlegen.",
            "Another client has this id already; give it its own or merge the two.",
        )
        for number, name in enumerate(ids)
        if name in ids[:number]
    ]


def _no_authorities(bundle: Path | None) -> list[Finding]:
    """A bundle that holds no certificates would be noticed only where the first connection is made."""
    if bundle is None:
        return []
    try:
        regular_file.opened(bundle).close()  # the library would wait for a pipe
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle)
    except OSError:
        return [
            Finding(
                f"outbound.ca_bundle: {bundle}",
                "no_certificates",
                *unusable_files.said(unusable_files.no_certificates(bundle), unusable_files.CERTIFICATES),
            )
        ]
    return []


_NO_DIRECTORY = (
    "Dieses Verzeichnis gibt es nicht; bitte anlegen oder die Einstellung berichtigen.",
    "There is no such directory; make it or correct the setting.",
)


def read_municipalities(settings: Settings) -> tuple[MunicipalityFile, ...]:
    """Every `*.toml` in `[municipalities] dir`, all faults of all files at once (`SettingsInvalid`)."""
    files, findings = municipalities_and_faults(settings)
    if findings:
        raise SettingsInvalid(findings=tuple(findings))
    return tuple(files)


def municipalities_and_faults(settings: Settings) -> tuple[list[MunicipalityFile], list[Finding]]:
    """The files that can be read, and what is wrong with all of them."""
    directory = settings.municipalities.dir
    if directory is None:
        return [], []
    if not directory.is_dir():
        return [], [Finding("municipalities.dir", "missing_directory", *_NO_DIRECTORY)]
    towns: list[MunicipalityFile] = []
    findings: list[Finding] = []
    for file in sorted(directory.glob("*.toml")):
        try:
            values = anchored(_toml(file), MunicipalityFile, file.resolve().parent)
            towns.append(MunicipalityFile.model_validate(values))
            findings += key_faults(towns[-1])
        except SettingsInvalid as error:
            findings += error.findings
        except ValidationError as error:
            findings += _findings(error, file.name)
    return towns, findings + clashes(towns, settings.fitconnect.environments)


def _insecure(settings: Settings, file: Path | None, others: list[Finding]) -> list[Finding]:
    """Every value and file that production refuses; where anything is refused, what is wrong with the towns too."""
    towns, faults = municipalities_and_faults(settings)
    directory = settings.municipalities.dir
    files = [*([file] if file else []), *(sorted(directory.glob("*.toml")) if directory else [])]
    findings = refused([("", settings), *((town.slug, town) for town in towns)], files)
    if settings.evidence.signing_key_file is None:
        evidence = EvidenceSection(signing_key_file=settings.data_dir / "keys" / "token.jwk")
        findings += refused([("evidence", evidence)], ())
    if not settings.login.id_token_key_files:
        keys = tuple(settings.data_dir / "keys" / f"id-token-{alg}.jwk" for alg in algorithms(settings.clients))
        findings += refused([("login", LoginSection(id_token_key_files=keys))], ())
    return findings + (faults if findings or others else [])


def _toml(file: Path) -> dict[str, Any]:
    try:
        return parse(regular_file.content(file))
    except OSError as error:
        text = error.strerror or "unreadable"
        de = f"Die Datei ist nicht lesbar: {text}. Bitte Pfad oder Rechte berichtigen."
        en = f"The file cannot be read: {text}. Correct its path or permissions."
        raise SettingsInvalid(findings=(Finding(str(file), "unreadable", de, en),)) from None
    except NotToml as error:
        pointer = f"{file}#/{error.line}" if error.line else str(file)
        de, en = f"Kein gültiges TOML: {error.de}.", f"No valid TOML: {error.en}."
        raise SettingsInvalid(findings=(Finding(pointer, "no_toml", de, en),)) from None


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_unknown(name: str) -> bool:
    if not name.upper().startswith("GATEWAY__"):
        return False
    return name.upper().removeprefix("GATEWAY__").partition("__")[0].lower() not in Settings.model_fields


def _only_by_environment(values: Mapping[str, Any]) -> list[Finding]:
    vault = values.get("vault")
    return [
        Finding(
            f"vault.{key}",
            "only_by_environment",
            f"Geheimnisse stehen nicht in dieser Datei; bitte GATEWAY__VAULT__{key.upper()} oder eine eigene nutzen.",
            f"Secrets do not stand in the file; use GATEWAY__VAULT__{key.upper()} or a file of its own.",
        )
        for key in ("master_key", "previous_master_keys")
        if isinstance(vault, dict) and key in vault
    ]


def _no_text(name: str) -> Finding:
    de = "Der Pfad ist kein UTF-8, wie es die eingebaute Datenbank braucht; bitte ein anderes Verzeichnis nennen."
    en = "The path is no UTF-8, as the embedded database needs it; name another directory."
    return Finding(name, "no_utf8", de, en)


def _unknown_variable(name: str) -> Finding:
    de = "Diese Einstellung gibt es nicht; bitte Schreibweise prüfen oder die Variable entfernen."
    en = "There is no such setting; check the spelling or remove the variable."
    return Finding(name, "unknown_key", de, en)


def _findings(error: ValidationError, file: str) -> list[Finding]:
    return [
        Finding(
            f"{file}: {'.'.join(str(part) for part in fault['loc'])}",
            "unknown_key" if fault["type"] == "extra_forbidden" else fault["type"],
            *sentences(fault),
        )
        for fault in error.errors(include_input=False, include_url=False)
    ]
