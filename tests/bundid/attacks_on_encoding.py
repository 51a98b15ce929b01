"""Attacks 18 to 21 and 32 to 35 and 40: XML, base64 and encryption."""

from __future__ import annotations

import base64
from collections.abc import Callable

from . import responses as made
from .attack_frame import (
    ATTACKS,
    EITHER,
    Attack,
    bare,
    case,
    evil,
    good,
    put,
    swap,
)
from .responses import ASSERTION_ID, Encrypting, Signing, answer, encrypted, signed

DOCTYPE = '<!DOCTYPE saml2p:Response [<!ENTITY i "{}">]>'


_REBOUND = '<saml2:EncryptedAssertion xmlns:evil="urn:evil"'


_ATTRIBUTES = " ".join(f'a{n}=""' for n in range(70)) + " "


def _leaning(prefix: str) -> bytes:
    """A signed assertion that does not declare its prefix."""
    document = swap(good(), f' xmlns:saml2="{made.SAML}assertion"', "")
    return document.replace(b"saml2:", prefix.encode() + b":")


def _broken_out() -> bytes:
    return b"</around>" + good() + b"<around>"


def in_front(name: str, reason: str, text: str, change: Callable[[bytes], bytes] = bytes) -> None:
    case(name, reason, lambda: put(change(made.response(good())), b"<saml2p:Response ", text.encode()))


in_front(
    "18 external entity",
    "doctype",
    '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/hostname">]>',
    lambda d: swap(d, "Jürgen", "&i;"),
)
in_front("18b external parameter entity", "doctype", '<!DOCTYPE x [<!ENTITY % i SYSTEM "http://127.0.0.1:9/x"> %i;]>')
in_front("18c external document type", "doctype", '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x">')
in_front(
    "19 billion laughs",
    "doctype",
    '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
    lambda d: swap(d, "Jürgen", "&b;"),
)
case("19b larger than allowed", "too_large", lambda: made.response(good()) + b" " * (512 << 10))
case(
    "19d more elements than allowed",
    "too_large",
    lambda: made.response(
        extensions='<saml2p:Extensions><w xmlns="urn:w">' + "<x/>" * 4000 + "</w></saml2p:Extensions>"
    ),
)
case(
    "19e more attributes than allowed",
    "too_large",
    lambda: swap(made.response(good()), "<saml2:AttributeValue ", "<saml2:AttributeValue " + _ATTRIBUTES),
)
case(
    "19c nested too deeply",
    "xml",
    lambda: made.response(extensions="<saml2p:Extensions>" + "<x>" * 60 + "</x>" * 60 + "</saml2p:Extensions>"),
)
in_front(
    "20 entity in the ID (CVE-2025-23369)",
    "doctype",
    DOCTYPE.format(ASSERTION_ID),
    lambda d: swap(d, f'ID="{ASSERTION_ID}"', 'ID="&i;"'),
)
in_front(
    "21 document type with a quote trick (CVE-2025-25291)",
    "doctype",
    "<!DOCTYPE x SYSTEM 'x\"><!--'>",
    lambda d: swap(d, "Jürgen", "<![CDATA[-->]]>"),
)
in_front(
    "21b signature smuggled by a default attribute (CVE-2025-25292)",
    "doctype",
    '<!DOCTYPE x [<!ATTLIST x xmlns CDATA "urn:x">]>',
)
case(
    "21c declaration in small letters",
    "doctype",
    lambda: put(made.response(good()), b"<saml2p:Response ", b"<!doctype x>"),
)
case("34 plaintext is no assertion", "plaintext", lambda: made.response(encrypted(b"<x/>")))
case("34b plaintext is a Response", "plaintext", lambda: made.response(encrypted(bare(made.response(good())))))
case("34c plaintext has a document type", "doctype", lambda: made.response(encrypted(b"<!DOCTYPE x>" + good())))
case("34d plaintext has two roots", "plaintext", lambda: made.response(encrypted(good() + evil())))
case("34e plaintext leans on a prefix that nobody declares", "xml", lambda: made.response(encrypted(_leaning("saml3"))))
case(
    "34i plaintext leans on a prefix that stands for something else outside",
    "plaintext",
    lambda: swap(made.response(encrypted(_leaning("evil"))), "<saml2:EncryptedAssertion", _REBOUND),
)
case("34j plaintext breaks out of what is put around it", "xml", lambda: made.response(encrypted(_broken_out())))
case("34k plaintext has text beside it", "plaintext", lambda: made.response(encrypted(b"x" + good())))
case(
    "34f plaintext is an assertion of another standard",
    "plaintext",
    lambda: made.response(encrypted(swap(good(), "SAML:2.0:assertion", "SAML:1.0:assertion"))),
)
case(
    "34g plaintext breaks the schema",
    "schema",
    lambda: made.response(encrypted(swap(made.assertion(), "<saml2:Subject>", "<saml2:Subject>x"))),
)
case(
    "34h plaintext holds a comment",
    "comment",
    lambda: made.response(encrypted(swap(good(), "Jürgen", "Jü<!---->rgen"))),
)
case(
    "40 UTF-16 that hides a document type",
    "xml",
    lambda: ("<!DOCTYPE x>" + made.response(good()).decode().partition("?>")[2]).encode("utf-16"),
)
case("40b UTF-7 by declaration", "xml", lambda: swap(made.response(good()), 'encoding="UTF-8"', 'encoding="UTF-7"'))
case("40c no XML", "xml", lambda: b"SAMLResponse")
case("40d nothing", "xml", lambda: b"")
ATTACKS["40e base64 with junk"] = Attack(
    "base64", lambda: answer(made.genuine())[:100] + b"*" + answer(made.genuine())[100:]
)
ATTACKS["40f URL-safe base64"] = Attack("base64", lambda: base64.urlsafe_b64encode(b"\xff\xfb" + made.genuine()))
ATTACKS["40g base64 cut short"] = Attack("base64", lambda: answer(made.genuine() + b"  ").rstrip(b"=")[:-1])


def encrypted_otherwise(name: str, change: Callable[[bytes], bytes] = bytes, **how: object) -> None:
    case(name, "decryption_failed", lambda: change(made.response(encrypted(good(), Encrypting(**how)))))


def _flip(cipher: bytes) -> bytes:
    return cipher[:-1] + bytes([cipher[-1] ^ 1])


def _flip_wrapped(document: bytes) -> bytes:
    at = document.index(b"<xenc:CipherValue>") + 40
    return document[:at] + (b"A" if document[at : at + 1] != b"A" else b"B") + document[at + 1 :]


encrypted_otherwise("32 tag flipped", bend=staticmethod(_flip))
encrypted_otherwise("32b wrapped key flipped", _flip_wrapped)
encrypted_otherwise("32c AES-CBC", lambda d: swap(d, made.ENC11 + "aes256-gcm", made.ENC + "aes256-cbc"))
encrypted_otherwise("32d RSA PKCS#1 v1.5", lambda d: swap(d, made.ENC11 + "rsa-oaep", made.ENC + "rsa-1_5"))
encrypted_otherwise("32e digest of OAEP is another", real_digest="sha1")
encrypted_otherwise("32f for another recipient", to="foreign")
encrypted_otherwise("32g empty cipher text", bend=staticmethod(lambda cipher: b""))
encrypted_otherwise("32h twelve bytes of cipher text", bend=staticmethod(lambda cipher: cipher[:12]))
encrypted_otherwise("32i key of another length", lambda d: swap(d, "aes256-gcm", "aes128-gcm"))
encrypted_otherwise("32j label of OAEP", transport_first="<xenc:OAEPparams>AAAA</xenc:OAEPparams>")
encrypted_otherwise("32k unknown mask", lambda d: swap(d, "mgf1sha256", "mgf1md5"))
encrypted_otherwise("32l mask where none may be named", transport=made.ENC + "rsa-oaep-mgf1p")
encrypted_otherwise(
    "32m content instead of element",
    lambda d: swap(d, 'Type="' + made.ENC + "Element", 'Type="' + made.ENC + "Content"),
)
encrypted_otherwise("32n no key", lambda d: d[: d.index(b"<ds:KeyInfo ")] + d[d.index(b"</ds:KeyInfo>") + 13 :])
encrypted_otherwise("32o two keys", lambda d: swap(d, "</xenc:EncryptedKey>", "</xenc:EncryptedKey>" + _wrapped(d)))
case(
    "32p algorithm that the profile does not list",
    "decryption_failed",
    made.genuine,
    algorithms=made.Algorithms(
        frozenset({made.ENC11 + "aes128-gcm"}),
        made.ALGORITHMS.transport,
        made.ALGORITHMS.signature,
        made.ALGORITHMS.digest,
    ),
)
case("32q no key of ours", "decryption_failed", made.genuine, decryption_keys=())
encrypted_otherwise("32r worthless key that everybody has", _flip_wrapped, zero_key=True)
encrypted_otherwise("32s key in a strange place", lambda d: _within(d, "xenc:EncryptedKey", "x"))
encrypted_otherwise("32t parameter of the content's algorithm", content_inner="<xenc:OAEPparams>AAAA</xenc:OAEPparams>")
encrypted_otherwise("32u two digests of OAEP", lambda d: swap(d, "<ds:DigestMethod ", _DIGEST + "<ds:DigestMethod "))
case(
    "32v RSA PKCS#1 v1.5 although a profile lists it",
    "decryption_failed",
    lambda: swap(
        made.response(encrypted(good(), Encrypting(mask=None))), made.ENC11 + "rsa-oaep", made.ENC + "rsa-1_5"
    ),
    algorithms=made.Algorithms(
        made.ALGORITHMS.content, frozenset({made.ENC + "rsa-1_5"}), made.ALGORITHMS.signature, made.ALGORITHMS.digest
    ),
)
case(
    "32w AES-CBC although a profile lists it",
    "decryption_failed",
    lambda: swap(made.genuine(), made.ENC11 + "aes256-gcm", made.ENC + "aes256-cbc"),
    algorithms=made.Algorithms(
        frozenset({made.ENC + "aes256-cbc"}),
        made.ALGORITHMS.transport,
        made.ALGORITHMS.signature,
        made.ALGORITHMS.digest,
    ),
)
case("33h signed, but in the clear", "not_encrypted", lambda: made.response(good()), require_encryption=True)
case("33 unsigned, encrypted by anybody", "signature_missing", lambda: made.response(encrypted(evil())))
case(
    "33b unsigned, encrypted by anybody, either signature allowed",
    "signature_missing",
    lambda: made.response(encrypted(evil())),
    **EITHER,
)
case(
    "33c signed by anybody, encrypted by anybody",
    "signature_invalid",
    lambda: made.response(encrypted(signed(evil(), "_evil", Signing(by=made.key("foreign"))))),
    **EITHER,
)
encrypted_otherwise("35 cipher text at an address", cipher_data='<xenc:CipherReference URI="http://127.0.0.1:9/x"/>')
encrypted_otherwise("35b key at an address", retrieval='<ds:RetrievalMethod URI="http://127.0.0.1:9/x"/>')
encrypted_otherwise(
    "35c key at an address beside one of the document",
    beside=True,
    retrieval=f'<ds:RetrievalMethod Type="{made.ENC}EncryptedKey" URI="http://127.0.0.1:9/x#_ek"/>',
)


_DIGEST = f'<ds:DigestMethod Algorithm="{made.DIGESTS["sha1"]}"/>'


def _within(document: bytes, name: str, holder: str) -> bytes:
    """The document with the element of this name put into another one, of no namespace known."""
    opened = swap(document, f"<{name} ", f'<{holder} xmlns="urn:x"><{name} ')
    return swap(opened, f"</{name}>", f"</{name}></{holder}>")


def _wrapped(document: bytes) -> str:
    end = b"</xenc:EncryptedKey>"
    return (
        document[document.index(b"<xenc:EncryptedKey ") : document.index(end) + len(end)]
        .decode()
        .replace('Id="_ek"', "")
    )
