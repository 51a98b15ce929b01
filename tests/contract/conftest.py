"""One kept demo for all contract tests."""

from __future__ import annotations

import pytest

from tests.demo_fixture import Portal, kept_demo


@pytest.fixture(scope="session")
def line():
    with kept_demo() as found:
        yield found


@pytest.fixture(scope="session")
def portal(line):
    return Portal(line)


@pytest.fixture(scope="session")
def accepted(portal):
    status, _, made = portal.create({**portal.body(), "reference": "contract:1"}, "contract-1")
    assert status == 201, made
    return portal.followed(made["id"])
