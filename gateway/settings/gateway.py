"""The only reader of configuration: settings file, municipality files, environment.

Knows: every setting, its default and its rule. Never does: connect, create keys, read services (`services/loader.py`).
Standard: fixed interfaces §2. Start reading: `Settings`, then `read`.

One TOML file; each value also by environment as `GATEWAY__SECTION__KEY`; secrets only by `…_file` or environment.
Unknown keys are refused by name, all faults are reported at once.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.errors import SettingsInvalid
from gateway.input import regular_file
from gateway.model import Finding
from gateway.settings import unusable_files
from gateway.settings.faults import broken, sentences
from gateway.settings.kinds import (
    PUBLIC_URL,
    Counterpart,
    CounterpartHost,
    DatabaseAddress,
    FormerKeyFile,
    IssuerName,
    JwkFile,
    MasterKeyFile,
    MasterKeyText,
    OwnAddress,
    SecretFile,
    anchored,
)
from gateway.settings.municipality import DestinationSection, MunicipalityFile, SignatureSection, clashes, key_faults
from gateway.settings.production import is_loopback, refused
from gateway.settings.sections import (
    AlarmsSection,
    BoundsSection,
    OutboundSection,
    PressureSection,
    Section,
    TlsSection,
)
from gateway.settings.toml import NotToml, parse

__all__ = ["DestinationSection", "MunicipalityFile", "Settings", "SignatureSection", "read", "read_municipalities"]

ALL_SCOPES = ("submissions:write", "submissions:read", "services:read", "webhooks:write")


def default_data_dir() -> Path:
    """The user's data directory (XDG base directory specification)."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "ozg-gateway"


class DatabaseSection(Section):
    """Where the rows live."""

    url: DatabaseAddress | None = Field(
        None,
        min_length=1,
        description="PostgreSQL address (postgresql://…). Unset: the gateway starts its own in data_dir.",
    )
    pool_size: int = Field(6, ge=2, le=200, description="Connections that one process holds at most.")


class ServerSection(Section):
    """The door for portals."""

    public_url: OwnAddress | None = Field(
        None,
        pattern=PUBLIC_URL,
        description="Address by which portals reach the gateway. Unset: the address it listens on.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    trusted_proxies: tuple[str, ...] = Field((), description="Addresses whose X-Forwarded-* headers are believed.")
    tls: TlsSection = TlsSection()
    max_upload_bytes: int = Field(500_000_000, ge=1, description="Largest upload in bytes.")
    max_body_bytes: int = Field(10_000_000, ge=1000, description="Largest JSON body in bytes.")

    def listening(self, host: str | None = None, port: int | None = None) -> str:
        """The address of a socket; without one that which the settings ask for."""
        name = host or self.host
        scheme = "https" if self.tls.key_file else "http"
        return f"{scheme}://{f'[{name}]' if ':' in name else name}:{self.port if port is None else port}"

    def base_url(self, port: int | None = None) -> str:
        """The public address: as set, else where the gateway listens (`port`: the one that the system chose)."""
        return self.listening(port=port) if self.public_url is None else self.public_url.rstrip("/")

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """No public address; a door that is open to others without TLS or proxy; everybody believed as a proxy."""
        if self.public_url is None:
            yield "public_url", "https"
        inside = is_loopback(self.host)
        if not inside and self.tls.key_file is None and not self.trusted_proxies:
            yield "host", "open_door"
        everybody = any(each == "*" or re.search(r"/0+$", each) for each in self.trusted_proxies)
        if everybody and not (inside and self.tls.client_certificate_header is None):
            yield "trusted_proxies", "proxy_anybody"


class EnvironmentSection(Section):
    """One FIT-Connect environment."""

    token_url: Counterpart = Field(description="Token endpoint.")
    submission_api: Counterpart = Field(description="Base address of the Submission API, without the version.")
    api_versions: tuple[str, ...] = Field(("v2",), description="Versions of the Submission API to speak.")
    destination_api: Counterpart | None = Field(
        None, description="Base address of the Destination API; read once destinations are managed."
    )
    routing_api: Counterpart | None = Field(
        None, description="Base address of the Routing API; read once destinations are routed."
    )
    portal_issuer: IssuerName | None = Field(
        None, description="Issuer of destination signatures; read once destinations are routed."
    )
    delivery_issuer: tuple[IssuerName, ...] = Field(
        (), description="Issuers that the delivery service signs its events as."
    )
    submission_hosts: tuple[CounterpartHost, ...] = Field(
        (), description="Hosts that a destination signature may name; read once destinations are routed."
    )
    trust_roots: tuple[Path, ...] = Field((), description="PEM files of the roots that destination keys must chain to.")
    bounds: BoundsSection = Field(
        BoundsSection(), description="Bounds of each destination whose municipality file sets none."
    )
    insecure_public_keys: bool = Field(
        False, description="Take destination keys without certificate chain. Test mode only; never in production."
    )

    @field_validator("delivery_issuer", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """Keys of destinations that nobody vouches for."""
        if self.insecure_public_keys:
            yield "insecure_public_keys", "public_keys"
        if not self.trust_roots:
            yield "trust_roots", "trust_roots"


class FitConnectSection(Section):
    """FIT-Connect."""

    environments: dict[str, EnvironmentSection] = Field(
        default_factory=dict, description="Environments by name (test, stage, prod or your own)."
    )


class DirectorySection(Section):
    """A directory of files."""

    dir: Path | None = Field(None, description="Directory; unset: what the gateway ships.")


class SchemasSection(Section):
    """Installed schema sets and code lists."""

    dir: Path | None = Field(None, description="Directory of installed schema sets; unset: schemas in data_dir.")
    trusted: tuple[str, ...] = Field(
        (), description="Digests (`gateway schemas list`) of sets outside the manifest that production may use."
    )
    xrepository: Counterpart | None = Field(
        None, pattern=r"^https?://[^\s]+$", description="Base address of another XRepository (a mirror)."
    )

    @field_validator("trusted")
    @classmethod
    def _digests(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not re.fullmatch(r"[0-9a-f]{64}", digest) for digest in value):
            raise broken("sha256")
        return value


class ClientLimitsSection(Section):
    """What one client may ask for."""

    requests_per_minute: int | None = Field(
        None, ge=1, description="Requests a minute, at all `gateway serve` together."
    )
    submissions_per_day: int | None = Field(None, ge=1, description="Applications a day (UTC).")


class ClientSection(Section):
    """One portal that may hand off submissions."""

    id: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Client id, also named in the token request.")
    secret_file: SecretFile | None = Field(None, description="File with the client secret.")
    previous_secret_files: tuple[SecretFile, ...] = Field(
        (), description="Files with secrets that stay valid beside it while a new one is rolled out."
    )
    jwks: Path | None = Field(None, description="JWK set file with the client's public keys (private_key_jwt).")
    tls_subject: str | None = Field(
        None,
        description="Distinguished name (RFC 4514) of its certificate, by an authority of server.tls.client_ca_file.",
    )
    tls_san_dns: str | None = Field(None, description="The same: a DNS name of its certificate.")
    tls_san_uri: str | None = Field(None, description="The same: a URI of its certificate.")
    tls_certificate_files: tuple[Path, ...] = Field(
        (),
        description="PEM files of certificates that are the client's by themselves (self-signed); two during a change.",
    )
    scopes: tuple[str, ...] = Field(ALL_SCOPES, description="Scopes the client may ask for.")
    municipalities: tuple[str, ...] = Field((), description="ARS of the municipalities it may serve; empty: all.")
    services: tuple[str, ...] | None = Field(None, description="Services it may use; unset: all.")
    limits: ClientLimitsSection = ClientLimitsSection()


class VaultSection(Section):
    """Encryption at rest."""

    master_key_file: MasterKeyFile | None = Field(
        None, description="File with 32 bytes, base64. Unset in test mode: keys/master.key in data_dir."
    )
    master_key: MasterKeyText | None = Field(
        None, min_length=1, description="The same by environment; refused in the file."
    )
    previous_master_key_files: tuple[FormerKeyFile, ...] = Field(
        (), description="Files with master keys that stored keys may still hang on; see `gateway keys list`."
    )
    previous_master_keys: tuple[SecretStr, ...] = Field(
        (), description="The same by environment (a JSON list); refused in the file."
    )

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """No master key."""
        missing = self.master_key_file is None and self.master_key is None
        return [("master_key_file", "master_key")] if missing else []


class EvidenceSection(Section):
    """Evidence."""

    signing_key_file: JwkFile | None = Field(
        None,
        description="Private JWK (Ed25519) that signs receipts, tokens, evidence. Unset: keys/token.jwk in data_dir.",
    )
    published_key_files: tuple[JwkFile, ...] = Field(
        (),
        description="JWKs published beside it: the next key before it signs, earlier ones while their work is in use.",
    )
    timestamp_url: Counterpart | None = Field(
        None,
        pattern=r"^https?://[^\s]+$",
        description="Time stamping authority (RFC 3161) for signed roots; unset: roots are not time-stamped.",
    )


class WorkerSection(Section):
    """Delivery."""

    concurrency: int = Field(
        24,
        ge=1,
        le=500,
        description="Submissions that one worker carries out at once for one destination; for all twice as many.",
    )


class LogSection(Section):
    """Log lines."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level written.")
    format: Literal["json", "text"] = Field("json", description="Form of a line on standard error.")


_FILE = "from_file"
"""What stands in the file, on its way to the sources: of lower rank than environment and command line."""


class Settings(BaseSettings):
    """Everything that can be set, by section."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="GATEWAY__",
        env_nested_delimiter="__",
        hide_input_in_errors=True,
    )

    mode: Literal["test", "production"] = Field("test", description="production refuses every insecure setting.")
    data_dir: Path = Field(default_factory=default_data_dir, description="Directory of the gateway's data.")
    failpoints: Path | None = Field(
        None, description="Test mode only: directory whose files name the points at which a process is to die."
    )
    database: DatabaseSection = DatabaseSection()
    server: ServerSection = ServerSection()
    outbound: OutboundSection = OutboundSection()
    fitconnect: FitConnectSection = FitConnectSection()
    municipalities: DirectorySection = DirectorySection()
    services: DirectorySection = DirectorySection()
    schemas: SchemasSection = SchemasSection()
    clients: tuple[ClientSection, ...] = ()
    vault: VaultSection = VaultSection()
    evidence: EvidenceSection = EvidenceSection()
    worker: WorkerSection = WorkerSection()
    alarms: AlarmsSection = AlarmsSection()
    pressure: PressureSection = PressureSection()
    log: LogSection = LogSection()

    @property
    def schema_dir(self) -> Path:
        """Where schema sets and code lists are installed."""
        return self.schemas.dir or self.data_dir / "schemas"

    @property
    def trusted_sets(self) -> frozenset[str] | None:
        """Digests of sets that no manifest names and that may be used; None allows all (test mode)."""
        return frozenset(self.schemas.trusted) if self.mode == "production" else None

    def environment(self, base_url: str) -> dict[str, str]:
        """What a child of this process has to know beside the file: what the command line and the system decided."""
        decided = {"MODE": self.mode, "SERVER__HOST": self.server.host, "SERVER__PORT": str(self.server.port)}
        return {f"GATEWAY__{name}": value for name, value in (decided | {"SERVER__PUBLIC_URL": base_url}).items()}

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """What exists for tests only."""
        return [("failpoints", "failpoints")] if self.failpoints else []

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line before environment before file; nothing else is read."""
        _ = dotenv_settings, file_secret_settings
        assert isinstance(init_settings, InitSettingsSource)
        file = init_settings.init_kwargs.pop(_FILE, {})
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=file)


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
    given: dict[str, Any] = {}
    for key, value in overrides.items():
        section, _, name = key.partition("__")
        if value is not None and name:
            given.setdefault(section, {})[name] = value
        elif value is not None:
            given[section] = value
    try:
        settings = Settings(**{**given, _FILE: values})
    except ValidationError as error:
        findings += _findings(error, str(file or "environment"))
        return None, findings
    if settings.vault.master_key_file is not None and settings.vault.master_key is not None:
        findings.append(
            _finding(
                "vault.master_key_file",
                "given_twice",
                "Auch vault.master_key ist gesetzt; bitte nur eines.",
                "vault.master_key is set too; give one of them.",
            )
        )
    findings += _several_clients(settings)
    findings += _no_authorities(settings.outbound.ca_bundle)
    if settings.mode == "production":
        findings += _insecure(settings, file, findings)
    return settings, findings


def _several_clients(settings: Settings) -> list[Finding]:
    ids = [client.id for client in settings.clients]
    return [
        _finding(
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
            _finding(
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
    found, findings = municipalities_and_faults(settings)
    if findings:
        raise SettingsInvalid(findings=tuple(findings))
    return tuple(found)


def municipalities_and_faults(settings: Settings) -> tuple[list[MunicipalityFile], list[Finding]]:
    """The files that can be read, and what is wrong with all of them."""
    directory = settings.municipalities.dir
    if directory is None:
        return [], []
    if not directory.is_dir():
        return [], [_finding("municipalities.dir", "missing_directory", *_NO_DIRECTORY)]
    found: list[MunicipalityFile] = []
    findings: list[Finding] = []
    for file in sorted(directory.glob("*.toml")):
        try:
            values = anchored(_toml(file), MunicipalityFile, file.resolve().parent)
            found.append(MunicipalityFile.model_validate(values))
            findings += key_faults(found[-1])
        except SettingsInvalid as error:
            findings += error.findings
        except ValidationError as error:
            findings += _findings(error, file.name)
    return found, findings + clashes(found, settings.fitconnect.environments)


def _insecure(settings: Settings, file: Path | None, others: list[Finding]) -> list[Finding]:
    """Every value and file that production refuses; where anything is refused, what is wrong with the towns too."""
    towns, faults = municipalities_and_faults(settings)
    directory = settings.municipalities.dir
    files = [*([file] if file else []), *(sorted(directory.glob("*.toml")) if directory else [])]
    found = refused([("", settings), *((each.slug, each) for each in towns)], files)
    if settings.evidence.signing_key_file is None:
        evidence = EvidenceSection(signing_key_file=settings.data_dir / "keys" / "token.jwk")
        found += refused([("evidence", evidence)], ())
    return found + (faults if found or others else [])


def _toml(file: Path) -> dict[str, Any]:
    try:
        return parse(regular_file.content(file))
    except OSError as error:
        text = error.strerror or "unreadable"
        de = f"Die Datei ist nicht lesbar: {text}. Bitte Pfad oder Rechte berichtigen."
        en = f"The file cannot be read: {text}. Correct its path or permissions."
        raise SettingsInvalid(findings=(_finding(str(file), "unreadable", de, en),)) from None
    except NotToml as error:
        place = f"{file}#/{error.line}" if error.line else str(file)
        de, en = f"Kein gültiges TOML: {error.de}.", f"No valid TOML: {error.en}."
        raise SettingsInvalid(findings=(_finding(place, "no_toml", de, en),)) from None


def _is_unknown(name: str) -> bool:
    if not name.upper().startswith("GATEWAY__"):
        return False
    return name.upper().removeprefix("GATEWAY__").partition("__")[0].lower() not in Settings.model_fields


def _only_by_environment(values: Mapping[str, Any]) -> list[Finding]:
    vault = values.get("vault")
    return [
        _finding(
            f"vault.{key}",
            "only_by_environment",
            f"Geheimnisse stehen nicht in dieser Datei; bitte GATEWAY__VAULT__{key.upper()} oder eine eigene nutzen.",
            f"Secrets do not stand in the file; use GATEWAY__VAULT__{key.upper()} or a file of its own.",
        )
        for key in ("master_key", "previous_master_keys")
        if isinstance(vault, dict) and key in vault
    ]


def _unknown_variable(name: str) -> Finding:
    de = "Diese Einstellung gibt es nicht; bitte Schreibweise prüfen oder die Variable entfernen."
    en = "There is no such setting; check the spelling or remove the variable."
    return _finding(name, "unknown_key", de, en)


def _finding(pointer: str, rule: str, de: str, en: str) -> Finding:
    return Finding(pointer, rule, de, en)


def _findings(error: ValidationError, file: str) -> list[Finding]:
    return [
        Finding(
            f"{file}: {'.'.join(str(part) for part in fault['loc'])}",
            "unknown_key" if fault["type"] == "extra_forbidden" else fault["type"],
            *sentences(fault),
        )
        for fault in error.errors(include_input=False, include_url=False)
    ]
