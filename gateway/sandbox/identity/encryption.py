"""An assertion encrypted for a service provider, by the algorithms that are ordered.

Knows: content and key transport algorithms, those that nobody should take any more among them, so that a reader can be
seen to refuse them. Never does: decrypt. Standard: XML Encryption 1.1. Start reading: `encrypted`.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.sandbox.identity import names

_GCM: Final = {f"aes{bits}-gcm": bits // 8 for bits in (128, 192, 256)}
_CBC: Final = {f"aes{bits}-cbc": bits // 8 for bits in (128, 192, 256)}
_MGF1_SHA256: Final = f"{names.XENC11}mgf1sha256"
_BLOCK: Final = 16


@dataclass(frozen=True, slots=True)
class _Transport:
    uri: str
    padding: padding.AsymmetricPadding
    inner: str


_TRANSPORTS: Final[Mapping[str, _Transport]] = {
    "rsa-oaep-mgf1p": _Transport(
        f"{names.XENC}rsa-oaep-mgf1p",
        padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),  # noqa: S303 - what the URI says
        f'<ds:DigestMethod xmlns:ds="{names.DS}" Algorithm="{names.SHA1}"/>',
    ),
    "rsa-oaep-mgf1p-sha256": _Transport(
        f"{names.XENC}rsa-oaep-mgf1p",
        padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA256(), None),  # noqa: S303 - what the URI says
        f'<ds:DigestMethod xmlns:ds="{names.DS}" Algorithm="{names.SHA256}"/>',
    ),
    "rsa-oaep": _Transport(
        f"{names.XENC11}rsa-oaep",
        padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None),
        f'<ds:DigestMethod xmlns:ds="{names.DS}" Algorithm="{names.SHA256}"/>'
        f'<xenc11:MGF xmlns:xenc11="{names.XENC11}" Algorithm="{_MGF1_SHA256}"/>',
    ),
    "rsa-1_5": _Transport(f"{names.XENC}rsa-1_5", padding.PKCS1v15(), ""),
}
CONTENT: Final = "aes128-gcm"
"""What Shibboleth takes where nothing else is agreed on."""
TRANSPORT: Final = "rsa-oaep-mgf1p"
ORDERED: Final = frozenset({*_GCM, *_CBC, *_TRANSPORTS})
"""What may be ordered by `other_encryption`."""


def encrypted(  # noqa: PLR0913 - two algorithms, a key, a text and a fault
    text: str,
    key: rsa.RSAPublicKey,
    *,
    recipient: str,
    content: str = CONTENT,
    transport: str = TRANSPORT,
    wrong_tag: bool = False,
) -> str:
    """`saml2:EncryptedAssertion` of an assertion; `recipient` is the service provider's entity id, escaped."""
    way = _TRANSPORTS[transport]
    secret, cipher = _enciphered(text.encode(), content)
    if wrong_tag:
        cipher = cipher[:-1] + bytes([cipher[-1] ^ 1])
    uri = f"{names.XENC11 if content in _GCM else names.XENC}{content}"
    data_id, key_id = f"_{secrets.token_hex(16)}", f"_{secrets.token_hex(16)}"
    return (
        f'<saml2:EncryptedAssertion xmlns:saml2="{names.ASSERTION}">'
        f'<xenc:EncryptedData xmlns:xenc="{names.XENC}" Id="{data_id}" Type="{names.XENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="{uri}"/><ds:KeyInfo xmlns:ds="{names.DS}">'
        f'<xenc:EncryptedKey Id="{key_id}" Recipient="{recipient}">'
        f'<xenc:EncryptionMethod Algorithm="{way.uri}">{way.inner}</xenc:EncryptionMethod>'
        f"{_cipher_data(key.encrypt(secret, way.padding))}</xenc:EncryptedKey></ds:KeyInfo>"
        f"{_cipher_data(cipher)}</xenc:EncryptedData></saml2:EncryptedAssertion>"
    )


def _enciphered(plain: bytes, content: str) -> tuple[bytes, bytes]:
    """A new content key, and the octets of `CipherValue`: the vector, the ciphertext, at GCM the tag."""
    if content in _GCM:
        secret, vector = secrets.token_bytes(_GCM[content]), secrets.token_bytes(12)
        return secret, vector + AESGCM(secret).encrypt(vector, plain, None)
    secret, vector = secrets.token_bytes(_CBC[content]), secrets.token_bytes(_BLOCK)
    missing = _BLOCK - len(plain) % _BLOCK
    work = Cipher(algorithms.AES(secret), modes.CBC(vector)).encryptor()
    return secret, vector + work.update(plain + b"\0" * (missing - 1) + bytes([missing])) + work.finalize()


def _cipher_data(octets: bytes) -> str:
    return (
        f"<xenc:CipherData><xenc:CipherValue>{base64.encodebytes(octets).decode().strip()}"
        "</xenc:CipherValue></xenc:CipherData>"
    )
