"""Limits, and sealing in constant memory."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from gateway.crypto.keys import public_key
from gateway.errors import DestinationUnfit
from gateway.fitconnect import envelope, names
from gateway.fitconnect.channel.packing import SMALL_PLAIN, Packer
from gateway.model import Purpose
from gateway.ports.blobs import SMALL_BLOB
from gateway.ports.channel import Enclosure
from tests.opened_parts import open_part
from tests.stores import committed, content_of

FRAME = bytes(range(256)) * 4096


@pytest.fixture(scope="session")
def key(jwks):
    return public_key(jwks["wrapKey"][1], use="wrapKey", x5c_required=True)


def largest_plain(key, limit):
    """The largest number of plain bytes whose seal keeps a limit."""
    size = limit * 3 // 4
    while envelope.sealed_size_of(size, key, names.CTY_ATTACHMENT) > limit:
        size -= 1
    return size


def test_limits_are_of_the_sealed_size_to_the_byte(key):
    most = largest_plain(key, names.MAX_ATTACHMENT_BYTES)
    envelope.check_limits(1000, [most], key)
    with pytest.raises(DestinationUnfit):
        envelope.check_limits(1000, [most + 3], key)
    envelope.check_limits(names.MAX_DATA_BYTES, [], key)
    with pytest.raises(DestinationUnfit):
        envelope.check_limits(names.MAX_DATA_BYTES + 1, [], key)
    envelope.check_limits(1000, [1] * 100, key)
    with pytest.raises(DestinationUnfit):
        envelope.check_limits(1000, [1] * 101, key)
    with pytest.raises(DestinationUnfit):
        envelope.check_limits(1000, [most] * 5, key)


@pytest.mark.parametrize("size", [0, 1, 2, 3, SMALL_PLAIN, SMALL_PLAIN + 1, 786_432, 786_433, 2_000_000])
async def test_size_hash_and_tag_are_those_of_what_was_sealed(  # noqa: PLR0917 - fixtures
    key, rsa_keys, store, make, new_submission, size
):
    content = os.urandom(size)
    packed = await Packer(store, new_submission.id, key, os.urandom).attachment(make.enclosure(content))
    committed(store, new_submission, [packed.small])
    sealed = content_of(store, packed.part.blob)
    assert len(sealed) == packed.part.size == envelope.sealed_size_of(size, key, names.CTY_ATTACHMENT)
    assert (packed.small is None) is (size > SMALL_PLAIN), "what is small goes with the commit"
    assert len(sealed) <= SMALL_BLOB or not packed.small
    assert packed.sha512 == hashlib.sha512(content).hexdigest()
    plain, opened = open_part(sealed, lambda kid: rsa_keys["encryption"])
    assert plain == content
    assert opened.tag == packed.part.tag


async def test_a_large_file_is_sealed_frame_by_frame(key):
    frames, written = 40, []

    class Streaming:
        async def read_blob(self, blob):
            for _ in range(frames):
                yield FRAME

        @asynccontextmanager
        async def write_blob(self, submission_id):
            class Writer:
                async def write(self, data):
                    written.append(len(data))

                async def finish(self):
                    return uuid4()

            yield Writer()

    large = Enclosure(uuid4(), "x.pdf", "application/pdf", Purpose.ATTACHMENT, frames * len(FRAME), blob=uuid4())
    tracemalloc.start()
    packed = await Packer(Streaming(), uuid4(), key, os.urandom).attachment(large)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(written) == packed.part.size
    assert peak < 8_000_000
    assert max(written) < 1_500_000


async def test_every_part_has_random_bytes_of_its_own(key, store, make):
    drawn = []

    def random(size):
        drawn.append(os.urandom(size))
        return drawn[-1]

    packer = Packer(store, uuid4(), key, random)
    first = await packer.attachment(make.enclosure(b"same"))
    second = await packer.content("data", names.XML, b"same")
    assert first.part.tag != second.part.tag
    assert [len(each) for each in drawn] == [44, 16, 44, 16], "content key and nonce of each, and the name of its blob"
