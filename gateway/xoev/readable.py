"""The readable application: the whole record as an accessible PDF, from the labels of the form schema.

Knows: how a filled form becomes headings, tables and formatted values in German or English.
Never does: paste a value into a template's source; read a clock (the date of receipt is given).
Standard: PDF/UA-1 (ISO 14289-1), made by Typst. Start reading: `write`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, cast

from gateway.errors import InternalError
from gateway.xoev.filling import Filled, Labels
from gateway.xoev.fim import Field, FieldType
from gateway.xoev.fim.model import NUMBERS
from gateway.xoev.printable import breakable, every_text
from gateway.xoev.readable_template import TEMPLATE
from gateway.xoev.texts import Texts

if TYPE_CHECKING:
    import typst

STANDARD: Final = "ua-1"
_MAX_COLUMNS: Final = 6
_GROUPED_FROM: Final = 10_000
_NAMELESS: Final = "–"
_GERMAN_MARKS: Final = str.maketrans(",.", ".,")
_FOUR: Final = re.compile(r".{1,4}")
_ZONES: Final = {"MEZ": "CET", "MESZ": "CEST"}
_DATE_PARTS: Final = frozenset({"day", "month", "year"})
_MONTHS: Final = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905 - one line
)
_WORDS: Final[dict[str, dict[str, str]]] = {
    "de": {
        "attachments": "Anlagen",
        "none": "Es wurden keine Anlagen beigefügt.",
        "filename": "Dateiname",
        "media_type": "Format",
        "size": "Größe",
        "sha256": "SHA-256",
        "recipient": "Empfängerin",
        "received": "Eingegangen am",
        "schema": "Schema der Fachdaten",
        "true": "ja",
        "false": "nein",
        "number": "Nr.",
        "page": "Seite",
        "of": "von",
    },
    "en": {
        "attachments": "Attachments",
        "none": "No attachments were added.",
        "filename": "File name",
        "media_type": "Format",
        "size": "Size",
        "sha256": "SHA-256",
        "recipient": "Recipient",
        "received": "Received on",
        "schema": "Schema of the data",
        "true": "yes",
        "false": "no",
        "number": "No.",
        "page": "Page",
        "of": "of",
    },
}


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the record. `received_at` needs a time zone."""

    title: Labels
    municipality: str
    received_at: datetime
    schema: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An attachment as listed: `size` in bytes, `sha256` in hex."""

    title: Labels
    filename: str = field(repr=False)
    media_type: str
    size: int
    sha256: str


def write(filled: Filled, texts: Texts, head: Head, attachments: Sequence[Listed], language: str = "de") -> bytes:
    """The readable application as PDF/UA-1.

    Args:
        filled: the form with the record's values.
        texts: labels and names of codes.
        head: title, municipality, time of receipt, schema.
        attachments: in their order.
        language: `de`, or `en` on request.

    Returns:
        the PDF; the same arguments give the same bytes.

    Raises:
        InternalError: where the typesetter refuses; its own message is kept back, as it may quote a value.
    """
    data = content(filled, texts, head, attachments, language)
    return _PRESS.pdf(data, head.received_at)


def content(filled: Filled, texts: Texts, head: Head, attachments: Sequence[Listed], language: str) -> dict[str, Any]:
    """What the template shows, as JSON values; `write` prints it.

    Every text passes `every_text` here, whoever wrote it: form, code list, service, municipality or portal.
    """
    page = _Page(texts, "en" if language == "en" else "de")
    words = _WORDS[page.language]
    made = {
        "language": page.language,
        "title": page.pick(head.title),
        "municipality": head.municipality,
        "words": words,
        "head": [
            [words["recipient"], breakable(head.municipality)],
            [words["received"], page.moment(head.received_at)],
            [words["schema"], breakable(head.schema)],
        ],
        "sections": list(page.whole(filled)),
        "attachments": [
            {
                "title": page.heading(one.title),
                "rows": [
                    [words["filename"], breakable(one.filename)],
                    [words["media_type"], breakable(one.media_type)],
                    [words["size"], page.size(one.size)],
                    [words["sha256"], one.sha256],
                ],
            }
            for one in attachments
        ],
    }
    return cast("dict[str, Any]", every_text(made))


class _Press:
    """The kept compiler; Typst is imported at the first document. One document at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._compiler: typst.Compiler | None = None

    def pdf(self, data: Mapping[str, Any], at: datetime) -> bytes:
        import typst  # noqa: PLC0415 - as in `_ready`

        try:
            with self._lock:
                made = self._ready().compile(
                    input=source(data), format="pdf", pdf_standards=[STANDARD], timestamp=int(at.timestamp())
                )
        except typst.TypstError:
            raise InternalError(rule="readable") from None  # its message may quote a value
        assert isinstance(made, bytes)
        return made

    def pages(self, data: Mapping[str, Any], ppi: float) -> list[bytes]:
        """The pages as PNG images, for people and tests that look at them."""
        with self._lock:
            made = self._ready().compile(input=source(data), format="png", ppi=ppi)
        return made if isinstance(made, list) else [made or b""]

    def _ready(self) -> typst.Compiler:
        if self._compiler is None:
            import typst  # noqa: PLC0415 - 80 MB that only those who print documents load

            fonts = typst.Fonts(include_system_fonts=False)
            self._compiler = typst.Compiler(font_paths=fonts, ignore_system_fonts=True)
        return self._compiler


def rehearse() -> None:
    """Load the typesetter and its fonts, for which the first document would wait a third of a second."""
    empty = {"language": "de", "title": "", "municipality": "", "words": _WORDS["de"], "head": [], "sections": []}
    _PRESS.pdf({**empty, "attachments": []}, datetime.fromtimestamp(0, UTC))


def source(data: Mapping[str, Any]) -> bytes:
    """The template with its data bound as one JSON text.

    The JSON is ASCII and stands in a Typst string literal, in which only backslash and quote mean anything; both are
    escaped, so no value can become markup. Typst's `sys.inputs` would do the same and forget its caches with every
    document, for twice the time.
    """
    literal = json.dumps(data, ensure_ascii=True).replace("\\", "\\\\").replace('"', '\\"')
    return f'#let data = json(bytes("{literal}"))\n{TEMPLATE}'.encode()


_PRESS: Final = _Press()


@dataclass(frozen=True, slots=True)
class _Page:
    texts: Texts
    language: str

    def pick(self, label: Labels) -> str:
        return label[1] if self.language == "en" else label[0]

    def heading(self, label: Labels) -> str:
        """A label as a heading, broken like a value; PDF/UA allows no empty one."""
        return breakable(self.pick(label)).strip() or _NAMELESS

    def whole(self, form: Filled) -> Iterator[dict[str, Any]]:
        """The form: its own fields under its own name, then its groups."""
        if rows := [self.row(child) for child in form.children if _is_row(child)]:
            yield {"level": 1, "heading": self.heading(form.plan.label), "columns": [], "rows": rows}
        yield from self.groups(form, 1)

    def section(self, group: Filled, level: int, suffix: str) -> Iterator[dict[str, Any]]:
        """A group as heading and lines, then its groups."""
        rows = [self.row(child) for child in group.children if _is_row(child)]
        heading = self.heading(group.plan.label) + suffix
        yield {"level": min(level, 2), "heading": heading, "columns": [], "rows": rows}
        yield from self.groups(group, level + 1)

    def groups(self, around: Filled, level: int) -> Iterator[dict[str, Any]]:
        """The groups inside one; a list of plain groups becomes one table, other lists are numbered."""
        groups = [child for child in around.children if not _is_row(child)]
        for name in dict.fromkeys(child.plan.node.path for child in groups):
            same = [child for child in groups if child.plan.node.path == name]
            if same[0].plan.repeated and all(_is_row(inner) for one in same for inner in one.children):
                yield from self.listing(same, level)
            else:
                for number, one in enumerate(same, 1):
                    yield from self.section(one, level, f" {number}" if len(same) > 1 else "")

    def listing(self, same: list[Filled], level: int) -> Iterator[dict[str, Any]]:
        filled = {inner.plan.node.path for one in same for inner in one.children}
        columns = [child for child in same[0].plan.children if child.node.path in filled]
        if len(columns) >= _MAX_COLUMNS:
            for number, one in enumerate(same, 1):
                yield from self.section(one, level, f" {number}")
            return
        table = []
        for number, one in enumerate(same, 1):
            values: dict[str, str] = {}
            for inner in one.children:
                before = values.get(inner.plan.node.path)
                shown = self.row(inner)[1]
                values[inner.plan.node.path] = shown if before is None else f"{before}, {shown}"
            table.append([str(number), *(values.get(column.node.path, "") for column in columns)])
        names = [_WORDS[self.language]["number"], *(breakable(self.pick(column.label)) for column in columns)]
        heading = self.heading(same[0].plan.label)
        yield {"level": min(level, 2), "heading": heading, "columns": names, "rows": table}

    def row(self, child: Filled) -> list[str]:
        label = breakable(self.pick(child.plan.label))
        if child.text is None:
            parts = {one.plan.entry.converter: one.text or "" for one in child.children if one.plan.entry}
            return [label, self.date(parts.get("year", ""), parts.get("month", ""), parts.get("day", ""))]
        if child.plan.entry and child.plan.entry.converter == "iban":
            return [label, " ".join(_FOUR.findall(child.text))]
        return [label, self.value(child.plan.element, child.text)]

    def value(self, element: object, text: str) -> str:
        if not isinstance(element, Field):
            return breakable(text)
        if element.codes:
            return breakable(self.pick(self.texts.code(element, text)))
        if element.type is FieldType.BOOL:
            return _WORDS[self.language][text] if text in {"true", "false"} else text
        if element.type is FieldType.DATE:
            return self.date(*text.split("-")) if text.count("-") == 2 else text
        if element.type in NUMBERS:
            return self.number(element.type, text)
        return breakable(text)

    def number(self, kind: FieldType, text: str) -> str:
        """A number with marks between thousands, money with cents; whole numbers of four digits may be years."""
        try:
            value = Decimal(text)
        except InvalidOperation:
            return breakable(text)
        if kind is FieldType.NUM_INT and abs(value) < _GROUPED_FROM:
            return text
        return self.marks(f"{value:,.2f}" if kind is FieldType.NUM_CURRENCY else f"{value:,f}")

    def marks(self, english: str) -> str:
        """The number with full stops and commas as the language has them."""
        return english.translate(_GERMAN_MARKS) if self.language == "de" else english

    def date(self, year: str, month: str = "", day: str = "") -> str:
        if self.language == "de":
            return ".".join([part.zfill(2) for part in (day, month) if part] + [year])
        name = _MONTHS[int(month) - 1] if month.isdigit() and 1 <= int(month) <= 12 else month
        return " ".join(part for part in (day.lstrip("0"), name, year) if part)

    def moment(self, at: datetime) -> str:
        local, zone = german_time(at)
        date = self.date(f"{local:%Y}", f"{local:%m}", f"{local:%d}")
        return (
            f"{date}, {local:%H:%M} Uhr ({zone})"
            if self.language == "de"
            else f"{date}, {local:%H:%M} ({_ZONES[zone]})"
        )

    def size(self, size: int) -> str:
        return self.marks(f"{size:,}") + (" Bytes" if self.language == "de" else " bytes")


def german_time(at: datetime) -> tuple[datetime, str]:
    """A moment in German local time with `MEZ` or `MESZ` (Directive 2000/84/EC), without a time zone file."""
    utc = at.astimezone(UTC)
    start, end = _last_sunday(utc.year, 3), _last_sunday(utc.year, 10)
    summer = start <= utc < end
    return utc + timedelta(hours=2 if summer else 1), "MESZ" if summer else "MEZ"


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)


def _is_row(child: Filled) -> bool:
    """A field, or a group whose fields are the parts of one date."""
    if child.text is not None:
        return True
    entries = [one.plan.entry for one in child.children]
    return (
        bool(entries)
        and all(entry is not None and entry.converter in _DATE_PARTS for entry in entries)
        and len({entry.source for entry in entries if entry is not None}) == 1
    )
