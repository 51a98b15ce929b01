"""Appointments as a calendar file that every calendar program opens.

Knows: iCalendar as far as wished times need it: one tentative event each, in UTC. Never does: read a clock, invite.
Standard: RFC 5545 (folding §3.1, escaping §3.3.11, VEVENT §3.6.1). Start reading: `write`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.german_time import german_instant

_FOLD: Final = 75
_LONGEST_MINUTES: Final = 366 * 24 * 60
_CLOCK: Final = re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """A wished time: begin with time zone, length in minutes."""

    begin: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a calendar file tells: `uid` names the application, `at` when it was received."""

    uid: str
    at: datetime
    summary: str = field(repr=False)
    place: str
    wishes: Sequence[Wish] = field(repr=False)


def write(sheet: Sheet) -> bytes:
    """The file (`text/calendar`, UTF-8, CRLF); the same input always gives the same bytes."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//OZG-Gateway//Termin//DE", "CALSCALE:GREGORIAN"]
    for number, wish in enumerate(sheet.wishes, 1):
        lines += _event(sheet, number, wish)
    lines.append("END:VCALENDAR")
    return "".join(part + "\r\n" for line in lines for part in _folded(line)).encode()


def wish(day: object, clock: object, minutes: object) -> Wish | None:
    """A wished time from a record; None where it is no day, no time of day, no length, or none of the calendar."""
    if not (isinstance(day, str) and isinstance(clock, str)) or not _CLOCK.fullmatch(clock):
        return None
    if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 < minutes <= _LONGEST_MINUTES:
        return None
    try:
        begin = german_instant(day, clock)
        _ = begin + timedelta(minutes=minutes)
    except (ValueError, OverflowError):
        return None
    return Wish(begin, int(minutes))


def _event(sheet: Sheet, number: int, wish: Wish) -> Iterable[str]:
    return (
        "BEGIN:VEVENT",
        f"UID:{sheet.uid}-{number}",
        f"DTSTAMP:{_instant(sheet.at)}",
        f"DTSTART:{_instant(wish.begin)}",
        f"DTEND:{_instant(wish.begin + timedelta(minutes=wish.minutes))}",
        f"SUMMARY:{_escaped(sheet.summary)}",
        f"LOCATION:{_escaped(sheet.place)}",
        "STATUS:TENTATIVE",
        "TRANSP:OPAQUE",
        f"PRIORITY:{min(number, 9)}",
        "END:VEVENT",
    )


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n")):
        text = text.replace(plain, escaped)
    return "".join(letter for letter in text if letter >= " ")


def _folded(line: str) -> Iterable[str]:
    """Pieces of at most 75 octets, the later ones behind a space; no character is cut."""
    piece, size = "", 0
    for letter in line:
        octets = len(letter.encode())
        if size + octets > _FOLD:
            yield piece
            piece, size = " ", 1
        piece, size = piece + letter, size + octets
    yield piece
