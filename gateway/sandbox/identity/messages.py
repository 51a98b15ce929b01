"""How a request reaches the identity provider: a form's field or a part of an address.

Knows: both bindings, their encodings and limits, the signature over an address. Never does: read what a request says.
Standard: SAML 2.0 bindings §3.4 (HTTP-Redirect) and §3.5 (HTTP-POST). Start reading: `by_post`, `by_redirect`.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from gateway.sandbox.identity import names
from gateway.sandbox.identity.refusals import RequestRefused, require

_MOST: Final = 1 << 18
_RELAY_STATE: Final = 80


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came. `signed_octets`, `signature` and `algorithm` are those of the address, or empty."""

    xml: bytes = field(repr=False)
    relay_state: str | None
    binding: str
    signed_octets: bytes = field(default=b"", repr=False)
    signature: bytes = b""
    algorithm: str = ""


def by_post(body: bytes) -> Received:
    """The request in a form. Raises `RequestRefused`."""
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=10)
    except (ValueError, UnicodeDecodeError):
        raise RequestRefused("saml-request-unreadable") from None
    requests = [value for name, value in pairs if name == "SAMLRequest"]
    require(len(requests) == 1, "saml-request-unreadable")
    xml = _decoded("".join(requests[0].split()))
    return Received(xml, _relay_state([value for name, value in pairs if name == "RelayState"]), names.POST)


def by_redirect(query: bytes) -> Received:
    """The request in an address; its signature is over the parts as they were sent. Raises `RequestRefused`."""
    raw: dict[str, list[str]] = {}
    for part in query.decode("ascii", "replace").split("&"):
        name, _, value = part.partition("=")
        raw.setdefault(name, []).append(value)
    require(len(raw.get("SAMLRequest", [])) == 1, "saml-request-unreadable")
    encoding = [unquote_plus(value) for value in raw.get("SAMLEncoding", [names.DEFLATE])]
    require(encoding == [names.DEFLATE], "saml-request-unreadable")
    xml = _inflated(_decoded(unquote_plus(raw["SAMLRequest"][0])))
    relay_state = _relay_state([unquote_plus(value) for value in raw.get("RelayState", [])])
    if "Signature" not in raw and "SigAlg" not in raw:
        return Received(xml, relay_state, names.REDIRECT)
    once = all(len(raw.get(name, [])) == 1 for name in ("Signature", "SigAlg"))
    require(once, "saml-request-signature-invalid")
    parts = [f"{name}={raw[name][0]}" for name in ("SAMLRequest", "RelayState", "SigAlg") if name in raw]
    try:
        signature = base64.b64decode(unquote_plus(raw["Signature"][0]), validate=True)
    except (ValueError, binascii.Error):
        raise RequestRefused("saml-request-signature-invalid") from None
    algorithm = unquote_plus(raw["SigAlg"][0])
    return Received(xml, relay_state, names.REDIRECT, "&".join(parts).encode(), signature, algorithm)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise RequestRefused("saml-request-unreadable") from None


def _inflated(data: bytes) -> bytes:
    """DEFLATE without a head, at most as large as a request may be."""
    work = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        xml = work.decompress(data, _MOST)
    except zlib.error:
        raise RequestRefused("saml-request-unreadable") from None
    require(work.eof and not work.unused_data, "saml-request-unreadable")
    return xml


def _relay_state(values: list[str]) -> str | None:
    require(len(values) <= 1 and all(len(value.encode()) <= _RELAY_STATE for value in values), "relay-state-too-long")
    return values[0] if values else None
