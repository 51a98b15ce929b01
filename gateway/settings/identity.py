"""Section of a municipality's identity providers: BundID, Mein Unternehmenskonto and others like them.

Knows: each setting, its default and its rule; that a host belongs to one municipality. Never does: read files or
profiles (`wiring.identity` does). Standard: fixed interfaces §2; BundID interface 10.2 §7.2.
Start reading: `IdentityProviderSection`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from gateway.input.patterns import BMI_ID, ENTITY_ID, PROVIDER_NAME, SHA256, WEB_PAGE
from gateway.model import Finding
from gateway.settings.faults import broken
from gateway.settings.kinds import FileOrAddress, Link, PrivateKeyFile, is_address
from gateway.settings.sections import Section

ProfileName = Literal["bundid", "bundid-int", "eidas", "mein-unternehmenskonto", "sachsen-anhalt"]
WebPage = Annotated[Link, Field(pattern=f"^{WEB_PAGE.pattern}$", max_length=1024)]
ProviderName = Annotated[str, Field(pattern=f"^{PROVIDER_NAME.pattern}$")]


class IdentityKeysSection(Section):
    """Keys and certificates towards one identity provider, in PEM; a second pair while keys are rolled over."""

    signing_key_file: PrivateKeyFile = Field(
        description="RSA key of 3072 bits or more that signs requests (`gateway keys generate --saml`)."
    )
    signing_certificate_file: Path = Field(description="Its certificate; may be self-signed.")
    encryption_key_file: PrivateKeyFile = Field(
        description="RSA key of 3072 bits or more that answers are opened with."
    )
    encryption_certificate_file: Path = Field(description="Its certificate; may be self-signed.")
    next_signing_key_file: PrivateKeyFile | None = Field(
        None, description="Key that will sign, or did: shown in our metadata as well."
    )
    next_signing_certificate_file: Path | None = Field(None, description="Its certificate.")
    next_encryption_key_file: PrivateKeyFile | None = Field(
        None, description="Key that answers will be, or were, encrypted for: opens them as well."
    )
    next_encryption_certificate_file: Path | None = Field(None, description="Its certificate.")

    @model_validator(mode="after")
    def _whole_pairs(self) -> Self:
        for name in ("next_signing", "next_encryption"):
            key, certificate = getattr(self, f"{name}_key_file"), getattr(self, f"{name}_certificate_file")
            if (key is None) != (certificate is None):
                raise broken("key_pair")
        return self


class IdentityProviderSection(Section):
    """One identity provider."""

    profile: ProfileName = Field(
        description="Its kind: bundid, bundid-int (test environment), mein-unternehmenskonto, eidas or sachsen-anhalt."
    )
    metadata: FileOrAddress | None = Field(
        None,
        min_length=1,
        description="Its metadata: a file, or an address that they are fetched from. Unset: none were handed out yet; "
        "ours are there for it, nobody logs in by it.",
    )
    entity_id: str = Field(
        pattern=f"^{ENTITY_ID.pattern}$",
        max_length=1024,
        description="Our name there: https, no port. Never changed: BundID makes each person's bPK2 of its host.",
    )
    keys: IdentityKeysSection = Field(description="Our keys towards it.")
    trusted_keys: tuple[str, ...] = Field(
        (),
        description="SHA-256 (hex) of the public keys that its answers may be signed with, of those in its metadata; "
        "two while it changes keys. Unset: those of the file, or of the first document fetched.",
    )
    online_service_id: str | None = Field(
        None, pattern=f"^{BMI_ID.pattern}$", description="BMI-ID of the online service; BundID demands it."
    )
    organisation_name: str | None = Field(
        None, min_length=1, max_length=200, description="Who asks, as BundID shows it (50 characters); unset: name."
    )
    display_name: str | None = Field(
        None, min_length=1, max_length=100, description="Its name on our pages; unset: that of the profile."
    )
    guests: bool = Field(
        False,
        description="Also people without an account (BundID's temporary login): neither bPK2 nor mailbox is asked for "
        "then, of anybody.",
    )
    enabled: bool = Field(True, description="Whether anybody may log in by it; false also ends logins under way.")

    @field_validator("metadata")
    @classmethod
    def _file_or_web_address(cls, value: str | None) -> str | None:
        if value is not None and is_address(value):
            try:
                parts = urlsplit(value)
                sound = parts.scheme in {"https", "http"} and parts.hostname and "@" not in parts.netloc
                _ = parts.port
            except ValueError:
                sound = False
            if not sound or any(sign.isspace() for sign in value):
                raise broken("file_or_address")
        return value

    @field_validator("trusted_keys")
    @classmethod
    def _digests(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not SHA256.fullmatch(digest) for digest in value):
            raise broken("sha256")
        return value

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """Keys that merely came by a fetch; accounts that are for tests."""
        if self.metadata is not None and is_address(self.metadata) and not self.trusted_keys:
            yield "trusted_keys", "unpinned_keys"
        if self.profile == "bundid-int":
            yield "profile", "test_accounts"


class IdentitySection(Section):
    """Whose accounts people log in with, and whose pages those are."""

    providers: dict[ProviderName, IdentityProviderSection] = Field(
        default_factory=dict, description="Identity providers by a name of ours, which stands in addresses."
    )
    logo: Path | None = Field(
        None,
        description="PNG file of at most 100,000 bytes: the municipality's logo, at the head of each page of a login.",
    )
    imprint_url: WebPage | None = Field(
        None, description="Legal notice (Impressum) of the municipality, linked at the foot of each page of a login."
    )
    privacy_url: WebPage | None = Field(None, description="Its privacy notice, linked there too.")


_SHARED = (
    "Den Rechnernamen dieser entity_id hat auch: {others}. BundID macht aus ihm die bPK2; jede Kommune braucht eigene.",
    "The host of this entity_id is also that of: {others}. BundID makes the bPK2 of it; each town needs its own.",
)


def entity_id_faults(towns: Sequence[tuple[str, IdentitySection]]) -> list[Finding]:
    """Hosts of entityIDs that several municipalities (by slug) name: their people would have the same pseudonyms."""
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for slug, section in towns:
        for provider in section.providers.values():
            owners[_host(provider.entity_id)].add(slug)
    findings = []
    for slug, section in towns:
        for name, provider in section.providers.items():
            others = ", ".join(sorted(owners[_host(provider.entity_id)] - {slug}))
            if others:
                pointer = f"{slug}.identity.providers.{name}.entity_id"
                de, en = (text.format(others=others) for text in _SHARED)
                findings.append(Finding(pointer, "not_unique", de, en))
    return findings


def _host(entity_id: str) -> str:
    return urlsplit(entity_id).hostname or ""
