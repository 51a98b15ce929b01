"""What a sandbox that runs for long gives back: content of ended submissions at once, their records from a number on.

Knows: the ended submissions in the order of their end. The sealed parts go with the end, since nobody may fetch them
any more; what the subscriber opened is kept for the newest ones. Never does: touch what is under way.
Standard: none; beside this FIT-Connect's own deadlines hold (`deadlines`). Start reading: `Ended.add`.
"""

from __future__ import annotations

from typing import Final

from gateway.sandbox.fitconnect import records
from gateway.sandbox.fitconnect.records import Submission
from gateway.sandbox.fitconnect.store import Store

OPENED: Final = "opened.json"
"""Name of the part that holds what the automatic subscriber opened."""
ENDED_MAX: Final = 4_000
"""Ended submissions whose record and events are kept; the oldest go first."""
OPENED_MAX: Final = 64 << 20
"""Bytes of opened content that are kept of ended submissions; the oldest go first."""


class Ended:
    """The ended submissions of a store. What a killed process left undone is done when it begins."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ids: dict[str, None] = {}
        self._opened: dict[str, int] = {}
        for submission_id in store.parts.submissions() - store.submissions.keys():
            store.parts.erase(submission_id)
        ended = [s for s in store.submissions.values() if s.state in records.CLOSED]
        for submission in sorted(ended, key=lambda s: s.closed_at or 0):
            self.add(submission)

    def add(self, submission: Submission) -> None:
        """A submission ended: its sealed parts go, and what is beyond the limits."""
        parts = self._store.parts
        parts.erase(submission.id, keep=OPENED)
        self._ids[submission.id] = None
        self._opened[submission.id] = parts.size(submission.id, OPENED)
        while len(self._opened) > 1 and sum(self._opened.values()) > OPENED_MAX:
            oldest = next(iter(self._opened))
            parts.erase(oldest)
            del self._opened[oldest]
        while len(self._ids) > ENDED_MAX:
            oldest = next(iter(self._ids))
            self._opened.pop(oldest, None)
            del self._ids[oldest]
            self._store.drop(oldest)

    def clear(self) -> None:
        """Nothing is left, after a reset."""
        self._ids.clear()
        self._opened.clear()
