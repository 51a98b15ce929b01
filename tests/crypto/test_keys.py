"""The JWK rules: each broken one has its name."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import RSAKey

from gateway.crypto import base64url, certificates, keys, revocation
from gateway.errors import KeyUnfit


def rule_of(call):
    with pytest.raises(KeyUnfit) as unfit:
        call()
    return unfit.value.params["rule"]


def text(octets):
    return base64url.encode(octets).decode()


@pytest.mark.parametrize("use", ["wrapKey", "verify"])
def test_a_key_that_keeps_all_rules(use, jwks):
    _, public = jwks[use]
    key = keys.public_key(public, use=use, x5c_required=True)
    assert key.kid == f"test-{use}-key"
    assert key.key.key_size == 4096
    assert len(key.x5c) == 2
    assert dict(key.jwk) == public
    assert len(public["n"]) == 683
    bare = {name: value for name, value in public.items() if name != "x5c"}
    assert keys.public_key(bare, use=use, x5c_required=False).x5c == ()


def with_n(octets):
    return {"n": text(octets)}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"kty": "EC"}, "kty"),
        ({"kty": None}, "kty"),
        ({"d": "AQAB"}, "private_part"),
        ({"key_ops": ["wrapKey", "verify"]}, "key_ops"),
        ({"key_ops": ["verify"]}, "key_ops"),
        ({"key_ops": []}, "key_ops"),
        ({"key_ops": "wrapKey"}, "key_ops"),
        ({"key_ops": None}, "key_ops"),
        ({"alg": "RSA-OAEP"}, "alg"),
        ({"alg": "PS512"}, "alg"),
        ({"alg": None}, "alg"),
        ({"kid": "k" * 7}, "kid"),
        ({"kid": "k" * 65}, "kid"),
        ({"kid": 12345678}, "kid"),
        ({"kid": "line\nbreak"}, "kid"),
        ({"n": None}, "n"),
        ({"n": "A" * 682}, "n"),
        (with_n(b"\x80" + bytes(254) + b"\x01"), "n"),  # 2048 bits
        (with_n(b"\0\x80" + bytes(510) + b"\x01"), "n"),  # a leading zero
        (with_n(b"\x7f" + bytes(510) + b"\x01"), "n"),  # 4095 bits
        (with_n(b"\x80" + bytes(511)), "n"),  # even
        (with_n(b"\x80" + bytes(2048) + b"\x01"), "n"),  # more than 16384 bits
        ({"n": "+" * 683}, "n"),
        ({"n": "ü" * 683}, "n"),
        ({"e": "AAEAAQ"}, "e"),
        ({"e": "Aw"}, "e"),
        ({"e": 65537}, "e"),
        ({"x5c": None}, "x5c_missing"),
        ({"x5c": []}, "x5c_missing"),
        ({"x5c": "MIIB"}, "x5c_missing"),
        ({"x5c": [7]}, "x5c_form"),
        ({"x5c": ["AAAA"]}, "x5c_form"),
        ({"x5c": ["not base64"]}, "x5c_form"),
    ],
)
def test_each_broken_rule_has_its_name(change, rule, jwks):
    assert rule in keys.RULES
    jwk = jwks["wrapKey"][1] | change
    assert rule_of(lambda: keys.public_key(jwk, use="wrapKey", x5c_required=True)) == rule


def test_chains_are_compared_with_the_key(jwks):
    public = jwks["wrapKey"][1]
    leaf, root = public["x5c"]

    def with_chain(*chain):
        return lambda: keys.public_key(public | {"x5c": list(chain)}, use="wrapKey", x5c_required=False)

    assert rule_of(with_chain(root, leaf)) == "x5c_leaf"
    assert rule_of(with_chain(jwks["verify"][1]["x5c"][0])) == "x5c_leaf"
    assert rule_of(with_chain(leaf[:40] + "\n" + leaf[40:])) == "x5c_form"
    assert rule_of(with_chain(leaf.rstrip("=") + "!")) == "x5c_form"
    assert rule_of(with_chain(leaf, "AAAA")) == "x5c_form"
    assert rule_of(with_chain(leaf, *[root] * 10)) == "x5c_form"
    version_4 = base64.b64decode(leaf).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03", 1)
    assert rule_of(with_chain(base64.b64encode(version_4).decode())) == "x5c_form"
    assert rule_of(with_chain()) == "x5c_missing"


def test_a_jwk_is_an_object():
    for call in (keys.private_key, keys.verify_key):
        assert rule_of(lambda call=call: call(["kty"])) == "jwk_form"
    assert rule_of(lambda: keys.public_key("RSA", use="verify", x5c_required=False)) == "jwk_form"


@pytest.mark.parametrize(("use", "alg"), [("wrapKey", "RSA-OAEP-256"), ("verify", "PS512")])
def test_our_private_key_is_loaded_with_its_public_side(use, alg, jwks):
    private, public = jwks[use]
    key = keys.private_key(private)
    assert (key.kid, key.alg, dict(key.public_jwk)) == (public["kid"], alg, public)
    assert key.rsa.public_key() == keys.public_key(public, use=use, x5c_required=True).key
    assert private["d"] not in repr(key)
    assert private["key_ops"] == {"wrapKey": ["unwrapKey"], "verify": ["sign"]}[use]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"kty": "oct"}, "kty"),
        ({"kty": ["RSA"]}, "kty"),
        ({"kid": "short"}, "kid"),
        ({"key_ops": ["wrapKey"]}, "key_ops"),
        ({"key_ops": ["sign", "unwrapKey"]}, "key_ops"),
        ({"key_ops": [["sign"]]}, "key_ops"),
        ({"key_ops": None}, "key_ops"),
        ({"alg": "RSA-OAEP-256"}, "alg"),
        ({"n": "AQAB"}, "n"),
        ({"d": None}, "private_form"),
        ({"p": "=", "q": "="}, "private_form"),
        ({"p": "AQAB"}, "private_form"),
    ],
)
def test_private_keys_that_do_not_fit(change, rule, jwks):
    assert rule_of(lambda: keys.private_key(jwks["verify"][0] | change)) == rule


def test_parts_of_two_keys_are_no_key(jwks):
    mixed = jwks["verify"][0] | {"d": jwks["wrapKey"][0]["d"]}
    assert rule_of(lambda: keys.private_key(mixed)) == "private_form"


def test_fast_keys_load_and_refuse():
    private, public = keys.generate_ed25519("fast-signing-key")
    key = keys.private_key(private)
    assert key.alg == "EdDSA"
    assert dict(key.public_jwk) == public
    with pytest.raises(TypeError):
        _ = key.rsa
    other = keys.generate_ed25519("fast-signing-key")[0]
    assert rule_of(lambda: keys.private_key(private | {"d": other["d"]})) == "private_form"
    assert rule_of(lambda: keys.private_key(private | {"d": "AAAA"})) == "private_form"
    assert rule_of(lambda: keys.private_key(private | {"crv": "X25519"})) == "crv"
    assert rule_of(lambda: keys.private_key(private | {"x": "AAAA"})) == "crv"
    assert rule_of(lambda: keys.private_key(private | {"alg": "ES256"})) == "alg"
    assert rule_of(lambda: keys.private_key(private | {"key_ops": ["verify"]})) == "key_ops"


def test_points_off_the_curve_are_no_key():
    numbers = ec.derive_private_key(5, ec.SECP256R1()).public_key().public_numbers()
    x, y = (value.to_bytes(32) for value in (numbers.x, numbers.y))
    jwk = {"kty": "EC", "crv": "P-256", "kid": "p256-key", "x": text(x), "y": text(y), "d": text((5).to_bytes(32))}
    assert keys.private_key(jwk).alg == "ES256"
    assert keys.verify_key(jwk) == ec.derive_private_key(5, ec.SECP256R1()).public_key()
    assert rule_of(lambda: keys.private_key(jwk | {"d": text((6).to_bytes(32))})) == "private_form"
    assert rule_of(lambda: keys.private_key(jwk | {"y": text(x)})) == "crv"
    assert rule_of(lambda: keys.private_key(jwk | {"y": text(y + b"\0")})) == "crv"
    assert rule_of(lambda: keys.verify_key(jwk | {"crv": "P-384"})) == "crv"
    assert rule_of(lambda: keys.verify_key(jwk | {"kty": "oct"})) == "kty"


def test_thumbprints_are_those_of_the_standard(jwks):
    rfc7638 = {
        "kty": "RSA",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
        "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"
        "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
        "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    }
    assert keys.thumbprint(rfc7638) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    rfc8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert keys.thumbprint(rfc8037) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    public = jwks["verify"][1]
    assert keys.thumbprint(public) == RSAKey.import_key(public).thumbprint()
    assert rule_of(lambda: keys.thumbprint({"kty": "oct", "k": "AQAB"})) == "kty"
    assert rule_of(lambda: keys.thumbprint({"kty": "RSA", "n": 7, "e": "AQAB"})) == "kty"


def test_a_generated_chain_is_what_fitconnect_asks_for(jwks, now):
    for use, usage in (("wrapKey", "keyEncipherment"), ("verify", "digitalSignature")):
        key = keys.public_key(jwks[use][1], use=use, x5c_required=True)
        certificates.check_chain(key.x5c, [jwks["root"]], now=now, usage=usage)


def test_a_pair_can_be_made_with_its_own_root(rsa_keys, monkeypatch, now):
    waiting = iter((rsa_keys["root"], rsa_keys["signing"]))
    monkeypatch.setattr(rsa, "generate_private_key", lambda *_: next(waiting))
    _, public = keys.generate_rsa("own-root-key", "verify", subject="Ä", not_before=now, not_after=now, serial=5)
    key = keys.public_key(public, use="verify", x5c_required=True)
    root = certificates.path_to_root(key.x5c, certificates.certificates_of(key.x5c)[1:])[-1]
    certificates.check_chain(key.x5c, [root], now=now, usage="digitalSignature")
    assert (root.serial_number, root.subject.rfc4514_string()) == (6, "CN=Ä Test-Root")


def test_no_two_rules_share_a_name():
    names = [*keys.RULES, *certificates.RULES, *revocation.RULES]
    assert len(names) == len(set(names))
