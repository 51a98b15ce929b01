"""The time of day in Germany: summer and winter, from an instant and back.

Knows: the EU's summer time rule (last Sundays of March and October, 01:00 UTC). Never does: read a clock or a time
zone file. Standard: Directive 2000/84/EC, Zeitgesetz. Start reading: `german_time`.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


def german_time(at: datetime) -> tuple[datetime, str]:
    """What clocks in Germany show at an aware instant, with `MEZ` or `MESZ`."""
    utc = at.astimezone(UTC)
    summer = _last_sunday(utc.year, 3, 1) <= utc < _last_sunday(utc.year, 10, 1)
    return utc + timedelta(hours=2 if summer else 1), "MESZ" if summer else "MEZ"


def german_date(at: datetime) -> date:
    """The date that calendars in Germany show at an aware instant."""
    return german_time(at)[0].date()


def german_instant(day: str, clock: str) -> datetime:
    """A local time in Germany (`YYYY-MM-DD`, `HH:MM` or `HH:MM:SS`) as an instant.

    The hour that is skipped in March counts as if it were winter, the one that comes twice in October as summer.
    """
    local = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=UTC)
    summer = _last_sunday(local.year, 3, 3) <= local < _last_sunday(local.year, 10, 3)
    return local - timedelta(hours=2 if summer else 1)


def _last_sunday(year: int, month: int, hour: int) -> datetime:
    last = datetime(year, month, 31, hour, tzinfo=UTC)
    return last - timedelta(days=last.isoweekday() % 7)
