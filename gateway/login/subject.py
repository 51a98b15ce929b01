"""`sub`: who somebody is to one portal, and to no other the same.

Knows: how the pairwise identifier is made. Never does: keep the key, draw random numbers. Standard: OpenID Connect Core
§8.1. Start reading: `subject_of`.
"""

from __future__ import annotations

import hashlib
import hmac
from ipaddress import IPv6Address, ip_address

from gateway.crypto import base64url
from gateway.model import Identity


def subject_of(identity: Identity, sector: str, key: bytes, once: bytes) -> str:
    """The `sub` of an account in a sector (a portal with its apps), by the municipality's key.

    A guest has no account: `once`, 32 random bytes, names nobody a second time.
    """
    if identity.account is None:
        return base64url.encode(once).decode()
    return _keyed(key, "sub", sector, identity.issuer, identity.account)


def account_digest(identity: Identity, municipality: str, key: bytes) -> bytes | None:
    """The keyed digest under which an account is known to the store; None: a guest."""
    if identity.account is None:
        return None
    return _mac(key, "account", municipality, identity.provider, identity.account)


def reference_of(code: str, key: bytes) -> str:
    """The `login_ref` that belongs to a code: made from it again when the code is redeemed, so that nobody keeps it."""
    return _keyed(key, "login_ref", code)


def address_digest(address: str, key: bytes) -> bytes:
    """A caller's address as the bounds count it: of IPv6 the network of 64 bits, of which one caller has all."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return _mac(key, "address", address)
    if isinstance(known, IPv6Address):
        known = known.ipv4_mapped or IPv6Address(int(known) >> 64 << 64)
    return _mac(key, "address", str(known))


def answer_proof(answer: bytes, handle: str, key: bytes) -> str:
    """What only the browser is told that brought an answer: with it, it shows that it is the same one."""
    return base64url.encode(_mac(key, "answer", handle, hashlib.sha256(answer).hexdigest())).decode()


def logout_proof(session_cookie: str, key: bytes) -> str:
    """What a page that asks whether to sign out carries: only a page of ours, for this browser, has it."""
    return _keyed(key, "logout", session_cookie)


def _keyed(key: bytes, *parts: str) -> str:
    return base64url.encode(_mac(key, *parts)).decode()


def _mac(key: bytes, *parts: str) -> bytes:
    """HMAC over the parts, each with its length before it, so that no two lists of parts are the same text."""
    octets = (part.encode("utf-8", "surrogatepass") for part in parts)
    return hmac.digest(key, b"".join(len(part).to_bytes(4) + part for part in octets), hashlib.sha256)
