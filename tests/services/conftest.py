from __future__ import annotations

from pathlib import Path

import pytest

from gateway.services.loader import Services, load
from gateway.services.service import Service
from tests.schema_folder import library_of
from tests.shipped_services import own_services

XBAU = Path(__file__).parents[3] / "shared/data/xsd/xbau_kern-1.3.0"
TANGERHUETTE = "150900546546"
PARAMETERS = {
    "standard": "xbau-kernmodul",
    "message": {
        "reader_id": "gba:15090546",
        "reader_name": "Einheitsgemeinde Stadt Tangerhütte",
        "author_id": "bap:15090546",
        "author_name": "Serviceportal Tangerhütte",
        "directory_version": "3",
        "application_kind": "01",
        "application_kind_version": "1.0",
        "media_type_version": "1.0",
    },
}
SPEAKING = ("hausnummer", "grundstueckskauf", "vorkaufsrecht", "verkehrsregelung")


@pytest.fixture(scope="session")
def service() -> Service:
    return own_services().get("hausnummer")


@pytest.fixture(scope="session")
def xbau() -> Path:
    if not XBAU.is_dir():
        pytest.skip("the official XBau-Kernmodul 1.3.0 is not beside the checkout")
    return XBAU


@pytest.fixture(scope="session")
def speaking(xbau: Path) -> Services:
    """All services, four of which speak XBau for Tangerhütte."""
    parameters = {TANGERHUETTE: dict.fromkeys(SPEAKING, PARAMETERS)}
    return load(None, parameters, library_of(xbau / "offline"))
