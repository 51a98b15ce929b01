"""How the gateway's inside knows this channel: by its name, and by FIT-Connect's own times.

Knows: the times of `names` as durations. Never does: decide when somebody is told (`submission.deadlines` does).
Standard: FIT-Connect Submission API v2, deadlines. Start reading: `LIMITS`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from gateway.fitconnect import names
from gateway.ports.channel import ChannelLimits

FITCONNECT: Final = "fitconnect"
LIMITS: Final = ChannelLimits(
    announcement_lasts=timedelta(days=names.DAYS_INCOMPLETE),
    answer_due=timedelta(days=names.DAYS_REJECTED),
    erased_after=timedelta(days=names.DAYS_DELETED),
    events_kept=timedelta(days=names.DAYS_EVENTS_KEPT),
)
