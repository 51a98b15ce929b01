"""The only place where concrete things meet.

Knows: settings, key files, store, channels, services, and how they fit together. Never does: any work of theirs.
Standard: architecture §2. Start reading: `open_runtime`.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from uuid import uuid4

from gateway.delivery.advance import Delivery
from gateway.errors import DataInvalid, RestoreUnfinished, SettingsInvalid
from gateway.errors.recurring import Failures
from gateway.fitconnect.channel import FitConnectChannel
from gateway.fitconnect.limits import FITCONNECT
from gateway.intake.create import Intake
from gateway.intake.logins import Binding
from gateway.keys import style as signatures
from gateway.keys.files import KeyFiles, master_keys, published_keys, token_file
from gateway.keys.municipality import DocumentKeys
from gateway.model import Finding, Municipality
from gateway.notify.alarms import TASK_FAILING
from gateway.outbound.durations import Durations
from gateway.services.loader import Services, load
from gateway.sets.installed import usable
from gateway.sets.manifest import shipped
from gateway.settings.gateway import Settings
from gateway.settings.municipality import MunicipalityFile
from gateway.settings.reading import municipalities_and_faults, settings_and_faults
from gateway.store.erasure import erased_list
from gateway.store.erasure.erased_list import ErasedList
from gateway.store.erasure.retention import Period, Retention
from gateway.store.operation import alarms
from gateway.store.operation.destination_slots import StoredSlots
from gateway.store.postgres import PostgresStore, needs_master_key
from gateway.store.proof import judging
from gateway.store.proof.judging import Guard
from gateway.submission.deadlines import Limit
from gateway.wiring import recipients, refusals
from gateway.wiring.channels import Channels
from gateway.wiring.clock import SystemClock
from gateway.wiring.database import database, open_store
from gateway.wiring.evidence_signing import guard, token_key
from gateway.wiring.municipalities import municipality
from gateway.wiring.refusals import Attempt


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that runs in one process, wired."""

    settings: Settings
    files: tuple[MunicipalityFile, ...]
    municipalities: Mapping[str, Municipality]
    services: Services
    store: PostgresStore
    keys: KeyFiles
    clock: SystemClock
    intake: Intake
    delivery: Delivery
    channels: Mapping[tuple[str, str], FitConnectChannel]
    slots: StoredSlots
    retention: Retention
    durations: Durations
    guard: Guard
    dsn: str
    base_url: str

    @property
    def periods(self) -> tuple[Period, ...]:
        """How long what is kept: for each town its services' payloads first, then the rest."""
        periods = []
        for file in self.files:
            for service in self.services.ids():
                days = file.retention.payload_days.get(service, self.services.get(service).definition.retention_days)
                periods.append(Period(file.ars, service, days))
            periods.append(Period(file.ars, None, file.retention.metadata_days))
            periods.append(Period(file.ars, None, file.retention.metadata_days, accounts=True))
        return tuple(periods)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """When a missing proof is told, for each town and service."""
        return tuple(chain.from_iterable(recipients.limits(file, self.services.ids()) for file in self.files))

    @property
    def issuers(self) -> tuple[str, ...]:
        """The OIDC issuers: the public address of each municipality."""
        return tuple(m.public_url for m in self.municipalities.values())


@asynccontextmanager
async def open_runtime(  # noqa: PLR0913 - which process opens it, and what it does about faults
    settings: Settings,
    *,
    base_url: str | None = None,
    restoring: bool = False,
    services: bool = True,
    also: Iterable[Attempt] = (),
    faults: list[Finding] | None = None,
) -> AsyncIterator[Runtime]:
    """Open store, keys, services and channels of one process; everything is closed afterwards.

    Without `services` there are none: for what an operator does whatever the files of services look like.
    `also` is what the caller will read of the settings itself: tried here, so that every fault is told at once. With
    `faults` they are gathered there, and as much is opened as they allow (not where municipality files are no such).
    Raises `SettingsInvalid`, `DataInvalid`, `MasterKeyMissing`, `MasterKeyWrong`, `MasterKeyStillNeeded`,
    `EvidenceKeyMissing`, `EvidenceKeyWrong`, `DatabaseAway`, and unless `restoring` `RestoreUnfinished` and
    `EvidenceShortened`.
    """
    towns, broken = municipalities_and_faults(settings)
    files, clock = tuple(towns), SystemClock()
    municipalities = {file.ars: municipality(file, settings.mode) for file in files}
    findings = broken + refusals.of_files(settings, files, also)
    loaded = Services()
    if services:
        loaded, others = _services(settings, files, municipalities, clock)
        if others and not findings and faults is None and isinstance(others, DataInvalid):
            raise others
        findings += others.findings if others else ()
    if findings and (faults is None or broken):
        raise SettingsInvalid(findings=tuple(dict.fromkeys(findings)))
    if faults is not None:
        faults += dict.fromkeys(findings)
    keys = KeyFiles(files, token_key(settings), published_keys(settings), clock=clock)
    async with AsyncExitStack() as stack:
        stack.callback(keys.close)
        dsn = await stack.enter_async_context(database(settings))
        master = master_keys(settings, data_exist=await needs_master_key(dsn))
        store = await stack.enter_async_context(open_store(dsn, master, settings.database.pool_size))
        if not restoring and not await store.restored():
            raise RestoreUnfinished
        held = guard(settings, known=not restoring)
        await judging.settle(store.database, keys.token, held, str(token_file(settings)))
        for jwk in (keys.token.public_jwk, *keys.published):
            await store.keep_key(jwk)
        slots = StoredSlots(store.database, clock, uuid4)
        durations = Durations()
        makers = Channels(settings, loaded, keys, store, stack, durations, clock)
        channels = {}
        for file in files:
            with suppress(*(() if faults is None else (SettingsInvalid,))):
                channels[file.ars, FITCONNECT] = makers.fitconnect(file, municipalities[file.ars])
        yield Runtime(
            settings=settings,
            files=files,
            municipalities=municipalities,
            services=loaded,
            store=store,
            keys=keys,
            clock=clock,
            intake=Intake(
                store, loaded, municipalities, keys, clock, store.new_id, store.digest, Binding(store.logins, store)
            ),
            delivery=Delivery(
                store,
                channels,
                municipalities,
                loaded,
                clock,
                uuid4,
                random.random,
                slots=slots,
                bounds=recipients.bounds(settings, files),
            ),
            slots=slots,
            channels=channels,
            retention=store.retention(ErasedList(settings.data_dir / erased_list.NAME)),
            durations=durations,
            guard=held,
            dsn=dsn,
            base_url=base_url or settings.server.base_url(),
        )


def read_settings(file: Path | None, also: Callable[[Settings], Iterable[Attempt]], **overrides: object) -> Settings:
    """As `settings.read`; where they have faults, those of all files that they name are told with them.

    Raises `SettingsInvalid`.
    """
    settings, findings = settings_and_faults(file, **overrides)
    if settings is not None and not findings:
        return settings
    if settings is not None:
        towns, broken = municipalities_and_faults(settings)
        findings += broken + refusals.of_files(settings, towns, also(settings))
        findings += refusals.of_keys(towns, DocumentKeys(towns, SystemClock()))
    raise SettingsInvalid(findings=tuple(dict.fromkeys(findings)))


def _services(
    settings: Settings, files: Sequence[MunicipalityFile], towns: Mapping[str, Municipality], clock: SystemClock
) -> tuple[Services, DataInvalid | SettingsInvalid | None]:
    """The services and every fault: in the files of services, and of keys that cannot sign what the services ask."""
    keys = DocumentKeys(files, clock)
    try:
        sets = usable(settings.schema_dir, shipped(), settings.trusted_sets)
        services = load(settings.services.dir, {file.ars: file.parameters for file in files}, sets)
    except DataInvalid as error:
        findings = refusals.of_keys(files, keys)
        return Services(), SettingsInvalid(findings=(*error.findings, *findings)) if findings else error
    try:
        signatures.check(towns.values(), services, keys)
    except SettingsInvalid as error:
        return services, error
    return services, None


def failures(runtime: Runtime) -> Failures:
    """Counts what fails again and again in one process, and raises an alarm about the gateway itself."""

    async def tell(task: str, failing: bool) -> None:
        change = alarms.raise_about_gateway if failing else alarms.resolve_about_gateway
        await change(runtime.store.database, TASK_FAILING, task, runtime.clock.now())

    return Failures(tell)
