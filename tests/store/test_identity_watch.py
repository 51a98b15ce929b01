"""The worker looks after identity providers: one alarm for each that shows other keys or has something that ends."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from gateway.errors import CounterpartBusy
from gateway.store.operation.alarms import open_alarms
from gateway.worker.identity_watch import look
from tests.bundid.key_pairs import certificate_pem, certified, idp_metadata, key_descriptor
from tests.wiring.identity_places import at, settings, written


@pytest.fixture
def looked(store, clock, tmp_path, rsa_keys):
    """Looks once while the provider answers so; gives the open alarms as rule and subject."""
    pairs = {name: certified(key, clock.now() + timedelta(days=400)) for name, key in rsa_keys.items()}
    written(tmp_path, pairs)
    place = at(tmp_path, metadata="https://idp.example/metadata")

    async def once(*names: str, status: int = 200) -> set[tuple[str, str]]:
        document = idp_metadata(*(key_descriptor(pairs[name]) for name in names))
        transport = httpx.MockTransport(lambda _: httpx.Response(status, content=document))
        async with httpx.AsyncClient(transport=transport) as client:
            await look(store.database, settings(tmp_path), [place.file], client, clock)
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
    with pytest.raises(CounterpartBusy):
        await looked("root", status=503)
    assert await looked("root") == {("identity_ending", "town/bundid")}
