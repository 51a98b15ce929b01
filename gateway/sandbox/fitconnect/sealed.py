"""Sealed parts as the delivery service sees them: form, protected header, authentication tag; never their content.

Knows: the compact form of a JWE and the header rules of v1 and v2. Never does: decrypt. Standard: RFC 7516 §7.1,
Submission API v1 and v2. Start reading: `Reader`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from gateway.crypto.jwe import header_of
from gateway.errors import CryptoFailure
from gateway.fitconnect import names
from gateway.sandbox.fitconnect.problems import Problem
from gateway.sandbox.fitconnect.records import Upload

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
_HEAD: Final = 8 * 1024 + 16
_KEY_CHARS: Final = 683
_IV_CHARS: Final = 16
_TAG: Final = re.compile(rb"\.([A-Za-z0-9_-]{22})\Z")


class Reader:
    """Looks at a JWE that arrives in pieces; memory stays constant."""

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self._dots = 0
        self.size = 0

    def feed(self, piece: bytes) -> None:
        """Take the next bytes; 400 where a character has no place in a JWE."""
        if piece.translate(None, _ALPHABET):
            raise _malformed()
        if len(self._head) < _HEAD:
            self._head += piece[: _HEAD - len(self._head)]
        self._tail = (self._tail + piece[-32:])[-32:]
        self._dots += piece.count(b".")
        self.size += len(piece)

    def finish(self, *, api: str, cty_required: bool) -> Upload:
        """Tag and size of the whole; 400 for a wrong form, 422 for a wrong header."""
        tag = _TAG.search(self._tail)
        segments = self._head.split(b".")
        complete = self._dots == 4 and self.size >= names.JWE_MIN_CHARS and len(segments) >= 4
        if not complete or not tag or len(segments[1]) < _KEY_CHARS or len(segments[2]) != _IV_CHARS:
            raise _malformed()
        try:
            header = header_of(self._head)
        except CryptoFailure:
            raise _malformed() from None
        _check_header(header, api=api, cty_required=cty_required)
        return Upload(tag[1].decode(), self.size)


def read(jwe: object, name: str, *, api: str) -> tuple[bytes, Upload]:
    """A JWE from a JSON body: its bytes, tag and size."""
    if not isinstance(jwe, str) or not jwe.isascii():
        raise Problem(400, "invalid-jwe", f"{name} is no JWE in compact form", field=name)
    raw = jwe.encode("ascii")
    reader = Reader()
    reader.feed(raw)
    return raw, reader.finish(api=api, cty_required=True)


def _check_header(header: Mapping[str, Any], *, api: str, cty_required: bool) -> None:
    for member, expected in (("alg", names.JWE_ALG), ("enc", names.JWE_ENC)):
        if header.get(member) != expected:
            raise _header(member)
    if not isinstance(header.get("kid"), str):
        raise _header("kid")
    if api == "v1":
        if header.get("zip", "DEF") != "DEF":
            raise _header("zip")
        return
    if "zip" in header:
        raise _header("zip")
    if cty_required and header.get("cty") not in names.CTY_ALLOWED:
        raise _header("cty")


def _header(member: str) -> Problem:
    return Problem(422, "invalid-jwe-header", f"Invalid JWE Header '{member}'", field=member)


def _malformed() -> Problem:
    return Problem(400, "invalid-jwe", "The content is no JWE in compact form")
