"""The exporter of one process, made of settings, installed schema sets and the database.

Knows: which agency and which schema count. Never does: decide what is exported. Standard: fixed interfaces §1, §2.
Start reading: `exported`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from gateway.catalogue.entry import Entry
from gateway.catalogue.export import Exporter, ExportSummary
from gateway.catalogue.losses import AllowedLoss
from gateway.catalogue.work import WorkKind
from gateway.catalogue.xzufi.profile import profile
from gateway.catalogue.xzufi.schema import schema_of
from gateway.catalogue.xzufi.transfer import XzufiWriter
from gateway.sets.installed import usable
from gateway.sets.manifest import shipped
from gateway.store.catalogue.exports import StoredExports
from gateway.wiring.catalogue_registry import EntryRegistration, registered, tell
from gateway.wiring.catalogue_work import noted
from gateway.wiring.runtime import Runtime


async def exported(
    runtime: Runtime, loss: AllowedLoss | None = None, told: Callable[[EntryRegistration], Awaitable[None]] = tell
) -> ExportSummary:
    """Register what files say now, then make and accept an export of all municipalities unless nothing has changed.

    `told` gets what registering found: an entry with a fault stays as it was and is exported so. Raises as
    `Exporter.make`.
    """
    await told(await registered(runtime))
    return await noted(runtime, WorkKind.EXPORT, _made(runtime, loss))


async def _made(runtime: Runtime, loss: AllowedLoss | None) -> ExportSummary:
    return await exporter(runtime).make(runtime.clock.now(), loss)


def exporter(runtime: Runtime) -> Exporter:
    """The exporter by the settings. Raises `CatalogueExportInvalid` for a schema that cannot be used."""
    settings = runtime.settings
    words = profile(settings.catalogue.xzufi)
    library = usable(settings.schema_dir, shipped(), settings.trusted_sets)()
    return Exporter(
        StoredExports(runtime.store.database),
        XzufiWriter(words, schema_of(library, words)),
        {file.ars: file.catalogue.agency_id or words.own_agency for file in runtime.files},
        _unsigned,
        settings.catalogue.shrink_percent,
    )


def _unsigned(entry: Entry) -> str | None:
    """Signed addressing information comes from FIT-Connect's routing; nobody asks it here."""
    _ = entry
    return None
