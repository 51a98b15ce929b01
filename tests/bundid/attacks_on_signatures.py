"""Attacks 1 to 17, 22, 23, 25 and 42: what is signed, where, how and by whom."""

from __future__ import annotations

import base64
from collections.abc import Callable

from . import responses as made
from .attack_frame import (
    EITHER,
    SIGNATURE_END,
    attack,
    bare,
    case,
    evil,
    good,
    put,
    swap,
    the_signature,
)
from .responses import ASSERTION_ID, RESPONSE_ID, Signing, encrypted, signed


def _signed_response() -> tuple[bytes, bytes, bytes]:
    """A signed Response, the same without signature, and its evil twin with that signature."""
    inner = made.response(made.assertion())
    document = signed(inner, RESPONSE_ID)
    twin = made.response(evil(), id_="_evil_response")
    return document, bare(inner), put(twin, b"<saml2p:Status>", the_signature(document))


@attack("01 XSW1: original Response inside the signature of its evil twin", "root", **EITHER)
def _():
    _, inner, twin = _signed_response()
    return put(twin, SIGNATURE_END, b"<ds:Object>" + inner + b"</ds:Object>")


@attack("02 XSW2: original Response before the signature of its evil twin", "root", **EITHER)
def _():
    _, inner, twin = _signed_response()
    extensions = b'<saml2p:Extensions><w xmlns="urn:w">' + inner + b"</w></saml2p:Extensions>"
    return put(twin, b"<saml2p:Status>", extensions)


case("03 XSW3: evil assertion before the signed one", "assertion_count", lambda: made.response(evil() + good()))


@attack("04 XSW4: the signed assertion inside an evil one", "assertion_count")
def _():
    return made.response(put(evil(), b"<saml2:AuthnStatement", b"<saml2:Advice>" + good() + b"</saml2:Advice>"))


@attack("05 XSW5: evil assertion with the signature, original behind it", "assertion_count")
def _():
    return made.response(put(evil(), b"<saml2:Subject>", the_signature(good())) + made.assertion())


@attack("06 XSW6: evil assertion with the signature, original inside that", "assertion_count")
def _():
    inside = swap(
        the_signature(good()), SIGNATURE_END, b"<ds:Object>" + made.assertion() + b"</ds:Object>" + SIGNATURE_END
    )
    return made.response(put(evil(), b"<saml2:Subject>", inside))


@attack("07 XSW7: evil assertion of the same ID in extensions", "schema")
def _():
    extensions = b"<saml2p:Extensions>" + evil(ASSERTION_ID) + b"</saml2p:Extensions>"
    return put(made.response(good()), b"<saml2p:Status>", extensions)


@attack("07a evil assertion of another ID in extensions", "assertion_count")
def _():
    extensions = b"<saml2p:Extensions>" + evil() + b"</saml2p:Extensions>"
    return put(made.response(good()), b"<saml2p:Status>", extensions)


@attack("07b evil assertion of the same ID as a plain element in extensions", "id")
def _():
    extensions = f'<saml2p:Extensions><x xmlns="urn:x" ID="{ASSERTION_ID}"/></saml2p:Extensions>'
    return made.response(good(), extensions=extensions)


@attack("08 XSW8: evil assertion with the signature, original in its Object", "assertion_count")
def _():
    inside = the_signature(good()).replace(
        SIGNATURE_END, b"<ds:Object>" + made.assertion() + b"</ds:Object>" + SIGNATURE_END
    )
    return made.response(put(evil(ASSERTION_ID + "x"), b"<saml2:Subject>", inside))


@attack("08b a signature with an Object", "signature_form")
def _():
    return swap(made.response(good()), SIGNATURE_END, b"<ds:Object><x/></ds:Object>" + SIGNATURE_END)


@attack("09 two SignedInfo in one signature (CVE-2019-3465)", "schema")
def _():
    info = the_signature(good())
    info = info[info.index(b"<ds:SignedInfo>") : info.index(b"</ds:SignedInfo>") + len(b"</ds:SignedInfo>")]
    return put(made.response(good()), b"<ds:SignedInfo>", info)


case(
    "10 unsigned assertion behind the signed one (CVE-2022-41912)",
    "assertion_count",
    lambda: made.response(good() + evil()),
)
case(
    "11 plain assertion beside the encrypted one", "assertion_count", lambda: made.response(encrypted(good()) + evil())
)
case(
    "11b two encrypted assertions",
    "assertion_count",
    lambda: made.response(encrypted(good()) + encrypted(evil()).replace(b'Id="_e', b'Id="_f')),
)
case("11c assertion in the advice of the encrypted one", "plaintext", lambda: made.response(encrypted(_advised())))
case(
    "42 encrypted one for another person beside a genuine one",
    "assertion_count",
    lambda: made.response(good() + encrypted(evil())),
)


def _advised() -> bytes:
    return signed(made.assertion(more="<saml2:Advice>" + evil().decode() + "</saml2:Advice>"))


def signed_otherwise(name: str, reason: str, change: Callable[[bytes], bytes] = bytes, **how: object) -> None:
    case(name, reason, lambda: made.response(change(signed(made.assertion(), how=Signing(**how)))))


TRANSFORM = '<ds:Transform Algorithm="{}"/>'
BOTH = TRANSFORM.format(made.ENVELOPED) + TRANSFORM.format(made.EXC)
KEY_INFO = "<ds:KeyInfo>{}</ds:KeyInfo>"

case("12 unsigned", "signature_missing", lambda: made.response(made.assertion()))
case("12b unsigned within an unsigned Response", "signature_missing", lambda: made.response(made.assertion()), **EITHER)
case(
    "12c only the Response is signed, the assertion has to be",
    "signature_missing",
    lambda: signed(made.response(made.assertion()), RESPONSE_ID),
)
case(
    "12d signature of the Response is broken, that of the assertion is not",
    "signature_invalid",
    lambda: signed(made.response(good()), RESPONSE_ID, Signing(by=made.key("foreign"))),
)
signed_otherwise(
    "12e empty signature",
    "schema",
    lambda d: d.replace(the_signature(d), b'<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>'),
)
signed_otherwise("12f reference to everything", "signature_reference", uri="")
signed_otherwise("12g reference to the Response", "signature_reference", uri=f"#{RESPONSE_ID}")
signed_otherwise("12h reference by xpointer", "signature_reference", uri=f"#xpointer(id('{ASSERTION_ID}'))")
signed_otherwise(
    "12i reference without address", "signature_reference", lambda d: swap(d, f' URI="#{ASSERTION_ID}"', "")
)
signed_otherwise(
    "12j content changed after signing", "signature_invalid", lambda d: swap(d, "k2jBT0cykDVq-person", "evil-person")
)
signed_otherwise(
    "12k two references", "signature_form", lambda d: swap(d, "</ds:Reference>", b"</ds:Reference>" + _reference(d))
)
case(
    "12l signature in extensions",
    "signature_place",
    lambda: made.response(
        made.assertion(), extensions=f"<saml2p:Extensions>{the_signature(good()).decode()}</saml2p:Extensions>"
    ),
)
case(
    "12m signed Response changed around its assertion",
    "signature_invalid",
    lambda: swap(signed(made.response(made.assertion()), RESPONSE_ID), "k2jBT0cykDVq-person", "evil-person"),
    **EITHER,
)
case(
    "12n encrypted assertion exchanged in a signed Response",
    "signature_invalid",
    lambda: _exchanged(encrypted(made.assertion())),
    **EITHER,
)


def _reference(document: bytes) -> bytes:
    return document[document.index(b"<ds:Reference ") : document.index(b"</ds:Reference>") + len(b"</ds:Reference>")]


def _exchanged(genuine: bytes) -> bytes:
    return swap(signed(made.response(genuine), RESPONSE_ID), genuine, encrypted(evil()))


signed_otherwise("13 self-signed certificate that came along", "signature_invalid", by=made.key("foreign"))
signed_otherwise(
    "13b key value that came along",
    "signature_invalid",
    by=made.key("foreign"),
    key_info=KEY_INFO.format(
        "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>"
        + base64.b64encode(made.key("foreign").public_key().public_numbers().n.to_bytes(256, "big")).decode()
        + "</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    ),
)
signed_otherwise(
    "13c key by an address",
    "signature_key_info",
    key_info=KEY_INFO.format('<ds:RetrievalMethod URI="http://127.0.0.1:9/key"/>'),
)
case("13d no pinned key at all", "signature_invalid", lambda: made.response(good()), verification_keys=())
signed_otherwise("14 rsa-sha1", "signature_algorithm", method="http://www.w3.org/2000/09/xmldsig#rsa-sha1")
signed_otherwise("14b sha1 digest", "signature_algorithm", digest="sha1")
signed_otherwise("14c hmac keyed with the public key", "signature_algorithm", method=made.MORE + "hmac-sha256")
signed_otherwise("14d rsa-md5", "signature_algorithm", method=made.MORE + "rsa-md5")
signed_otherwise("14e unknown algorithm", "signature_algorithm", method="urn:nothing")
signed_otherwise(
    "14f parameters of an algorithm", "signature_algorithm", method_inner="<ds:HMACOutputLength>0</ds:HMACOutputLength>"
)
case(
    "14g algorithm that the profile does not list",
    "signature_algorithm",
    lambda: made.response(signed(made.assertion(), how=Signing(method=made.MORE + "rsa-sha512"))),
    algorithms=made.Algorithms(
        made.ALGORITHMS.content,
        made.ALGORITHMS.transport,
        frozenset({made.MORE + "rsa-sha256"}),
        made.ALGORITHMS.digest,
    ),
)
case(
    "14h hmac although a profile lists it",
    "signature_algorithm",
    lambda: made.response(signed(made.assertion(), how=Signing(method=made.MORE + "hmac-sha256"))),
    algorithms=made.Algorithms(
        made.ALGORITHMS.content,
        made.ALGORITHMS.transport,
        frozenset({made.MORE + "hmac-sha256"}),
        made.ALGORITHMS.digest,
    ),
)
signed_otherwise(
    "15 comment in a value (CVE-2017-11427)",
    "comment",
    lambda d: swap(d, "k2jBT0cykDVq-person", "k2jBT0cykDVq<!---->-person"),
)
signed_otherwise(
    "15b comment in the name",
    "comment",
    lambda d: swap(d, "_person</saml2:NameID>", "_person<!--x-->.evil</saml2:NameID>"),
)
signed_otherwise(
    "15c processing instruction in a value",
    "comment",
    lambda d: swap(d, "k2jBT0cykDVq-person", "k2jBT0cykDVq<?x?>-person"),
)
signed_otherwise("16 comment in the digest (CVE-2025-29775)", "comment", values=("<!--forged-->{}", "{}"))
signed_otherwise("16b comment in the signature value", "comment", values=("{}", "{}<!--x-->"))
signed_otherwise("16c element in the digest", "schema", values=("<x/>{}", "{}"))
signed_otherwise("16d junk in the signature value", "signature_value", values=("{}", "{}!!"))
signed_otherwise("16e second value behind white space", "schema", values=("{0} {0}", "{}"))
signed_otherwise("16f empty digest", "signature_value", values=("", "{}"))
for index, chain in enumerate(
    (
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>',
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>1=2</ds:XPath></ds:Transform>',
        '<ds:Transform Algorithm="http://www.w3.org/2002/06/xmldsig-filter2"/>',
        '<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/>',
        BOTH.replace(made.EXC, made.EXC + "WithComments"),
        BOTH + '<ds:Transform Algorithm="urn:unknown"/>',
        BOTH + TRANSFORM.format(made.EXC),
        TRANSFORM.format(made.EXC) + TRANSFORM.format(made.ENVELOPED),
        TRANSFORM.format(made.ENVELOPED),
        BOTH.replace(made.EXC, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        TRANSFORM.format(made.ENVELOPED)[:-2] + "><ds:XPath>1=2</ds:XPath></ds:Transform>" + TRANSFORM.format(made.EXC),
        TRANSFORM.format(made.ENVELOPED) + f'<ds:Transform Algorithm="{made.EXC}"><x xmlns="urn:x"/></ds:Transform>',
    )
):
    signed_otherwise(f"17 transforms of another kind ({index})", "signature_transforms", transforms=chain, prefixes=())
signed_otherwise(
    "17b canonicalisation with comments",
    "signature_transforms",
    canonicalization=f'<ds:CanonicalizationMethod Algorithm="{made.EXC}WithComments"/>',
)
signed_otherwise(
    "17c no transforms",
    "signature_form",
    lambda d: swap(d, d[d.index(b"<ds:Transforms>") : d.index(b"<ds:DigestMethod")], ""),
)
signed_otherwise(
    "22 void canonicalisation: a relative namespace",
    "signature_invalid",
    lambda d: swap(d, "<saml2:AttributeValue ", '<saml2:AttributeValue xmlns:n="1" '),
)
signed_otherwise(
    "22b attribute pollution", "schema", lambda d: swap(d, "<saml2:Assertion ", '<saml2:Assertion saml2:ID="_evil" ')
)
signed_otherwise(
    "22c signature of a namespace that looks alike",
    "signature_place",
    lambda d: swap(
        d,
        "</saml2:AttributeValue>",
        '<x:Signature xmlns:x="http://www.w3.org/2000/09/xmldsig"/></saml2:AttributeValue>',
    ),
)
signed_otherwise(
    "23 xml:id beside ID",
    "schema",
    lambda d: swap(d, "<saml2:Assertion ", f'<saml2:Assertion xml:id="{ASSERTION_ID}x" '),
)
signed_otherwise(
    "23b the ID a second time as Id",
    "id",
    lambda d: swap(d, "<saml2:AttributeValue ", f'<saml2:AttributeValue Id="{ASSERTION_ID}" '),
)
signed_otherwise(
    "23c the ID a second time as xml:id",
    "schema",
    lambda d: swap(d, "<saml2:AttributeValue ", f'<saml2:AttributeValue xml:id="{ASSERTION_ID}" '),
)
signed_otherwise(
    "18d XInclude in a value",
    "signature_invalid",
    lambda d: swap(
        d, "Jürgen", '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname" parse="text"/>'
    ),
)
