"""What the opener refuses, and that a refusal says nothing and leaves nothing."""

from __future__ import annotations

import io
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import padding

from gateway.crypto import base64url, jwe, jwe_head
from gateway.errors import CryptoFailure
from tests.opened_parts import open_part

KID = "key-of-the-destination"
GOOD = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": KID, "cty": "application/json"}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DATA = b"Antrag auf Hausnummer"  # 21 bytes: a multiple of 3
CEK, IV = bytes(range(32)), bytes(range(12))


@pytest.fixture(scope="module")
def key(rsa_keys):
    return rsa_keys["encryption"]


@pytest.fixture(scope="module")
def token(key):
    return jwe.seal(DATA, key.public_key(), kid=KID, cty="application/json", cek=CEK, iv=IV).decode()


@pytest.fixture
def refused(key):
    def check(token, *, only_at_the_end=False):
        spool = io.BytesIO(b"left over")
        spool.seek(0)
        opener = jwe.Opener(lambda kid: key if kid else None, spool, max_plain=1000)
        raw = token if isinstance(token, bytes) else token.encode("latin-1")
        if only_at_the_end:
            opener.feed(raw)
            with pytest.raises(CryptoFailure) as failure:
                opener.finish()
        else:
            with pytest.raises(CryptoFailure) as failure:  # noqa: PT012 - either may be the one that refuses
                opener.feed(raw)
                opener.finish()
        assert spool.getvalue() == b""
        assert str(failure.value) == "crypto_failure: The cryptographic check failed."
        assert failure.value.__cause__ is None
        assert failure.value.__context__ is None
        with pytest.raises(CryptoFailure):
            opener.finish()

    return check


def with_header(token, header):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return ".".join([base64url.encode(text).decode(), *token.split(".")[1:]])


def sealed_under(header, key):
    """A JWE whose tag is right for any header: what an attacker who knows the public key can always make."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - the only place

    protected = base64url.encode(header if isinstance(header, bytes) else json.dumps(header).encode())
    boxed = AESGCM(CEK).encrypt(IV, DATA, protected)
    wrapped = key.public_key().encrypt(CEK, jwe_head.oaep())
    segments = [protected, *map(base64url.encode, (wrapped, IV, boxed[:-16], boxed[-16:]))]
    return b".".join(segments).decode()


def test_every_changed_character_is_refused_and_leaves_an_empty_spool(token, refused):
    for place, character in enumerate(token):
        if character != ".":
            other = ALPHABET[(ALPHABET.index(character) + 1) % 64]
            refused(token[:place] + other + token[place + 1 :])


def test_every_bit_of_the_tag_counts(token, refused):
    head, tag = token.rsplit(".", 1)
    raw = base64url.decode(tag.encode())
    for bit in range(128):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        refused(f"{head}.{base64url.encode(bytes(changed)).decode()}", only_at_the_end=True)


def test_a_jwe_cut_off_anywhere_is_refused(token, refused):
    for end in [*range(0, len(token) - 60, 13), *range(len(token) - 60, len(token))]:
        refused(token[:end])


@pytest.mark.parametrize("extra", ["A", "AA", ".", ".AAAA", "=", "\n", " "])
def test_nothing_may_follow_the_tag(extra, token, refused):
    refused(token + extra)


@pytest.mark.parametrize(
    "header",
    [
        GOOD | {"zip": "DEF"},
        GOOD | {"zip": None},
        GOOD | {"crit": ["exp"], "exp": 1},
        GOOD | {"crit": []},
        GOOD | {"alg": "RSA-OAEP"},
        GOOD | {"alg": "RSA1_5"},
        GOOD | {"alg": "dir"},
        GOOD | {"alg": ["RSA-OAEP-256"]},
        GOOD | {"enc": "A128GCM"},
        GOOD | {"enc": "A256CBC-HS512"},
        GOOD | {"kid": 7},
        {k: v for k, v in GOOD.items() if k != "kid"},
        {k: v for k, v in GOOD.items() if k != "alg"},
        {k: v for k, v in GOOD.items() if k != "enc"},
        b'{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k","kid":"key-of-the-destination"}',
        b'{"alg":"RSA1_5","alg":"RSA-OAEP-256","enc":"A256GCM","kid":"key-of-the-destination"}',
        b'{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k","x":{"a":1,"a":2}}',
        b'{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k","x":NaN}',
        b'{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"\\ud800"}',
        b'\xef\xbb\xbf{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k"}',
        b'{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"\xff"}',
        b'{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k"} x',
        b"[]",
        b'"text"',
        b"",
        b"[" * 5000,
        b'{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k","x":"' + b"x" * 9000 + b'"}',
    ],
    ids=lambda header: (header if isinstance(header, bytes) else json.dumps(header).encode())[:70].decode("latin-1"),
)
def test_headers_that_are_not_ours_to_open(header, key, refused):
    refused(sealed_under(header, key))


def test_the_header_a_test_breaks_is_accepted_unbroken(key):
    assert open_part(sealed_under(GOOD, key).encode(), lambda _: key)[0] == DATA
    assert open_part(sealed_under(GOOD | {"typ": "x"}, key).encode(), lambda _: key)[0] == DATA


def test_a_key_we_do_not_have(token, refused):
    with pytest.raises(CryptoFailure):
        open_part(token.encode(), lambda _: None)


@pytest.mark.parametrize(
    ("segment", "change"),
    [
        (0, lambda s: s + "="),
        (1, lambda s: s + "="),
        (1, lambda s: s[:-1] + ALPHABET[ALPHABET.index(s[-1]) | 1]),  # a bit that means nothing
        (2, lambda s: s + "AAAA"),
        (2, lambda s: s[:-1]),
        (2, lambda s: ""),
        (2, lambda s: base64url.encode(bytes(16)).decode()),
        (3, lambda s: s + "="),
        (3, lambda s: s[:8] + "\n" + s[8:]),
        (3, lambda s: s[:8] + " " + s[8:]),
        (3, lambda s: s + "A"),
        (3, lambda s: s[:5] + "\xe4" + s[6:]),
        (4, lambda s: s[:-1] + ALPHABET[ALPHABET.index(s[-1]) | 1]),
        (4, lambda s: s[:-2]),
        (4, lambda s: s + "=="),
        (4, lambda s: ""),
        (4, lambda s: base64url.encode(base64url.decode(s.encode())[:12]).decode()),
        (4, lambda s: base64url.encode(base64url.decode(s.encode()) + b"\0").decode()),
    ],
)
def test_one_spelling_only(segment, change, token, refused):
    segments = token.split(".")
    segments[segment] = change(segments[segment])
    refused(".".join(segments))


@pytest.mark.parametrize("ours", ["-", "_"])
def test_the_alphabet_of_plain_base64_is_refused(ours, key, refused):
    """The primitives below would take `+` for `-` and `/` for `_`, and the tag would be right."""
    plain = {"-": "+", "_": "/"}[ours]
    for number in range(1000):
        token = jwe.seal(DATA, key.public_key(), kid=KID, cty="a", cek=CEK, iv=number.to_bytes(12)).decode()
        segments = token.split(".")
        for place in (1, 2, 3, 4):
            if ours in segments[place]:
                refused(".".join([*segments[:place], segments[place].replace(ours, plain), *segments[place + 1 :]]))
        if ours in segments[3]:
            return
    pytest.fail("no such character in a thousand tokens")


def test_a_bad_wrapped_key_looks_like_a_wrong_content_key_until_the_end(token, key, refused):
    """RFC 7516 §11.5: no answer and no early end tells whether the RSA part was well formed."""
    public = key.public_key()
    head, _, *rest = token.split(".")
    for secret in (
        public.encrypt(bytes(32), jwe_head.oaep()),  # a wrong content key
        public.encrypt(bytes(16), jwe_head.oaep()),  # one of another size
        public.encrypt(CEK, padding.PKCS1v15()),  # another padding
        bytes(512),
        b"\xff" * 512,
        b"",
        bytes(100),
    ):
        refused(".".join([head, base64url.encode(secret).decode(), *rest]), only_at_the_end=True)


def test_a_bad_wrapped_key_with_a_tag_made_for_its_substitute_fails_too(key, refused):
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - the only other place

    protected = base64url.encode(json.dumps(GOOD).encode())
    boxed = AESGCM(bytes(32)).encrypt(IV, DATA, protected)
    segments = [protected, *map(base64url.encode, (bytes(512), IV, boxed[:-16], boxed[-16:]))]
    refused(b".".join(segments), only_at_the_end=True)


def test_an_endless_head_is_not_collected(refused):
    refused(b"A" * 20_000)


def test_who_asks_for_the_header_gets_it_from_a_whole_one_only():
    for broken in (b"", b"e30", b"!!.x", b"e30=.x", b"A" * 9000 + b".x", b"."):
        with pytest.raises(CryptoFailure):
            jwe.header_of(broken)


def test_the_header_of_a_compressed_jwe_can_be_read_to_answer_it(token):
    assert jwe.header_of(with_header(token, GOOD | {"zip": "DEF"}).encode())["zip"] == "DEF"


def test_a_full_disk_is_no_crypto_failure_and_the_spool_is_emptied(key, token):
    class Full(io.BytesIO):
        def write(self, data):
            super().write(data)
            raise OSError(28, "disk full")

    spool = Full()
    opener = jwe.Opener(lambda _: key, spool, max_plain=100)
    with pytest.raises(OSError, match="disk full"):
        opener.feed(token.encode())
    assert spool.getvalue() == b""


def test_giving_up_empties_the_spool(key, token):
    spool = io.BytesIO()
    opener = jwe.Opener(lambda _: key, spool, max_plain=100)
    opener.feed(token[:-10].encode())
    opener.discard()
    assert spool.getvalue() == b""
