"""A municipality with one identity provider, its keys and metadata in a folder of the test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gateway.bundid.keys import KeyPair
from gateway.settings.gateway import Settings
from gateway.settings.identity import IdentityProviderSection
from gateway.settings.municipality import MunicipalityFile
from gateway.wiring.identity import ProviderPlace
from tests.bundid.key_pairs import certificate_pem, idp_metadata, key_descriptor, key_pem


def written(folder: Path, pairs: Mapping[str, KeyPair]) -> None:
    """Keys and metadata that fit."""
    files = {
        "s.pem": key_pem(pairs["signing"]),
        "s.crt": certificate_pem(pairs["signing"]),
        "e.pem": key_pem(pairs["encryption"]),
        "e.crt": certificate_pem(pairs["encryption"]),
        "idp.xml": idp_metadata(key_descriptor(pairs["root"])),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)


def at(tmp_path: Path, **other: object) -> ProviderPlace:
    keys = {f"{name}_{half}_file": tmp_path / f"{name[0]}.{end}" for name, half, end in HALVES}
    section = {
        "profile": "bundid",
        "metadata": str(tmp_path / "idp.xml"),
        "entity_id": "https://login.town.example",
        "keys": keys,
        "online_service_id": "BMI-X0000",
        **other,
    }
    file = MunicipalityFile.model_construct(
        slug="town", ars="150900546546", name="Stadt Tangerhütte", public_url="https://portal.town.example/"
    )
    provider = IdentityProviderSection.model_validate(section)
    file = file.model_copy(update={"identity": file.identity.model_copy(update={"providers": {"bundid": provider}})})
    return ProviderPlace(file, "bundid", provider)


HALVES = [
    (name, half, end) for name in ("signing", "encryption") for half, end in (("key", "pem"), ("certificate", "crt"))
]


def settings(tmp_path: Path, mode: str = "test") -> Settings:
    return Settings.model_construct(data_dir=tmp_path / "data", mode=mode)
