"""From the field of a form to a tree in which nothing hides, and back to an element in a document of its own.

Knows: base64, the XML of SAML messages, where assertions, signatures and IDs may stand. Never does: verify, decrypt,
expand or load anything. Standards: SAML 2.0 core, XML 1.0. Start reading: `parsed`, then `check_places`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Final
from xml.sax.saxutils import quoteattr

import pybase64
from lxml import etree

from gateway.bundid import names, refusal
from gateway.bundid.refusal import ResponseRefused, refused
from gateway.xoev.xml.strict_xml import XmlLimits, parse

SAML: Final = f"{{{names.ASSERTION}}}"
SAMLP: Final = f"{{{names.PROTOCOL}}}"
DS: Final = f"{{{names.DSIG}}}"
XENC: Final = f"{{{names.XENC}}}"

DEPTH_MOST: Final = 40
ELEMENTS_MOST: Final = 4000
ATTRIBUTES_MOST: Final = 64
"""A large answer has 500 elements with 10 attributes; what reads them takes the square of the attributes of one."""
ID_MOST: Final = 256
_WHITE_SPACE: Final = b" \t\r\n"
_DECLARATION: Final = re.compile(rb"<!(DOCTYPE|ENTITY|ATTLIST|ELEMENT|NOTATION)", re.IGNORECASE)
_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*", re.ASCII)
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]00:00)", re.ASCII)


@cache
def _asked(condition: str) -> etree.XPath:
    return etree.XPath(f"boolean({condition})")


_COMMENTS: Final = "//comment() | //processing-instruction()"
_TOO_MANY: Final = f"count(//*) > {ELEMENTS_MOST} or //*[count(@*) > {ATTRIBUTES_MOST}]"


def from_base64(text: bytes | str | None, reason: str) -> bytes:
    """The bytes that standard base64 spells, white space of XML aside; refused with `reason` if it is no such text."""
    try:
        raw = (text or b"") if isinstance(text, bytes) else (text or "").encode("ascii")
        return pybase64.b64decode(raw.translate(None, _WHITE_SPACE), validate=True)
    except ValueError:
        raise refused(reason) from None


def decoded(answer: bytes, max_bytes: int) -> bytes:
    """The document in the field as it came."""
    refusal.require(len(answer) <= max_bytes, "too_large")
    return from_base64(answer, "base64")


def parsed(document: bytes, max_bytes: int) -> etree._Element:
    """The root of a document without declarations, comments and processing instructions."""
    refusal.require(_DECLARATION.search(document) is None, "doctype")
    root = parse(document, XmlLimits(size=max_bytes, depth=DEPTH_MOST)).root
    if root is None:
        raise refused("xml")
    refusal.require(not _asked(_TOO_MANY)(root), "too_large")
    refusal.require(not _asked(_COMMENTS)(root), "comment")
    return root


def isolated(element: etree._Element) -> bytes:
    """The element as a document of its own, with the namespaces that it stood in."""
    return etree.tostring(element, encoding="utf-8", with_tail=False)


def parsed_within(fragment: bytes, parent: etree._Element, max_bytes: int) -> etree._Element:
    """The root of an element that stood at this place, as a document of its own.

    Identity providers encrypt an assertion without the prefixes that the document around declares; a fragment that
    cannot be read alone is read with those (XML Encryption 1.1 §4.4). They are no more trusted than the rest: a
    signature covers the names that they stand for.
    """
    try:
        return parsed(fragment, max_bytes)
    except ResponseRefused as alone:
        if alone.reason != "xml":
            raise
    prefixes = {f"xmlns:{prefix}" if prefix else "xmlns": uri for prefix, uri in parent.nsmap.items()}
    declared = "".join(f" {name}={quoteattr(uri)}" for name, uri in prefixes.items())
    around = parsed(f"<around{declared}>".encode() + fragment + b"</around>", 2 * max_bytes)
    beside = [around.text, *(part.tail for part in around)]
    refusal.require(len(around) == 1 and not any(text and text.strip() for text in beside), "plaintext")
    return parsed(isolated(around[0]), max_bytes)


def local_name(element: etree._Element) -> str:
    """The name without its namespace."""
    return str(etree.QName(element).localname)


def of_name(root: etree._Element, *names: str) -> Iterator[etree._Element]:
    """Every element of these local names, in whatever namespace."""
    return (element for element in root.iter(etree.Element) if local_name(element) in names)


def text(element: etree._Element) -> str:
    """The text of an element that holds nothing else."""
    return element.text or ""


def text_below(element: etree._Element, path: str) -> str:
    """The text of the first element at the path, empty where there is none."""
    return element.findtext(path) or ""


def instant(written: str | None) -> datetime:
    """The time that an `xs:dateTime` in UTC says (SAML core §1.3.3)."""
    try:
        if written is not None and _INSTANT.fullmatch(written):
            return datetime.fromisoformat(written)
    except ValueError:
        pass
    raise refused("instant")


def message_id(element: etree._Element) -> str:
    """The ID of a Response or an assertion."""
    written = element.get("ID", "")
    refusal.require(_ID.fullmatch(written) and len(written) <= ID_MOST, "id")
    return written


def check_places(root: etree._Element) -> None:
    """Signatures stand directly in what they sign, and an ID names one element by one attribute.

    `root` is a Response or an assertion; whoever reads it counts the assertions.
    """
    holders = [root, *root.iterchildren(SAML + "Assertion")] if root.tag == SAMLP + "Response" else [root]
    for signature in of_name(root, "Signature"):
        refusal.require(signature.tag == DS + "Signature" and signature.getparent() in holders, "signature_place")
    seen: set[str] = set()
    for element in root.iter(etree.Element):
        for name, value in element.attrib.items():
            if etree.QName(name).localname.lower() == "id":
                refusal.require(value not in seen and (element not in holders or name == "ID"), "id")
                seen.add(value)
    for holder in holders:
        message_id(holder)


def check_response(root: etree._Element) -> None:
    """One Response, and in it at most one assertion, plain or encrypted, as its own child."""
    responses = sum(1 for _ in of_name(root, "Response"))
    refusal.require(root.tag == SAMLP + "Response" and responses == 1, "root")
    anywhere = list(of_name(root, "Assertion", "EncryptedAssertion"))
    refusal.require(
        len(anywhere) <= 1 and all(assertion.getparent() is root for assertion in anywhere), "assertion_count"
    )
    check_places(root)


def check_assertion(root: etree._Element) -> None:
    """One assertion and nothing else: what was encrypted."""
    anywhere = list(of_name(root, "Assertion", "EncryptedAssertion", "Response"))
    refusal.require(root.tag == SAML + "Assertion" and anywhere == [root], "plaintext")
    check_places(root)
