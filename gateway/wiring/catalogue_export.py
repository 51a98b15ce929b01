"""The exporter of one process, made of settings, installed schema sets and the database.

Knows: which agency, schema and signature count. Never does: decide what is exported. Standard: fixed interfaces §1,
§2. Start reading: `exported`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from gateway.catalogue.export import Exporter, ExportSummary
from gateway.catalogue.losses import AllowedLoss
from gateway.catalogue.work import WorkKind
from gateway.catalogue.xzufi.composing import Signatures
from gateway.catalogue.xzufi.profile import profile
from gateway.catalogue.xzufi.schema import schema_of
from gateway.catalogue.xzufi.transfer import XzufiWriter
from gateway.errors import FileUnusable
from gateway.input import regular_file
from gateway.sets.installed import usable
from gateway.sets.manifest import shipped
from gateway.settings.municipality import MunicipalityFile
from gateway.store.catalogue.exports import StoredExports
from gateway.wiring.catalogue_registry import EntryRegistration, registered, tell
from gateway.wiring.catalogue_work import noted
from gateway.wiring.runtime import Runtime


async def exported(
    runtime: Runtime, loss: AllowedLoss | None = None, report: Callable[[EntryRegistration], Awaitable[None]] = tell
) -> ExportSummary:
    """Register what files say now, then make and accept an export of all municipalities unless nothing has changed.

    `report` gets what registering found: an entry with a fault stays as it was and is exported so. Raises as
    `Exporter.make`.
    """
    await report(await registered(runtime))
    return await noted(runtime, WorkKind.EXPORT, _made(runtime, loss))


async def _made(runtime: Runtime, loss: AllowedLoss | None) -> ExportSummary:
    return await exporter(runtime).make(runtime.clock.now(), loss)


def exporter(runtime: Runtime) -> Exporter:
    """The exporter by the settings. Raises `CatalogueExportInvalid` (a schema that cannot be used), `FileUnusable`."""
    settings = runtime.settings
    words = profile(settings.catalogue.xzufi)
    library = usable(settings.schema_dir, shipped(), settings.trusted_sets)()
    return Exporter(
        StoredExports(runtime.store.database),
        XzufiWriter(words, schema_of(library, words)),
        {file.ars: file.catalogue.agency_id or words.own_agency for file in runtime.files},
        _signatures(runtime.files),
        settings.catalogue.shrink_percent,
    )


def _signatures(files: Iterable[MunicipalityFile]) -> Signatures:
    """The signed addressing information that operators copied, by municipality and destination."""
    known = {
        (file.ars, str(section.destination_id)): _text(section.addressing_information_file)
        for file in files
        for section in file.destinations
        if section.addressing_information_file is not None
    }
    return lambda entry: known.get((entry.municipality, entry.destination_id or ""))


def _text(path: Path) -> str:
    """Without the blanks and line breaks that copying adds. Raises `FileUnusable`."""
    try:
        return "".join(regular_file.text(path).split())
    except OSError as error:
        raise FileUnusable(file=str(path), cause=error.strerror or type(error).__name__) from None
    except UnicodeDecodeError:
        raise FileUnusable(file=str(path), cause="UTF-8") from None
