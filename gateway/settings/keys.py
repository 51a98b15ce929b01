"""Sections of the gateway's own keys: what encrypts at rest, what signs evidence.

Knows: each setting, its default and its rule. Never does: read files or environment (`reading` does).
Standard: fixed interfaces §2. Start reading: `VaultSection`.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field, SecretStr

from gateway.input.patterns import ADDRESS
from gateway.settings.kinds import Counterpart, FormerKeyFile, JwkFile, MasterKeyFile, MasterKeyText
from gateway.settings.sections import Section


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
        pattern=f"^{ADDRESS.pattern}$",
        description="Time stamping authority (RFC 3161) for signed roots; unset: roots are not time-stamped.",
    )
