"""Data at rest: what is sealed for one place opens at that place only."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

import pytest

from gateway.crypto import vault
from gateway.errors import CryptoFailure

KEK, KEY, NONCE = bytes(range(32)), bytes(range(32, 64)), bytes(range(12))
BLOB, OTHER = UUID(int=1), UUID(int=2)


def fails(call, *arguments, **named):
    with pytest.raises(CryptoFailure) as failure:
        call(*arguments, **named)
    return failure.value.__context__ is None


def test_a_wrapped_key_opens_under_its_key_and_context_only():
    wrapped = vault.wrap(KEY, KEK, context=b"submission 7", nonce=NONCE)
    assert wrapped[:12] == NONCE
    assert len(wrapped) == 12 + 32 + 16
    assert vault.unwrap(wrapped, KEK, context=b"submission 7") == KEY
    assert fails(vault.unwrap, wrapped, KEY, context=b"submission 7")
    assert fails(vault.unwrap, wrapped, KEK, context=b"submission 8")
    assert fails(vault.unwrap, wrapped[:-1], KEK, context=b"submission 7")
    assert fails(vault.unwrap, b"", KEK, context=b"submission 7")
    for place in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[place] ^= 1
        assert fails(vault.unwrap, bytes(changed), KEK, context=b"submission 7")


def test_sizes_are_checked():
    assert fails(vault.wrap, b"short", KEK, context=b"", nonce=NONCE)
    assert fails(vault.wrap, KEY, b"short", context=b"", nonce=NONCE)
    assert fails(vault.wrap, KEY, KEK, context=b"", nonce=bytes(16))
    assert fails(vault.blob_key, b"short", BLOB)
    assert fails(vault.seal_frame, bytes(16), BLOB, 0, True, b"")
    assert fails(vault.seal_frame, KEY, BLOB, -1, True, b"")
    assert fails(vault.seal_frame, KEY, BLOB, 1 << 32, True, b"")
    assert fails(vault.keyed_digest, b"", b"x")


def test_a_frame_opens_at_its_place_only():
    key = vault.blob_key(KEY, BLOB)
    sealed = vault.seal_frame(key, BLOB, 3, False, b"plan")
    assert len(sealed) == 4 + vault.TAG_SIZE
    assert vault.open_frame(key, BLOB, 3, False, sealed) == b"plan"
    assert fails(vault.open_frame, key, BLOB, 2, False, sealed)
    assert fails(vault.open_frame, key, BLOB, 3, True, sealed)
    assert fails(vault.open_frame, key, OTHER, 3, False, sealed)
    assert fails(vault.open_frame, vault.blob_key(KEY, OTHER), BLOB, 3, False, sealed)
    assert fails(vault.open_frame, key, BLOB, 3, False, sealed[:-1])
    assert fails(vault.open_frame, key, BLOB, 3, False, b"")


def test_equal_frames_of_two_blobs_or_numbers_look_different():
    keys = [vault.blob_key(KEY, blob) for blob in (BLOB, OTHER)]
    sealed = {vault.seal_frame(key, BLOB, number, False, bytes(64)) for key in keys for number in (0, 1)}
    assert len(sealed) == 4


def test_a_value_opens_in_its_row_only():
    sealed = vault.seal_value(KEY, context=b"submission.record:7", data=b"{}", nonce=NONCE)
    assert vault.open_value(KEY, context=b"submission.record:7", sealed=sealed) == b"{}"
    assert fails(vault.open_value, KEY, context=b"submission.record:8", sealed=sealed)
    assert fails(vault.open_value, KEK, context=b"submission.record:7", sealed=sealed)
    assert fails(vault.open_value, KEY, context=b"submission.record:7", sealed=b"")


def test_a_wrapped_key_is_no_value_and_a_value_no_wrapped_key():
    wrapped = vault.wrap(KEY, KEK, context=b"c", nonce=NONCE)
    assert fails(vault.open_value, KEK, context=b"c", sealed=wrapped)
    value = vault.seal_value(KEK, context=b"c", data=KEY, nonce=NONCE)
    assert fails(vault.unwrap, value, KEK, context=b"c")


def test_a_keyed_digest_is_hmac_over_parts_with_their_lengths():
    parts = (b"client", b"", b"reference")
    message = b"".join(len(part).to_bytes(8) + part for part in parts)
    assert vault.keyed_digest(KEY, *parts) == hmac.new(KEY, message, hashlib.sha256).digest()
    assert vault.keyed_digest(KEY, b"ab", b"c") != vault.keyed_digest(KEY, b"a", b"bc")


def test_blob_keys_are_hkdf_as_written_down():
    prk = hmac.new(bytes(32), KEY, hashlib.sha256).digest()
    info = b"ozg-gateway blob\x00" + BLOB.bytes
    assert vault.blob_key(KEY, BLOB) == hmac.new(prk, info + b"\x01", hashlib.sha256).digest()
