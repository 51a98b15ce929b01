"""Converters: how a value of the record becomes the text of an element, and what the record has to hold for that.

Knows: a closed set of typed conversions, by name. Never does: invent or round a value.
Standard: XML Schema datatypes; XDatenfelder `datentyp`. Start reading: `CONVERTERS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final

from stdnum import iban

from gateway.xoev.fim import Field, FieldType
from gateway.xoev.fim.model import TEXTS
from gateway.xoev.mapping import phone, street_line
from gateway.xoev.xfall.json_schema import number

PARTIAL_DATE: Final = "[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"
FULL_DATE: Final = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_FULL: Final = re.compile(FULL_DATE)
_PARTIAL: Final = re.compile(PARTIAL_DATE)
_IBAN: Final = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
CLOCK: Final = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"
MOMENT: Final = f"{FULL_DATE}T{CLOCK}(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])?"
_CLOCK: Final = re.compile(CLOCK)
_MOMENT: Final = re.compile(MOMENT)

Shape = dict[str, Any]
"""A fragment of JSON Schema for one value of the record."""
_Codes = Mapping[str, str]
_Shaping = Callable[[Field, _Codes], Shape]


class Unfit(Exception):
    """The value cannot be converted; `rule` is the slug of the finding, `limit` what was expected."""

    def __init__(self, rule: str, limit: str = "") -> None:
        self.rule = rule
        self.limit = limit
        super().__init__(rule)


@dataclass(frozen=True, slots=True)
class Converter:
    """A conversion: `types` it can feed, `shape` of the record's value, `convert` value and code table -> text.

    `convert` gives None where the value holds nothing for this element (the day of a date without a day).
    """

    types: frozenset[FieldType]
    shape: _Shaping
    convert: Callable[[object, _Codes], str | None]


def _text(value: object, _codes: _Codes) -> str:
    if not isinstance(value, str):
        raise Unfit("wrong_type")
    return value


def _string(**limits: object) -> _Shaping:
    """The shape of a text whose limits depend on no field."""
    return lambda _field, _codes: {"type": "string", **limits}


def _text_shape(field: Field, _codes: _Codes) -> Shape:
    shape: Shape = {"type": "string"}
    if field.min_length is not None:
        shape["minLength"] = field.min_length
    if field.max_length is not None:
        shape["maxLength"] = field.max_length
    if field.pattern is not None:
        shape["pattern"] = f"^(?:{field.pattern})$"
    return shape


def _code(value: object, codes: _Codes) -> str:
    code = _text(value, codes)
    if code not in codes:
        raise Unfit("not_in_list", ", ".join(codes))
    return codes[code]


def _date(value: object, codes: _Codes) -> str:
    day = _text(value, codes)
    if not _FULL.fullmatch(day):
        raise Unfit("pattern", "JJJJ-MM-TT")
    _calendar(day)
    return day


def _bool(value: object, _codes: _Codes) -> str:
    if not isinstance(value, bool):
        raise Unfit("wrong_type")
    return "true" if value else "false"


def _integer(value: object, _codes: _Codes) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit("wrong_type")
    return str(value)


def _decimal(value: object, _codes: _Codes) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise Unfit("wrong_type")
    return format(Decimal(str(value)), "f")


def _number_shape(field: Field, _codes: _Codes) -> Shape:
    shape: Shape = {"type": "integer" if field.type is FieldType.NUM_INT else "number"}
    if field.min_value is not None:
        shape["minimum"] = number(field.min_value)
    if field.max_value is not None:
        shape["maximum"] = number(field.max_value)
    if field.type is FieldType.NUM_CURRENCY:
        shape["multipleOf"] = 0.01
    return shape


def _part(value: object, codes: _Codes, *, index: int) -> str | None:
    day = _text(value, codes)
    if not _PARTIAL.fullmatch(day):
        raise Unfit("pattern", "JJJJ-MM-TT, JJJJ-MM, JJJJ")
    parts = day.split("-")
    if len(parts) == 3:
        _calendar(day)
    return str(int(parts[index])) if index < len(parts) else None


def is_partial_date(value: str) -> bool:
    """Whether a text is a day, month or year of the calendar; texts of another shape are left to the pattern."""
    if not _FULL.fullmatch(value):
        return True
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _calendar(value: str) -> None:
    if not is_partial_date(value):
        raise Unfit("format", "JJJJ-MM-TT / YYYY-MM-DD")


def _street_part(value: object, codes: _Codes, *, index: int) -> str:
    pieces = street_line.cut(_text(value, codes))
    if pieces is None:
        raise Unfit("format", FORMATS["street-line"][1])
    return pieces[index]


def is_iban(value: str) -> bool:
    """Whether a text is an IBAN in its electronic form, without spaces.

    Length and structure as the SWIFT IBAN registry has them for the country (ISO 13616); check digits 02 to 98 (ISO
    7064, MOD 97-10: 00, 01 and 99 are never given).
    """
    return bool(_IBAN.fullmatch(value)) and "02" <= value[2:4] <= "98" and iban.is_valid(value, check_country=False)


def _iban(value: object, codes: _Codes) -> str:
    account = _text(value, codes)
    if not is_iban(account):
        raise Unfit("format", FORMATS["iban"][1])
    return account


def _phone(value: object, codes: _Codes, *, german: bool) -> str:
    number = phone.e164(_text(value, codes), german=german)
    if number is None:
        raise Unfit("format", FORMATS["phone-de" if german else "phone"][1])
    return number


def _time(value: object, codes: _Codes) -> str:
    clock = _text(value, codes)
    if not _CLOCK.fullmatch(clock):
        raise Unfit("pattern", "HH:MM, HH:MM:SS")
    return clock if clock.count(":") == 2 else f"{clock}:00"


def _datetime(value: object, codes: _Codes) -> str:
    moment = _text(value, codes)
    if not _MOMENT.fullmatch(moment):
        raise Unfit("pattern", "JJJJ-MM-TTHH:MM / YYYY-MM-DDTHH:MM")
    _calendar(moment[:10])
    return moment if moment[16:17] == ":" else f"{moment[:16]}:00{moment[16:]}"


def is_day(value: str) -> bool:
    """Whether a text is a whole day of the calendar, of the years 1 to 9999."""
    return bool(_FULL.fullmatch(value)) and is_partial_date(value)


def is_moment(value: str) -> bool:
    """Whether the day of a moment stands in the calendar; texts of another shape are left to the pattern."""
    return not _MOMENT.fullmatch(value) or is_partial_date(value[:10])


_DAY: Final = "JJJJ-MM-TT / YYYY-MM-DD"
FORMATS: Final[Mapping[str, tuple[Callable[[str], bool], str]]] = {
    "date": (is_day, _DAY),
    "partial-date": (is_partial_date, _DAY),
    "moment": (is_moment, "JJJJ-MM-TTHH:MM / YYYY-MM-DDTHH:MM"),
    "iban": (is_iban, "IBAN (ISO 13616)"),
    "street-line": (street_line.is_street_line, street_line.WAYS_OUT),
    "phone": (phone.is_international, "+49 391 56789-0 (E.164)"),
    "phone-de": (phone.is_german, "0391 56789-0 / +49 391 56789-0 (E.164)"),
}
"""Formats of the record schema: how each is judged and what a finding names as expected."""

_WHOLE: Final = frozenset({FieldType.NUM_INT, FieldType.TEXT})

_PART_SHAPE: Final = _string(pattern=f"^(?:{PARTIAL_DATE})$", format="partial-date", maxLength=10)
_STREET_SHAPE: Final = _string(minLength=3, maxLength=80, format="street-line")

CONVERTERS: Final[Mapping[str, Converter]] = {
    "text": Converter(TEXTS, _text_shape, _text),
    "code": Converter(TEXTS, lambda _field, codes: {"type": "string", "enum": list(codes)}, _code),
    "date": Converter(frozenset({FieldType.DATE}), _string(format="date", maxLength=10), _date),
    "bool": Converter(frozenset({FieldType.BOOL}), lambda _field, _codes: {"type": "boolean"}, _bool),
    "integer": Converter(frozenset({FieldType.NUM_INT}), _number_shape, _integer),
    "decimal": Converter(frozenset({FieldType.NUM, FieldType.NUM_CURRENCY}), _number_shape, _decimal),
    "year": Converter(_WHOLE, _PART_SHAPE, partial(_part, index=0)),
    "month": Converter(_WHOLE, _PART_SHAPE, partial(_part, index=1)),
    "day": Converter(_WHOLE, _PART_SHAPE, partial(_part, index=2)),
    "street": Converter(TEXTS, _STREET_SHAPE, partial(_street_part, index=0)),
    "house_number": Converter(TEXTS, _STREET_SHAPE, partial(_street_part, index=1)),
    "iban": Converter(TEXTS, _string(format="iban", maxLength=34), _iban),
    "phone": Converter(TEXTS, _string(format="phone", maxLength=40), partial(_phone, german=False)),
    "phone_de": Converter(TEXTS, _string(format="phone-de", maxLength=40), partial(_phone, german=True)),
    "time": Converter(frozenset({FieldType.TIME}), _string(pattern=f"^(?:{CLOCK})$", maxLength=8), _time),
    "datetime": Converter(
        frozenset({FieldType.DATETIME}), _string(pattern=f"^(?:{MOMENT})$", format="moment", maxLength=25), _datetime
    ),
}
"""Every converter a mapping may name; `constant` needs none, because it reads nothing."""


def default_converter(field: Field) -> str | None:
    """The converter that fits a field when the mapping names none; None where only a named one can."""
    if field.codes:
        return "code"
    return {
        FieldType.TEXT: "text",
        FieldType.TEXT_LATIN: "text",
        FieldType.DATE: "date",
        FieldType.TIME: "time",
        FieldType.DATETIME: "datetime",
        FieldType.BOOL: "bool",
        FieldType.NUM_INT: "integer",
        FieldType.NUM: "decimal",
        FieldType.NUM_CURRENCY: "decimal",
    }.get(field.type)


def possible_values(shape: Shape) -> tuple[str | bool, ...] | None:
    """What a condition may name for a value of this shape; None means any text."""
    if "enum" in shape:
        return tuple(shape["enum"])
    if shape.get("type") == "boolean":
        return (True, False)
    return None if shape.get("type") == "string" else ()
