"""Sealed parts as clients of v1 write them: compressed before sealing (`zip: DEF`).

Knows: how to open them, whole and in memory. Never does: seal so, or inflate beyond a limit; v2 refuses `zip` at the
door, so whatever is compressed came by v1. Standard: RFC 7516 §4.1.3, RFC 7518 §4.3 and §5.3, RFC 1951.
Start reading: `open_zipped`.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.crypto import base64url
from gateway.crypto.jwe import Opened, header_of
from gateway.errors import CryptoFailure

SEALED_MAX: Final = 64 << 20
"""Bytes of the largest sealed part that is opened here; a client of v1 that compresses sends small ones."""
DEFLATE: Final = "DEF"
_RAW: Final = -15  # window bits of a stream without head and checksum


def open_zipped(
    sealed: bytes, key_for: Callable[[str], rsa.RSAPrivateKey | None], max_plain: int
) -> tuple[bytes, Opened]:
    """The plaintext of a compressed part, and what it was; CryptoFailure, without a reason, where it cannot be had."""
    header = header_of(sealed)
    try:
        return _opened(sealed, header, key_for, max_plain)
    except (ValueError, InvalidTag, zlib.error):
        raise CryptoFailure from None


def _opened(
    sealed: bytes, header: Mapping[str, Any], key_for: Callable[[str], rsa.RSAPrivateKey | None], max_plain: int
) -> tuple[bytes, Opened]:
    protected, wrapped, iv, text, tag = sealed.split(b".")
    key = key_for(str(header.get("kid", "")))
    if key is None or len(sealed) > SEALED_MAX:
        raise CryptoFailure
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    content_key = key.decrypt(base64url.decode(wrapped), oaep)
    secret = base64url.decode(text) + base64url.decode(tag)
    packed = AESGCM(content_key).decrypt(base64url.decode(iv), secret, protected)
    inflate = zlib.decompressobj(_RAW)
    plain = inflate.decompress(packed, max_plain + 1)
    if len(plain) > max_plain or not inflate.eof or inflate.unused_data:
        raise CryptoFailure
    return plain, Opened(header, len(plain), hashlib.sha512(plain).hexdigest(), tag.decode("ascii"))
