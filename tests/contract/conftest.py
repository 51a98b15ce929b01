"""One accepted submission for all contract tests; each of both stores for those that hold them to the same."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from gateway.store.memory import MemoryStore
from gateway.store.postgres import PostgresStore
from tests.store.conftest import MASTER_KEY


@pytest.fixture(scope="session")
def accepted(portal):
    status, _, made = portal.create({**portal.body(), "reference": "contract:1"}, "contract-1")
    assert status == 201, made
    return portal.followed(made["id"])


@pytest.fixture(params=[MemoryStore, PostgresStore])
async def store(request, clock) -> AsyncIterator[MemoryStore | PostgresStore]:
    if request.param is MemoryStore:
        yield MemoryStore(clock, uuid4)
        return
    opened = await PostgresStore.open(
        request.getfixturevalue("postgres_dsn"),
        master_key=MASTER_KEY,
        place="master.key",
        clock=clock,
        random=os.urandom,
        pool_size=8,
    )
    yield opened
    await opened.close()
