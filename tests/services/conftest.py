from __future__ import annotations

import pytest

from gateway.services.loader import load
from gateway.services.service import Service


@pytest.fixture(scope="session")
def service() -> Service:
    return load().get("hausnummer")
