"""Values of a record as people read them: dates, times, numbers, money, sizes, in German or English.

Knows: how each type of field is written for people. Never does: round, drop or reorder a value.
Standard: DIN 5008 (dates, times, marks between thousands).
Start reading: `Written`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from gateway.german_time import german_time
from gateway.xoev.fim import FieldType

_GERMAN_MARKS: Final = str.maketrans(",.", ".,")
_ZONES: Final = {"MEZ": "CET", "MESZ": "CEST"}
_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_CLOCK: Final = re.compile(r"([0-9]{2}:[0-9]{2})(?::([0-9]{2}(?:\.[0-9]+)?))?")
_FOUR: Final = re.compile(r".{1,4}")
_CENTS: Final = 2
_MONTHS: Final = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905 - one line
)
_AMOUNT: Final = re.compile(
    r"anzahl|betrag|einkommen|einwohner|entgelt|€|euro\b|fläche|gebühr|kosten|menge|meter|m²|m³|preis|summe|umsatz|wert",
    re.IGNORECASE,
)
_NAME: Final = re.compile(
    rf"nummer|\bnr\b|kennung|kennzeichen|aktenzeichen|jahr(?!\w*(?:{_AMOUNT.pattern}))|\bid\b|schlüssel|code",
    re.IGNORECASE,
)
"""A year is a name, but not where the same word goes on with an amount (`Jahresumsatz`)."""
_EURO: Final = re.compile(r"€|\beuro\b|\bEUR\b", re.IGNORECASE)
_OTHER_MONEY: Final = re.compile(r"\b(?:USD|CHF|GBP|DKK|PLN|CZK|SEK|NOK|(?:US-)?Dollar|Franken|Pfund|Kronen|Zloty)\b")


@dataclass(frozen=True, slots=True)
class Written:
    """How a language writes values; `language` is `de` or `en`."""

    language: str

    def value(self, kind: FieldType, text: str, label: str) -> str:
        """A value of a field by its type; the German label tells amounts from names and years."""
        if kind is FieldType.DATE and (match := _DATE.fullmatch(text)):
            return self.date(*match.groups())
        if kind is FieldType.TIME and _CLOCK.fullmatch(text):
            return self.clock(text)
        if kind is FieldType.DATETIME:
            return self.date_and_time(text)
        if kind in {FieldType.NUM, FieldType.NUM_INT, FieldType.NUM_CURRENCY}:
            return self.number(kind, text, label)
        return text

    def number(self, kind: FieldType, text: str, label: str) -> str:
        """Money with cents and sign; other numbers with marks where they are amounts, else as they are.

        A form schema types years, file numbers and ids as whole numbers too: such a number keeps its plain digits
        unless its label names an amount.
        """
        try:
            value = Decimal(text)
        except InvalidOperation:
            return text
        if kind is FieldType.NUM_CURRENCY or (kind is FieldType.NUM and _EURO.search(label)):
            return self.money(value, label)
        if value == value.to_integral_value() and (_NAME.search(label) or not _AMOUNT.search(label)):
            return text if "." not in text else self.marks(f"{value:f}")
        return self.marks(f"{value:,f}")

    def money(self, value: Decimal, label: str) -> str:
        """Euro, unless the label names another currency; never fewer than two decimals, none is cut off."""
        exponent = value.as_tuple().exponent
        decimals = max(_CENTS, -exponent if isinstance(exponent, int) else 0)
        amount = self.marks(f"{abs(value):,.{decimals}f}")
        sign = "-" if value < 0 else ""
        if _OTHER_MONEY.search(label):
            return sign + amount
        return f"{sign}{amount} €" if self.language == "de" else f"{sign}€{amount}"

    def marks(self, english: str) -> str:
        """The number with full stops and commas as the language has them."""
        return english.translate(_GERMAN_MARKS) if self.language == "de" else english

    def date(self, year: str, month: str = "", day: str = "") -> str:
        """A date, whole or in part."""
        if self.language == "de":
            return ".".join([part.zfill(2) for part in (day, month) if part] + [year])
        name = _MONTHS[int(month) - 1] if month.isdigit() and 1 <= int(month) <= len(_MONTHS) else month
        return " ".join(part for part in (day.lstrip("0"), name, year) if part)

    def clock(self, text: str) -> str:
        """A time of day; seconds where there are any."""
        minutes, _, seconds = text.rpartition(":") if text.count(":") > 1 else (text, "", "")
        shown = minutes if not seconds.strip("0.") else text
        return f"{shown} Uhr" if self.language == "de" else shown

    def date_and_time(self, text: str) -> str:
        """A moment: with a time zone in German time and its name, without one as it was given."""
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
        if at.tzinfo is not None:
            return self.moment(at)
        return f"{self.date(f'{at:%Y}', f'{at:%m}', f'{at:%d}')}, {self.clock(f'{at:%H:%M:%S}')}"

    def moment(self, at: datetime) -> str:
        """A moment with time zone in German time, to the second where it has one."""
        local, zone = german_time(at)
        date = self.date(f"{local:%Y}", f"{local:%m}", f"{local:%d}")
        return f"{date}, {self.clock(f'{local:%H:%M:%S}')} ({zone if self.language == 'de' else _ZONES[zone]})"

    def size(self, size: int) -> str:
        """A number of bytes."""
        return self.marks(f"{size:,}") + (" Bytes" if self.language == "de" else " bytes")


def fours(text: str) -> str:
    """An IBAN in groups of four, as banks print it."""
    return " ".join(_FOUR.findall(text))
