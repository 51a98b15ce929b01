"""Adversarial vectors of C2SP/wycheproof against our own code paths; origin in tests/vectors/SOURCES.md."""

from __future__ import annotations

import io
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from gateway.crypto import base64url, jwe, jwe_head, jws, vault
from gateway.errors import CryptoFailure
from tests.opened_parts import open_part

OAEP = "wycheproof/rsa_oaep_4096_sha256_mgf1sha256_test.json"


def cases(vectors):
    return ((group, test) for group in vectors["testGroups"] for test in group["tests"])


def number(jwk, name):
    return int.from_bytes(base64url.decode(jwk[name].encode()))


def test_oaep_unwraps_what_is_valid_and_treats_the_rest_as_a_wrong_content_key(shared):
    """A JWE around each vector: only the one that wraps 32 bytes may open, and none fails before the end."""
    (group,) = shared(OAEP)["testGroups"]
    key = load_der_private_key(bytes.fromhex(group["privateKeyPkcs8"]), None, unsafe_skip_rsa_key_validation=True)
    opened = 0
    for test in group["tests"]:
        message = bytes.fromhex(test["msg"])
        usable = test["result"] == "valid" and not test["label"]
        if usable:
            assert key.decrypt(bytes.fromhex(test["ct"]), jwe_head.oaep()) == message
        protected = base64url.encode(json.dumps({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "k"}).encode())
        boxed = AESGCM(message.ljust(32, b"\0")[:32]).encrypt(bytes(12), b"plan", protected)
        segments = (bytes.fromhex(test["ct"]), bytes(12), boxed[:-16], boxed[-16:])
        spool = io.BytesIO()
        opener = jwe.Opener(lambda _: key, spool, max_plain=100)
        opener.feed(b".".join([protected, *map(base64url.encode, segments)]))
        if usable and len(message) == 32:
            opener.finish()
            opened += spool.read() == b"plan"
        else:
            with pytest.raises(CryptoFailure):
                opener.finish()
            assert spool.getvalue() == b"", test["tcId"]
    assert opened == 1


def test_aes_256_gcm_as_the_vault_uses_it(shared):
    tried = 0
    for group, test in cases(shared("wycheproof/aes_gcm_test.json")):
        if group["keySize"] != 256:
            continue
        key, iv, aad, msg, ct, tag = (bytes.fromhex(test[name]) for name in ("key", "iv", "aad", "msg", "ct", "tag"))
        if group["ivSize"] != 96:
            with pytest.raises(CryptoFailure):
                vault._encrypt(key, iv, msg, aad)
        elif test["result"] == "valid":
            assert vault._encrypt(key, iv, msg, aad) == iv + ct + tag
            assert vault._decrypt(key, iv + ct + tag, aad) == msg
            tried += 1
        else:
            with pytest.raises(CryptoFailure):
                vault._decrypt(key, iv + ct + tag, aad)
            tried += 1
    assert tried == 66


def test_jwe_opens_our_pair_of_algorithms_and_nothing_else(shared):
    opened, keys = [], {}
    for group, test in cases(shared("wycheproof/json_web_encryption_test.json")):
        jwk = group["private"]
        if jwk["kty"] == "RSA" and jwk["n"] not in keys:
            keys[jwk["n"]] = rsa.RSAPrivateNumbers(
                *(number(jwk, name) for name in ("p", "q", "d", "dp", "dq", "qi")),
                rsa.RSAPublicNumbers(number(jwk, "e"), number(jwk, "n")),
            ).private_key(unsafe_skip_rsa_key_validation=True)
        key = keys[jwk["n"]] if jwk["kty"] == "RSA" else next(iter(keys.values()), None)
        try:
            plain, _ = open_part(test["jwe"].encode(), lambda _, key=key: key)
        except CryptoFailure:
            continue
        assert test["result"] == "valid"
        assert plain == bytes.fromhex(test["pt"])
        opened.append((jwk["alg"], test["comment"]))
    assert opened == [("RSA-OAEP-256", "acceptsA256GCM")]


def test_jws_accepts_valid_signatures_of_our_algorithms_and_nothing_else(shared):
    wanted, accepted = [], []
    for group, test in cases(shared("wycheproof/json_web_signature_test.json")):
        jwk = group.get("public", {})
        if jwk.get("alg") not in {"PS512", "ES256"}:
            continue
        if jwk["kty"] == "RSA":
            key = rsa.RSAPublicNumbers(number(jwk, "e"), number(jwk, "n")).public_key()
        else:
            key = ec.EllipticCurvePublicNumbers(number(jwk, "x"), number(jwk, "y"), ec.SECP256R1()).public_key()
        if test["result"] == "valid":
            wanted.append(test["tcId"])
        try:
            jws.verify(test["jws"], key, alg=jwk["alg"])
        except CryptoFailure:
            continue
        accepted.append(test["tcId"])
    assert wanted == accepted
    assert len(accepted) == 6


@pytest.mark.parametrize(("salt", "valid"), [(64, 132), (32, 0)])
def test_pss_demands_a_salt_as_long_as_the_hash(salt, valid, shared):
    (group,) = shared(f"wycheproof/rsa_pss_4096_sha512_mgf1_{salt}_test.json")["testGroups"]
    key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
    accepted = 0
    for test in group["tests"]:
        try:
            key.verify(bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]), jws._padding(jws.PS512), hashes.SHA512())
        except InvalidSignature:
            continue
        assert test["result"] == "valid"
        accepted += 1
    assert accepted == valid
