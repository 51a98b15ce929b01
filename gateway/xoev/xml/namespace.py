"""The XML namespace as a schema set: what `xml:lang`, `xml:space`, `xml:base` and `xml:id` may hold.

Knows: that every schema may import this namespace and need not bring it. Never does: win over a set that has it.
Standard: XML 1.0 §2.10, §2.12; XML Base; xml:id (W3C). Our own text. Start reading: `FILES`.
"""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = "http://www.w3.org/XML/1998/namespace"

_XSD: Final = f"""\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="{NAMESPACE}">
  <xs:attribute name="lang">
    <xs:simpleType>
      <xs:union memberTypes="xs:language">
        <xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value=""/></xs:restriction></xs:simpleType>
      </xs:union>
    </xs:simpleType>
  </xs:attribute>
  <xs:attribute name="space">
    <xs:simpleType>
      <xs:restriction base="xs:NCName">
        <xs:enumeration value="default"/><xs:enumeration value="preserve"/>
      </xs:restriction>
    </xs:simpleType>
  </xs:attribute>
  <xs:attribute name="base" type="xs:anyURI"/>
  <xs:attribute name="id" type="xs:ID"/>
  <xs:attributeGroup name="specialAttrs">
    <xs:attribute ref="xml:base"/>
    <xs:attribute ref="xml:lang"/>
    <xs:attribute ref="xml:space"/>
    <xs:attribute ref="xml:id"/>
  </xs:attributeGroup>
</xs:schema>
"""

FILES: Final = {"xml.xsd": _XSD.encode()}
"""The one file, by the name that schemas import it by."""
