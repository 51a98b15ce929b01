"""Reading an assertion that is verified: who, how and with which attributes.

Knows: names, values and BundID's levels as they stand there. Never does: verify, judge levels, translate names, look at
a `FriendlyName` (it is not stable). Standard: SAML 2.0 core §2.4, §2.7. Start reading: `attributes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from lxml import etree

from gateway.bundid import names, refusal, saml_xml
from gateway.bundid.assertion import SamlAttribute
from gateway.bundid.refusal import refused
from gateway.bundid.saml_xml import SAML

_TRUST_LEVEL: Final = f"{{{names.AKDB}}}TrustLevel"
ATTRIBUTES_MOST: Final = 200
VALUES_MOST: Final = 50
TEXT_MOST: Final = 8192


def name_id(subject: etree._Element) -> tuple[str | None, str | None]:
    """The identifier of the subject and its format; none where the subject names nobody."""
    identifiers = [part for part in subject if part.tag != SAML + "SubjectConfirmation"]
    refusal.require(all(part.tag == SAML + "NameID" for part in identifiers), "subject")
    for identifier in identifiers:
        return _text(identifier, "subject"), identifier.get("Format")
    return None, None


def authn_statement(assertion: etree._Element) -> tuple[etree._Element, str]:
    """The one authentication statement and its one class of context, as it stands there."""
    statements = assertion.findall(SAML + "AuthnStatement")
    refusal.require(len(statements) == 1, "authn_statement")
    classes = statements[0].findall(f"{SAML}AuthnContext/{SAML}AuthnContextClassRef")
    refusal.require(len(classes) == 1, "authn_statement")
    written = _text(classes[0], "authn_statement").strip()
    refusal.require(written, "authn_statement")
    return statements[0], written


def attributes(assertion: etree._Element, of_interest: frozenset[str] | None) -> tuple[SamlAttribute, ...]:
    """The attributes of these names (None: all) from all statements, each once; the rest is not looked at."""
    by_name: dict[str, SamlAttribute] = {}
    for part in assertion.iterfind(f"{SAML}AttributeStatement/*"):
        refusal.require(part.tag == SAML + "Attribute", "attribute_form")
        name = _name(part)
        if of_interest is not None and name not in of_interest:
            continue
        refusal.require(name not in by_name, "attribute_twice")
        values = list(part)
        refusal.require(len(values) <= VALUES_MOST and len(name) <= TEXT_MOST, "attribute_size")
        by_name[name] = SamlAttribute(name, tuple(_value(value) for value in values), part.get(_TRUST_LEVEL))
    refusal.require(len(by_name) <= ATTRIBUTES_MOST, "attribute_size")
    return tuple(by_name.values())


def _name(part: etree._Element) -> str:
    """The name without white space around it, in an OID without any: tables in circulation print some with a blank."""
    name = part.get("Name", "").strip()
    return "".join(name.split()) if name.startswith("urn:oid:") else name


def _value(value: etree._Element) -> str | Mapping[str, str]:
    if len(value) == 0:
        return _text(value, "attribute_size")
    by_name: dict[str, str] = {}
    for name, written in _leaves(value):
        refusal.require(name not in by_name, "attribute_twice")
        by_name[name] = written
    refusal.require(len(by_name) <= VALUES_MOST, "attribute_size")
    return by_name


def _leaves(holder: etree._Element, before: str = "") -> Iterator[tuple[str, str]]:
    """The texts of the elements below by local name, of nested ones by their names joined by `/`."""
    beside = [holder.text, *(part.tail for part in holder)]
    refusal.require(not any(text and text.strip() for text in beside), "attribute_form")
    for part in holder:
        name = before + saml_xml.local_name(part)
        if len(part):
            yield from _leaves(part, f"{name}/")
        else:
            yield name, _text(part, "attribute_size")


def _text(element: etree._Element, reason: str) -> str:
    """The text as it stands there, if it is not longer than allowed."""
    written = saml_xml.text(element)
    if len(written) > TEXT_MOST:
        raise refused(reason)
    return written
