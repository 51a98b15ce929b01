"""What changed between an accepted export and the last one: objects to write as they stand there, and deletions.

Knows: the rows of objects that were ever written. Never does: make objects (they are those of the accepted files, byte
for byte), send. Standard: XZuFi (`schreibe`, `loesche`). Start reading: `delta`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import islice
from typing import Final

from gateway.catalogue.export import Accepted
from gateway.catalogue.served import ServedFiles
from gateway.catalogue.xzufi.composing import FILE_OBJECTS, first_id
from gateway.catalogue.xzufi.identifiers import transfer_ids
from gateway.catalogue.xzufi.objects import Objects
from gateway.catalogue.xzufi.profile import Kind
from gateway.catalogue.xzufi.reading import objects_of
from gateway.catalogue.xzufi.transfer import TransferFile, TransferHeader, XzufiWriter
from gateway.errors import CatalogueExportInvalid

_DELETED_FIRST: Final = (Kind.RESPONSIBILITY, Kind.ONLINE_SERVICE, Kind.UNIT, Kind.SERVICE)
"""What points at others goes before them."""


class ExportReplaced(Exception):
    """Two later exports were accepted meanwhile, so that files of this one are gone."""


async def delta(
    files: ServedFiles, last: Accepted, since: int, writer: XzufiWriter, municipality: str | None = None
) -> Sequence[bytes]:
    """Transfers that make a counterpart that has export `since` hold `last`; none where nothing differs.

    `since` 0: a counterpart that has nothing. Of all municipalities where none is named. Raises `ExportReplaced`,
    `DatabaseAway`, `CatalogueExportInvalid`.
    """
    changed = await files.changed(since, municipality)
    missing = {(kind, public_id) for kind, public_id, there in changed if there}
    gone = [(Kind(kind), public_id) for kind, public_id, there in changed if not there]
    gone.sort(key=lambda deleted: (_DELETED_FIRST.index(deleted[0]), deleted[1]))
    making = _Making(writer, last, since, municipality)
    for name in await files.names(last.no, municipality) if missing else ():
        file = await files.file(name)
        if file is None:
            raise ExportReplaced
        await asyncio.to_thread(making.take, file.content, missing)
        if not missing:
            break
    return await asyncio.to_thread(making.end, gone)


class _Making:
    def __init__(self, writer: XzufiWriter, last: Accepted, since: int, municipality: str | None) -> None:
        made_of = f"{last.state}:since {since}" + (f":{municipality}" if municipality else "")
        self._writer, self._header = writer, TransferHeader(last.accepted_at, last.no, first_id(made_of, last.no))
        self._ids = islice(transfer_ids(made_of, last.no), 1, None)
        self._position = 0
        self._file = self._next()
        self._done: list[bytes] = []

    def take(self, content: bytes, missing: set[tuple[str, str]]) -> None:
        for kind, public_id, element in objects_of(content, self._writer.profile):
            if (kind.value, public_id) in missing:
                missing.remove((kind.value, public_id))
                self._room()
                self._file.take(element)

    def end(self, gone: Sequence[tuple[Kind, str]]) -> Sequence[bytes]:
        objects = Objects(self._writer.profile)
        for kind, public_id in gone:
            self._room()
            self._file.delete(objects.deletion(kind, public_id))
        if len(self._file):
            self._close()
        return tuple(self._done)

    def _room(self) -> None:
        if len(self._file) >= FILE_OBJECTS:
            self._close()
            self._file = self._next()

    def _close(self) -> None:
        if findings := self._file.findings():
            raise CatalogueExportInvalid(findings=tuple(findings))
        self._done.append(self._file.content())

    def _next(self) -> TransferFile:
        self._position += 1
        return TransferFile(self._writer, self._header, next(self._ids), self._position)
