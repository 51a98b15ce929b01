"""From entries in their order to files: the objects of each entry, units after all entries of their municipality.

Knows: what may be said of one municipality at a time. Never does: I/O, hold more than a file and a municipality's
references. Standard: XZuFi 2.2.0, 2.3.1. Start reading: `Composition.feed`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from gateway.catalogue.entry import Entry, Revision, Unit
from gateway.catalogue.served import PackedContent
from gateway.catalogue.xzufi import rules
from gateway.catalogue.xzufi.identifiers import object_id, transfer_ids
from gateway.catalogue.xzufi.layout import Item
from gateway.catalogue.xzufi.objects import AddressedService, EntryIds, Objects
from gateway.catalogue.xzufi.profile import Kind
from gateway.catalogue.xzufi.transfer import TransferFile, TransferHeader, WrittenObject, XzufiWriter
from gateway.errors.sentences import Sentences
from gateway.model import Finding

FILE_OBJECTS: Final = 500
FILE_BYTES: Final = 2_000_000
"""A file is full with either, and a name of a service in a unit counts as an object: so its memory is bounded."""
MOST_FINDINGS: Final = 200
"""After so many nothing more is looked at: whoever mends them asks again."""

Signatures = Callable[[Entry], str | None]
"""FIT-Connect's signed addressing information of an entry's destination."""


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A finished file, the objects in it, and the entries (municipality, service, revision) that end in it."""

    position: int
    name: str
    content: PackedContent
    objects: tuple[WrittenObject, ...] = field(repr=False)
    delivered: tuple[tuple[str, str, int], ...] = field(repr=False)


@dataclass(slots=True)
class _UnitDraft:
    unit: Unit
    services: list[AddressedService] = field(default_factory=list)


class Composition:
    """Composes one transfer. `findings` gathers what keeps it from being accepted."""

    def __init__(
        self, writer: XzufiWriter, header: TransferHeader, state: str, agencies: Mapping[str, str], sign: Signatures
    ) -> None:
        self._writer, self._header, self._agencies, self._sign = writer, header, agencies, sign
        self._objects = Objects(writer.profile)
        self._message_ids = islice(transfer_ids(state, header.sequence), 1, None)
        self._position = 0
        self._file = self._next_file()
        self._named = 0
        self._written: list[WrittenObject] = []
        self._delivered: list[tuple[str, str, int]] = []
        self._municipality = ""
        self._ids: set[str] = set()
        self._units: dict[str, _UnitDraft] = {}
        self.findings: list[Finding] = []

    def feed(self, revisions: Iterable[Revision]) -> list[FinishedFile]:
        """Write the objects of entries, which come by municipality; the files that were filled with them."""
        parts: list[FinishedFile] = []
        for revision in revisions:
            if len(self.findings) >= MOST_FINDINGS:
                break
            if revision.entry.municipality != self._municipality:
                parts += self._end_municipality()
                self._municipality = revision.entry.municipality
            signature = self._sign(revision.entry)
            faults = list(rules.findings(revision.entry, signature, self._writer.profile))
            self.findings += faults
            if not faults:
                self._entry(revision, signature)
            parts += self._full()
        return parts

    def finish(self) -> list[FinishedFile]:
        """The units of the last municipality and the last file; there is one even where nothing is written."""
        parts = self._end_municipality()
        self.findings += self._writer.unknown()
        if len(self._file) or self._position == 1:
            parts.append(self._close())
        return parts

    def _entry(self, revision: Revision, signature: str | None) -> None:
        """All objects of an entry or none: a responsibility points at objects that are written with it."""
        entry = revision.entry
        town, pointer = entry.municipality, f"{entry.municipality}/{entry.service}"
        ids = EntryIds.of(self._agencies[town], town, entry.service)
        self._put(pointer, Kind.SERVICE, ids.service, self._objects.service(ids.service, revision), entry.service)
        online = self._objects.online_service(ids.online_service, entry)
        self._put(pointer, Kind.ONLINE_SERVICE, ids.online_service, online, entry.service)
        responsible = self._objects.responsibility(ids.responsibility, ids.online_service, ids.service, town)
        self._put(pointer, Kind.RESPONSIBILITY, ids.responsibility, responsible, entry.service)
        if entry.unit is not None:
            draft = self._units.setdefault(entry.unit.id, _UnitDraft(entry.unit))
            if draft.unit != entry.unit:
                self.findings.append(_finding(f"{pointer}/unit", "unit_differs", entry.unit.id))
            self._known(pointer, ids.unit_responsibility)
            draft.services.append(AddressedService(ids.unit_responsibility, ids.service, signature))
        self._delivered.append((town, entry.service, revision.number))

    def _end_municipality(self) -> list[FinishedFile]:
        """A unit takes room for each service that it names, and a file of its own where there is too little."""
        town, parts = self._municipality, list[FinishedFile]()
        for draft in self._units.values():
            if self._written and self._taken() + len(draft.services) > FILE_OBJECTS:
                parts.append(self._close())
            public_id = object_id(self._agencies[town], Kind.UNIT, town, draft.unit.id)
            item = self._objects.unit(public_id, draft.unit, town, draft.services)
            self._put(f"{town}/{draft.unit.id}", Kind.UNIT, public_id, item, None)
            self._named += len(draft.services)
            parts += self._full()
        self._units, self._ids = {}, set()
        return parts

    def _put(self, pointer: str, kind: Kind, public_id: str, item: Item, service: str | None) -> None:
        self._known(pointer, public_id)
        digest = self._file.put(pointer, item)
        self._written.append(WrittenObject(self._municipality, kind, public_id, service, digest))

    def _known(self, pointer: str, public_id: str) -> None:
        if public_id in self._ids:
            self.findings.append(_finding(pointer, "id_twice"))
        self._ids.add(public_id)

    def _taken(self) -> int:
        """How much of a file's room is taken."""
        return len(self._file) + self._named

    def _full(self) -> list[FinishedFile]:
        full = self._taken() >= FILE_OBJECTS or self._file.size >= FILE_BYTES
        return [self._close()] if full else []

    def _close(self) -> FinishedFile:
        self.findings += self._file.findings()
        content = PackedContent.of(self._file.content())  # here, so that the whole of it stays in no other's way
        part = FinishedFile(self._position, self._file.name, content, tuple(self._written), tuple(self._delivered))
        self._file, self._written, self._delivered, self._named = self._next_file(), [], [], 0
        return part

    def _next_file(self) -> TransferFile:
        self._position += 1
        return TransferFile(self._writer, self._header, next(self._message_ids), self._position)


def first_id(state: str, sequence: int) -> str:
    """The id of the whole transaction."""
    ids: Iterator[str] = transfer_ids(state, sequence)
    return next(ids)


_finding: Final = Sentences(
    {
        "unit_differs": (
            "Die Organisationseinheit {0} ist in mehreren Einträgen verschieden beschrieben; bitte angleichen.",
            "The unit {0} is described differently in several entries; make them the same.",
        ),
        "id_twice": (
            "Zwei Objekte bekämen dieselbe Kennung; bitte eines der beiden umbenennen.",
            "Two objects would get the same id; rename one of them.",
        ),
    }
).finding
