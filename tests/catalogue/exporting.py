"""Exports to try things with: entries in the rows of the registry, and a reader of XZuFi that shares nothing with ours.

The reader does what public ones do (codedust/xzufi): each line of `index.txt` is a file name, carriage returns are
stripped, the first node is the transfer, `schreibe` and `loesche` are looked for by local name.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.catalogue import entry_json
from gateway.catalogue.entry import Entry
from gateway.catalogue.export import Exporter
from gateway.catalogue.served import unpacked
from gateway.catalogue.xzufi.composing import FinishedFile
from gateway.catalogue.xzufi.profile import profile
from gateway.catalogue.xzufi.schema import schema_of
from gateway.catalogue.xzufi.transfer import XzufiWriter
from gateway.sets.library import Library
from gateway.sets.manifest import SetIdentity
from gateway.store.catalogue.exported_files import ExportedFiles
from gateway.store.catalogue.exports import StoredExports
from gateway.store.connection.database import Database, numbered
from gateway.xoev.schema.sets import SchemaSet
from tests.catalogue.entries import ARS

AGENCY = "L100042"
_OLD = numbered(
    "UPDATE catalogue_revisions SET latest = false WHERE municipality = %(town)s AND service = %(service)s AND latest"
)
_NEW = numbered(
    """
INSERT INTO catalogue_revisions
SELECT %(town)s, %(service)s, coalesce(max(number), 0) + 1, true, %(entry)s::text::jsonb, %(digest)s, %(at)s, 'files'
FROM catalogue_revisions WHERE municipality = %(town)s AND service = %(service)s
"""
)


async def register(database: Database, one: Entry, at: datetime) -> None:
    """A new revision, as the registry keeps it."""
    place = {"town": one.municipality, "service": one.service}
    await database.run(_OLD, **place)
    facts = json.dumps(entry_json.as_json(one))
    await database.run(_NEW, **place, entry=facts, digest=entry_json.digest(one), at=at)


def writer(version: str = "2.3.1", official: bytes | None = None) -> XzufiWriter:
    """A writer held to our own profile, or to a schema that is installed as the official one."""
    words = profile(version)
    sets = [(SetIdentity("schema", words.urn, version), SchemaSet(words.urn, version, {"x.xsd": official or b""}))]
    return XzufiWriter(words, schema_of(Library(sets if official else ()), words))


def exporter(database: Database, *, towns: Iterable[str] = (ARS,), agency: str = AGENCY, **changes) -> Exporter:
    made = {"writer": writer(), "signatures": lambda _: None, "shrink_percent": 10.0, **changes}
    return Exporter(StoredExports(database), agencies=dict.fromkeys(towns, agency), **made)


def content(part: FinishedFile) -> bytes:
    """What a finished file holds."""
    return unpacked(part.content.packed)


async def served(database: Database) -> dict[str, bytes]:
    """What a collector gets: the index, and what it names."""
    files = ExportedFiles(database)
    index = await files.file("index.txt")
    if index is None:
        return {}
    names = [line.strip("\r") for line in index.content.decode().split("\n") if line]
    return {"index.txt": index.content, **{name: (await files.file(name)).content for name in names}}


@dataclass
class Held:
    """What a collector holds after reading: objects by class and public id, who points where."""

    objects: dict[tuple[str, str, str], ET.Element] = field(default_factory=dict)
    pointers: list[tuple[str, str, str]] = field(default_factory=list)
    deleted: list[tuple[str, str, str]] = field(default_factory=list)

    def ids(self, kind: str) -> set[str]:
        return {value for each, _, value in self.objects if each == kind}

    def of(self, kind: str) -> list[ET.Element]:
        return [element for (each, _, _), element in self.objects.items() if each == kind]


KINDS = {
    "leistung": "Leistung",
    "onlinedienst": "Onlinedienst",
    "organisationseinheit": "Organisationseinheit",
    "zustaendigkeitTransferObjekt": "Zustaendigkeit",
}


def local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def below(element: ET.Element, name: str) -> list[ET.Element]:
    return [child for child in element.iter() if child is not element and local(child) == name]


def read(files: Iterable[bytes], held: Held | None = None) -> Held:
    held = held or Held()
    for content in files:
        for node in ET.fromstring(content):
            if local(node) == "schreibe":
                _write(held, node[0])
            elif local(node) == "loesche":
                key = (node.attrib["klasse"], *_id(node[0]))
                held.deleted.append(key)
                held.objects.pop(key, None)
    return held


def read_export(files: Mapping[str, bytes]) -> Held:
    return read(content for name, content in files.items() if name != "index.txt")


def _write(held: Held, element: ET.Element) -> None:
    kind = KINDS[local(element)]
    own = below(element, "zustaendigkeit")[0] if kind == "Zustaendigkeit" else element
    key = (kind, *_id(next(child for child in own if local(child) == "id")))
    assert key not in held.objects, "an id stands for one object"
    held.objects[key] = element
    held.pointers += [("Leistung", *_id(each)) for each in below(element, "leistungID")]
    held.pointers += [("Onlinedienst", *_id(each)) for each in below(element, "uebergeordnetesObjektID")]


def _id(element: ET.Element) -> tuple[str, str]:
    return element.attrib["schemeAgencyID"], element.text or ""
