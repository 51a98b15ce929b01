"""Whether a schema lets a signature stand in the document.

Knows: where an XSD refers to `ds:Signature`. Never does: load a second file.
Standards: XML Schema 1.0, XML Signature 1.1. Start reading: `has_place`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from lxml import etree

from gateway.xoev.schema.names import XS
from gateway.xoev.xml import strict_xml

_NAMESPACE: Final = "http://www.w3.org/2000/09/xmldsig#"
_SIGNATURE: Final = f"{{{_NAMESPACE}}}Signature"
_PARTICLES: Final = frozenset({f"{XS}element", f"{XS}any"})
_MODELS: Final = frozenset({f"{XS}complexType", f"{XS}complexContent", f"{XS}extension", f"{XS}sequence"})


@lru_cache(maxsize=64)
def has_place(xsd: bytes, name: str = "") -> bool:
    """Whether the root element of a document may end with a `ds:Signature`.

    Args:
        xsd: the schema that declares the root.
        name: of the root; empty where it is the first global element.
    """
    schema = strict_xml.parse(xsd).root
    root = None if schema is None else schema.find(f"{XS}element[@name='{name}']" if name else f"{XS}element")
    if schema is None or root is None:
        return False
    kind = schema.find(f"{XS}complexType[@name='{root.get('type', '').rpartition(':')[2]}']")
    return _ends_with_signature(root if kind is None else kind)


def _ends_with_signature(element: etree._Element) -> bool:
    below = [child for child in element if child.tag in _MODELS | _PARTICLES]
    if not below:
        return False
    last = below[-1]
    if last.tag in _MODELS:
        return _ends_with_signature(last)
    if last.tag == f"{XS}any":
        return last.get("namespace") == _NAMESPACE and last.get("maxOccurs") != "0"
    prefix, _, name = last.get("ref", "").rpartition(":")
    return f"{{{last.nsmap.get(prefix or None)}}}{name}" == _SIGNATURE and last.get("maxOccurs") != "0"
