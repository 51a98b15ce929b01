"""The key that signs evidence on this machine, and what is known of the evidence outside the database.

Knows: where key and witness file stand, when the key may be made. Never does: sign, judge. Standard: ADR 8.
Start reading: `token_key`.
"""

from __future__ import annotations

import json
import os

from gateway.crypto.keys import PrivateKey, generate_ed25519
from gateway.errors import EvidenceKeyMissing
from gateway.evidence.roots import NOTHING
from gateway.keys.files import published_keys, read_private, token_file, write_secret
from gateway.settings.gateway import Settings
from gateway.store.proof import witness
from gateway.store.proof.judging import Guard
from gateway.store.proof.witness import WitnessFile


def token_key(settings: Settings) -> PrivateKey:
    """The Ed25519 key that signs tokens, receipts and evidence.

    Made on first use unless `evidence.signing_key_file` is set or this machine knows of evidence already. Raises
    `EvidenceKeyMissing`, `SettingsInvalid`.
    """
    path = token_file(settings)
    if not path.exists() and settings.evidence.signing_key_file is None:
        if witness_file(settings).read() != NOTHING:
            raise EvidenceKeyMissing(place=str(path))
        private, _ = generate_ed25519(f"gateway-{os.urandom(6).hex()}")
        write_secret(path, json.dumps(dict(private)).encode())
    return read_private(path, "evidence.signing_key_file")


def guard(settings: Settings, *, known: bool = True) -> Guard:
    """What the database is judged by before anything is signed; `known` False: without the root noted outside of it."""
    return Guard(published_keys(settings), witness_file(settings) if known else None)


def witness_file(settings: Settings) -> WitnessFile:
    """The newest root as this machine knows it, outside the database."""
    return WitnessFile(settings.data_dir / witness.NAME)
