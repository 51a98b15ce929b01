"""Reference data beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[4] / "shared" / "data" / "catalogue"


@pytest.fixture(scope="session")
def shared_catalogue():
    """Read a file of the reference data, or skip where they are not installed."""

    def read(name):
        if not (SHARED / name).exists():
            pytest.skip(f"reference data {name} are not here")
        return (SHARED / name).read_bytes()

    return read
