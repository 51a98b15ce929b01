from __future__ import annotations

import pytest

from gateway.services.service import Service
from tests.shipped_services import own_services


@pytest.fixture(scope="session")
def service() -> Service:
    return own_services().get("hausnummer")
