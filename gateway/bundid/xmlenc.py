"""Decrypting an assertion.

Knows: AES-GCM for content, RSA-OAEP for its key, several private keys of ours (roll-over). Never does: encrypt, fetch a
key or a cipher text from elsewhere, take CBC or PKCS#1 v1.5, say why it failed: everybody can encrypt to us, and who
learns the cause can decrypt with our key (Jager and Somorovsky 2011, Bleichenbacher 1998).
Standard: XML Encryption 1.1 §5.2.4, §5.5.2. Start reading: `decrypted`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from lxml import etree

from gateway.bundid import names, saml_xml
from gateway.bundid.algorithms import Algorithms
from gateway.bundid.refusal import ResponseRefused, refused
from gateway.bundid.saml_xml import DS, XENC

_FAILED: Final = "decryption_failed"
_NONCE: Final = 12
_ELEMENT_TYPES: Final = frozenset({None, names.XENC + "Element"})
_ENCRYPTED_KEY: Final = names.XENC + "EncryptedKey"

_KEY_BYTES: Final = {names.XENC11 + "aes128-gcm": 16, names.XENC11 + "aes192-gcm": 24, names.XENC11 + "aes256-gcm": 32}
_OAEP_MGF1_SHA1: Final = names.XENC + "rsa-oaep-mgf1p"
_OAEP: Final = names.XENC11 + "rsa-oaep"
_DIGESTS: Final[dict[str, type[HashAlgorithm]]] = {
    names.SHA1: SHA1,  # inside OAEP nothing hangs on collisions
    names.SHA256: SHA256,
    names.SHA384: SHA384,
    names.SHA512: SHA512,
}
_MASKS: Final[dict[str, type[HashAlgorithm]]] = {
    names.XENC11 + "mgf1sha1": SHA1,
    names.XENC11 + "mgf1sha256": SHA256,
    names.XENC11 + "mgf1sha384": SHA384,
    names.XENC11 + "mgf1sha512": SHA512,
}


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What is decrypted: the wrapped key and how, the cipher text and how long its key is."""

    wrapped: bytes
    padding: OAEP
    content: bytes
    key_bytes: int


def decrypted(holder: etree._Element, keys: Sequence[RSAPrivateKey], algorithms: Algorithms) -> bytes:
    """The bytes of the element inside an `EncryptedAssertion`. Every failure is the same."""
    try:
        return _opened(_read(holder, algorithms), keys)
    except (ResponseRefused, InvalidTag, ValueError, LookupError):
        raise refused(_FAILED) from None


def _opened(sealed: _Sealed, keys: Sequence[RSAPrivateKey]) -> bytes:
    """Try every key, and decrypt with a worthless one where none fits: the work is the same for each failure."""
    fits, unwrapped = False, bytes(sealed.key_bytes)
    for key in keys:
        try:
            candidate = key.decrypt(sealed.wrapped, sealed.padding)
        except ValueError:
            continue
        if len(candidate) == sealed.key_bytes:
            fits, unwrapped = True, candidate
    plain = AESGCM(unwrapped).decrypt(sealed.content[:_NONCE], sealed.content[_NONCE:], None)
    _hold(fits)
    return plain


def _read(holder: etree._Element, algorithms: Algorithms) -> _Sealed:
    """The parts of the one `EncryptedData` and the one `EncryptedKey`, in it or beside it."""
    data = _only(holder, "EncryptedData")
    key = _only(holder, "EncryptedKey")
    beside = key.getparent() is holder
    information = data.find(DS + "KeyInfo")
    _hold(data.getparent() is holder and data.get("Type") in _ELEMENT_TYPES)
    _hold(beside or (information is not None and key.getparent() is information))
    for reference in saml_xml.of_name(holder, "RetrievalMethod", "KeyInfoReference"):
        here = reference.tag == DS + "RetrievalMethod" and reference.getparent() is information and len(reference) == 0
        named = key.get("Id") is not None and reference.get("URI") == f"#{key.get('Id')}"
        _hold(beside and here and named and reference.get("Type") == _ENCRYPTED_KEY)
    content = _method(data, algorithms.content)
    _hold(all(part.tag == XENC + "KeySize" for part in content))
    padding, size = _padding(_method(key, algorithms.transport)), _KEY_BYTES[_algorithm(content)]
    return _Sealed(_cipher(key), padding, _cipher(data), size)


def _hold(holds: object) -> None:
    if not holds:
        raise refused(_FAILED)


def _only(holder: etree._Element, name: str) -> etree._Element:
    elements = list(saml_xml.of_name(holder, name))
    _hold(len(elements) == 1 and elements[0].tag == XENC + name)
    return elements[0]


def _algorithm(method: etree._Element) -> str:
    return str(method.get("Algorithm", ""))


def _method(holder: etree._Element, allowed: frozenset[str]) -> etree._Element:
    method = holder.find(XENC + "EncryptionMethod")
    if method is None or _algorithm(method) not in allowed:
        raise refused(_FAILED)
    return method


def _cipher(holder: etree._Element) -> bytes:
    return saml_xml.from_base64(holder.findtext(f"{XENC}CipherData/{XENC}CipherValue"), _FAILED)


def _padding(method: etree._Element) -> OAEP:
    """RSA-OAEP as the method says; without a word it is SHA-1 (§5.5.2). No label, no parameter but digest and mask."""
    parameters = {part.tag: _algorithm(part) for part in method}
    _hold(len(parameters) == len(method))
    digest = _DIGESTS[parameters.pop(DS + "DigestMethod", names.SHA1)]
    mask: type[HashAlgorithm] = SHA1
    if _algorithm(method) == _OAEP:
        mask = _MASKS[parameters.pop(f"{{{names.XENC11}}}MGF", names.XENC11 + "mgf1sha1")]
    else:
        _hold(_algorithm(method) == _OAEP_MGF1_SHA1)
    _hold(not parameters)
    return OAEP(mgf=MGF1(mask()), algorithm=digest(), label=None)
