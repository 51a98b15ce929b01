"""A time in which a service did not work, as the feed and the status page tell it.

Knows: its facts. Never does: decide when it begins (`standing` does). Standard: catalogue reference §6.2.
Start reading: `Outage`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Outage:
    """From the first of the failures that decided until the probe that decided that it works again.

    `subject` is the service. `ended_at` is None while it lasts; `reason` is a code of `page.ProbeReason`. One that
    begins again shortly after its end goes on with the same `no`.
    """

    no: int
    municipality: str
    subject: str
    began_at: datetime
    ended_at: datetime | None
    changed_at: datetime
    reason: str | None
