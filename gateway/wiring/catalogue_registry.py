"""Registers what services and municipality files claim, so that everybody sees files that changed.

Knows: where entries come from and where they are kept. Never does: judge them (`catalogue` does), take one out.
Standard: catalogue reference §6.2. Start reading: `registered`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from gateway.catalogue.addresses import PublicAddresses
from gateway.catalogue.entry import Entry
from gateway.catalogue.entry_files import EntryFolder, read_folder, stamps
from gateway.catalogue.registry import CatalogueTown, TownEntries, entries_of
from gateway.catalogue.sentences import finding
from gateway.model import Finding, Severity
from gateway.outbound.policy import AddressPolicy
from gateway.settings.municipality import MunicipalityFile
from gateway.store.catalogue.entries import StoredEntries
from gateway.wiring import identity
from gateway.wiring.runtime import Runtime

log = structlog.get_logger()

FILES: Final = "files"
"""Who made a revision that files say."""
LOOK_EVERY_S: Final = 60.0
"""Seconds between two looks whether entry files changed."""
_TEST_ENDING: Final = "-int"


@dataclass(frozen=True, slots=True)
class EntryRegistration:
    """What registering found. `changed` are entries with a new state: municipality and service."""

    findings: tuple[Finding, ...]
    changed: tuple[tuple[str, str], ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is an error."""
        return not any(fault.severity is Severity.ERROR for fault in self.findings)


async def registered(runtime: Runtime) -> EntryRegistration:
    """Read every file, register what is sound, tell everything else. Raises `DatabaseAway`.

    An entry with a fault, or that no file names any more, stays as it was. `runtime` has its services loaded.
    """
    stored = StoredEntries(runtime.store.database)
    findings: list[Finding] = []
    changed: list[tuple[str, str]] = []
    async for town in judged(runtime):
        done = await stored.register(town.municipality, town.entries, runtime.clock.now(), FILES)
        findings += town.findings
        changed += [(town.municipality, service) for service in done.changed]
    return EntryRegistration((*findings, *await without_file(runtime)), tuple(changed))


async def judged(runtime: Runtime) -> AsyncIterator[TownEntries]:
    """What the files of each municipality make, beside what is registered; nothing is kept. Raises `DatabaseAway`."""
    stored = StoredEntries(runtime.store.database)
    for file in runtime.files:
        yield await asyncio.to_thread(_entries, runtime, file, await stored.latest(file.ars))


async def without_file(runtime: Runtime) -> Sequence[Finding]:
    """The municipalities that have entries and that no file names any more. Raises `DatabaseAway`."""
    known = {file.ars for file in runtime.files}
    standing = await StoredEntries(runtime.store.database).standing()
    return [finding(ars, "entry_town_vanished", number) for ars, number in standing.items() if ars not in known]


def _entries(runtime: Runtime, file: MunicipalityFile, latest: Mapping[str, Entry]) -> TownEntries:
    settings = runtime.settings
    addresses = PublicAddresses(AddressPolicy.of(tuple(settings.outbound.allow_private)), test=settings.mode == "test")
    section = file.catalogue
    folder = EntryFolder() if section.dir is None else read_folder(section.dir, file.slug)
    town = CatalogueTown(runtime.municipalities[file.ars], section, folder, _means(file))
    return entries_of(town, runtime.services, addresses.refusal, latest)


def _means(file: MunicipalityFile) -> dict[str, tuple[str, ...]]:
    """How persons and organisations log in: their identity providers by kind, each once."""
    means: dict[str, dict[str, None]] = {}
    for at in identity.places([file]):
        name = at.section.profile.removesuffix(_TEST_ENDING)
        means.setdefault(at.profile.audience, {})[name] = None
    return {audience: tuple(names) for audience, names in means.items()}


class EntryFollower:
    """Registers again when entry files changed; what services and settings say is read at the start alone."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._seen: object = None

    async def look(self) -> None:
        """Register where a file changed since the last look, and once at first; what is wrong is told in the log."""
        folders = [file.catalogue.dir for file in self._runtime.files if file.catalogue.dir is not None]
        seen = await asyncio.to_thread(lambda: [stamps(folder) for folder in folders])
        if seen == self._seen:
            return
        await tell(await registered(self._runtime))
        self._seen = seen


async def tell(registration: EntryRegistration) -> None:
    """Log what changed, and each error by its place and rule."""
    for ars, service in registration.changed:
        await log.ainfo("catalogue.entry_changed", municipality=ars, service=service)
    for fault in registration.findings:
        if fault.severity is Severity.ERROR:
            await log.awarning("catalogue.entry_fault", place=fault.pointer, rule=fault.rule)
