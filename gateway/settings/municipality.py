"""The file of one municipality: its settings, and what its keys and its neighbours forbid.

Knows: each setting, its default, its rule; what tells municipalities apart. Never does: read files (`settings` does).
Standard: fixed interfaces §2. Start reading: `MunicipalityFile`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import Field, field_validator

from gateway.input.patterns import ARS, PUBLIC_URL
from gateway.model import Finding
from gateway.settings.alarms import ProofLimitsSection
from gateway.settings.catalogue import MunicipalityCatalogueSection
from gateway.settings.faults import broken
from gateway.settings.fitconnect import BoundsSection, EnvironmentSection
from gateway.settings.identity import IdentitySection, entity_id_faults
from gateway.settings.kinds import Command, JwkFile, OwnAddress, SecretFile
from gateway.settings.sections import Section


class MunicipalityFitConnect(Section):
    """The municipality as a FIT-Connect client."""

    environment: str = Field(description="Name of an environment in [fitconnect.environments].")
    client_id: str = Field(description="FIT-Connect client id of the municipality.")
    client_secret_file: SecretFile = Field(description="File with the FIT-Connect client secret.")


class MunicipalityKeys(Section):
    """The municipality's own keys."""

    signing_jwk_file: JwkFile | None = Field(
        None, description="Private JWK that signs documents: RSA of 3072 bits or more, P-256, P-384 or P-521."
    )
    certificate_chain_file: Path | None = Field(
        None, description="PEM file: the key's certificate, then its issuers; unset: `x5c` of the JWK."
    )
    external_signer: Command = Field(
        (), description="Command and arguments that sign instead of a key file (HSM, card); gets digests, no secrets."
    )
    external_signer_timeout_s: float = Field(10.0, gt=0, le=120, description="Seconds that a signature may take.")
    external_signer_parallel: int = Field(1, ge=1, le=32, description="Signatures that it makes at the same time.")


class SignatureSection(Section):
    """How documents for a destination are signed, whatever their service says."""

    format: Literal["jws", "jades", "xades"] = Field(
        "jws", description="JWS, or an advanced signature (B-B) in JSON or XML."
    )
    packaging: Literal["detached", "enveloped"] = Field(
        "detached", description="Beside the document, or (XAdES, where the schema has a place) in it."
    )


class DestinationSection(BoundsSection):
    """A fixed destination for some services."""

    services: tuple[str, ...] = Field(min_length=1, description='Service ids, or "*" for every other service.')
    destination_id: UUID = Field(description="Destination at FIT-Connect.")
    signature: SignatureSection | None = Field(None, description="Unset: as the service says.")
    takes: Literal["all", "live", "test"] | None = Field(
        None, description="Applications that go there: live, test or all. Unset: live in production, all in test mode."
    )
    addressing_information_file: Path | None = Field(
        None,
        description="File with the signed addressing information of the self-service portal, for the OZG catalogue.",
    )


class RetentionSection(Section):
    """How long what stays after a submission ended."""

    payload_days: dict[str, int] = Field(
        default_factory=dict,
        description="Days until record, document and files are erased, by service id; unset: what the service says.",
    )
    metadata_days: int = Field(
        730, ge=1, le=36_500, description="Days until the rest is erased too; evidence stays as proof."
    )

    @field_validator("payload_days")
    @classmethod
    def _at_least_a_day(cls, value: dict[str, int]) -> dict[str, int]:
        if any(not 1 <= days <= 36_500 for days in value.values()):
            raise broken("retention_days")
        return value


class MunicipalityFile(Section):
    """One municipality, one file."""

    slug: str = Field(pattern=r"^[a-z][a-z0-9-]{1,62}$", description="Short name used in addresses.")
    ars: str = Field(pattern=f"^{ARS.pattern}$", description="Amtlicher Regionalschlüssel, 12 digits.")
    name: str = Field(min_length=1, max_length=200, description="Name as citizens read it.")
    public_url: OwnAddress = Field(
        pattern=f"^{PUBLIC_URL.pattern}$", description="Public address; also the OIDC issuer."
    )
    fitconnect: MunicipalityFitConnect = Field(description="FIT-Connect client of the municipality.")
    keys: MunicipalityKeys = Field(description="Keys of the municipality.")
    destinations: tuple[DestinationSection, ...] = Field((), description="Fixed destinations.")
    retention: RetentionSection = Field(RetentionSection(), description="How long what is kept.")
    proof: ProofLimitsSection = Field(ProofLimitsSection(), description="When a missing proof is told.")
    identity: IdentitySection = Field(
        IdentitySection(), description="Accounts that citizens and businesses log in with."
    )
    catalogue: MunicipalityCatalogueSection = Field(
        MunicipalityCatalogueSection(), description="The offer in the OZG catalogue."
    )
    parameters: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Values for parameters that a service declares, by service id."
    )


def key_faults(file: MunicipalityFile) -> list[Finding]:
    """Keys that do not fit together."""
    keys = file.keys
    findings = []
    if (keys.signing_jwk_file is None) == (not keys.external_signer):
        de = "Gesetzt sein muss genau eines: signing_jwk_file oder external_signer."
        en = "Exactly one has to be set: signing_jwk_file or external_signer."
        findings.append(Finding(f"{file.slug}.keys", "signing_key_source", de, en))
    if keys.external_signer and keys.certificate_chain_file is None:
        de = "Zu external_signer gehört certificate_chain_file: Das Zertifikat zeigt den öffentlichen Schlüssel."
        en = "external_signer needs certificate_chain_file: the certificate shows the public key."
        findings.append(Finding(f"{file.slug}.keys.certificate_chain_file", "missing", de, en))
    for number, destination in enumerate(file.destinations):
        asked = destination.signature
        if asked is not None and asked.packaging == "enveloped" and asked.format != "xades":
            pointer = f"{file.slug}.destinations.{number}.signature.packaging"
            findings.append(Finding(pointer, "signature_packaging", *PACKAGING))
    return findings


PACKAGING = ("Nur XAdES steht im Dokument; bitte detached.", "Only XAdES stands in the document; use detached.")


_SEVERAL = (
    "Mehrere Kommunendateien nennen denselben Wert; jede Kommune braucht ihren eigenen.",
    "Several files name the same value; each municipality needs its own.",
)


def _door(address: str) -> tuple[str, int | None]:
    """Host and port of an address as a `Host` header carries them: the usual port of either scheme is left out."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return address, None
    return (parts.hostname or "").rstrip("."), None if port in {80, 443} else port


def _one_door(files: list[MunicipalityFile]) -> list[Finding]:
    """Towns that a `Host` header could not tell apart."""
    doors = [_door(m.public_url) for m in files]
    clashes = []
    for m, door in zip(files, doors, strict=True):
        others = ", ".join(sorted(o.slug for o, its in zip(files, doors, strict=True) if its == door and o is not m))
        if others:
            de = f"Rechnername und Port hat auch: {others}. An ihnen wird die Kommune erkannt; jede braucht eigene."
            en = f"Host name and port are also those of: {others}. They tell municipalities apart; each needs its own."
            clashes.append(Finding(f"{m.slug}.public_url", "not_unique", de, en))
    return list(dict.fromkeys(clashes))


def destination_bounds(
    files: Iterable[MunicipalityFile], environments: Mapping[str, EnvironmentSection]
) -> dict[str, tuple[float | None, int | None]]:
    """Submissions a minute and at once, by the id of each destination with bounds; of several files the narrowest."""
    bounds: dict[str, list[tuple[float | None, int | None]]] = {}
    for file in files:
        default = environments[file.fitconnect.environment].bounds
        for destination in file.destinations:
            rate = destination.submissions_per_minute or default.submissions_per_minute
            at_once = destination.submissions_at_once or default.submissions_at_once
            if rate or at_once:
                bounds.setdefault(str(destination.destination_id), []).append((rate, at_once))
    return {
        name: (
            min((rate for rate, _ in several if rate), default=None),
            min((at_once for _, at_once in several if at_once), default=None),
        )
        for name, several in bounds.items()
    }


def clashes(files: list[MunicipalityFile], environments: Container[str]) -> list[Finding]:
    """Values that only one municipality may have, and environments that are not there."""
    findings = []
    for key in ("slug", "ars"):
        values = [getattr(m, key) for m in files]
        findings += [
            Finding(f"{value}.{key}", "not_unique", *_SEVERAL)
            for value in sorted({v for v in values if values.count(v) > 1})
        ]
    findings += _one_door(files) + entity_id_faults([(m.slug, m.identity) for m in files])
    return findings + [
        Finding(
            f"{m.slug}.fitconnect.environment",
            "unknown_environment",
            "Diese Umgebung steht nicht in [fitconnect.environments]; dort ergänzen oder eine von dort nennen.",
            "This environment does not stand in [fitconnect.environments]; add it there or name one of those.",
        )
        for m in files
        if m.fitconnect.environment not in environments
    ]
