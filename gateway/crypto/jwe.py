"""Compact JWE, RSA-OAEP-256 with A256GCM and nothing else, streamed both ways.

Knows: the framing of RFC 7516 §7.1 and the one pair of algorithms that FIT-Connect uses.
Never does: compress, choose keys, draw a CEK or an IV, hold a whole part in memory, or release a plaintext whose tag
is not checked. Standard: RFC 7516, RFC 7518 §4.3 and §5.3. Start reading: `Sealer`, then `Opener`.

Base64 turns 3 bytes into 4 characters, so pieces of any length are carried over until a full quantum is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TypeVar

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.crypto import base64url, header, jwe_head
from gateway.crypto.border import silent
from gateway.crypto.jwe_head import ALG, CEK_SIZE, ENC, HEAD_LIMIT, HEADER_LIMIT, IV_SIZE, TAG_SIZE, KeyFor
from gateway.errors import CryptoFailure

# Bytes per step: a multiple of 3, so that a slice ends with a full quantum; small enough for the processor's cache and
# for an allocator that keeps the memory (larger ones are handed back to the system and faulted in again each time).
_SLICE: Final = 48 * 1024
_SLICE_CHARS: Final = _SLICE // 3 * 4
_T = TypeVar("_T")


def _protected(kid: str, cty: str) -> bytes:
    return header.write({"alg": ALG, "enc": ENC, "kid": kid, "cty": cty})


class Sealer:
    """Seals one part: `update` as often as there are data, then `finish` once.

    `cek` (32 bytes) and `iv` (12 bytes) are random, fresh for this part and used for no other; `kid` is the key's own
    id, `cty` the media type of the plaintext. CryptoFailure on sizes that do not fit or a call after `finish`.
    """

    __slots__ = ("_carry", "_encryptor", "_head", "_tag")

    @silent
    def __init__(self, key: rsa.RSAPublicKey, *, kid: str, cty: str, cek: bytes, iv: bytes) -> None:
        if len(cek) != CEK_SIZE or len(iv) != IV_SIZE:
            raise CryptoFailure
        protected = _protected(kid, cty)
        wrapped = key.encrypt(cek, jwe_head.oaep())
        self._encryptor = Cipher(algorithms.AES256(cek), modes.GCM(iv)).encryptor()
        self._encryptor.authenticate_additional_data(protected)
        self._head = b".".join((protected, base64url.encode(wrapped), base64url.encode(iv), b""))
        self._carry = b""
        self._tag: str | None = None

    def update(self, data: bytes) -> bytes:
        """The next ASCII characters of the JWE; the first call's begin with `header.key.iv.`."""
        if self._tag is not None:
            raise CryptoFailure
        pieces = [self._head]
        self._head = b""
        for start in range(0, len(data), _SLICE):
            sealed = self._carry + self._encryptor.update(data[start : start + _SLICE])
            end = len(sealed) - len(sealed) % 3
            self._carry = sealed[end:]
            pieces.append(base64url.encode(sealed[:end] if self._carry else sealed))
        return b"".join(pieces)

    def finish(self) -> bytes:
        """The rest of the JWE, `.tag` included."""
        if self._tag is not None:
            raise CryptoFailure
        last = self._carry + self._encryptor.finalize()
        tag = base64url.encode(self._encryptor.tag)
        self._tag = tag.decode("ascii")
        return b"".join((self._head, base64url.encode(last), b".", tag))

    @property
    def tag(self) -> str:
        """The authentication tag, 22 base64url characters. CryptoFailure before `finish`."""
        if self._tag is None:
            raise CryptoFailure
        return self._tag


def sealed_size(plain_size: int, *, kid: str, cty: str, modulus_bits: int = 4096) -> int:
    """The exact length in bytes of the JWE of `plain_size` bytes, known before one byte is sealed."""
    parts = ((modulus_bits + 7) // 8, IV_SIZE, plain_size, TAG_SIZE)
    return len(_protected(kid, cty)) + sum(map(base64url.encoded_size, parts)) + len(parts)


def seal(  # noqa: PLR0913 - the inputs of one encryption, all of them named
    data: bytes, key: rsa.RSAPublicKey, *, kid: str, cty: str, cek: bytes, iv: bytes
) -> bytes:
    """The JWE of a small part in one call; parameters as `Sealer`."""
    sealer = Sealer(key, kid=kid, cty=cty, cek=cek, iv=iv)
    return sealer.update(data) + sealer.finish()


@silent
def header_of(jwe_prefix: bytes) -> Mapping[str, Any]:
    """The protected header of a JWE or of its beginning, without opening it.

    Its form is checked strictly (CryptoFailure); what it says is not, so that a receiver can answer a wrong `cty` or
    a forbidden `zip` in its own words. `Opener` refuses those.
    """
    end = jwe_prefix.find(b".", 0, HEADER_LIMIT + 1)
    if end < 0:
        raise CryptoFailure
    return header.read(jwe_prefix[:end])


@dataclass(frozen=True, slots=True)
class Opened:
    """What an opened JWE was: its header, size in bytes and SHA-512 (lower-case hex) of the plaintext, and its tag."""

    header: Mapping[str, Any]
    size: int
    sha512: str
    tag: str


class Opener:
    """Opens one JWE that arrives in pieces of any length.

    The plaintext goes to `spool` (a seekable binary file of this opener alone) and is worth nothing before `finish`
    returned. Every failure, of `feed` too, is a CryptoFailure that leaves the spool empty and the opener dead; whoever
    gives up calls `discard`. `key_for` gives the private key of a `kid` (empty where the header has none) or None.
    `max_plain` limits the plaintext, in bytes. `digest=False` leaves out the SHA-512 (then empty) for parts that were
    measured already.
    """

    def __init__(self, key_for: KeyFor, spool: BinaryIO, *, max_plain: int, digest: bool = True) -> None:
        self._key_for = key_for
        self._spool = spool
        self._max_plain = max_plain
        self._digest = hashlib.sha512() if digest else None
        self._head: jwe_head.Head | None = None
        self._carry = b""  # the head until it is whole; then the characters of an incomplete quantum
        self._tag: bytes | None = None  # once its dot came
        self._size = 0
        self._over = False

    def feed(self, data: bytes) -> None:
        """Take the next characters of the JWE."""
        self._guarded(lambda: self._take(bytes(data)))

    def finish(self) -> Opened:
        """Say that the JWE is complete; returns, with the spool at its beginning, only when its tag is right."""
        return self._guarded(self._conclude)

    def discard(self) -> None:
        """Give up and empty the spool; harmless after a failure."""
        self._over = True
        self._head = None
        self._spool.seek(0)
        self._spool.truncate(0)

    def _guarded(self, step: Callable[[], _T]) -> _T:
        if self._over:
            raise CryptoFailure
        try:
            return silent(step)()
        except BaseException:
            self.discard()
            raise

    def _take(self, data: bytes) -> None:
        start = 0
        if self._head is None:
            start = self._take_head(data)
        if self._head is None:
            return
        if self._tag is None:
            start = self._take_ciphertext(self._head, data, start)
        if self._tag is not None:
            self._tag += data[start : start + HEAD_LIMIT]
            if len(self._tag) > base64url.encoded_size(TAG_SIZE):
                raise CryptoFailure

    def _take_head(self, data: bytes) -> int:
        """Collect the head; where it is whole, begin. Gives the place in `data` where the ciphertext starts."""
        known = len(self._carry)
        seen = self._carry + data[: HEAD_LIMIT - known + 1]
        segments = seen.split(b".", 3)
        if len(segments) < 4:
            if len(seen) > HEAD_LIMIT:
                raise CryptoFailure
            self._carry = seen
            return len(data)
        protected, wrapped, iv, ciphertext = segments
        self._head = jwe_head.begin(protected, wrapped, iv, self._key_for)
        self._carry = b""
        return len(seen) - len(ciphertext) - known

    def _take_ciphertext(self, head: jwe_head.Head, data: bytes, start: int) -> int:
        """Decrypt up to the last dot or the end of `data`; gives the place behind it."""
        dot = data.find(b".", start)
        end = len(data) if dot < 0 else dot
        if self._carry:
            missing = 4 - len(self._carry)
            self._carry += data[start : min(start + missing, end)]
            start = min(start + missing, end)
            if len(self._carry) == 4:
                self._decrypt(head, base64url.decode_quanta(self._carry))
                self._carry = b""
        decodable = end - (end - start) % 4
        for at in range(start, decodable, _SLICE_CHARS):
            self._decrypt(head, base64url.decode_quanta(data[at : min(at + _SLICE_CHARS, decodable)]))
        self._carry += data[decodable:end]
        if dot < 0:
            return end
        self._decrypt(head, base64url.decode_last(self._carry))
        self._tag = b""
        return dot + 1

    def _decrypt(self, head: jwe_head.Head, sealed: bytes) -> None:
        self._size += len(sealed)
        if self._size > self._max_plain:
            raise CryptoFailure
        plain = head.decryptor.update(sealed)
        if self._digest is not None:
            self._digest.update(plain)
        self._spool.write(plain)

    def _conclude(self) -> Opened:
        head, tag = self._head, self._tag
        if head is None or tag is None:
            raise CryptoFailure
        raw = base64url.decode(tag)
        if len(raw) != TAG_SIZE:
            raise CryptoFailure
        head.decryptor.finalize_with_tag(raw)
        if not head.sound:
            raise CryptoFailure
        self._over = True
        self._spool.seek(0)
        sha512 = "" if self._digest is None else self._digest.hexdigest()
        return Opened(head.header, self._size, sha512, tag.decode("ascii"))
