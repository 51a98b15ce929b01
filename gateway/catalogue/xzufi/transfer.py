"""Files of a transfer: objects between a header and an end, held to the schema, a bounded number in each.

Knows: header, ids and times, which follow from what is written. Never does: I/O, read a clock.
Standard: XZuFi 2.2.0, 2.3.1; PVOG's index of plain file names. Start reading: `TransferFile`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from lxml import etree

from gateway.catalogue.xzufi.layout import Item, Layout
from gateway.catalogue.xzufi.objects import INSTANT
from gateway.catalogue.xzufi.profile import Kind, XzufiProfile
from gateway.catalogue.xzufi.schema import ExportSchema
from gateway.errors import CatalogueExportInvalid
from gateway.errors.sentences import Sentences
from gateway.model import Finding

_PRODUCT: Final = "OZG-Gateway"
_NUMBERED: Final = re.compile(r"\[(\d+)\]")


class WrittenObject(NamedTuple):
    """An object as it stands in a file; `service` None: a unit."""

    municipality: str
    kind: Kind
    id: str
    service: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class TransferHeader:
    """What all files of a transfer share; `ids` and `at` follow from what is written."""

    at: datetime
    sequence: int
    transaction: str

    def name(self, position: int) -> str:
        """The name of a file, which no other export has."""
        return f"XZUFI{self.at:%Y%m%d%H%M%S}{self.sequence:06d}{position:06d}.xml"


@dataclass(slots=True)
class XzufiWriter:
    """One version of XZuFi held to one schema. For one thread at a time."""

    profile: XzufiProfile
    schema: ExportSchema
    layout: Layout = field(init=False)

    def __post_init__(self) -> None:
        """Look for the root. Raises `CatalogueExportInvalid` where the schema has none."""
        self.layout = Layout(self.schema.compiled, self.profile)
        if self.layout.root is None:
            fault = _finding(self.profile.urn, "root_unknown", self.profile.version)
            raise CatalogueExportInvalid(findings=(fault,))

    def unknown(self) -> Iterator[Finding]:
        """Elements and attributes that were to be written and that the schema does not declare."""
        for path in self.layout.unknown:
            yield _finding(path, "element_unknown", path)


class TransferFile:
    """One file as it grows. `size`: bytes of the objects that were written."""

    def __init__(self, writer: XzufiWriter, header: TransferHeader, message_id: str, position: int) -> None:
        self._writer, self.name = writer, header.name(position)
        self._pointers: list[str] = []
        self._deletions = self.size = 0
        names, layout = writer.profile.names, writer.layout
        assert layout.root is not None  # else there were no writer
        self._layout, self._top = layout, layout.root
        self._root = layout.document(
            {"produktbezeichnung": _PRODUCT, "produkthersteller": _PRODUCT, "xzufiVersion": writer.profile.version}
        )
        head = (Item(names["message_id"], message_id), Item(names["created"], header.at.strftime(INSTANT)))
        for item in (
            Item(names["header"], children=head),
            Item(names["transaction"], header.transaction),
            Item(names["position"], str(position)),
        ):
            layout.write(self._root, self._top, item)

    def __len__(self) -> int:
        return len(self._pointers) + self._deletions

    def put(self, pointer: str, item: Item) -> str:
        """Write an object, in a state whose SHA-256 is given back; `pointer` names its entry in findings."""
        around, where = self._layout.below(self._root, self._top, self._writer.profile.names["write"])
        element = self._layout.write(around, where, item)
        self._pointers.append(pointer)
        written = b"" if element is None else etree.tostring(element)
        self.size += len(written)
        return hashlib.sha256(written).hexdigest() if written else ""

    def take(self, element: etree._Element) -> None:
        """Put an object of another file in, as it stands there."""
        around, _ = self._layout.below(self._root, self._top, self._writer.profile.names["write"])
        around.append(element)
        self._pointers.append("")

    def delete(self, item: Item) -> None:
        """Write that an object is no more; after all that are written."""
        self._layout.write(self._root, self._top, item)
        self._deletions += 1

    def content(self) -> bytes:
        """The bytes."""
        return etree.tostring(self._root, xml_declaration=True, encoding="UTF-8")

    def findings(self) -> Sequence[Finding]:
        """Everything that the schema has against it, by entry; no values."""
        return tuple(dict.fromkeys(map(self._translated, self._writer.schema.compiled.errors(self._root))))

    def _translated(self, error: etree._LogEntry) -> Finding:
        steps = [step.partition(":")[2] or step for step in (error.path or "").split("/")[2:]]
        entry = ""
        if steps and steps[0].startswith(self._writer.profile.names["write"]):
            number = _NUMBERED.search(steps.pop(0))
            index = int(number[1]) - 1 if number else 0
            entry = self._pointers[index] if index < len(self._pointers) else ""
        path = "/".join(steps)
        rule = (error.type_name or "").removeprefix("SCHEMAV_").lower()
        return _finding(f"{entry}/{path}".strip("/"), "schema", rule)


def index_of(names: Sequence[str]) -> bytes:
    """The index: plain file names, one a line."""
    return "".join(f"{name}\n" for name in names).encode()


_finding: Final = Sentences(
    {
        "root_unknown": (
            (
                "Die installierte Schemamenge hat kein Element, das Objekte schreibt und löscht; bitte prüfen, ob sie "
                "XZuFi {0} ist (gateway schemas verify)."
            ),
            (
                "The installed schema set has no element that writes and deletes objects; check that it is XZuFi {0} "
                "(gateway schemas verify)."
            ),
        ),
        "element_unknown": (
            "Das Schema kennt {0} nicht; bitte Schemamenge und catalogue.xzufi vergleichen.",
            "The schema does not know {0}; compare the schema set with catalogue.xzufi.",
        ),
        "schema": (
            "Das Schema nimmt diese Stelle nicht an ({0}); bitte die Angabe im Eintrag berichtigen.",
            "The schema does not take this place ({0}); correct what the entry says.",
        ),
    }
).finding
