"""The schemas of SAML 2.0, XML Signature and XML Encryption, unmodified; `SOURCES.md` says where they come from.

Knows: how a message is held to them. Never does: fetch anything, follow a location that a message names.
Standards: SAML 2.0 core, XML Signature 1.0, XML Encryption 1.1. Start reading: `is_valid`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from lxml import etree

from gateway.xoev.schema.sets import CompiledSet, SchemaSet, compile_set

_FOLDER: Final = Path(__file__).parent
_XSI_TYPE: Final = "{http://www.w3.org/2001/XMLSchema-instance}type"
_VALUE: Final = "{urn:oasis:names:tc:SAML:2.0:assertion}AttributeValue"
_SERIAL: Final = "{http://www.w3.org/2000/09/xmldsig#}X509SerialNumber"


@cache
def _compiled() -> CompiledSet:
    files = {path.name: path.read_bytes() for path in sorted(_FOLDER.glob("*.xsd"))}
    compiled, faults = compile_set(SchemaSet("urn:oasis:names:tc:SAML", "2.0", files, frozenset(files)))
    assert compiled is not None, faults  # the files are ours; a test compiles them
    return compiled


def is_valid(document: bytes) -> bool:
    """Whether a well-formed, harmless document is valid, judged on a copy in which two things count for nothing.

    Neither is ever read here: the type of an attribute's value (identity providers name types of their own) and serial
    numbers of certificates (libxml2 takes 24 digits, certificates have up to 49).
    """
    copy = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    for element in copy.iter(etree.Element):
        if element.tag == _VALUE:
            element.attrib.pop(_XSI_TYPE, None)
        elif element.tag == _SERIAL and not len(element):
            element.text = "0"
    return not _compiled().errors(copy)
