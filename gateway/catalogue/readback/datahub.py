"""Answers of the OZG Data Hub: rows of Open-PVOG as pages of JSON or as CSV.

Knows: its column names in both spellings, both delimiters, its dates. Never does: I/O, clocks (now is given).
Standard: OZG Data Hub `open-pvog` (OpenPvogDto). Start reading: `page`, then `export`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from gateway.catalogue.readback.interfaces import DataHubInterface
from gateway.catalogue.readback.rows import AnswerRefused, ListedRow, full
from gateway.german_time import german_date, german_instant
from gateway.input import json_reader

OK: Final = "ok"
_COLUMNS: Final = ("leika_key", "ars", "url", "online_status", "aktiv", "datenstand_pvog_import")
_KEY_COLUMN: Final = "leika_key"
_NEEDED: Final = frozenset({_KEY_COLUMN, "ars", "url"})
"""Columns without which a row says nothing; of a table without rows the first is enough."""
_KEY: Final = re.compile(r"99[0-9]{12}", re.ASCII)
_REGION: Final = re.compile(r"[0-9]{2,12}", re.ASCII)
_MOST_COUNTED: Final = 1_000_000_000
"""No number of rows or pages is larger; one that is says nothing."""
_CELL: Final = 100_000
_TEXT_LIMIT: Final = 2000
_SKEW: Final = timedelta(hours=1)
"""How far the source's clock may be ahead of ours."""
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DataHubPage:
    """A page of rows; `pages` and `total` as the source says, None where it does not."""

    rows: tuple[ListedRow, ...]
    pages: int | None
    total: int | None


def page(raw: bytes, interface: DataHubInterface, now: datetime) -> DataHubPage:
    """A page of `/open-pvog/{ars}`. Raises `AnswerRefused`, and nothing else, whatever the bytes."""
    try:
        body = json_reader.decode(raw, most=interface.most_bytes, unique=True)
    except ValueError:
        raise AnswerRefused("form") from None
    listed = body.get("content") if isinstance(body, dict) else None
    about = body.get("page", body) if isinstance(body, dict) else None
    if not isinstance(listed, list) or not isinstance(about, dict):
        raise AnswerRefused("form")
    if not all(isinstance(item, dict) for item in listed):
        raise AnswerRefused("form")
    pages, total = _count(about.get("totalPages")), _count(about.get("totalElements"))
    rows = tuple(_rows((_snake(item) for item in listed), interface, now))
    return DataHubPage(rows, pages, total)


def export(raw: bytes, interface: DataHubInterface, now: datetime) -> tuple[ListedRow, ...]:
    """The rows of the CSV export. Raises `AnswerRefused`, and nothing else, whatever the bytes."""
    if len(raw) > interface.most_bytes:
        raise AnswerRefused("rows")
    try:
        text = json_reader.storable(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise AnswerRefused("form") from None
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    csv.field_size_limit(_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [_spelt(name.strip()) for name in next(reader, [])]
        if _KEY_COLUMN not in names or len(set(names)) < len(names):
            raise AnswerRefused("form")
        return tuple(_rows(_cells(reader, names), interface, now))
    except csv.Error:
        raise AnswerRefused("form") from None


def _cells(reader: Iterable[list[str]], names: list[str]) -> Iterator[Mapping[str, Any]]:
    for cells in reader:
        if not cells:
            continue
        if len(cells) != len(names) or not set(names) >= _NEEDED:
            raise AnswerRefused("form")
        yield dict(zip(names, cells, strict=True))


def _rows(listed: Iterable[Mapping[str, Any]], interface: DataHubInterface, now: datetime) -> Iterator[ListedRow]:
    for number, values in enumerate(listed, start=1):
        if number > interface.most_rows:
            raise AnswerRefused("rows")
        yield _row({name: _text(values.get(name)) for name in _COLUMNS}, now)


def _row(values: Mapping[str, str | None], now: datetime) -> ListedRow:
    key, ars = values["leika_key"], values["ars"]
    if ars is None or not _REGION.fullmatch(ars):
        raise AnswerRefused("form")
    status = values["online_status"]
    if status is not None and status.lower() == OK and (values["aktiv"] or "").lower() == "nein":
        status = "nicht aktiv"
    return ListedRow(
        leika_key=key if key and _KEY.fullmatch(key) else None,
        ars=full(ars),
        url=values["url"],
        place=f"{key or '-'}/{full(ars)}",
        status=status,
        as_of=_as_of(values["datenstand_pvog_import"], now),
    )


def _as_of(text: str | None, now: datetime) -> datetime | None:
    """The instant until which the state was right; of a date its end. One in the future is refused."""
    if text is None:
        return None
    try:
        if len(text) <= len("2026-01-31"):
            day = date.fromisoformat(text)
            future, ends = day > german_date(now + _SKEW), _end(day)
        else:
            at = datetime.fromisoformat(text)
            local = at if at.tzinfo else german_instant(at.date().isoformat(), at.strftime("%H:%M:%S"))
            ends = local.astimezone(UTC)
            future = ends > now + _SKEW
    except (ValueError, OverflowError):
        return None
    if future:
        raise AnswerRefused("future")
    return ends


def _end(day: date) -> datetime:
    return german_instant((day + timedelta(days=1)).isoformat(), "00:00") if day < date.max else _NEVER


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_COUNTED else None


def _text(value: object) -> str | None:
    text = value.strip() if isinstance(value, str) else None
    return text[:_TEXT_LIMIT] if text else None


def _snake(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return {_spelt(name): value for name, value in values.items()}


def _spelt(name: str) -> str:
    """`leikaKey` and `LEIKA_KEY` as `leika_key`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
