"""Keys of ID tokens: of their own, published before and after they sign."""

from __future__ import annotations

import pytest

from gateway.errors import CryptoFailure, KeyUnfit
from gateway.login.id_token_keys import ALGORITHMS, IdTokenKeys, generate, read_private, read_public
from tests.login.federation_world import signing_keys

RSA = generate("RS256", "rsa-key-1")


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_new_key_signs_and_its_public_half_shows_nothing_private(alg):
    key = read_private(generate(alg, "new-key-1"))
    assert key.alg == alg
    assert set(key.public_jwk) <= {"kty", "crv", "n", "e", "x", "y", "kid", "alg", "use"}
    assert read_public(dict(key.public_jwk)) == key.public_jwk
    assert read_public(generate(alg, "new-key-1")).keys() == key.public_jwk.keys()


def test_the_first_of_an_algorithm_signs_and_all_verify():
    now, next_one = (read_private(generate("ES256", f"es-key-{n}")) for n in (1, 2))
    former = read_private(generate("ES256", "es-key-0"))
    before = IdTokenKeys([former])
    keys = IdTokenKeys([now, next_one], [former.public_jwk])
    assert [each["kid"] for each in keys.published] == ["es-key-1", "es-key-2", "es-key-0"]
    assert keys.verify(before.sign(b"{}", "ES256", "JWT")) == b"{}"
    assert before.verify(before.sign(b"{}", "ES256", "JWT")) == b"{}"
    with pytest.raises(CryptoFailure):
        before.verify(keys.sign(b"{}", "ES256", "JWT"))


def test_a_token_says_nothing_of_its_own_key_that_is_believed():
    keys = signing_keys()
    token = keys.sign(b"{}", "RS256", "JWT")
    header, payload, signature = token.split(".")
    for other in ("eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiIsImtpZCI6ImlkLXRva2VuLVJTMjU2In0"):
        with pytest.raises(CryptoFailure):
            keys.verify(f"{other}.{payload}.{signature}")
    with pytest.raises(CryptoFailure):
        keys.verify(f"{header}.{payload}.")
    of_ps256 = keys.sign(b"{}", "PS256", "JWT").split(".")
    with pytest.raises(CryptoFailure):
        keys.verify(f"{header}.{payload}.{of_ps256[2]}")


@pytest.mark.parametrize(
    "wrong",
    [
        {"alg": "RS512"},
        {"alg": None},
        {"e": "Aw"},
        {"n": "AQAB"},
        {"n": 7},
        {"d": "AQAB"},
        {"p": None},
        {"kid": "short"},
        {"kid": 7},
        {"kty": "oct"},
    ],
)
def test_an_unfit_key_is_refused(wrong):
    jwk = {name: value for name, value in (RSA | wrong).items() if value is not None}
    with pytest.raises(KeyUnfit):
        read_private(jwk)


@pytest.mark.parametrize("junk", [{}, [], {"kty": "RSA"}, "x"])
def test_what_is_no_key_is_refused(junk):
    for read in (read_private, read_public):
        with pytest.raises(KeyUnfit):
            read(junk)
