"""The readable application as PDFium, the reader of browsers, shows and searches it: nothing covers anything."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from click.testing import CliRunner

from gateway.cli.services import services as group
from gateway.model import Attachment
from gateway.services.service import Service
from gateway.xoev.readable.application import Names
from gateway.xoev.readable.printable import printable
from gateway.xoev.readable.words import fits
from tests.services.made_forms import Question, Questions, made
from tests.shipped_services import own_services

AT = datetime(2026, 11, 24, 9, 0, 22, 5, tzinfo=UTC)
NAMES = Names("f0a7d2de-0000-4000-8000-0000000000aa", "c45e0000-0000-4000-8000-0000000000bb", "portal-4711")
COMPOUND = "Rindfleischetikettierungsüberwachungsaufgabenübertragung"
LETTERS = "".join(chr(ord("a") + number % 23) for number in range(300))
HEAD = "Angaben zur Grundstücksverkehrsgenehmigung einschließlich ihrer Nebenbestimmungen, soweit bekannt – Nr. "
LEFT, RIGHT, TOP, FOOT = 60.0, 535.0, 770.0, 64.0
"""Points of the page that belong to the text with its overhangs; below is the page's number, above are the names."""


@dataclass(frozen=True)
class Letter:
    at: int
    text: str
    left: float
    bottom: float
    right: float
    top: float


@dataclass(frozen=True)
class Page:
    text: str
    letters: tuple[Letter, ...]

    @property
    def body(self) -> list[Letter]:
        return [one for one in self.letters if one.bottom >= FOOT and one.top <= TOP]


def pages(pdf: bytes) -> list[Page]:
    with closing(pypdfium2.PdfDocument(pdf)) as document:
        return [Page(*_read(document[number])) for number in range(len(document))]


def _read(page: Any) -> tuple[str, tuple[Letter, ...]]:
    with closing(page), closing(page.get_textpage()) as text:
        whole = text.get_text_range()
        count = text.count_chars()
        each = ((text.get_text_range(at, 1), text.get_charbox(at)) for at in range(count))
        return whole, tuple(Letter(at, letter, *box) for at, (letter, box) in enumerate(each) if letter.strip())


def flowing(found: list[Page]) -> str:
    """The text of all pages with one space for any white space."""
    return " ".join(" ".join(page.text for page in found).split())


def printed(service: Service, record: Any, language: str = "de", names: Names = NAMES) -> list[Page]:
    pdf = service.readable(
        record,
        municipality_name="Stadt Tangerhütte",
        received_at=AT,
        attachments=[Attachment("plan", "Lageplan.pdf", "application/pdf", 1234, "ab" * 32)],
        language=language,
        names=names,
    )
    return pages(pdf)


def covering(found: list[Page]) -> Iterator[tuple[int, str, str]]:
    """Letters over the foot, the head, the margins or over another letter (more than half of the smaller one)."""
    for number, page in enumerate(found, 1):
        for one in page.letters:
            if not (one.left >= LEFT and one.right <= RIGHT) or one.bottom < 30 or one.top > 820:
                yield number, one.text, "margin"
            if one.bottom < FOOT and one.top > FOOT - 10:
                yield number, one.text, "foot"
        ordered = sorted(page.letters, key=lambda one: one.left)
        for at, one in enumerate(ordered):
            for other in ordered[at + 1 :]:
                if other.left >= one.right:
                    break
                other_line = other.bottom >= one.top or other.top <= one.bottom
                if other_line or (other.at - one.at in {1, 2} and one.left == other.left):  # letters of one ligature
                    continue
                width = min(one.right, other.right) - other.left
                height = min(one.top, other.top) - max(one.bottom, other.bottom)
                smaller = min(*((each.right - each.left) * (each.top - each.bottom) for each in (one, other)))
                if smaller > 0 and width * height > smaller / 2:
                    yield number, one.text + other.text, "letter"


def texts(count: int) -> tuple[Question, ...]:
    return tuple(Question(f"k{number}", f"Spalte {number}") for number in range(count))


AWKWARD: dict[str, tuple[tuple[Question | Questions, ...], dict[str, Any]]] = {
    "a row higher than a page": (
        (Questions("list", "Liste", texts(3), many=True),),
        {"list": [{"k0": "kurz", "k1": "Wort " * 4000, "k2": "Ende"}, {"k0": "zweite"}]},
    ),
    "a field longer than a page": ((Question("k0", "Text"),), {"k0": "Wort " * 4000}),
    "lines higher than a page": (
        (Questions("list", "Liste", texts(2), many=True),),
        {"list": [{"k0": "a\n" * 140, "k1": "b"}]},
    ),
    "long words side by side": (
        (Questions("list", "Liste", texts(5), many=True),),
        {"list": [{f"k{number}": COMPOUND for number in range(5)}] * 8},
    ),
    "words of 300 letters": (
        (Question("k0", "Text"), Questions("list", "Liste", texts(2), many=True)),
        {"k0": f"vor {LETTERS} nach", "list": [{"k0": LETTERS, "k1": "x"}] * 3},
    ),
    "long heads over eight columns": (
        (Questions("list", "Liste", tuple(Question(f"k{n}", f"{HEAD}{n}") for n in range(8)), many=True),),
        {"list": [{f"k{n}": f"Wert {n}" for n in range(8)}] * 3},
    ),
    "long heads over five columns": (
        (Questions("list", "Liste", tuple(Question(f"k{n}", f"{HEAD}{n}") for n in range(5)), many=True),),
        {"list": [{f"k{n}": f"Wert {n}" for n in range(5)}] * 3},
    ),
    "heads of one long word": (
        (Questions("list", COMPOUND * 3, tuple(Question(f"k{n}", COMPOUND + str(n)) for n in range(4)), many=True),),
        {"list": [{f"k{n}": f"Wert {n}" for n in range(4)}] * 3},
    ),
    "sixty entries": (
        (Questions("list", "Liste", texts(4), many=True),),
        {"list": [{f"k{n}": f"Angabe {n} {COMPOUND[:20]}" for n in range(4)}] * 60},
    ),
    "wide letters": ((Question("k0", "W" * 120),), {"k0": "W" * 500}),
}


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("name", AWKWARD)
def test_nothing_stands_over_the_foot_or_over_another_text(name: str, language: str, tmp_path: Path) -> None:
    form, record = AWKWARD[name]
    found = printed(made(tmp_path, form, record), record, language)
    assert list(covering(found)) == []
    shown = flowing(found)
    for word in {word for value in _texts(record) for word in value.split() if fits(word)}:
        assert word in shown


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    else:
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


@pytest.mark.parametrize("name", ["a row higher than a page", "words of 300 letters", "sixty entries", "wide letters"])
def test_every_letter_of_a_text_is_printed_in_its_order(name: str, tmp_path: Path) -> None:
    form, record = AWKWARD[name]
    found = printed(made(tmp_path, form, record), record)
    shown = "".join(letter.text for page in found for letter in page.body)
    for value in _texts(record):
        assert "".join(value.split()) in shown


def test_a_long_word_is_found_whole_and_a_longer_one_line_by_line_without_a_mark(tmp_path: Path) -> None:
    long = "q" * 60
    record = {"k0": f"{'Vorspann ' * 8}{long} {LETTERS}"}
    text = "\n".join(page.text for page in printed(made(tmp_path, texts(1), record), record))
    assert long in text
    assert not set(text) & set("\u00ad\u200b\u200c\u2060\ufeff\ufffe")
    assert LETTERS in "".join(text.split())


@pytest.mark.parametrize("name", own_services().ids())
@pytest.mark.parametrize("language", ["de", "en"])
def test_our_services_cover_nothing_and_show_every_group(name: str, language: str) -> None:
    service = own_services().get(name)
    record = service.compiled.examples["extreme"]
    found = printed(service, record, language)
    assert list(covering(found)) == []
    shown = flowing(found)
    for section in _labels(service, language):
        assert section in shown


def _labels(service: Service, language: str) -> list[str]:
    """The names of the form's first groups, each of which the example fills."""
    at = 1 if language == "en" else 0
    groups = [child for child in service.compiled.plan.children if child.entry is None and child.node.minimum]
    return [printable(child.label[at]) for child in groups]


WORDS = {
    "de": ("Einreichung", "Vorgang", "Zeichen des Portals"),
    "en": ("Submission", "Case", "Reference of the portal"),
}


@pytest.mark.parametrize("language", WORDS)
def test_submission_case_and_reference_stand_on_every_page(language: str, tmp_path: Path) -> None:
    form, record = AWKWARD["sixty entries"]
    found = printed(made(tmp_path, form, record), record, language)
    assert len(found) > 3
    for page in found:
        head = " ".join("".join(page.text.splitlines(keepends=True)).split())
        for word, value in zip(WORDS[language], (NAMES.submission, NAMES.case, NAMES.reference), strict=True):
            assert f"{word}: {value}" in head
        assert sum(letter.bottom > TOP for letter in page.letters) > 80


def test_what_is_not_known_yet_is_not_named(tmp_path: Path) -> None:
    record = {"k0": "x"}
    service = made(tmp_path, texts(1), record)
    text = flowing(printed(service, record, names=Names(NAMES.submission)))
    assert "Eingegangen am: 24.11.2026, 10:00 Uhr (MEZ)" in text
    assert f"Einreichung: {NAMES.submission}" in text
    assert "Vorgang" not in text
    assert "Zeichen des Portals" not in text


def test_the_longest_reference_covers_nothing(tmp_path: Path) -> None:
    record = {"k0": "x"}
    found = printed(made(tmp_path, texts(1), record), record, names=Names(NAMES.submission, NAMES.case, "W" * 64))
    assert list(covering(found)) == []
    assert "".join(letter.text for page in found for letter in page.letters).count("W" * 64) == 1


def test_long_titles_and_names_of_files_cover_nothing(tmp_path: Path) -> None:
    record = {"k0": "x"}
    service = made(tmp_path, texts(1), record)
    titles = {"de": "Genehmigung nach dem Grundstücksverkehrsgesetz und weiterem " * 20, "en": "W" * 400}
    titled = replace(service, definition=replace(service.definition, titles=titles))
    files = [
        Attachment("Anlage " * 900, "Lageplan.pdf", "application/pdf", 1, "ab" * 32),
        Attachment("plan", "M" * 3000, "application/pdf", 1, "ab" * 32),
    ]
    for language in titles:
        pdf = titled.readable(
            record,
            municipality_name="Verbandsgemeinde Elbe-Havel-Land " * 30,
            received_at=AT,
            attachments=files,
            language=language,
            names=NAMES,
        )
        assert list(covering(pages(pdf))) == []


def test_groups_and_fields_stand_in_the_order_of_the_form(tmp_path: Path) -> None:
    form = (
        Questions("one", "Erste Gruppe", (Questions("deep", "Innen", texts(1)), Question("after", "Nach Innen"))),
        Question("middle", "Mitte"),
        Questions("list", "Liste", texts(2), many=True),
        Question("last", "Schluss"),
    )
    record = {
        "last": "6. zuletzt",
        "list": [{"k0": "4. erste", "k1": "x"}, {"k0": "5. zweite"}],
        "middle": "3. mitten",
        "one": {"after": "2. danach", "deep": {"k0": "1. innen"}},
    }
    text = flowing(printed(made(tmp_path, form, record), record))
    wanted = [
        *("Erste Gruppe", "Innen", "1. innen", "Erste Gruppe (Fortsetzung)", "2. danach", "Probe", "3. mitten"),
        *("Liste", "4. erste", "5. zweite", "Probe (Fortsetzung)", "6. zuletzt"),
    ]
    at = text.index("Schema der Fachdaten")
    for each in wanted:
        at = text.index(each, at) + len(each)


VALUES = (
    ("date", "Tag", "2026-12-24", "24.12.2026", "24 December 2026"),
    ("time", "Beginn", "14:30", "14:30 Uhr", "14:30"),
    ("time", "Ende", "14:30:15", "14:30:15 Uhr", "14:30:15"),
    ("datetime", "Zeitpunkt", "2026-12-24T14:30:00", "24.12.2026, 14:30 Uhr", "24 December 2026, 14:30"),
    (
        *("datetime", "Sommer", "2026-07-24T12:30:00Z"),
        *("24.07.2026, 14:30 Uhr (MESZ)", "24 July 2026, 14:30 (CEST)"),
    ),
    ("num_int", "Baujahr", 2026, "2026", "2026"),
    ("num_int", "Jahresumsatz", 45000, "45.000", "45,000"),
    ("num_int", "Vorjahreseinkommen", 45000, "45.000", "45,000"),
    ("num_int", "Jahr der Preisbindung", 2026, "2026", "2026"),
    ("num_int", "Umsatzsteuer-Identifikationsnummer", 123456, "123456", "123456"),
    ("num_int", "Kundennummer", 99000123, "99000123", "99000123"),
    ("num", "Vertragskonto", 12345678, "12345678", "12345678"),
    ("num_int", "Nummer der Fläche", 1234567, "1234567", "1234567"),
    ("num_int", "Wohnfläche in m²", 1234567, "1.234.567", "1,234,567"),
    ("num", "Anteil", 1234.5, "1.234,5", "1,234.5"),
    ("num_currency", "Miete", 1234.5, "1.234,50 €", "€1,234.50"),
    ("num", "Kaution in Euro", 1234.5, "1.234,50 €", "€1,234.50"),
    ("num_currency", "Guthaben", -5, "-5,00 €", "-€5.00"),
    ("num_currency", "Ertrag in CHF", 1234.5, "1.234,50", "1,234.50"),
)


@pytest.mark.parametrize("language", ["de", "en"])
def test_values_are_written_as_people_read_them(language: str, tmp_path: Path) -> None:
    form = tuple(Question(f"v{at}", label, kind) for at, (kind, label, *_) in enumerate(VALUES))
    record = {f"v{at}": given for at, (_, _, given, *_) in enumerate(VALUES)}
    lines = {
        line.strip()
        for page in printed(made(tmp_path, form, record), record, language)
        for line in page.text.splitlines()
    }
    for _, label, _, german, english in VALUES:
        assert (f"{label}: {german}" if language == "de" else f"{label} (en): {english}") in lines


def test_a_number_and_its_unit_stay_on_one_line_of_a_table(tmp_path: Path) -> None:
    inside = (*texts(3), Question("t", "Uhr", "time"), Question("m", "€", "num_currency"))
    record = {"list": [{"k0": "Wort " * 30, "k1": "Wort " * 30, "k2": "x", "t": "14:30", "m": 1234.5}] * 2}
    text = printed(made(tmp_path, (Questions("list", "Liste", inside, many=True),), record), record)[0].text
    assert "Nr." in text
    assert text.count("14:30 Uhr") == 2
    assert text.count("1.234,50 €") == 2


@pytest.mark.parametrize(("language", "label"), [("de", "Name: "), ("en", "Applicant: ")])
def test_the_command_writes_the_readable_application(language: str, label: str, tmp_path: Path) -> None:
    base = tmp_path / "services" / "boot"
    shutil.copytree(Path(__file__).parent / "broken" / "base", base)
    texts_file = base / "texts.toml"
    texts_file.write_text(
        texts_file.read_text(encoding="utf-8").replace('F99099000001 = "Name"', 'F99099000001 = "Applicant"'),
        encoding="utf-8",
    )
    (tmp_path / "settings.toml").write_text('[services]\ndir = "services"\n', encoding="utf-8")
    (tmp_path / "faulty.json").write_text('{"name": "5"}', encoding="utf-8")
    good, faulty = base / "examples" / "ordinary.json", tmp_path / "faulty.json"
    place = tmp_path / "out.pdf"
    options = ("--config", str(tmp_path / "settings.toml"), "--json", "--language", language, "--pdf")
    result = CliRunner().invoke(group, ["try", "boot", str(faulty), *options, str(place)])
    assert (result.exit_code, place.exists()) == (3, False)
    body = tmp_path / "body.json"
    record = json.loads(good.read_text(encoding="utf-8"))
    body.write_text(json.dumps({"service": "boot", "record": record, "reference": "portal-4711"}), encoding="utf-8")
    result = CliRunner().invoke(group, ["try", "boot", str(body), *options, str(place)])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["findings"] == []
    text = flowing(pages(place.read_bytes()))
    assert f"{label}Änne Müller-Łukasiewicz" in text
    assert text.count(f"{WORDS[language][2]}: portal-4711") == 1
    result = CliRunner().invoke(group, ["try", "boot", str(good), *options, str(tmp_path / "no" / "out.pdf")])
    assert result.exit_code != 0
    assert "--pdf" in result.stderr
