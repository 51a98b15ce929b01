"""Signatures: FITKO's real event, foreign readers and writers, and every looseness refused."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from joserfc import jws as foreign
from joserfc.jwk import ECKey, OKPKey, RSAKey
from jwcrypto import jws as other
from jwcrypto.jwk import JWK

from gateway.crypto import base64url, jws, keys
from gateway.errors import CryptoFailure

PAYLOAD = '{"iss":"Tangerhütte"}'.encode()


@pytest.fixture(scope="module")
def signers(jwks):
    p256 = ec.derive_private_key(2**200 + 7, ec.SECP256R1())
    numbers = p256.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "kid": "fast-p256-key", "d": text((2**200 + 7).to_bytes(32))}
    jwk |= {"x": text(numbers.x.to_bytes(32)), "y": text(numbers.y.to_bytes(32))}
    return {
        "PS512": keys.private_key(jwks["verify"][0]),
        "EdDSA": keys.private_key(keys.generate_ed25519("fast-ed25519-key")[0]),
        "ES256": keys.private_key(jwk),
    }


def text(octets):
    return base64url.encode(octets).decode()


def public(signer):
    return keys.verify_key(signer.public_jwk)


@pytest.mark.filterwarnings(
    "ignore:EdDSA is deprecated via RFC 9864"
)  # the name only; joserfc's advice for new protocols
@pytest.mark.parametrize("alg", ["PS512", "EdDSA", "ES256"])
@pytest.mark.parametrize("payload", [b"", b"x", PAYLOAD, bytes(100_000)], ids=["empty", "one", "some", "large"])
def test_what_we_sign_verifies_here_and_elsewhere(alg, payload, signers):
    signer = signers[alg]
    token = jws.sign(payload, signer, {"typ": "secevent+jwt"})
    assert dict(jws.header_of(token)) == {"alg": alg, "kid": signer.kid, "typ": "secevent+jwt"}
    assert jws.verify(token, public(signer), alg=alg) == payload
    importer = {"PS512": RSAKey, "EdDSA": OKPKey, "ES256": ECKey}[alg]
    registry = foreign.JWSRegistry(algorithms=[alg])
    registry.max_payload_length = 1 << 20
    imported = importer.import_key(dict(signer.public_jwk))
    assert foreign.deserialize_compact(token, imported, registry=registry).payload == payload
    reader = other.JWS()
    reader.deserialize(token, JWK(**{k: v for k, v in signer.public_jwk.items() if k != "x5c"}))
    assert reader.payload == payload


def test_we_verify_what_foreign_libraries_sign(signers):
    signer = signers["PS512"]
    header = {"alg": "PS512", "kid": signer.kid, "typ": "secevent+jwt"}
    token = foreign.serialize_compact(header, PAYLOAD, RSAKey.import_key(signer.rsa), algorithms=["PS512"])
    assert jws.verify(token, public(signer), alg="PS512") == PAYLOAD
    writer = other.JWS(PAYLOAD)
    writer.add_signature(JWK.from_pyca(signer.rsa), protected=json.dumps(header))
    assert jws.verify(writer.serialize(compact=True), public(signer), alg="PS512") == PAYLOAD


def test_the_real_event_of_fitkos_delivery_service_verifies(shared):
    token = shared("fitconnect/set-vector/create-submission.jws").strip()
    (jwk,) = shared("fitconnect/set-vector/jwks.json")["keys"]
    key = keys.public_key(jwk, use="verify", x5c_required=False)
    assert jws.header_of(token)["kid"] == key.kid
    payload = jws.verify(token, key, alg="PS512")
    assert rb"https:\/\/schema.fitko.de\/fit-connect\/events\/create-submission" in payload
    assert json.loads(payload)["txn"] == "case:c9f0db91-9355-451a-b2a5-7a9be10ce765"
    head, body, signature = token.split(".")
    forged = base64url.encode(base64url.decode(body.encode()).replace(rb"\/", b"/")).decode()
    with pytest.raises(CryptoFailure):
        jws.verify(f"{head}.{forged}.{signature}", key, alg="PS512")


@pytest.mark.parametrize("alg", ["PS512", "EdDSA", "ES256"])
def test_a_detached_signature_holds_for_its_content_only(alg, signers):
    signer = signers[alg]
    token = jws.sign_detached(PAYLOAD, signer, {})
    assert ".." in token
    assert token.count(".") == 2
    jws.verify_detached(token, PAYLOAD, public(signer), alg=alg)
    for content in (PAYLOAD + b" ", b""):
        with pytest.raises(CryptoFailure):
            jws.verify_detached(token, content, public(signer), alg=alg)
    attached = token.replace("..", f".{text(PAYLOAD)}.")
    assert jws.verify(attached, public(signer), alg=alg) == PAYLOAD
    with pytest.raises(CryptoFailure):
        jws.verify_detached(attached, PAYLOAD, public(signer), alg=alg)


@pytest.mark.parametrize("salt", [0, 20, 32, 63, 65, 446])
def test_ps512_with_another_salt_length_is_refused(salt, signers):
    signer = signers["PS512"]
    head, body, _ = jws.sign(PAYLOAD, signer, {}).split(".")
    pss = padding.PSS(padding.MGF1(hashes.SHA512()), salt)
    signature = signer.rsa.sign(f"{head}.{body}".encode(), pss, hashes.SHA512())
    with pytest.raises(CryptoFailure):
        jws.verify(f"{head}.{body}.{text(signature)}", public(signer), alg="PS512")


def test_another_hash_inside_the_mask_is_refused(signers):
    signer = signers["PS512"]
    head, body, _ = jws.sign(PAYLOAD, signer, {}).split(".")
    signature = signer.rsa.sign(
        f"{head}.{body}".encode(), padding.PSS(padding.MGF1(hashes.SHA256()), 64), hashes.SHA512()
    )
    with pytest.raises(CryptoFailure):
        jws.verify(f"{head}.{body}.{text(signature)}", public(signer), alg="PS512")


@pytest.mark.parametrize("alg", ["PS512", "EdDSA", "ES256"])
def test_every_changed_character_is_refused(alg, signers):
    signer = signers[alg]
    token = jws.sign(b"\x01\x02", signer, {})
    for place, character in enumerate(token):
        for changed in {"A", "B", "+", "=", "."} - {character}:
            with pytest.raises(CryptoFailure):
                jws.verify(token[:place] + changed + token[place + 1 :], public(signer), alg=alg)


@pytest.mark.parametrize(
    "change",
    [
        lambda h, b, s: "",
        lambda h, b, s: f"{h}.{b}",
        lambda h, b, s: f"{h}.{b}.",
        lambda h, b, s: f".{b}.{s}",
        lambda h, b, s: f"{h}..{s}",
        lambda h, b, s: f"{h}.{b}.{s}.",
        lambda h, b, s: f"{h}.{b}.{s}=",
        lambda h, b, s: f"{h}.{b}.{s}\n",
        lambda h, b, s: f" {h}.{b}.{s}",
        lambda h, b, s: f"{h}.{b}.{s[:-4]}",
        lambda h, b, s: f"{h}.{b}.{s}AAAA",
        lambda h, b, s: f"{h}.{b}.{s[:-1]}ä",
    ],
)
def test_other_forms_are_refused(change, signers):
    signer = signers["EdDSA"]
    with pytest.raises(CryptoFailure):
        jws.verify(change(*jws.sign(PAYLOAD, signer, {}).split(".")), public(signer), alg="EdDSA")


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"none"}',
        b'{"alg":"EdDSA","alg":"EdDSA"}',
        b'{"alg":"EdDSA","crit":["b64"],"b64":false}',
        b'{"alg":"EdDSA","b64":true}',
        b'{"alg":"ES256"}',
        b'{"alg":["EdDSA"]}',
        b'{"typ":"x"}',
        b"[]",
        b'{"alg":"EdDSA"',
        b'{"alg":"EdDSA","x":"' + b"x" * 70_000 + b'"}',
    ],
    ids=lambda h: h[:50].decode(),
)
def test_headers_that_are_refused_although_the_signature_is_right(header, signers):
    signer = signers["EdDSA"]
    message = base64url.encode(header) + b"." + base64url.encode(PAYLOAD)
    token = (message + b"." + base64url.encode(signer.key.sign(message))).decode()
    with pytest.raises(CryptoFailure) as failure:
        jws.verify(token, public(signer), alg="EdDSA")
    assert failure.value.__context__ is None


def test_the_callers_algorithm_decides_not_the_tokens(signers):
    token = jws.sign(PAYLOAD, signers["PS512"], {})
    for alg in ("PS256", "RS512", "none", "EdDSA", ""):
        with pytest.raises(CryptoFailure):
            jws.verify(token, public(signers["PS512"]), alg=alg)
    with pytest.raises(CryptoFailure):
        jws.verify(token, public(signers["ES256"]), alg="PS512")


def test_a_chain_in_the_header_fits_and_is_not_followed(signers):
    token = jws.sign(b"", signers["EdDSA"], {"x5c": ["A" * 3000] * 4})
    assert jws.verify(token, public(signers["EdDSA"]), alg="EdDSA") == b""


def test_a_header_that_contradicts_the_key_is_not_signed(signers):
    for header in ({"alg": "none"}, {"kid": "another"}, {"b64": False}, {"crit": ["x"]}):
        with pytest.raises(CryptoFailure):
            jws.sign(PAYLOAD, signers["EdDSA"], header)


def test_a_key_that_unwraps_does_not_sign(jwks):
    with pytest.raises(CryptoFailure):
        jws.sign(PAYLOAD, keys.private_key(jwks["wrapKey"][0]), {})
