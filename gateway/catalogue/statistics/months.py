"""Calendar months of Germany, by their first day.

Knows: when one begins and is over. Never does: read a clock. Standard: ISO 8601 (`YYYY-MM`). Start reading: `month_of`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Final

from gateway.german_time import german_date, german_instant

CLOSED_AFTER: Final = timedelta(days=1)
"""So long after its end a month is counted to the end by everybody's clock."""
_FORM: Final = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])", re.ASCII)


def parsed(text: str) -> date | None:
    """The first day of the month `YYYY-MM`; None where it is no month."""
    return date.fromisoformat(f"{text}-01") if _FORM.fullmatch(text) else None


def written(month: date) -> str:
    """The month as `YYYY-MM`."""
    return f"{month:%Y-%m}"


def month_of(day: date) -> date:
    """The first day of the month that the day lies in."""
    return day.replace(day=1)


def following(month: date) -> date:
    """The first day of the next month."""
    return (month + timedelta(days=31)).replace(day=1)


def is_over(month: date, now: datetime) -> bool:
    """Whether calendars in Germany show a later month."""
    return month < month_of(german_date(now))


def last_closed(now: datetime) -> date:
    """The newest month that nothing is added to any more."""
    running = month_of(german_date(now - CLOSED_AFTER))
    return month_of(running - timedelta(days=1))


def begins(day: date) -> datetime:
    """The instant at which the day begins in Germany."""
    return german_instant(day.isoformat(), "00:00")
