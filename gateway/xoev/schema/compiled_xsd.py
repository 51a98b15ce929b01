"""Document schemas: an XSD as a validator and as a tree that writers follow.

Knows: the constructs that XFall XSDs use, element by element with cardinality and facets.
Never does: load a second file. Standard: XML Schema 1.0 (W3C), in the XFall shape (anonymous types).
Start reading: `load`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from lxml import etree

from gateway.model import Finding
from gateway.xoev.schema.long_rows import counting
from gateway.xoev.schema.names import COUNTING, XS
from gateway.xoev.schema.second_judge import SecondJudge
from gateway.xoev.schema.sets import judged
from gateway.xoev.schema.weight import is_too_heavy
from gateway.xoev.xml import strict_xml

_FOREIGN: Final = frozenset({"import", "include", "redefine"})

FACET_RULES: Final = {
    "SCHEMAV_CVC_MINLENGTH_VALID": ("too_short", "min_length"),
    "SCHEMAV_CVC_MAXLENGTH_VALID": ("too_long", "max_length"),
    "SCHEMAV_CVC_PATTERN_VALID": ("pattern", "pattern"),
    "SCHEMAV_CVC_ENUMERATION_VALID": ("not_in_list", "codes"),
    "SCHEMAV_CVC_MININCLUSIVE_VALID": ("too_small", "minimum"),
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": ("too_large", "maximum"),
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": ("multiple_of", "fraction_digits"),
    "SCHEMAV_CVC_DATATYPE_VALID_1_2_1": ("format", "base"),
}
"""What libxml2 calls a value that breaks a facet: our rule, and the member of `Facets` that holds its limit."""


@dataclass(frozen=True, slots=True)
class Facets:
    """What the XSD says about the text of an element; numbers as the schema writes them."""

    base: str = "string"
    min_length: int | None = None
    max_length: int | None = None
    fraction_digits: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    pattern: str | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """An element of the document: `path` below the root, `facets` for a leaf, `children` in the order of the XSD.

    `attributes` have to stand, with these values. The text of a leaf that has `code` stands in a child of this tag
    (XÖV datatype Code), which is no node.
    Of the children of a `choice` exactly one stands, so none of them has a minimum here; libxml2 counts them.
    """

    name: str
    path: str
    minimum: int
    maximum: int | None
    facets: Facets | None
    children: tuple[Node, ...] = ()
    choice: bool = False
    namespace: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    code: str = ""
    tag: str = field(init=False)
    """The name in Clark notation."""

    def __post_init__(self) -> None:
        """Make the tag once: every document asks for it."""
        object.__setattr__(self, "tag", f"{{{self.namespace}}}{self.name}" if self.namespace else self.name)

    def walk(self) -> Iterator[Node]:
        """The node and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def tags(self) -> set[str]:
        """The tags of every element that a document may hold from here on."""
        return {tag for node in self.walk() for tag in (node.tag, node.code) if tag}


@dataclass(frozen=True, slots=True)
class Schema:
    """A compiled document schema. `root` is the element that documents begin with; `source` the exact bytes of its XSD.

    `second` judges where libxml2 refuses, `others` are namespaces of elements beside the root's own. A compiled
    schema may be shared, together with its lock.
    """

    namespace: str
    root: Node
    source: bytes = field(repr=False)
    _compiled: etree.XMLSchema = field(repr=False)
    second: SecondJudge = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    others: tuple[str, ...] = ()

    @property
    def prefixes(self) -> dict[str, str]:
        """`xfd` for the namespace of the root, as the FIM portal has it; others of a published XSD are counted."""
        return {"xfd": self.namespace} | {f"n{number}": namespace for number, namespace in enumerate(self.others, 1)}

    def errors(self, document: etree._Element) -> tuple[etree._LogEntry, ...]:
        """Everything that libxml2 finds wrong; empty for a valid document. Safe from several threads."""
        with self._lock:
            return judged(self._compiled, document)


def load(source: bytes) -> tuple[Schema | None, tuple[Finding, ...]]:
    """Compile an XSD of XFall shape.

    Args:
        source: the XSD file; it must not name other files.

    Returns:
        the schema and no findings, or None and the faults with pointers `/<line>`.
    """
    parsed = strict_xml.parse(source)
    if parsed.root is None:
        return None, parsed.findings()
    faults = [_fault(part, "xsd_foreign") for part in parsed.root if etree.QName(part).localname in _FOREIGN]
    roots = parsed.root.findall(f"{XS}element")
    target = parsed.root.get("targetNamespace", "")
    if len(roots) != 1 or not target:
        faults.append(_fault(parsed.root, "xsd_root"))
    if not faults and is_too_heavy([parsed.root]):
        faults.append(_fault(parsed.root, "xsd_heavy"))
    if faults:
        return None, tuple(faults)
    try:
        with counting(parsed.root) as counted:
            compiled = etree.XMLSchema(counted)
    except etree.XMLSchemaParseError as error:
        return None, tuple(
            Finding(f"/{entry.line}", "xsd_invalid", *_sentences("xsd_invalid", entry.line))
            for entry in error.error_log
        )
    root = _node(roots[0], "", target, faults)
    second = SecondJudge("only.xsd", {"only.xsd": source})
    return (None if faults else Schema(target, root, source, compiled, second)), tuple(faults)


def _node(element: etree._Element, above: str, namespace: str, faults: list[Finding]) -> Node:
    name = element.get("name", "")
    path = f"{above}/{name}" if above else name
    below = path if element.getparent() is not None and _local(element.getparent()) != "schema" else ""
    upper = element.get("maxOccurs", "1")
    maximum = None if upper == "unbounded" else int(upper)
    minimum = int(element.get("minOccurs", "1"))
    choice = element.find(f"{XS}complexType/{XS}choice")
    model = element.find(f"{XS}complexType/{XS}sequence") if choice is None else choice
    if model is None:
        return Node(name, below, minimum, maximum, _facets(element, faults), namespace=namespace)
    faults.extend(_fault(part, "xsd_shape") for part in model if _local(part) != "element" or not part.get("name"))
    children = tuple(_node(part, below, namespace, faults) for part in model.findall(f"{XS}element"))
    if choice is not None:
        children = tuple(replace(child, minimum=0) for child in children)
    return Node(name, below, minimum, maximum, None, children, choice is not None, namespace)


def _facets(element: etree._Element, faults: list[Finding]) -> Facets:
    named = element.get("type")
    if named is not None:
        return Facets(named.partition(":")[2] or named)
    restriction = element.find(f"{XS}simpleType/{XS}restriction")
    if restriction is None:
        faults.append(_fault(element, "xsd_shape"))
        return Facets()
    base = restriction.get("base", "")
    facets: dict[str, str] = {}
    codes: list[str] = []
    for facet in restriction:
        if _local(facet) == "enumeration":
            codes.append(facet.get("value", ""))
        else:
            facets[_local(facet)] = facet.get("value", "")
    return Facets(
        base=base.partition(":")[2] or base,
        **{target: int(facets[facet]) for facet, target in COUNTING.items() if facet in facets},
        minimum=facets.get("minInclusive"),
        maximum=facets.get("maxInclusive"),
        pattern=facets.get("pattern"),
        codes=tuple(codes),
    )


def _local(element: etree._Element | None) -> str:
    return "" if element is None or not isinstance(element.tag, str) else etree.QName(element).localname


_WANTED: Final = {
    "xsd_foreign": ("ein Schema ohne import, include oder redefine", "a schema without import, include or redefine"),
    "xsd_root": (
        "genau ein globales Element und ein targetNamespace",
        "exactly one global element and a targetNamespace",
    ),
    "xsd_shape": (
        "nur Sequenzen und Auswahlen aus Elementen mit anonymen Typen",
        "only sequences and choices of elements with anonymous types",
    ),
    "xsd_invalid": ("ein gültiges XML-Schema", "a valid XML schema"),
    "xsd_heavy": (
        "ein Schema, das sich in Sekunden übersetzen lässt (höchstens etwa 1000 freigestellte Elemente nacheinander)",
        "a schema that compiles within seconds (at most about 1000 optional elements in a row)",
    ),
}


def _sentences(rule: str, line: int) -> tuple[str, str]:
    de, en = _WANTED[rule]
    return f"Zeile {line}: Erwartet wird {de}.", f"Line {line}: expected is {en}."


def _fault(element: etree._Element, rule: str) -> Finding:
    line = element.sourceline or 0
    return Finding(f"/{line}", rule, *_sentences(rule, line))
