"""Sealing and opening: round trips over every border, foreign readers and writers, memory."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwe as foreign
from joserfc.jwk import RSAKey
from joserfc.registry import HeaderParameter
from jwcrypto import jwe as other
from jwcrypto.jwk import JWK

from gateway.crypto import base64url, jwe
from gateway.errors import CryptoFailure
from tests.opened_parts import open_part
from tests.properties import TIMES

KID = "key-of-the-destination"
CTY = "application/json"
CEK = bytes(range(32))
IV = bytes(range(12))
SLICE = jwe._SLICE
SLICE_CHARS = jwe._SLICE_CHARS
BORDERS = [0, 1, 2, 3, 4, 5, 6, SLICE - 1, SLICE, SLICE + 1, 2 * SLICE + 2]


@pytest.fixture(scope="module")
def key(rsa_keys):
    return rsa_keys["encryption"]


@pytest.fixture(scope="module")
def sealed(key):
    def make(data, **changed):
        return jwe.seal(data, key.public_key(), **({"kid": KID, "cty": CTY, "cek": CEK, "iv": IV} | changed))

    return make


@pytest.fixture(scope="module")
def foreign_key(key):
    return JWK.from_pyca(key)


def opened_in_pieces(token, key, cuts):
    spool = io.BytesIO()
    opener = jwe.Opener(lambda kid: key if kid == KID else None, spool, max_plain=1 << 30)
    places = [0, *sorted(cuts), len(token)]
    for start, end in pairwise(places):
        opener.feed(token[start:end])
    return opener.finish(), spool.read()


@pytest.mark.parametrize("size", BORDERS)
def test_what_is_sealed_opens_to_the_same_bytes_and_length(size, key, sealed):
    data = bytes(i % 251 for i in range(size))
    token = sealed(data)
    assert len(token) == jwe.sealed_size(size, kid=KID, cty=CTY)
    plain, opened = open_part(token, lambda _: key)
    assert plain == data
    assert opened == jwe.Opened(
        {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": KID, "cty": CTY},
        size,
        hashlib.sha512(data).hexdigest(),
        token.decode().rsplit(".", 1)[1],
    )


@settings(max_examples=60 * TIMES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=400), parts=st.lists(st.integers(0, 400)), cuts=st.lists(st.integers(0, 1500)))
def test_no_way_of_cutting_changes_what_is_sealed_or_opened(key, data, parts, cuts):
    sealer = jwe.Sealer(key.public_key(), kid=KID, cty=CTY, cek=CEK, iv=IV)
    places = [0, *sorted(min(p, len(data)) for p in parts), len(data)]
    pieces = [sealer.update(data[a:b]) for a, b in pairwise(places)]
    token = b"".join(pieces) + sealer.finish()
    assert token.endswith(b"." + sealer.tag.encode())
    opened, plain = opened_in_pieces(token, key, [min(c, len(token)) for c in cuts])
    assert (plain, opened.tag, opened.size) == (data, sealer.tag, len(data))


@pytest.mark.parametrize("step", [SLICE_CHARS - 1, SLICE_CHARS, SLICE_CHARS + 1, 12345])
def test_large_parts_open_whatever_the_pieces(step, key, sealed):
    data = bytes(i % 253 for i in range(2 * SLICE + 1))
    token = sealed(data)
    _, plain = opened_in_pieces(token, key, range(step, len(token), step))
    assert plain == data


def test_one_byte_at_a_time(key, sealed):
    token = sealed(b"Hausnummer 7")
    assert opened_in_pieces(token, key, range(1, len(token)))[1] == b"Hausnummer 7"


def test_the_header_holds_four_members_in_one_order(sealed):
    head = sealed(b"x").split(b".")[0]
    assert base64url.decode(head) == (
        b'{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"key-of-the-destination","cty":"application/json"}'
    )
    assert dict(jwe.header_of(head + b".rest")) == {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": KID, "cty": CTY}


def test_the_shortest_compact_jwe_is_as_long_as_fitconnect_says(key, sealed):
    """fitconnect.md §2.3: 776 characters for an empty payload, 4096 bits and the bare header; `n` has 683."""
    bare = base64url.encode(b'{"enc":"A256GCM","alg":"RSA-OAEP-256"}')
    ours = sealed(b"")
    assert len(ours) - len(ours.split(b".")[0]) + len(bare) == 776
    assert len(ours.split(b".")[1]) == 683
    theirs = other.JWE(b"", protected='{"enc":"A256GCM","alg":"RSA-OAEP-256"}')
    theirs.add_recipient(JWK.from_pyca(key.public_key()))
    assert len(theirs.serialize(compact=True)) == 776


def test_the_hash_of_the_empty_document_is_the_one_fitconnect_names(key, sealed):
    assert open_part(sealed(b""), lambda _: key)[1].sha512.startswith(
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc"
    )


@pytest.mark.parametrize("size", [0, 1, 1000, SLICE + 1])
def test_foreign_libraries_read_what_we_seal(size, key, foreign_key, sealed):
    data = b"\xc3\xa4" * (size // 2) + b"x" * (size % 2)
    token = sealed(data).decode()
    if size:  # jwcrypto takes an empty plaintext for a failure
        reader = other.JWE()
        reader.deserialize(token, foreign_key)
        assert reader.payload == data
    assert foreign.decrypt_compact(token, RSAKey.import_key(key), registry=lifted()).plaintext == data


@pytest.mark.parametrize("size", [0, 1, 1000, SLICE + 1])
def test_we_read_what_foreign_libraries_seal(size, key):
    data = b"7" * size
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": KID, "cty": CTY}
    writer = other.JWE(data, protected=json.dumps(header))
    writer.add_recipient(JWK.from_pyca(key.public_key()))
    token = foreign.encrypt_compact(header, data, RSAKey.import_key(key.public_key()), registry=lifted())
    for theirs in (writer.serialize(compact=True), token):
        plain, opened = open_part(theirs.encode(), lambda kid: key if kid == KID else None)
        assert plain == data
        assert opened.tag == theirs.rsplit(".", 1)[1]


def lifted():
    registry = foreign.JWERegistry(
        header_registry={"cty": HeaderParameter("", "str")}, algorithms=["RSA-OAEP-256", "A256GCM"]
    )
    registry.max_ciphertext_length = 1 << 30
    registry.max_plaintext_length = 1 << 30
    return registry


def test_the_plaintext_limit_holds_and_leaves_nothing(key, sealed):
    spool = io.BytesIO()
    opener = jwe.Opener(lambda _: key, spool, max_plain=SLICE)
    with pytest.raises(CryptoFailure):
        opener.feed(sealed(bytes(SLICE + 1)))
    assert spool.getvalue() == b""
    assert open_part(sealed(bytes(SLICE)), lambda _: key, max_plain=SLICE)[1].size == SLICE


def test_memory_does_not_grow_with_the_part(key):
    block = bytes(64 * 1024 + 1)
    sealer = jwe.Sealer(key.public_key(), kid=KID, cty=CTY, cek=CEK, iv=IV)
    opener = jwe.Opener(lambda _: key, Sink(), max_plain=1 << 30)
    tracemalloc.start()
    try:
        for _ in range(200):  # 13 MB
            opener.feed(sealer.update(block))
        opener.feed(sealer.finish())
        opener.finish()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000


class Sink(io.BytesIO):
    def write(self, data):
        return len(data)


def test_a_digest_measured_elsewhere_can_be_left_out(key, sealed):
    spool = io.BytesIO()
    opener = jwe.Opener(lambda _: key, spool, max_plain=10, digest=False)
    opener.feed(sealed(b"plan"))
    assert opener.finish().sha512 == ""
    assert spool.read() == b"plan"


def test_a_sealer_and_an_opener_work_once(key, sealed):
    sealer = jwe.Sealer(key.public_key(), kid=KID, cty=CTY, cek=CEK, iv=IV)
    with pytest.raises(CryptoFailure):
        _ = sealer.tag
    sealer.finish()
    for again in (sealer.finish, lambda: sealer.update(b"x")):
        with pytest.raises(CryptoFailure):
            again()
    opener = jwe.Opener(lambda _: key, io.BytesIO(), max_plain=10)
    opener.feed(sealed(b"plan"))
    opener.finish()
    for again in (opener.finish, lambda: opener.feed(b"x")):
        with pytest.raises(CryptoFailure):
            again()


@pytest.mark.parametrize("wrong", [{"cek": b"short"}, {"cek": bytes(33)}, {"iv": bytes(11)}, {"iv": bytes(16)}])
def test_content_keys_and_ivs_of_other_sizes_are_refused(wrong, sealed):
    with pytest.raises(CryptoFailure):
        sealed(b"x", **wrong)
