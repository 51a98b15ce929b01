"""The readable application: the whole record as an accessible PDF, from the labels of the form schema.

Knows: how a filled form becomes headings, tables and formatted values in German or English.
Never does: set type (`typesetter` does); read a clock (the date of receipt is given).
Standard: PDF/UA-1 (ISO 14289-1), made by Typst. Start reading: `write`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

from gateway.xoev.fim import Field, FieldType
from gateway.xoev.form.filling import FilledForm, FillingPlan, Labels
from gateway.xoev.form.texts import Texts
from gateway.xoev.latin.datatypes import with_texts
from gateway.xoev.readable.printable import printable
from gateway.xoev.readable.typesetter import TYPESETTER
from gateway.xoev.readable.values import Written, fours
from gateway.xoev.readable.words import HEADING, TITLE, all_fit, pieces, table_fits

_MAX_COLUMNS: Final = 6
_MAX_CELL: Final = 300
"""The longest text in a cell; a list with a longer one is numbered, as its row might not fit a page."""
_MAX_FOOT: Final = 60
_TOGETHER: Final = 1000
"""Characters that are kept on one page together; they fill less than half of one."""
_NAMELESS: Final = "–"
_DATE_PARTS: Final = frozenset({"day", "month", "year"})
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
        "submission": "Einreichung",
        "case": "Vorgang",
        "reference": "Zeichen des Portals",
        "login": "Angemeldet mit",
        "continued": "Fortsetzung",
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
        "submission": "Submission",
        "case": "Case",
        "reference": "Reference of the portal",
        "login": "Logged in with",
        "continued": "continued",
        "true": "yes",
        "false": "no",
        "number": "No.",
        "page": "Page",
        "of": "of",
    },
}


@dataclass(frozen=True, slots=True)
class Names:
    """What the application is called by: the submission, the case and the portal's reference; each where known."""

    submission: str | None = None
    case: str | None = None
    reference: str | None = field(default=None, repr=False)

    def known(self) -> list[tuple[str, str]]:
        """The known ones in their order, each with the key of its word."""
        names = (("submission", self.submission), ("case", self.case), ("reference", self.reference))
        return [(key, name) for key, name in names if name]


@dataclass(frozen=True, slots=True)
class PageHead:
    """What stands above the record. `received_at` needs a time zone; `names` are repeated on every page.

    `login` is how the applicant logged in, and how sure that is.
    """

    title: Labels
    municipality: str
    received_at: datetime
    schema: str
    names: Names = Names()
    login: Labels | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An attachment as listed: `size` in bytes, `sha256` in hex."""

    title: Labels
    filename: str = field(repr=False)
    media_type: str
    size: int
    sha256: str


def write(
    filled: FilledForm, texts: Texts, head: PageHead, attachments: Sequence[Listed], language: str = "de"
) -> bytes:
    """The readable application as PDF/UA-1.

    Args:
        filled: the form with the record's values.
        texts: labels and names of codes.
        head: title, municipality, time of receipt, login, schema.
        attachments: in their order.
        language: `de`, or `en` on request.

    Returns:
        the PDF; the same arguments give the same bytes.

    Raises:
        InternalError: where the typesetter refuses; its own message is kept back, as it may quote a value.
    """
    data = content(filled, texts, head, attachments, language)
    return TYPESETTER.pdf(data, head.received_at)


def content(
    filled: FilledForm, texts: Texts, head: PageHead, attachments: Sequence[Listed], language: str
) -> dict[str, Any]:
    """What the template shows, as JSON values; `write` prints it.

    Every text passes `printable` here, whoever wrote it: form, code list, service, municipality or portal.
    """
    page = _Page(texts, Written("en" if language == "en" else "de"))
    words = _WORDS[page.written.language]
    title = page.pick(head.title)
    names = [[words[key], name] for key, name in head.names.known()]
    data = {
        "language": page.written.language,
        "title": title,
        "heading": _shown(f"{title} – {head.municipality}", TITLE),
        "foot": _foot(printable(title)),
        "municipality": head.municipality,
        "words": words,
        "names": names,
        "head": [
            [words["recipient"], _shown(head.municipality)],
            [words["received"], page.written.moment(head.received_at.replace(second=0, microsecond=0))],
            *([words["login"], _shown(page.pick(login))] for login in (head.login,) if login),
            [words["schema"], _shown(head.schema)],
        ],
        "sections": list(page.whole(filled)),
        "attachments": [page.attachment(attachment) for attachment in attachments],
    }
    return cast("dict[str, Any]", with_texts(data, printable))


def warm_up() -> None:
    """Load the typesetter and its fonts, for which the first document would wait a third of a second."""
    texts: dict[str, Any] = dict.fromkeys(("title", "heading", "foot", "municipality"), _NAMELESS)
    texts |= {"language": "de", "words": _WORDS["de"]}
    lists = dict.fromkeys(("names", "head", "sections", "attachments"), ())
    TYPESETTER.pdf({**texts, **lists}, datetime.fromtimestamp(0, UTC))


@dataclass(frozen=True, slots=True)
class _Page:
    texts: Texts
    written: Written

    def pick(self, label: Labels) -> str:
        return label[1] if self.written.language == "en" else label[0]

    def word(self, key: str) -> str:
        return _WORDS[self.written.language][key]

    def heading(self, label: Labels) -> str:
        """A label as a heading; PDF/UA allows no empty one."""
        return printable(self.pick(label)).strip() or _NAMELESS

    def attachment(self, listed: Listed) -> dict[str, Any]:
        rows = [
            [self.word("filename"), _shown(listed.filename)],
            [self.word("media_type"), _shown(listed.media_type)],
            [self.word("size"), self.written.size(listed.size)],
            [self.word("sha256"), listed.sha256],
        ]
        title = self.heading(listed.title)
        length = len(title) + len(listed.filename) + len(listed.media_type)
        return {"title": _shown(title, HEADING), "rows": rows, "together": length <= _TOGETHER}

    def whole(self, form: FilledForm) -> Iterator[dict[str, Any]]:
        """The form: its own fields under its own name, and its groups, in the order of the form."""
        yield from self.parts(form, self.heading(form.plan.label), 1, 1, headed=False)

    def section(self, group: FilledForm, level: int, suffix: str) -> Iterator[dict[str, Any]]:
        """A group under its heading."""
        yield from self.parts(group, self.heading(group.plan.label) + suffix, level, level + 1, headed=True)

    def parts(
        self, around: FilledForm, heading: str, level: int, below: int, *, headed: bool
    ) -> Iterator[dict[str, Any]]:
        """Fields under the heading and groups between them, as they follow; the heading stands again after a group.

        `headed` says that the heading stands first even where a group does.
        """
        named = False
        for is_rows, grouped in itertools.groupby(around.children, key=_is_row):
            run = list(grouped)
            if is_rows or (headed and not named):
                again = f"{heading} ({self.word('continued')})" if named else heading
                rows = [[_shown(text) for text in self.row(child)] for child in run] if is_rows else []
                yield {"level": min(level, 2), "heading": _shown(again, HEADING), "columns": [], "rows": rows}
                named = True
            if not is_rows:
                yield from self.groups(run, below)
        if headed and not around.children:
            yield {"level": min(level, 2), "heading": _shown(heading, HEADING), "columns": [], "rows": []}

    def groups(self, groups: list[FilledForm], level: int) -> Iterator[dict[str, Any]]:
        """Groups side by side; a list of plain groups becomes one table, other lists are numbered."""
        for name in dict.fromkeys(child.plan.node.path for child in groups):
            same = [child for child in groups if child.plan.node.path == name]
            if same[0].plan.repeated and all(_is_row(inner) for group in same for inner in group.children):
                yield from self.listing(same, level)
            else:
                yield from self.numbered(same, level, alone="")

    def numbered(self, same: list[FilledForm], level: int, alone: str = " 1") -> Iterator[dict[str, Any]]:
        for number, group in enumerate(same, 1):
            yield from self.section(group, level, f" {number}" if len(same) > 1 else alone)

    def listing(self, same: list[FilledForm], level: int) -> Iterator[dict[str, Any]]:
        """A table with a line for each group; the template makes a numbered list of one that is wider than the page."""
        filled = {inner.plan.node.path for group in same for inner in group.children}
        columns = [child for child in same[0].plan.children if child.node.path in filled]
        table = []
        for number, group in enumerate(same, 1):
            values: dict[str, str] = {}
            for inner in group.children:
                before = values.get(inner.plan.node.path)
                shown = self.row(inner)[1]
                values[inner.plan.node.path] = shown if before is None else f"{before}, {shown}"
            table.append([str(number), *(values.get(column.node.path, "") for column in columns)])
        names = [self.word("number"), *(self.pick(column.label) for column in columns)]
        heading = self.heading(same[0].plan.label)
        cells = (heading, *names, *itertools.chain.from_iterable(table))
        if len(columns) >= _MAX_COLUMNS or not all(len(text) <= _MAX_CELL and all_fit(text) for text in cells):
            yield from self.numbered(same, level)
            return
        fits = table_fits([printable(name) for name in names], [[printable(text) for text in row] for row in table])
        yield {"level": min(level, 2), "heading": heading, "columns": names, "rows": table, "fits": fits}

    def row(self, child: FilledForm) -> list[str]:
        label = self.pick(child.plan.label)
        if child.text is None:
            parts = {part.plan.entry.converter: part.text or "" for part in child.children if part.plan.entry}
            return [label, self.written.date(parts.get("year", ""), parts.get("month", ""), parts.get("day", ""))]
        if child.plan.entry and child.plan.entry.converter == "iban":
            return [label, fours(child.text)]
        return [label, self.value(child.plan, child.text)]

    def value(self, plan: FillingPlan, text: str) -> str:
        element = plan.element
        if not isinstance(element, Field):
            return text
        if element.codes:
            return self.pick(self.texts.code(element, text))
        if element.type is FieldType.BOOL:
            return self.word(text) if text in {"true", "false"} else text
        return self.written.value(element.type, text, plan.label[0])


def _foot(title: str) -> str:
    """The title as it stands beside the number of each page, cut where it is longer than the line."""
    most = _MAX_FOOT if all_fit(title[:_MAX_FOOT]) else _MAX_FOOT // 2
    return title if len(title) <= most else f"{title[:most].rstrip()}…"


def _shown(text: str, scale: float = 1.0) -> str | list[str]:
    """A text for the template, in pieces where a word might be wider than the line."""
    return pieces(printable(text), scale)


def _is_row(child: FilledForm) -> bool:
    """A field, or a group whose fields are the parts of one date."""
    if child.text is not None:
        return True
    entries = [part.plan.entry for part in child.children]
    return (
        bool(entries)
        and all(entry is not None and entry.converter in _DATE_PARTS for entry in entries)
        and len({entry.source for entry in entries if entry is not None}) == 1
    )
