"""The civil date in Germany.

Knows: the EU's summer time rule (last Sundays of March and October, 01:00 UTC). Never does: read a clock or a time
zone file. Standard: Directive 2000/84/EC, Zeitgesetz. Start reading: `german_date`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def german_date(at: datetime) -> date:
    """The date that calendars in Germany show at an aware instant."""
    instant = at.astimezone(UTC)
    summer = _turn(instant.year, 3) <= instant < _turn(instant.year, 10)
    return (instant + timedelta(hours=2 if summer else 1)).date()


def _turn(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=last.isoweekday() % 7)
