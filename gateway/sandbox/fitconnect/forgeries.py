"""Answers falsified on demand, to see whether a client notices.

Knows: events, destination signatures and keys inside an answer. Never does: change what the sandbox holds.
Standard: fixed interfaces §5 (wrong_signature, wrong_tag, wrong_key). Start reading: `forge`.

wrong_signature: one octet of each signature differs. wrong_tag: authentication tags differ, properly signed.
wrong_key: signed by another key under the right kid; a JWK has another modulus under the right kid.
`value` may name an event (`accept-submission`): only that one is falsified then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from gateway.crypto import base64url, jws
from gateway.crypto.keys import PrivateKey
from gateway.fitconnect import names
from gateway.sandbox.faults import Fault
from gateway.sandbox.fitconnect import keyring
from gateway.sandbox.fitconnect.sandbox import Sandbox

KINDS: Final = ("wrong_signature", "wrong_tag", "wrong_key")
_FALSE_TAG: Final = "A" * names.JWE_TAG_CHARS


def forged(sandbox: Sandbox, fault: Fault, body: bytes) -> bytes:
    """The answer's body as an ordered fault falsifies it."""
    return forge(sandbox, fault.kind, body, fault.value)


def forge(sandbox: Sandbox, kind: str, body: bytes, only: object) -> bytes:
    """The answer's body with everything in it falsified that `kind` concerns; unchanged where there is nothing."""
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    if not isinstance(answer, dict):
        return body
    if isinstance(answer.get("eventLog"), list):
        answer["eventLog"] = [_event(sandbox, kind, token, only) for token in answer["eventLog"]]
    for route in answer.get("routes", []):
        route["destinationSignature"] = _token(sandbox, kind, route["destinationSignature"])
    if kind == "wrong_key":
        for jwk in [answer, *answer.get("keys", [])]:
            if jwk.get("kty") == "RSA":
                jwk["n"] = _other(sandbox, jwk["n"]).public_jwk["n"]
    return json.dumps(answer, separators=(",", ":")).encode()


def _event(sandbox: Sandbox, kind: str, token: str, only: object) -> str:
    claims = _claims(token)
    if isinstance(only, str) and only and names.EVENT_PREFIX + only not in claims["events"]:
        return token
    if kind != "wrong_tag":
        return _token(sandbox, kind, token)
    payload = next(iter(claims["events"].values()))
    key = sandbox.keys.signing_key(str(jws.header_of(token)["kid"]))
    if "authenticationTags" not in payload or key is None:
        return token
    payload["authenticationTags"]["metadata"] = _FALSE_TAG
    return jws.sign(json.dumps(claims, separators=(",", ":")).encode(), key, dict(jws.header_of(token)))


def _token(sandbox: Sandbox, kind: str, token: str) -> str:
    """A JWS with a broken signature, or signed by a key that is not the one its kid names."""
    head, body, signature = token.split(".")
    if kind == "wrong_signature":
        octets = bytearray(base64url.decode(signature.encode()))
        octets[-1] ^= 1
        return f"{head}.{body}.{base64url.encode(bytes(octets)).decode()}"
    if kind == "wrong_key":
        signing_key = sandbox.keys.signing_key(str(jws.header_of(token)["kid"]))
        other_key = _other(sandbox, signing_key.public_jwk["n"] if signing_key else "")
        return jws.sign(base64url.decode(body.encode()), _renamed(other_key, token), dict(jws.header_of(token)))
    return token


def _renamed(key: PrivateKey, token: str) -> PrivateKey:
    return PrivateKey(str(jws.header_of(token)["kid"]), key.key, key.alg, key.public_jwk)


def _other(sandbox: Sandbox, modulus: str) -> PrivateKey:
    """A signing key whose modulus is not `modulus`."""
    candidates = (sandbox.keys.keys[name] for name in (keyring.PORTAL, keyring.DELIVERY))
    return next(key for key in candidates if key.public_jwk["n"] != modulus)


def _claims(token: str) -> dict[str, Any]:
    claims: Mapping[str, Any] = json.loads(base64url.decode(token.split(".")[1].encode()))
    return dict(claims)
