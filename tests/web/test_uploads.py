from __future__ import annotations

import base64
import hashlib
from uuid import uuid4

import pytest

from gateway.errors import InvalidParameter
from gateway.web.portal.uploads import repr_digest
from tests.web.conftest import ARS, OTHER_ARS, build

RAW = b"%PDF-1.4 plan"
PDF = {"Content-Type": "application/pdf"}


def digest(raw: bytes) -> str:
    return f"sha-256=:{base64.b64encode(hashlib.sha256(raw).digest()).decode()}:"


async def test_an_upload_comes_back_with_size_and_digest_and_may_be_repeated(world):
    path = f"/api/v1/uploads/{uuid4()}"
    async with world.portal() as portal:
        first = await portal.put(path, content=RAW, headers={**PDF, "Repr-Digest": digest(RAW)})
        again = await portal.put(path.upper().replace("/API/V1/UPLOADS", "/api/v1/uploads"), content=RAW, headers=PDF)
        other = await portal.put(path, content=RAW + b"!", headers=PDF)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json() == again.json()
    assert first.json() == {
        "upload": path.rsplit("/", 1)[1],
        "size": len(RAW),
        "sha256": hashlib.sha256(RAW).hexdigest(),
        "expires_at": "2026-03-02T12:00:00.000Z",
    }


async def test_the_same_id_of_another_client_is_another_upload(world):
    path = f"/api/v1/uploads/{uuid4()}"
    async with world.portal() as portal, world.portal("neighbour") as neighbour:
        mine = await portal.put(path, content=RAW, headers=PDF)
        theirs = await neighbour.put(path, content=b"other", headers=PDF)
    assert (mine.status_code, theirs.status_code) == (201, 201)


async def test_an_upload_rests_under_the_municipality_that_made_the_token(world):
    async with world.portal("neighbour") as neighbour:
        await neighbour.put(f"/api/v1/uploads/{uuid4()}", content=RAW, headers=PDF)
    (incoming,) = world.store.incoming
    assert incoming.municipality == ARS != OTHER_ARS
    assert incoming.media_type == "application/pdf"


@pytest.mark.parametrize("header", ["sha-256=:" + "A" * 43 + "=:", digest(b"other")])
async def test_a_lying_digest_is_refused(world, header):
    async with world.portal() as portal:
        answer = await portal.put(f"/api/v1/uploads/{uuid4()}", content=RAW, headers={**PDF, "Repr-Digest": header})
    assert (answer.status_code, answer.json()["code"]) == (400, "digest_mismatch")
    assert world.store.blobs == {}


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        "sha-256=abc",
        "sha-256=:abc:",
        "sha-256=:!:",
        "SHA-256=::",
        "sha-256=::",
        f"{digest(b'')},{digest(b'')}",
        f"{digest(b'')},",
        f"{digest(b'')};q=1",
        "sha-256=:" + "A" * 44 + ":",
    ],
)
async def test_a_digest_that_does_not_parse_is_named(world, header):
    async with world.portal() as portal:
        answer = await portal.put(f"/api/v1/uploads/{uuid4()}", content=RAW, headers={**PDF, "Repr-Digest": header})
    assert answer.status_code == 422
    assert answer.json()["findings"][0]["pointer"] == "#header/Repr-Digest"


def test_digests_of_other_algorithms_are_passed_over():
    assert repr_digest(["sha-512=:AAAA:"]) is None
    assert repr_digest(["unixsum=:AAAA:", digest(b"x")]) == hashlib.sha256(b"x").hexdigest()
    with pytest.raises(InvalidParameter):
        repr_digest(["sha-512=:A:"])


async def test_without_length_nothing_is_read(world):
    async def body():
        yield RAW

    async with world.portal() as portal:
        answer = await portal.put(f"/api/v1/uploads/{uuid4()}", content=body(), headers=PDF)
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


async def test_an_upload_beyond_the_limit_is_refused_unread():
    world = build(upload_bytes=5)
    asked = []

    async def body():
        asked.append(1)
        yield RAW

    async with world.portal() as portal:
        headers = {**PDF, "Content-Length": "6"}
        answer = await portal.put(f"/api/v1/uploads/{uuid4()}", content=body(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert not asked


@pytest.mark.parametrize("announced", [len(RAW) - 1, len(RAW) + 1])
async def test_more_or_fewer_bytes_than_announced_are_not_kept(world, announced):
    async def body():
        yield RAW

    async with world.portal() as portal:
        headers = {**PDF, "Content-Length": str(announced)}
        answer = await portal.put(f"/api/v1/uploads/{uuid4()}", content=body(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "length_mismatch")
    assert world.store.blobs == {}


@pytest.mark.parametrize("kind", ["", "pdf", "application/", "a/b/c", "a b/c", "application/" + "x" * 200])
async def test_a_media_type_that_is_none_is_refused(world, kind):
    async with world.portal() as portal:
        answer = await portal.put(f"/api/v1/uploads/{uuid4()}", content=RAW, headers={"Content-Type": kind})
    assert answer.status_code == 415


async def test_an_upload_needs_the_scope_for_writing(world):
    async with world.portal(scope="submissions:read") as portal:
        answer = await portal.put(f"/api/v1/uploads/{uuid4()}", content=RAW, headers=PDF)
    assert answer.status_code == 403
