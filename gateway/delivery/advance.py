"""Carrying out: ask the journey, act through a channel, commit the outcome.

Knows: `ports`, `journey`, the services. Never does: any I/O of its own, any decision about states.
Standard: architecture §3 (the state is the row; a late worker undoes nothing). Start reading: `Delivery.advance`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from gateway import failpoints
from gateway.delivery.circuit_breaker import Circuits
from gateway.delivery.fair_share import FairShare, Party
from gateway.delivery.parcel import parcel_of
from gateway.delivery.rate_limit import RateLimit, Slots
from gateway.delivery.write_coalescing import CoalescedWrites
from gateway.errors import (
    CounterpartAway,
    CounterpartBusy,
    DatabaseAway,
    DestinationUnfit,
    GatewayError,
    InternalError,
    NotFound,
    StepFailed,
    VersionGone,
    unexpected,
)
from gateway.model import Municipality, Part, Submission
from gateway.ports.channel import Channel, ChannelLimits, LookUnderWay, Parcel
from gateway.ports.clock import Clock
from gateway.ports.store import Change, Store
from gateway.services.loader import Services
from gateway.submission import journey
from gateway.submission.journey import Step, StepKind
from gateway.submission.states import TERMINAL

log = structlog.get_logger()

PAUSE_S = 60.0
"""How long a submission of a paused destination waits before it looks again; the end of the pause wakes it at once."""
LOOK_AGAIN_S = 5.0
"""How long a submission waits while another one fetches what it needs (single flight)."""
UPLOADS_AT_ONCE = 8
"""Connections that one submission takes, however many attachments it has."""
STAY_AWAKE_S = 2.0
"""A wait up to this long is slept through by the same run; a longer one becomes a job of its own."""


@dataclass(slots=True)
class _Visit:
    """One run for one submission: whether its turn came, and whether it holds a place at its destination."""

    asked: bool = False
    placed: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What it takes to carry submissions out. `sleep` and `jitter` are given.

    `channels` is by municipality (ARS) and name of the channel, as the row has them. `bounds` is by destination; one
    without is not counted. `slots` unset: nothing is bounded. `shares` unset: this worker does not count its own.
    """

    store: Store
    channels: Mapping[tuple[str, str], Channel]
    municipalities: Mapping[str, Municipality]
    services: Services
    clock: Clock
    new_id: Callable[[], UUID]
    jitter: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    circuits: Circuits = field(default_factory=Circuits)
    slots: Slots | None = None
    bounds: Mapping[str, RateLimit] = field(default_factory=dict)
    shares: FairShare | None = None

    async def advance(self, submission_id: UUID) -> datetime | None:
        """Carry one submission as far as it goes now; every result is committed before the next step.

        Ends when nothing is to be done, when the next step is due later (a job is committed for then), or when
        somebody else advanced the submission meanwhile. Returns an instant if it was called before its time, or
        while its destination is paused or does not answer, or holds its whole part of this worker's places. Whatever
        else goes wrong counts as a failed step; it is raised only where not even that could be written down.
        """
        try:
            current = await self.store.load(submission_id)
            if current.next_at and current.next_at > self.clock.now() and current.state not in TERMINAL:
                return current.next_at
            return await self._in_place(current)
        except VersionGone:
            await log.ainfo("delivery.superseded", submission_id=str(submission_id))
        except (DatabaseAway, NotFound):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the submission must not stay without a state
            return await self._failed_unexpectedly(submission_id, error)
        return None

    async def _in_place(self, current: Submission) -> datetime | None:
        """Carry it as far as it goes, in a place of this worker: a destination that hangs leaves the others theirs."""
        if self.shares is None:
            return await self._in_turn(current)
        party = Party(self._destination(current), current.municipality)
        if refused := await self.shares.take(party):
            if refused.first:
                await log.awarning("delivery.part_taken", destination_id=party.destination, ars=party.municipality)
            return self.clock.now() + timedelta(seconds=refused.seconds * (1 + self.jitter()))
        try:
            return await self._in_turn(current)
        finally:
            self.shares.leave(party)

    async def _failed_unexpectedly(self, submission_id: UUID, error: Exception) -> datetime | None:
        """Count what failed outside of a step's own work, as at a commit, by a commit that changes nothing else."""
        try:
            current = await self.store.load(submission_id)
            now = self.clock.now()
            step = journey.next_step(current, now, self._limits(current))
            if step is None:
                return current.next_at if current.state not in TERMINAL else None
            await self.store.commit(current.version, await self._unexpected(current, step, error))
        except VersionGone:
            await log.ainfo("delivery.superseded", submission_id=str(submission_id))
        return None

    async def _unexpected(self, current: Submission, step: Step, error: Exception) -> Change:
        """What an exception of no class of ours means: tried again a few times, then held for a person."""
        failure = StepFailed(step=step.kind.value, kind=type(error).__name__)
        await log.aerror(
            "delivery.step_failed",
            submission_id=str(current.id),
            step=step.intent,
            code=failure.code,
            **unexpected.named(error),
        )
        return journey.failed(current, step, failure, self.clock.now(), self.jitter())

    async def _in_turn(self, current: Submission) -> datetime | None:
        """Carry it as far as it goes; a place it took at its destination is free afterwards."""
        visit = _Visit()
        try:
            return await self._advance(current, visit)
        finally:
            await self._leave(current, visit)

    async def _advance(self, current: Submission, visit: _Visit) -> datetime | None:
        """A result is committed with the next intent (write coalescing); a step that only reads needs no intent."""
        writes, limits = CoalescedWrites(self.store, current), self._limits(current)
        while step := journey.next_step(writes.known, self.clock.now(), limits):
            if until := await self._rest(writes.row) or await self._turn(writes.row, step, visit):
                return await writes.put_off(until)
            if step.kind in journey.CHANGES_OUTSIDE:
                writes.add(journey.begin(writes.known, step))
            if step.kind is not StepKind.READ_EVENTS:
                await writes.flush()
            known = writes.known
            try:
                outcome = await self._visited(known, step, visit)
            except LookUnderWay:
                return await writes.put_off(self.clock.now() + timedelta(seconds=LOOK_AGAIN_S * (1 + self.jitter())))
            writes.add(outcome)
            wait = self._wait(known, outcome)
            if wait is None:
                continue
            if wait > STAY_AWAKE_S:
                if outcome is None:
                    writes.add(Change(known, wake_at=journey.poll_at(known, self.clock.now())))
                break
            await writes.before_sleep(wait)
            await self.sleep(wait)
        await writes.flush()
        return None

    async def _rest(self, current: Submission) -> datetime | None:
        """Until when the submission has to wait for its destination; None where nothing stands in the way."""
        now = self.clock.now()
        destination = self._destination(current)
        if await self.store.paused(destination):
            return now + timedelta(seconds=PAUSE_S * (1 + self.jitter()))
        resting = await self.slots.resting(destination) if self.slots else None
        until = resting or self.circuits.wait(destination, now)
        return until + timedelta(seconds=self.jitter()) if until else None

    async def _turn(self, current: Submission, step: Step, visit: _Visit) -> datetime | None:
        """When it is this submission's turn at a destination with bounds, asked once a visit; None: now."""
        if self.slots is None or not self.bounds or visit.asked or step.kind not in journey.CHANGES_OUTSIDE:
            return None
        bound = self.bounds.get(self._destination(current))
        wait = await self.slots.take(current.id, self._destination(current), bound) if bound else None
        visit.asked = wait is None
        visit.placed = visit.asked and bound is not None and bound.at_once is not None
        return wait

    async def _visited(self, current: Submission, step: Step, visit: _Visit) -> Change | None:
        outcome = await self._perform(current, step)
        if step.kind is StepKind.SUBMIT:  # what follows only reads
            await self._leave(current, visit)
        return outcome

    async def _leave(self, current: Submission, visit: _Visit) -> None:
        if self.slots is not None and visit.placed:
            visit.placed = False
            with suppress(DatabaseAway):  # the place is a lease that ends by itself
                await self.slots.give_back(current.id)

    def _destination(self, current: Submission) -> str:
        if current.destination_id:
            return current.destination_id
        try:
            return self.channels[current.municipality, current.channel].destination_of(
                current.service, test=current.test
            )
        except (GatewayError, KeyError):
            return ""  # sealing will say so

    def _limits(self, current: Submission) -> ChannelLimits:
        channel = self.channels.get((current.municipality, current.channel))
        return channel.limits if channel else ChannelLimits()  # taken out of the settings: the next step will say so

    def _wait(self, current: Submission, change: Change | None) -> float | None:
        now = self.clock.now()
        until = change.wake_at if change else journey.poll_at(current, now)
        return (until - now).total_seconds() if until else None

    async def _perform(self, current: Submission, step: Step) -> Change | None:
        destination = self._destination(current)
        try:
            outcome = await self._act(current, step)
        except (VersionGone, LookUnderWay):
            raise
        except GatewayError as error:
            await self._spare(destination, error)
            say = log.aerror if isinstance(error, InternalError) else log.awarning
            await say("delivery.step_failed", submission_id=str(current.id), step=step.intent, code=error.code)
            return journey.failed(current, step, error, self.clock.now(), self.jitter())
        except Exception as error:  # noqa: BLE001 - a step may fail by anything, and must end in a state all the same
            return await self._unexpected(current, step, error)
        if step.kind is not StepKind.SEAL:
            self.circuits.succeeded(destination)
        return outcome

    async def _spare(self, destination: str, error: GatewayError) -> None:
        """Note for rate limit and circuit breaker that a destination did not answer, or asked for rest."""
        if self.slots is not None and isinstance(error, CounterpartBusy) and error.retry_after:
            await self.slots.rest(destination, error.retry_after)
            await log.awarning("delivery.asked_to_wait", destination_id=destination, seconds=error.retry_after)
        if isinstance(error, CounterpartAway | CounterpartBusy) and self.circuits.failed(destination, self.clock.now()):
            await log.awarning("delivery.circuit_open", destination_id=destination, code=error.code)

    async def _act(self, current: Submission, step: Step) -> Change | None:
        channel = self.channels.get((current.municipality, current.channel))
        if channel is None or current.service not in self.services.ids():  # taken out of the settings meanwhile
            raise DestinationUnfit(rule="no_destination")
        if step.kind is StepKind.SEAL:
            failpoints.before("steps.document")
            parcel = await self._parcel(current)
            failpoints.before("steps.seal")
            return journey.sealed(current, await channel.seal(current, parcel, self.store), self.clock.now())
        if step.kind is StepKind.ANNOUNCE:
            failpoints.before("steps.announce")
            return journey.announced(current, await channel.announce(current), self.clock.now())
        if step.kind is StepKind.UPLOAD:
            failpoints.before("steps.upload")
            await self._upload(channel, current, step)
            return journey.uploaded(current, step, self.clock.now())
        if step.kind is StepKind.SUBMIT:
            failpoints.before("steps.submit")
            await channel.submit(current, self._read)
            return journey.submitted(current, self.clock.now(), channel.limits)
        failpoints.before("steps.read_events")
        return journey.observed(current, await channel.events(current), self.clock.now(), channel.limits)

    async def _upload(self, channel: Channel, current: Submission, step: Step) -> None:
        """All parts of the step at once, each begun right after the commit; the first error once all have ended."""
        free = asyncio.Semaphore(UPLOADS_AT_ONCE)

        async def send(part: Part) -> None:
            async with free:
                await channel.upload(current, part, self._read(part))

        if len(step.parts) == 1:
            await send(step.parts[0])
            return
        outcomes = await asyncio.gather(*(send(part) for part in step.parts), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    def _read(self, part: Part) -> AsyncIterator[bytes]:
        return self.store.read_blob(part.blob)

    async def _parcel(self, current: Submission) -> Parcel:
        stored, service = await self.store.stored(current.id), self.services.get(current.service)
        return await parcel_of(current, stored, service, self.municipalities[current.municipality], self.new_id)
