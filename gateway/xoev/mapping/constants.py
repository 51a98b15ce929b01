"""Constants of a mapping: whether a field accepts a text that does not come from the record.

Knows: one field. Never does: judge by rules of its own; the field's XSD decides.
Standard: XML Schema 1.0, in the XFall shape. Start reading: `fits`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from lxml import etree

from gateway.xoev.fim import Field, FormSchema
from gateway.xoev.schema import compiled_xsd
from gateway.xoev.xfall import schema as xfall

_ALONE: Final = "S00000000"


def fits(field: Field, text: str) -> bool:
    """Whether the XSD of the field accepts the text.

    Args:
        field: the field as the form uses it.
        text: what the element would hold.
    """
    form = FormSchema(_ALONE, "1.0", "", (replace(field, minimum=1, maximum=1),))
    schema, _ = compiled_xsd.load(xfall.to_xsd(form))
    if schema is None:
        return False
    namespace = f"{{{schema.namespace}}}"
    root = etree.Element(namespace + schema.root.name)
    try:
        etree.SubElement(root, namespace + field.id).text = text
    except ValueError:  # not a text of XML at all
        return False
    return not schema.errors(root)
