"""The first three segments of a compact JWE: header, wrapped key, IV. Used by `jwe` only.

Knows: which headers may be opened, and how a wrapped key that does not unwrap is treated: exactly as one that unwraps
to a wrong content key, so that no answer and no time tells the two apart (RFC 7516 §11.5).
Never does: see ciphertext. Standard: RFC 7516 §5.2, RFC 7518 §4.3. Start reading: `begin`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import AEADDecryptionContext, Cipher, algorithms, modes

from gateway.crypto import base64url, header
from gateway.errors import CryptoFailure

ALG: Final = "RSA-OAEP-256"
ENC: Final = "A256GCM"
CEK_SIZE: Final = 32
IV_SIZE: Final = 12
TAG_SIZE: Final = 16
IV_CHARS: Final = base64url.encoded_size(IV_SIZE)
HEADER_LIMIT: Final = 8 * 1024  # characters
_KEY_LIMIT: Final = base64url.encoded_size(16384 // 8)  # characters; the largest RSA modulus that OpenSSL takes
HEAD_LIMIT: Final = HEADER_LIMIT + _KEY_LIMIT + IV_CHARS + 3

_FORBIDDEN: Final = frozenset({"zip", "crit"})
_SUBSTITUTE: Final = bytes(CEK_SIZE)

KeyFor = Callable[[str], rsa.RSAPrivateKey | None]


@dataclass(frozen=True, slots=True)
class Head:
    """What is known before the ciphertext. Unless `sound`, the end must fail however the tag turns out."""

    header: Mapping[str, Any]
    decryptor: AEADDecryptionContext
    sound: bool


def oaep() -> padding.OAEP:
    """RSA-OAEP-256: SHA-256, MGF1 with SHA-256, no label (RFC 7518 §4.3)."""
    return padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


def begin(protected: bytes, wrapped: bytes, iv: bytes, key_for: KeyFor) -> Head:
    """Read the three segments and start decrypting. ValueError or CryptoFailure where they are not ours to open."""
    if len(protected) > HEADER_LIMIT or len(wrapped) > _KEY_LIMIT or len(iv) != IV_CHARS:
        raise CryptoFailure
    members = header.read(protected)
    nonce = base64url.decode(iv)
    secret = base64url.decode(wrapped)
    key = _key(members, key_for)
    cek, sound = _unwrap(key, secret)
    decryptor = Cipher(algorithms.AES256(cek), modes.GCM(nonce)).decryptor()
    decryptor.authenticate_additional_data(protected)
    return Head(members, decryptor, sound)


def _key(members: Mapping[str, Any], key_for: KeyFor) -> rsa.RSAPrivateKey:
    kid = members.get("kid", "")
    if (
        members.get("alg") != ALG
        or members.get("enc") != ENC
        or _FORBIDDEN & members.keys()
        or not isinstance(kid, str)
    ):
        raise CryptoFailure
    key = key_for(kid)
    if key is None:
        raise CryptoFailure
    return key


def _unwrap(key: rsa.RSAPrivateKey, secret: bytes) -> tuple[bytes, bool]:
    try:
        cek = key.decrypt(secret, oaep())
    except ValueError:
        return _SUBSTITUTE, False
    return (cek, True) if len(cek) == CEK_SIZE else (_SUBSTITUTE, False)
