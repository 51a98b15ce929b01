"""One accepted submission for all contract tests."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def accepted(portal):
    status, _, made = portal.create({**portal.body(), "reference": "contract:1"}, "contract-1")
    assert status == 201, made
    return portal.followed(made["id"])
