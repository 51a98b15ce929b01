"""Write coalescing: the result of one call and the intent of the next go to the disk as one commit.

Knows: what the row has and what is known beyond it. Never does: know a step; `advance` says before which of them the
disk has to know.
Standard: architecture §3. Start reading: `CoalescedWrites`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.model import Submission
from gateway.ports.store import Change, Passed, Store

AT_ONCE_S = 0.25
"""Up to this wait the pending change is written together with what is read after it. After a crash the intent in the
row and the event log give it again."""


@dataclass(slots=True)
class CoalescedWrites:
    """The writes of one run for one submission: `row` is as committed, `pending` is known beyond it.

    Whatever writes raises `VersionGone` where somebody else was quicker.
    """

    store: Store
    row: Submission
    pending: Change | None = None

    @property
    def known(self) -> Submission:
        """The submission with everything that is known of it."""
        return self.pending.submission if self.pending else self.row

    def add(self, change: Change | None) -> None:
        """What happened to `known` (None: nothing); it waits to be written together with what follows."""
        self.pending = joined(self.pending, change) if self.pending and change else change or self.pending

    async def flush(self) -> None:
        """Write what is pending, if anything is, as one commit."""
        if self.pending is not None:
            self.row = await self.store.commit(self.row.version, self.pending)
            self.pending = None

    async def before_sleep(self, seconds: float) -> None:
        """Write what is pending, but for a short sleep; without its job for later, as this run goes on itself."""
        if self.pending is not None and seconds > AT_ONCE_S:
            awake = replace(self.pending.submission, next_at=None)
            self.pending = replace(self.pending, submission=awake, wake_at=None)
            await self.flush()

    async def put_off(self, until: datetime) -> datetime | None:
        """Write what is pending with a job for `until`; where nothing is, this job comes again then."""
        if self.pending is None:
            return until
        self.pending = replace(self.pending, wake_at=until)
        await self.flush()
        return None


def joined(earlier: Change, later: Change) -> Change:
    """Two changes as one: the later submission, its job, and all lines of both; a state in between counts as passed."""
    before = earlier.submission
    between = () if before.state is later.submission.state else (Passed(before.state, before.updated_at),)
    return replace(
        later,
        journal=earlier.journal + later.journal,
        evidence=earlier.evidence + later.evidence,
        discard=earlier.discard + later.discard,
        blobs=earlier.blobs + later.blobs,
        passed=(*earlier.passed, *between, *later.passed),
    )
