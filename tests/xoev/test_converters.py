"""Each converter with ordinary, extreme and refused values; what the record schema says and what is written agree."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.xoev.fim import Code, Field, FieldKind, FieldType
from gateway.xoev.mapping import constants, phone
from gateway.xoev.mapping.converters import CONVERTERS, FORMATS, Unfit
from tests.properties import TIMES

TARGETS = {
    "text": FieldType.TEXT,
    "code": FieldType.TEXT,
    "date": FieldType.DATE,
    "bool": FieldType.BOOL,
    "integer": FieldType.NUM_INT,
    "decimal": FieldType.NUM_CURRENCY,
    "year": FieldType.NUM_INT,
    "month": FieldType.NUM_INT,
    "day": FieldType.NUM_INT,
    "street": FieldType.TEXT,
    "house_number": FieldType.TEXT,
    "iban": FieldType.TEXT,
    "phone": FieldType.TEXT,
    "phone_de": FieldType.TEXT,
    "time": FieldType.TIME,
    "datetime": FieldType.DATETIME,
}
CODES = {"owner": "01", "builder": "02"}


def field(name: str, **limits: Any) -> Field:
    codes = tuple(Code(code, "") for code in CODES.values()) if name == "code" else ()
    return Field("F99000000001", "1.0", "Feld", "", FieldKind.INPUT, TARGETS[name], codes=codes, **limits)


def converted(name: str, value: object) -> str | None:
    """What is written, or the rule of the finding; the record schema has to say the same."""
    table = CODES if name == "code" else {}
    judges = {key: judge for key, (judge, _) in FORMATS.items()}
    schema = CONVERTERS[name].shape(field(name), table)
    multiple = Decimal(str(schema.pop("multipleOf", 0)))
    valid = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats=judges).is_valid(value)
    valid = valid and not (multiple and Decimal(str(value)) % multiple)
    text, refused = attempt(name, value, table)
    if refused:
        assert not valid or refused == "pattern", "the published schema promises more than is written"
        return f"refused: {refused}"
    assert not valid or text is None or constants.fits(field(name), text), "what is written is no value of the XSD"
    return text


def attempt(name: str, value: object, table: dict[str, str]) -> tuple[str | None, str]:
    try:
        return CONVERTERS[name].convert(value, table), ""
    except Unfit as unfit:
        return None, unfit.rule


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("text", "Ǹguyễn & <Söhne>", "Ǹguyễn & <Söhne>"),
        ("text", "", ""),
        ("text", 5, "refused: wrong_type"),
        ("text", None, "refused: wrong_type"),
        ("code", "owner", "01"),
        ("code", "01", "refused: not_in_list"),
        ("code", "Owner", "refused: not_in_list"),
        ("code", 1, "refused: wrong_type"),
        ("date", "2024-02-29", "2024-02-29"),
        ("date", "0001-01-01", "0001-01-01"),
        ("date", "9999-12-31", "9999-12-31"),
        ("date", "2023-02-29", "refused: format"),
        ("date", "1900-02-29", "refused: format"),
        ("date", "0000-01-01", "refused: format"),
        ("date", "2024-2-9", "refused: pattern"),
        ("date", "29.02.2024", "refused: pattern"),
        ("date", "2024-02-29T00:00:00", "refused: pattern"),
        ("date", "２０２４-02-29", "refused: pattern"),
        ("date", 20240229, "refused: wrong_type"),
        ("bool", True, "true"),
        ("bool", False, "false"),
        ("bool", "ja", "refused: wrong_type"),
        ("bool", 1, "refused: wrong_type"),
        ("integer", 0, "0"),
        ("integer", -(10**14), "-100000000000000"),
        ("integer", 5.0, "5"),
        ("integer", 5.5, "refused: wrong_type"),
        ("integer", True, "refused: wrong_type"),
        ("integer", "5", "refused: wrong_type"),
        ("decimal", 0.07, "0.07"),
        ("decimal", 999999999999.99, "999999999999.99"),
        ("decimal", 1e3, "1000.0"),
        ("decimal", 10, "10"),
        ("decimal", -0.01, "-0.01"),
        ("decimal", "0,07", "refused: wrong_type"),
        ("decimal", True, "refused: wrong_type"),
        ("year", "1938", "1938"),
        ("year", "1938-07", "1938"),
        ("month", "1938-07", "7"),
        ("month", "1938", None),
        ("day", "1938-07-05", "5"),
        ("day", "1938-07", None),
        ("day", "1938-02-30", "refused: format"),
        ("year", "38", "refused: pattern"),
        ("year", "1938-13", "refused: pattern"),
        ("year", "1938-00-00", "refused: pattern"),
        ("year", 1938, "refused: wrong_type"),
        ("street", "Straße des 17. Juni 135 a", "Straße des 17. Juni"),
        ("house_number", "Straße des 17. Juni 135 a", "135 a"),
        ("street", "Am Markt 5-7", "Am Markt"),
        ("house_number", "Am Markt 5-7", "5-7"),
        ("house_number", "Am Markt 12 a - 14 c", "12 a - 14 c"),
        ("house_number", "Bismarckstr. 5/2", "5/2"),
        ("street", "Poststr. 2 1/2", "Poststr."),
        ("house_number", "Poststr. 2 1/2", "2 1/2"),
        ("house_number", "Poststr. 2 ½", "2 ½"),
        ("street", "Dorfstraße 5 und 7", "Dorfstraße"),
        ("house_number", "Dorfstraße 5 und 7", "5 und 7"),
        ("street", "Am Markt 5 - 7 - 9", "Am Markt"),
        ("house_number", "Am Markt 5 - 7 - 9", "5 - 7 - 9"),
        ("street", "Am Markt, 5", "Am Markt"),
        ("house_number", "Am Markt, 5", "5"),
        ("house_number", "Am Markt 12 a-c", "12 a-c"),
        ("house_number", "Am Markt 5, 7", "5, 7"),
        ("house_number", "Am Markt 5+7", "5+7"),
        ("street", "Dorfstr. o. Nr.", "Dorfstr."),
        ("house_number", "Dorfstr. o. Nr.", "o. Nr."),
        ("street", "1. Gasse 3", "1. Gasse"),
        ("street", "Haus ohne Nummer", "refused: format"),
        ("street", "12", "refused: format"),
        ("street", "Straße 101 5", "refused: format"),
        ("street", "Q 7 24", "refused: format"),
        ("street", "B 189 Nr. 5", "refused: format"),
        # a square of Mannheim, a road by its number, a street known by its number: the figures belong to the street
        ("street", "C 4, 12", "refused: format"),
        ("street", "An der B 189", "refused: format"),
        ("street", "Straße 12", "refused: format"),
        ("street", "Alte Straße 12", "Alte Straße"),
        # the word for the number is no part of the street
        ("street", "Dorfstr. Nr. 5", "refused: format"),
        ("house_number", "Haus-Nr. 5", "refused: format"),
        ("street", "Am Markt 5 Hinterhaus", "refused: format"),
        ("street", "Am Markt 5, Hinterhaus", "refused: format"),
        ("street", "Am Markt 5 Whg. 7", "refused: format"),
        ("street", "Am Markt 5abc", "refused: format"),
        ("street", "Am Markt", "refused: format"),
        ("house_number", 12, "refused: wrong_type"),
        ("iban", "DE89370400440532013000", "DE89370400440532013000"),
        ("iban", "MT84MALT011000012345MTLCAST001S", "MT84MALT011000012345MTLCAST001S"),
        ("iban", "NO9386011117947", "NO9386011117947"),
        ("iban", "DE88370400440532013000", "refused: format"),
        # right by MOD 97-10, but not by the SWIFT registry's structure of the country
        ("iban", "DE863704004405320130", "refused: format"),
        ("iban", "DE6537040044053201300012", "refused: format"),
        ("iban", "AT51010000000017336", "refused: format"),
        ("iban", "DE1537040044053201300O", "refused: format"),
        # check digits 00, 01 and 99 are never given (ISO 7064)
        ("iban", "DE01370400440000000042", "refused: format"),
        # a country that gives no IBANs
        ("iban", "ZZ29370400440532013000", "refused: format"),
        ("iban", "DE89 3704 0044 0532 0130 00", "refused: format"),
        ("iban", "de89370400440532013000", "refused: format"),
        ("iban", None, "refused: wrong_type"),
        ("phone", "+49 3935 1234-56", "+493935123456"),
        ("phone", "+49 (3935) 1234/56", "+493935123456"),
        ("phone", "+1.202.555.0143", "+12025550143"),
        ("phone", "+123456789012345", "+123456789012345"),
        ("phone", "+1234567890123456", "refused: format"),
        ("phone", "03935 1234", "refused: format"),
        ("phone", "+49 (0)3935 1234", "refused: format"),
        ("phone", "+352 (0)26 12 34", "refused: format"),
        ("phone", "+49 03935 1234", "refused: format"),
        ("phone", "+0 3935 1234", "refused: format"),
        ("phone", "112", "refused: format"),
        ("phone", "03935 eins", "refused: format"),
        ("phone", "+٤٩ ٣٩٣٥ ١٢٣٤", "refused: format"),
        ("phone", 493935, "refused: wrong_type"),
        ("phone_de", "03935 1234", "+4939351234"),
        ("phone_de", "(03935) 1234-0", "+49393512340"),
        ("phone_de", "0049 3935 1234", "+4939351234"),
        ("phone_de", "+352 26 12 34", "+352261234"),
        ("phone_de", "0151/12345678", "+4915112345678"),
        ("phone_de", "3935 1234", "refused: format"),
        ("phone_de", "000 1234567", "refused: format"),
        ("phone_de", "110", "refused: format"),
        ("time", "09:30", "09:30:00"),
        ("time", "23:59:59", "23:59:59"),
        ("time", "24:00", "refused: pattern"),
        ("time", "9:30", "refused: pattern"),
        ("time", 930, "refused: wrong_type"),
        ("datetime", "2024-02-29T09:30", "2024-02-29T09:30:00"),
        ("datetime", "2024-02-29T09:30:15Z", "2024-02-29T09:30:15Z"),
        ("datetime", "2024-02-29T09:30+01:00", "2024-02-29T09:30:00+01:00"),
        ("datetime", "2023-02-29T09:30", "refused: format"),
        ("datetime", "2024-02-29", "refused: pattern"),
        ("datetime", True, "refused: wrong_type"),
    ],
)
def test_a_value_is_written_exactly_or_refused(name: str, value: object, expected: str | None) -> None:
    assert converted(name, value) == expected


def test_every_converter_has_its_rows_above() -> None:
    assert set(TARGETS) == set(CONVERTERS)


def test_only_codes_of_the_list_and_only_numbers_within_bounds_are_promised() -> None:
    assert CONVERTERS["code"].shape(field("code"), CODES)["enum"] == ["owner", "builder"]
    bounded = field("integer", min_value=Decimal(1), max_value=Decimal(12))
    assert CONVERTERS["integer"].shape(bounded, {}) == {"type": "integer", "minimum": 1, "maximum": 12}
    assert [constants.fits(bounded, text) for text in ("0", "1", "12", "13", "x", "\x00", "")] == [
        False, True, True, False, False, False, False,
    ]  # fmt: skip


@settings(max_examples=200 * TIMES)
@given(st.dates())
def test_every_day_of_the_calendar_is_written_and_taken_apart(day: date) -> None:
    text = day.isoformat()
    assert converted("date", text) == text
    parts = [converted(name, text) for name in ("year", "month", "day")]
    assert parts == [str(day.year), str(day.month), str(day.day)]
    assert converted("datetime", f"{text}T00:00") == f"{text}T00:00:00"


@settings(max_examples=200 * TIMES)
@given(st.integers(-(10**14), 10**14))
def test_cents_are_never_rounded(cents: int) -> None:
    amount = cents / 100
    if Decimal(str(amount)) * 100 == cents:
        written = converted("decimal", amount)
        assert written is not None
        assert Decimal(written) * 100 == cents


@settings(max_examples=200 * TIMES)
@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), st.data())
def test_a_number_is_the_same_however_it_is_written(number: str, data: st.DataObject) -> None:
    signs = data.draw(st.lists(st.sampled_from(["", " ", "-", "/", "."]), min_size=len(number), max_size=len(number)))
    written = "".join(digit + sign for digit, sign in zip(number, ["", *signs[1:]], strict=True))
    expected = None if number.startswith("+490") else number
    assert phone.e164(written) == phone.e164(written, german=True) == expected


@settings(max_examples=300 * TIMES)
@given(st.sampled_from(sorted(TARGETS)), st.text(alphabet="+0123456789 ()/.-:TZäß\u0660x", max_size=20))
def test_no_text_makes_anything_but_a_value_of_the_xsd_or_a_refusal(name: str, text: str) -> None:
    converted(name, text)
