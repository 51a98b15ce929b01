"""What is generated from a form schema: XSD, JSON Schema, blank examples, data dictionary.

Knows: the names of the files and that a product is handed out only after it passed its own check. Never does: write
files. Standard: XFall by FIM schema. Start reading: `produce`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.model import Finding
from gateway.xoev.fim import FormSchema
from gateway.xoev.form.dictionary import to_markdown
from gateway.xoev.schema import compiled_xsd
from gateway.xoev.xfall.example import example_json, example_xml
from gateway.xoev.xfall.json_schema import to_json_schema
from gateway.xoev.xfall.schema import namespace, to_xsd
from gateway.xoev.xml import strict_xml

_UNFIT: Final = Finding(
    "",
    "fim_unfit",
    "Kein Dokument erfüllt das erzeugte Schema: Grenzen oder Muster eines Pflichtfelds schließen sich aus.",
    "No document meets the generated schema: limits or patterns of a mandatory field exclude each other.",
)


@dataclass(frozen=True, slots=True)
class Products:
    """The generated files by name, in the order in which people read them."""

    form: FormSchema
    files: Mapping[str, bytes]


def produce(form: FormSchema) -> tuple[Products | None, tuple[Finding, ...]]:
    """Generate everything from a form that was read without faults.

    Returns:
        the files and no findings, or None and why the generated XSD or the example by it does not hold.
    """
    xsd, example = to_xsd(form), example_xml(form)
    schema, faults = compiled_xsd.load(xsd)
    document = strict_xml.parse(example, strict_xml.XmlLimits(size=64 << 20))
    if schema is not None and (document.root is None or schema.errors(document.root)):
        faults = (_UNFIT,)
    if faults:
        return None, faults
    stem = namespace(form).rpartition(":")[2]
    files = {
        f"{stem}.xsd": xsd,
        f"{stem}.schema.json": to_json_schema(form),
        f"{stem}.example.xml": example,
        f"{stem}.example.json": example_json(form),
        f"{stem}.md": to_markdown(form),
    }
    return Products(form, files), ()
