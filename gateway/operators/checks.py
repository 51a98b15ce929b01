"""The checks of an installation, each a line: what was tried, whether it holds, what was seen, what to do.

Knows: what is tried, and whose affair a fault is. Never does: print, open anything, choose an exit code.
Standard: fixed interfaces §1 (`check`). Start reading: `Checks`.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from functools import partial
from typing import Any, Final, Protocol

from gateway.errors import (
    CounterpartError,
    DatabaseAway,
    EvidenceShortened,
    EvidenceWitnessUnreadable,
    GatewayError,
    OperatorError,
    RestoreUnfinished,
)
from gateway.fitconnect.limits import FITCONNECT
from gateway.keys.municipality import DocumentKeys
from gateway.keys.style import wanted
from gateway.model import Blame, Destination, Finding, Municipality
from gateway.notify.alarms import Target
from gateway.outbound import smtp
from gateway.services.loader import Services
from gateway.sets.installed import load, read_index
from gateway.sets.manifest import shipped
from gateway.settings.gateway import Settings
from gateway.xoev.form.writing import MEDIA_TYPE

LEAST_FREE_BYTES: Final = 2_000_000_000
RENEW_BEFORE: Final = timedelta(days=30)
PLACES: Final = 10
"""How many places where evidence is broken a line names."""
_OF_DATA: Final = (EvidenceShortened, EvidenceWitnessUnreadable, RestoreUnfinished)
"""Wrong with what was stored, not with settings."""


class Affair(Enum):
    """Where a fault is mended: in the settings, at this machine or its data, by whoever runs a counterpart."""

    SETTINGS = "settings"
    MACHINE = "machine"
    COUNTERPART = "counterpart"


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check: its name, whether it holds, what was seen, what to do; `affair` counts where it does not hold."""

    check: str
    ok: bool
    detail: str
    remedy: str = ""
    affair: Affair = Affair.MACHINE

    def as_json(self) -> dict[str, Any]:
        """The line of the fixed interface."""
        return {"check": self.check, "ok": self.ok, "detail": self.detail, "remedy": self.remedy}


class CheckableChannel(Protocol):
    """What a channel lets be tried; each says what it saw, or raises the errors of an exchange."""

    async def check_token(self) -> str:
        """Whether our secret is taken."""
        ...

    async def check_destination(self, destination_id: str) -> str:
        """Whether a destination can be sent to."""
        ...

    async def check_service(self, service: str, ars: str, schema_uri: str, media_type: str, *, test: bool) -> str:
        """Whether a service's destination takes its documents."""
        ...


class JudgedEvidence(Protocol):
    """How many roots and chains were judged, and where one does not verify."""

    roots: int
    chains: int
    broken: list[str]


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks, told in one language (`de` or `en`); faults in `reported` have a line of their own already."""

    language: str
    reported: Sequence[Finding] = ()

    def text(self, de: str, en: str) -> str:
        """One of both sentences."""
        return de if self.language == "de" else en

    def fault(self, name: str, error: GatewayError) -> CheckLine:
        """A check that an error ended."""
        places = [self._placed(finding) for finding in error.findings if finding not in self.reported]
        return CheckLine(name, False, error.code, "; ".join([error.sentence(self.language), *places]), _affair(error))

    def _placed(self, finding: Finding) -> str:
        return f"{finding.pointer}: {self.text(finding.de, finding.en)}"

    def misfit(self, finding: Finding) -> CheckLine:
        """One fault of the settings, or of a file that they name."""
        return CheckLine(finding.pointer, False, finding.rule, self.text(finding.de, finding.en), Affair.SETTINGS)

    async def tried(self, name: str, attempt: Callable[[], Awaitable[str]]) -> CheckLine:
        """What an attempt saw, or the error that it met."""
        try:
            return CheckLine(name, True, await attempt())
        except GatewayError as error:
            return self.fault(name, error)

    def disk(self, values: Settings) -> CheckLine:
        """Room where data lie."""
        directory = values.data_dir
        while not directory.exists():
            directory = directory.parent
        free = shutil.disk_usage(directory).free
        remedy = self.text("Bitte Platz schaffen.", "Make room.") if free < LEAST_FREE_BYTES else ""
        return CheckLine("disk", free >= LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB", remedy)

    def schemas(self, values: Settings, today: date) -> list[CheckLine]:
        """What is installed, what is wrong with it, and each code list that a later version replaces."""
        try:
            count = len(read_index(values.schema_dir))
            library, findings = load(values.schema_dir, shipped(), values.trusted_sets)
            findings += library.faults
        except GatewayError as error:
            return [self.fault("schemas", error)]
        if not count:
            return []
        counted = self.text(f"{count} Schemamengen und Codelisten", f"{count} schema sets and code lists")
        notices = library.code_lists.notices(today)
        return [
            CheckLine("schemas", not findings, counted, "; ".join(map(self._placed, findings))),
            *(CheckLine(f"code_list {notice.pointer}", True, self.text(notice.de, notice.en)) for notice in notices),
        ]

    async def evidence(self, judge: Callable[[], Awaitable[JudgedEvidence]]) -> CheckLine:
        """Judge every root and chain, as each night."""
        try:
            judged = await judge()
        except GatewayError as error:
            return self.fault("evidence", error)
        seen = self.text(
            f"{judged.chains} Ketten, {judged.roots} Wurzelwerte geprüft",
            f"{judged.chains} chains, {judged.roots} roots judged",
        )
        places = ", ".join(judged.broken[:PLACES])
        remedy = self.text(
            f"Nicht schlüssig: {places}. Datenbank mit der Sicherung vergleichen.",
            f"Does not verify: {places}. Compare the database with the backup.",
        )
        return CheckLine("evidence", not judged.broken, seen, remedy if judged.broken else "")

    async def alarms(
        self, values: Settings, recipients: Callable[[], tuple[Sequence[Target], smtp.Relay | None]]
    ) -> list[CheckLine]:
        """Whether alarms can reach people: everything up to the recipient's name is tried, nothing is sent."""
        try:
            targets, relay = recipients()
        except GatewayError as error:
            return [self.fault("alarms", error)]
        if not targets:
            remedy = self.text("Empfänger unter [alarms] eintragen.", "Name recipients in [alarms].")
            nobody = self.text("niemand wird benachrichtigt", "nobody is told")
            return [CheckLine("alarms", values.mode == "test", nobody, remedy, Affair.SETTINGS)]
        section = values.alarms.smtp

        async def tried(mail: str) -> str:
            assert relay is not None  # the settings see to it
            assert section is not None
            await smtp.probe(relay, section.sender, mail)
            return f"{relay.host}:{relay.port} {relay.tls}"

        lines = [
            await self.tried(f"alarms {target.name}", partial(tried, target.mail)) for target in targets if target.mail
        ]
        hint = self.text("Webhook; gateway alarms test sendet eine Probe", "webhook; gateway alarms test sends a test")
        return lines + [CheckLine(f"alarms {target.name}", True, hint) for target in targets if target.url]

    async def municipality(
        self,
        town: Municipality,
        channels: Mapping[tuple[str, str], CheckableChannel],
        services: Services,
        sign: Callable[[], Awaitable[str]],
    ) -> list[CheckLine]:
        """The municipality's key (`sign`), its login, and each destination; without a channel only what needs none.

        `channels` are found by municipality and channel.
        """
        lines = [await self.tried(f"signing_key {town.slug}", sign)]
        channel = channels.get((town.ars, FITCONNECT))
        if channel is None:
            return lines
        lines.append(await self.tried(f"fitconnect_token {town.slug}", channel.check_token))
        if not lines[-1].ok:  # a destination is read with a token: it would only say the same again
            return lines
        for destination in town.destinations:
            name = f"destination {town.slug} {destination.destination_id}"
            to = channels[town.ars, destination.channel]
            lines.append(await self.tried(name, partial(to.check_destination, destination.destination_id)))
            lines += await self.services(town, to, services, destination) if lines[-1].ok else []
        return lines

    async def services(
        self, town: Municipality, channel: CheckableChannel, services: Services, destination: Destination
    ) -> list[CheckLine]:
        """Whether a destination takes each service that goes there: what it refuses would be held after its 201.

        A misfit is a fault where the municipality names the service, and told where the destination stands for `*`.
        """
        lines = []
        for service in map(services.get, services.ids()):
            tests = [test for test in (False, True) if town.destination_for(service.id, test=test) == destination]
            if not tests:
                continue
            uri = service.rules_for(town.ars).schema_uri
            name = f"service {town.slug} {service.id} {destination.destination_id}"
            ask = partial(channel.check_service, service.id, town.ars, uri, MEDIA_TYPE, test=tests[0])
            line = await self.tried(name, ask)
            if not line.ok and service.id not in destination.services:
                line = replace(line, ok=True, detail=f"{line.detail} (*): {line.remedy}", remedy="")
            lines.append(line)
        return lines

    async def signing_key(self, town: Municipality, keys: DocumentKeys, services: Services, now: datetime) -> str:
        """Judge key and certificates as of now, then sign once with what signs documents."""
        formats = wanted(town, services)
        await asyncio.to_thread(partial(keys.check, town.ars, formats, at=now))
        identity = await keys.try_signer(town.ars, formats)
        seen, until = f"kid {identity.kid}, {', '.join(sorted(formats))}", identity.not_after
        if until is None:
            return seen
        soon = self.text(" (bald erneuern)", " (renew soon)") if until - now < RENEW_BEFORE else ""
        return f"{seen}, ≤ {until:%Y-%m-%d}{soon}"


def _affair(error: GatewayError) -> Affair:
    """What a counterpart says of our settings (secret, address, services) is no fault of its own."""
    if isinstance(error, _OF_DATA):
        return Affair.MACHINE
    if isinstance(error, CounterpartError) and (error.blame is not Blame.OPERATOR or error.retry):
        return Affair.COUNTERPART
    if isinstance(error, DatabaseAway):
        return Affair.COUNTERPART
    return Affair.SETTINGS if isinstance(error, OperatorError | CounterpartError) else Affair.MACHINE
