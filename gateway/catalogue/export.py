"""The export of all entries: whole or not at all, never smaller by accident, the same for the same state.

Knows: what belongs in it, what may be lost, when nothing has changed. Never does: SQL, files, look at probes: an outage
takes nothing out. Standard: PVOG (full data set by index and files), catalogue reference §2, §6.2.
Start reading: `Exporter.make`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final, Protocol

from gateway import failpoints
from gateway.catalogue.entry import LifeCycle, Revision
from gateway.catalogue.losses import AllowedLoss, Losses
from gateway.catalogue.xzufi.composing import Composition, FinishedFile, Signatures, first_id
from gateway.catalogue.xzufi.transfer import TransferHeader, XzufiWriter
from gateway.errors import CatalogueEmpty, CatalogueExportInvalid
from gateway.errors.sentences import Sentences
from gateway.german_time import german_date

_FORMAT: Final = "1"
"""Grows when the same facts are written in another way, so that they make another state."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted export. `objects` counts by class."""

    no: int
    state: str
    verified: bool
    objects: Mapping[str, int]
    services: int
    files: int
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class ClaimedEntry:
    """An entry as the registry has it now, and whether the last accepted export held it.

    `revision` None: the registry knows nothing of it any more.
    """

    municipality: str
    service: str
    revision: Revision | None
    delivered: bool


@dataclass(frozen=True, slots=True)
class NewExport:
    """What is written of an export before its files. `loss`: who allowed one."""

    state: str
    verified: bool
    services: int
    accepted_at: datetime
    loss: AllowedLoss | None


class ExportTransaction(Protocol):
    """One transaction, alone over all processes: either all of it is kept or nothing. Each raises `DatabaseAway`."""

    async def previous(self) -> Accepted | None:
        """The last accepted export."""
        ...

    def claims(self) -> AsyncIterator[Sequence[ClaimedEntry]]:
        """Every entry by municipality and service, all of one moment, a bounded number at once."""
        ...

    async def begin(self, new: NewExport) -> int:
        """Its number."""
        ...

    async def keep(self, no: int, part: FinishedFile, at: datetime) -> Sequence[str]:
        """Keep a file, its objects and entries; the ids that belong to other objects for ever."""
        ...

    async def moved(self, no: int) -> Sequence[tuple[str, str]]:
        """Municipality and service of what this export holds under another id than before."""
        ...

    async def finish(self, no: int, objects: Mapping[str, int], at: datetime) -> int:
        """Keep the index of its files last, forget entries that it no longer holds; how many objects are no more."""
        ...


class Exports(Protocol):
    """Where exports are kept."""

    def alone(self) -> AbstractAsyncContextManager[ExportTransaction]:
        """A transaction that no other process has at the same time. Raises `CatalogueExportBusy`."""
        ...


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """An accepted export, and whether it is a new one."""

    accepted: Accepted
    changed: bool

    def as_json(self) -> dict[str, Any]:
        """The line of `gateway catalogue export`."""
        accepted = self.accepted
        return {
            "export": accepted.no,
            "state": accepted.state,
            "verified": accepted.verified,
            "files": accepted.files,
            "objects": dict(accepted.objects),
            "services": accepted.services,
            "changed": self.changed,
        }


@dataclass(frozen=True, slots=True)
class _Survey:
    state: str
    services: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class Exporter:
    """Makes and accepts exports. `agencies` gives the schemeAgencyID of each municipality that the gateway serves."""

    exports: Exports
    writer: XzufiWriter = field(repr=False)
    agencies: Mapping[str, str]
    signatures: Signatures
    shrink_percent: float

    async def make(self, now: datetime, loss: AllowedLoss | None = None) -> ExportSummary:
        """Make an export and accept it, unless nothing has changed since the last one.

        Raises `CatalogueEmpty`, `CatalogueExportInvalid`, `CatalogueExportShrinks`, `CatalogueExportBusy`,
        `DatabaseAway`; nothing is kept then, and the last one is served as before.
        """
        async with self.exports.alone() as transaction:
            previous = await transaction.previous()
            survey = await self._survey(transaction, now, previous, loss)
            if previous is not None and previous.state == survey.state:
                return ExportSummary(previous, changed=False)
            new = NewExport(survey.state, self.writer.schema.verified, survey.services, now, loss)
            no = await transaction.begin(new)
            files, objects = await self._write(transaction, no, survey, previous, now)
            losses = Losses(self.shrink_percent, loss)
            losses.of_ids(await transaction.moved(no))
            gone = await transaction.finish(no, objects, now)
            losses.of_objects(gone, sum(previous.objects.values()) if previous else 0)
        accepted = Accepted(no, survey.state, new.verified, objects, survey.services, files, now)
        return ExportSummary(accepted, changed=True)

    async def _survey(
        self, transaction: ExportTransaction, now: datetime, previous: Accepted | None, loss: AllowedLoss | None
    ) -> _Survey:
        """Look at every entry once: what state the whole is in, and which services would be lost."""
        day, losses = german_date(now), Losses(self.shrink_percent, loss)
        schema = self.writer.schema
        state = hashlib.sha256(
            f"{_FORMAT}\n{self.writer.profile.digest}\n{schema.digest}\n{schema.verified}\n".encode()
        )
        services, newest = 0, datetime(1970, 1, 1, tzinfo=UTC)
        async for claims in transaction.claims():
            for claim in claims:
                if claim.delivered and not self._belongs(claim, day) and not _ended(claim, day):
                    losses.service(claim.municipality, claim.service)
            for revision in self._published(claims, day):
                entry, signature = revision.entry, self.signatures(revision.entry) or ""
                facts = (self.agencies[entry.municipality], entry.municipality, entry.service, revision.digest)
                state.update("\0".join((*facts, str(revision.number), signature, "\n")).encode())
                services, newest = services + 1, max(newest, revision.changed_at)
        losses.of_services()
        if previous is None and not services:
            raise CatalogueEmpty
        return _Survey(state.hexdigest(), services, newest)

    async def _write(
        self, transaction: ExportTransaction, no: int, survey: _Survey, previous: Accepted | None, now: datetime
    ) -> tuple[int, Mapping[str, int]]:
        """How many files there are, and how many objects of each class."""
        sequence = previous.no + 1 if previous else 1
        header = TransferHeader(survey.newest, sequence, first_id(survey.state, sequence))
        composition = Composition(self.writer, header, survey.state, self.agencies, self.signatures)
        day, files, objects = german_date(now), 0, Counter[str]()

        async def keep(parts: Sequence[FinishedFile]) -> None:
            nonlocal files
            for part in parts:
                files += 1
                objects.update(written.kind.value for written in part.objects)
                if not composition.findings:
                    failpoints.before("steps.export")
                    taken = await transaction.keep(no, part, now)
                    composition.findings += [_finding(public_id, "id_taken") for public_id in taken]
                    failpoints.after("steps.export")

        with ThreadPoolExecutor(1, "export") as thread:  # one alone: what it frees, it takes again for the next file
            compose = partial(asyncio.get_running_loop().run_in_executor, thread)
            running: asyncio.Future[list[FinishedFile]] = compose(composition.feed, [])
            async for claims in transaction.claims():
                done = await running
                running = compose(composition.feed, self._published(claims, day))  # while those before it are kept
                await keep(done)
            await keep(await running)
            await keep(await compose(composition.finish))
        if composition.findings:
            raise CatalogueExportInvalid(findings=tuple(composition.findings))
        return files, dict(sorted(objects.items()))

    def _published(self, claims: Sequence[ClaimedEntry], day: date) -> list[Revision]:
        return [claim.revision for claim in claims if claim.revision is not None and self._belongs(claim, day)]

    def _belongs(self, claim: ClaimedEntry, day: date) -> bool:
        """Only what has a key can stand in the portal network, and only what has an address is an online service."""
        if claim.revision is None or claim.municipality not in self.agencies:
            return False
        entry = claim.revision.entry
        return bool(entry.leika_key and entry.url) and entry.published_on(day)


def _ended(claim: ClaimedEntry, day: date) -> bool:
    """Whether somebody meant it: it was withdrawn, or its last day was set before."""
    if claim.revision is None:
        return False
    entry = claim.revision.entry
    over = entry.valid_until is not None and entry.valid_until <= day
    return entry.life_cycle is LifeCycle.WITHDRAWN or over


_finding: Final = Sentences(
    {
        "id_taken": (
            "Diese Kennung gehört für immer einem anderen Objekt; bitte den Eintrag anders benennen.",
            "This id belongs to another object for ever; give the entry another name.",
        )
    }
).finding
