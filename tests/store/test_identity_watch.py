"""The worker looks after identity providers: one alarm for each that shows other keys or has something that ends."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import httpx
import pytest

from gateway.errors.recurring import TOLD_AFTER
from gateway.store.operation.alarms import open_alarms
from gateway.wiring.runtime import failures
from gateway.worker.identity_watch import look
from tests.bundid.key_pairs import certificate_pem, certified, idp_metadata, key_descriptor
from tests.wiring.identity_places import at, settings, written


@pytest.fixture
def looked(store, clock, tmp_path, rsa_keys):
    """Looks once while the provider answers so; gives the open alarms as rule and subject."""
    pairs = {name: certified(key, clock.now() + timedelta(days=400)) for name, key in rsa_keys.items()}
    written(tmp_path, pairs)
    place = at(tmp_path, metadata="https://idp.example/metadata")
    counted = failures(SimpleNamespace(store=store, clock=clock))

    async def once(*names: str, status: int = 200) -> set[tuple[str, str]]:
        document = idp_metadata(*(key_descriptor(pairs[name]) for name in names))
        transport = httpx.MockTransport(lambda _: httpx.Response(status, content=document))
        async with httpx.AsyncClient(transport=transport) as client:
            await look(store.database, settings(tmp_path), [place.file], client, clock, counted)
        return {(row["rule"], row["subject"]) for row in await open_alarms(store.database)}

    return once


async def test_other_keys_are_an_alarm_until_the_known_ones_are_back(looked):
    assert await looked("root") == set()
    assert await looked("root", "signing") == {("identity_metadata", "town/bundid")}
    assert await looked("root") == set()


async def test_a_certificate_that_ends_is_an_alarm_though_the_provider_does_not_answer(
    looked, clock, tmp_path, rsa_keys
):
    await looked("root")
    soon = certified(rsa_keys["signing"], clock.now() + timedelta(days=29))
    (tmp_path / "s.crt").write_bytes(certificate_pem(soon))
    assert await looked("root", status=503) == {("identity_ending", "town/bundid")}
    assert await looked("root") == {("identity_ending", "town/bundid")}


async def test_a_provider_that_fails_again_and_again_is_named_by_an_alarm_until_it_answers(looked):
    await looked("root")
    failing = [await looked("root", status=503) for _ in range(TOLD_AFTER)]
    assert failing == [set()] * (TOLD_AFTER - 1) + [{("task_failing", "identity_provider town/bundid")}]
    assert await looked("root") == set()
