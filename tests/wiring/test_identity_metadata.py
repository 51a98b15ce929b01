"""Metadata by address: what a fetch may change, and what it may not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from types import SimpleNamespace

import httpx
import pytest
from structlog.testing import capture_logs

from gateway.bundid.expiry import Expiry, ending
from gateway.bundid.idp_metadata import read_idp_metadata
from gateway.errors import CounterpartBusy, CounterpartRefused, SettingsInvalid
from gateway.errors.recurring import Failures
from gateway.outbound.durations import Durations
from gateway.serve import logins as serve_logins
from gateway.wiring import identity, identity_metadata
from gateway.wiring.identity_metadata import Renewal, fetch_first, renew, renew_all
from tests.bundid.key_pairs import NOW, certificate_pem, certified, idp_metadata, key_descriptor, key_pem
from tests.wiring.identity_places import at, settings, written

ADDRESS = "https://idp.example/metadata"


@pytest.fixture(scope="module")
def pairs(rsa_keys):
    return {name: certified(key) for name, key in rsa_keys.items()}


@pytest.fixture
def renewed(tmp_path, pairs):
    """Fetches what it is given once; further arguments are settings of the provider."""
    written(tmp_path, pairs)

    async def fetched(document: bytes, status: int = 200, mode: str = "test", ahead_s: int = 0, **section):
        def answer(_: httpx.Request) -> httpx.Response:
            date = format_datetime(NOW + timedelta(seconds=ahead_s), usegmt=True) if ahead_s else "soon"
            return httpx.Response(status, content=document, headers={"Date": date})

        place = at(tmp_path, **{"metadata": ADDRESS, **section})
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            return await renew(settings(tmp_path, mode), place, client, NOW)

    return fetched


def digests(document: bytes) -> tuple[str, ...]:
    return tuple(read_idp_metadata(document).digests)


def copy(tmp_path) -> bytes:
    return (tmp_path / "data" / "identity" / "town-bundid.xml").read_bytes()


async def test_the_first_document_is_kept_and_counts_from_then_on(tmp_path, renewed, pairs):
    document = idp_metadata(key_descriptor(pairs["root"]))
    assert await renewed(document) == Renewal()
    assert copy(tmp_path) == document
    assert identity.provider(settings(tmp_path), at(tmp_path, metadata=ADDRESS)).enabled
    moved = document.replace(b"/POST/SSO", b"/POST2/SSO")
    assert await renewed(moved) == Renewal()
    assert copy(tmp_path) == moved


async def test_another_key_is_named_and_not_taken(tmp_path, renewed, pairs):
    first, other = idp_metadata(key_descriptor(pairs["root"])), idp_metadata(key_descriptor(pairs["signing"]))
    await renewed(first)
    told = await renewed(other)
    assert told == Renewal("other_keys", read_idp_metadata(other).digests, read_idp_metadata(first).digests)
    assert copy(tmp_path) == first
    assert (await renewed(b"<html/>")).refused == "metadata_no_identity_provider"
    assert copy(tmp_path) == first


async def test_a_key_that_the_operator_named_is_taken(tmp_path, renewed, pairs):
    first, other = idp_metadata(key_descriptor(pairs["root"])), idp_metadata(key_descriptor(pairs["signing"]))
    trusted = tuple(read_idp_metadata(first).digests | read_idp_metadata(other).digests)
    await renewed(first, trusted_keys=trusted)
    assert (await renewed(other, trusted_keys=trusted)).refused is None
    assert copy(tmp_path) == other


async def test_a_first_document_without_a_trusted_key_or_of_a_sandbox_is_not_kept(tmp_path, renewed, pairs):
    document = idp_metadata(key_descriptor(pairs["root"]))
    with pytest.raises(SettingsInvalid):
        await renewed(document, trusted_keys=("0" * 64,))
    trusted = tuple(read_idp_metadata(document).digests)
    with pytest.raises(SettingsInvalid):
        await renewed(document, mode="production", trusted_keys=trusted)
    assert not (tmp_path / "data").exists()


async def test_where_only_new_keys_are_named_the_copy_counts_no_more_and_the_next_fetch_does(tmp_path, renewed, pairs):
    first, other = idp_metadata(key_descriptor(pairs["root"])), idp_metadata(key_descriptor(pairs["signing"]))
    await renewed(first)
    place = at(tmp_path, metadata=ADDRESS, trusted_keys=tuple(read_idp_metadata(other).digests))
    assert not identity.provider(settings(tmp_path), place).enabled
    with pytest.raises(SettingsInvalid):
        await renewed(first, trusted_keys=place.section.trusted_keys)
    assert await renewed(other, trusted_keys=place.section.trusted_keys) == Renewal()
    assert copy(tmp_path) == other
    assert identity.provider(settings(tmp_path), place).enabled


async def test_a_provider_that_does_not_answer_changes_nothing(tmp_path, renewed, pairs):
    first = idp_metadata(key_descriptor(pairs["root"]))
    await renewed(first)
    with pytest.raises(CounterpartBusy):
        await renewed(b"", status=503)
    with pytest.raises(CounterpartRefused):
        await renewed(b"", status=302)
    assert copy(tmp_path) == first


async def test_the_clock_of_the_provider_is_compared_with_ours(renewed, pairs):
    told = await renewed(idp_metadata(key_descriptor(pairs["root"])), ahead_s=300)
    assert told.clock_ahead_s == pytest.approx(300, abs=1)


async def test_before_metadata_are_handed_out_ours_are_there_and_nobody_logs_in(tmp_path, renewed):
    assert await renewed(b"", metadata=None) is None
    made = identity.provider(settings(tmp_path), at(tmp_path, metadata=None))
    assert (made.enabled, made.pinned) == (False, None)
    assert b"AssertionConsumerService" in made.metadata()


async def test_metadata_in_a_file_are_never_fetched(tmp_path, renewed):
    assert await renewed(b"", metadata=str(tmp_path / "idp.xml")) is None


def test_what_ends_soon_is_named_and_a_key_that_takes_over_counts(tmp_path, pairs, rsa_keys):
    written(tmp_path, pairs)
    made = identity.provider(settings(tmp_path), at(tmp_path))
    assert ending(made, NOW) == ()
    soon = certified(rsa_keys["encryption"], NOW + timedelta(days=9))
    (tmp_path / "e.crt").write_bytes(certificate_pem(soon))
    (tmp_path / "e.pem").write_bytes(key_pem(soon))
    theirs = certified(rsa_keys["root"], NOW - timedelta(days=1))
    until = NOW.replace(microsecond=0) + timedelta(days=2)
    root = f'validUntil="{until.isoformat()}"'
    (tmp_path / "idp.xml").write_bytes(idp_metadata(key_descriptor(theirs), root=root))
    found = ending(identity.provider(settings(tmp_path), at(tmp_path)), NOW)
    assert found == (
        Expiry("provider_certificates", theirs.not_after),
        Expiry("provider_metadata", until),
        Expiry("encryption_certificate", soon.not_after),
    )
    both = idp_metadata(key_descriptor(theirs), key_descriptor(pairs["signing"]))
    (tmp_path / "idp.xml").write_bytes(both)
    left = ending(identity.provider(settings(tmp_path), at(tmp_path)), NOW)
    assert [one.part for one in left] == ["encryption_certificate"]


@pytest.fixture
def fetching(tmp_path, pairs):
    """A way out that answers with metadata, after `gate` where there is one; it counts."""
    written(tmp_path, pairs)
    asked = []

    def opened(gate=None, status=200):
        async def answer(request: httpx.Request) -> httpx.Response:
            asked.append(str(request.url))
            if gate is not None:
                await gate.wait()
            return httpx.Response(status, content=idp_metadata(key_descriptor(pairs["root"])))

        return httpx.AsyncClient(transport=httpx.MockTransport(answer))

    return opened, asked


async def test_a_start_fetches_what_has_no_copy_yet_and_nothing_else(tmp_path, fetching):
    opened, asked = fetching
    files = [at(tmp_path, metadata=ADDRESS).file, at(tmp_path).file]
    clients = []

    def counted():
        clients.append(opened())
        return clients[-1]

    await fetch_first(settings(tmp_path), files, counted, NOW)
    await fetch_first(settings(tmp_path), files, counted, NOW)
    assert asked == [ADDRESS]
    assert [client.is_closed for client in clients] == [True]  # none is opened for nothing
    assert identity.provider(settings(tmp_path), at(tmp_path, metadata=ADDRESS)).enabled


async def test_a_start_fetches_anew_where_the_copy_has_none_of_the_keys_named(tmp_path, fetching, renewed, pairs):
    opened, asked = fetching
    stolen = idp_metadata(key_descriptor(pairs["signing"]))
    await renewed(stolen)
    key = digests(idp_metadata(key_descriptor(pairs["root"])))
    place = at(tmp_path, metadata=ADDRESS, trusted_keys=key)
    await fetch_first(settings(tmp_path), [place.file, at(tmp_path, metadata=None).file], opened, NOW)
    assert asked == [ADDRESS]
    assert copy(tmp_path) != stolen
    assert identity.provider(settings(tmp_path), place).enabled


async def test_a_start_does_not_wait_for_a_provider_that_hangs_or_fails(tmp_path, fetching, monkeypatch):
    opened, _ = fetching
    place = at(tmp_path, metadata=ADDRESS)
    for how in ({"gate": asyncio.Event()}, {"status": 503}, {"status": 404}):
        with capture_logs() as lines, monkeypatch.context() as impatient:
            if "gate" in how:
                impatient.setattr(identity_metadata, "FIRST_S", 0.0)
            await fetch_first(settings(tmp_path), [place.file], partial(opened, **how), NOW)
        assert [(line["event"], line["provider"]) for line in lines] == [
            ("identity.metadata_not_fetched", "town/bundid")
        ]
    assert not identity.provider(settings(tmp_path), place).enabled
    assert not (tmp_path / "data").exists()


async def test_where_no_worker_runs_copies_are_renewed_too_and_a_key_is_not_changed(tmp_path, fetching, pairs):
    opened, asked = fetching
    place = at(tmp_path, metadata=ADDRESS)
    await fetch_first(settings(tmp_path), [place.file], opened, NOW)
    async with opened() as client:
        moved = copy(tmp_path).replace(b"/POST/SSO", b"/POST2/SSO")
        (tmp_path / "data" / "identity" / "town-bundid.xml").write_bytes(moved)
        await renew_all(settings(tmp_path), [place.file, at(tmp_path).file], client, SimpleNamespace(now=lambda: NOW))
    assert (len(asked), copy(tmp_path) != moved) == (2, True)
    (tmp_path / "data" / "identity" / "town-bundid.xml").write_bytes(idp_metadata(key_descriptor(pairs["signing"])))
    with capture_logs() as lines:
        async with opened() as client:
            await renew_all(settings(tmp_path), [place.file], client, SimpleNamespace(now=lambda: NOW))
    assert [(line["event"], line["rule"]) for line in lines] == [("identity.metadata_refused", "other_keys")]


async def test_serve_without_a_worker_renews_again_and_again(tmp_path, monkeypatch):
    renewed_twice, calls = asyncio.Event(), []

    async def renewing(*_):
        calls.append(1)
        if len(calls) == 2:
            renewed_twice.set()

    monkeypatch.setattr(serve_logins, "renew_all", renewing)
    monkeypatch.setattr(serve_logins, "METADATA_EVERY_S", 0.0)
    runtime = SimpleNamespace(settings=settings(tmp_path), files=(), durations=Durations(), clock=None)
    task = asyncio.create_task(serve_logins.Logins(None, None, None, None).keep_metadata(runtime, Failures()))
    await renewed_twice.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
