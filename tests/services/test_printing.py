"""Whatever stands in a service's files, its readable application is printed, and its author is told what it lacks."""

from __future__ import annotations

import json
import shutil
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import InternalError
from gateway.model import Attachment, Severity
from gateway.services import loader, printing
from gateway.services.service import Service
from gateway.xoev.fim import Field
from gateway.xoev.form.filling import FillingPlan
from gateway.xoev.latin.datatypes import Datatype, code_points, sequences
from gateway.xoev.readable import application as readable
from gateway.xoev.readable import typesetter
from gateway.xoev.readable.printable import printable, unprintable
from gateway.xoev.readable.words import fits, pieces
from tests.properties import TIMES
from tests.shipped_services import own_services

BASE = Path(__file__).parent / "broken" / "base"
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CATEGORIES = [
    "Cc",
    "Cf",
    "Cn",
    "Co",
    "Cs",
    "Ll",
    "Lm",
    "Lo",
    "Lt",
    "Lu",
    "Mc",
    "Me",
    "Mn",
    "Nd",
    "Nl",
    "No",
    "Pc",
    "Pd",
    "Pe",
    "Pf",
    "Pi",
    "Po",
    "Ps",
    "Sc",
    "Sk",
    "Sm",
    "So",
    "Zl",
    "Zp",
    "Zs",
]
AWKWARD = {
    "bullet of Word": "\uf0b7 Ermäßigung",
    "emoji": "Hund \U0001f415\u200d\U0001f9ba",
    "CJK": "申請者",
    "Hangul": "신청자",
    "Thai": "ผู้สมัคร",
    "Arabic, right to left": "\u202eمقدم الطلب\u202c",
    "decomposed": "Straße a\u0308 o\u0308",
    "marks alone": "\u0301\u0301",
    "surrogate": "\ud800",
    "control": "\x00\x07\x1b\x7f\x85",
    "not a character": "\ufffe\uffff\U0010ffff",
    "separators": "a\u2028b\u2029c\u00ad\ufeff\u2060",
    "empty": "",
    "white": " \t\r\n\u00a0\u3000",
    "breaks alone": "\u200b\u200b",
    "longer than a page": "Wort " * 4000,
    "a word longer than a page": "W" * 3000,
    "a long word": "Donaudampfschifffahrt" * 200,
    "many marks": "k\u0315\u035fh\u0308" * 60,
    "markup": '"))\n#panic("x") \\" \\\\ \\u{22} #{ } $x$ `raw` <label> @ref = Title // /* [*_~',
}


@pytest.fixture(scope="module")
def boot(tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("services")
    shutil.copytree(BASE, folder / "boot")
    return loader.load(folder).get("boot")


def relabelled(plan: FillingPlan, text: str) -> FillingPlan:
    element = plan.element
    if isinstance(element, Field):
        element = replace(element, codes=tuple(replace(code, name=text) for code in element.codes))
    children = tuple(relabelled(child, text) for child in plan.children)
    return replace(plan, label=(text, text), element=element, children=children)


def saying(service: Service, text: str) -> Service:
    """The service with the text as every label, name of a code and title."""
    compiled = service.compiled
    names = {one: dict.fromkeys(codes, text) for one, codes in compiled.texts.codes.items()}
    rules = tuple(replace(rule, title_de=text, title_en=text) for rule in service.attachments)
    definition = replace(service.definition, titles={"de": text, "en": text}, attachments=rules)
    texts = replace(compiled.texts, codes=names)
    return replace(
        service,
        definition=definition,
        compiled=replace(compiled, plan=relabelled(compiled.plan, text), texts=texts),
    )


def printed(service: Service, text: str, language: str) -> bytes:
    """A PDF with the text in every place where one comes from files, settings or a portal."""
    files = [
        Attachment("photo", text, text, 1, "ab" * 32),
        Attachment(text or "x", "a.jpg", "image/jpeg", 1, "ab" * 32),
    ]
    return saying(service, text).readable(
        service.compiled.examples["ordinary"],
        municipality_name=text,
        received_at=AT,
        attachments=files,
        language=language,
    )


@pytest.mark.parametrize("text", AWKWARD.values(), ids=AWKWARD)
def test_every_place_prints_whatever_text_it_holds(boot: Service, text: str) -> None:
    assert printed(boot, text, "de").startswith(b"%PDF")


@pytest.fixture(scope="module")
def characters() -> dict[str, list[str]]:
    """All that there are, by their category."""
    found: dict[str, list[str]] = {category: [] for category in CATEGORIES}
    for each in map(chr, range(0x110000)):
        found[unicodedata.category(each)].append(each)
    return found


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_place_prints_characters_of_each_category(
    boot: Service, category: str, characters: dict[str, list[str]]
) -> None:
    every = characters[category]
    some = every[:: max(1, len(every) // 20)]
    assert printed(boot, " ".join(some) + "".join(some), "de").startswith(b"%PDF")


@settings(max_examples=40 * TIMES)
@given(text=st.text(st.characters(codec=None), max_size=40))
def test_every_place_prints_any_text(boot: Service, text: str) -> None:
    assert printed(boot, text, "en").startswith(b"%PDF")


@settings(max_examples=300 * TIMES)
@given(st.text(st.characters(codec=None)))
def test_showing_a_text_twice_changes_nothing(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    assert not set(printable(text)) & set("\u00ad\u200b\u200c\u200d\u2060\ufeff")


def test_no_letter_is_wider_than_it_is_taken_to_be() -> None:
    letters = [chr(point) for point in code_points(Datatype.EVERYTHING) if chr(point).strip()]
    literal = json.dumps(letters).replace("\\", "\\\\").replace('"', '\\"')
    source = f"""#set text(font: "Libertinus Serif", size: 11pt, weight: "bold")
        #let letters = json(bytes("{literal}"))
        #context [#metadata(letters.map(one => measure(one * 10).width.pt() / 10)) <widths>]"""
    fonts = typst.Fonts(include_system_fonts=False)
    found = typst.query(
        source.encode(), "<widths>", field="value", one=True, font_paths=fonts, ignore_system_fonts=True
    )
    for letter, width in zip(letters, json.loads(found), strict=True):
        most = max(count for count in range(110) if fits(letter * count))
        assert most * width <= 453, f"U+{ord(letter):04X} is {width} points wide"


@settings(max_examples=300 * TIMES)
@given(st.lists(st.text("aWm5 \n-\u0301", max_size=120)).map("".join))
def test_the_pieces_of_a_text_are_the_text(text: str) -> None:
    found = pieces(text)
    if isinstance(found, str):
        assert found == text
    else:
        assert "".join(found) == text
        assert not any(fits(word) or len(word.split()) != 1 for word in found[1::2])
        assert all(fits(word) for piece in found[::2] for word in piece.split())


def test_the_repertoire_of_the_standard_is_shown_as_it_is_and_never_parted_from_its_marks() -> None:
    letters = [chr(point) for point in code_points(Datatype.EVERYTHING) if chr(point) not in "\t\r"]
    for text in ("".join(letters), "".join(sequences()), *(letter * 60 for letter in sequences())):
        assert printable(text) == text
        assert unprintable(text) == ()


def test_a_decomposed_label_is_shown_as_what_it_says() -> None:
    assert printable("Stra\u00dfe, Geba\u0308ude") == "Straße, Gebäude"
    assert unprintable("Geba\u0308ude – \uf0b7\uf0b7 \U0001f415") == ("U+F0B7", "U+1F415")


def test_words_come_whole_and_without_a_mark_nobody_sees(boot: Service) -> None:
    shown = json.dumps(_content(saying(boot, "Donau\u00addampf\u200bschifffahrtsgesellschaft")), ensure_ascii=False)
    assert "ab" * 32 in shown
    assert shown.count("Donaudampfschifffahrtsgesellschaft") > 5


def test_marks_nobody_sees_are_no_reason_for_a_warning() -> None:
    assert printable("\ufeffStra\u00dfen\u00adname\u2060") == "Straßenname"
    assert unprintable("\ufeffStra\u00dfen\u00adname\u2060") == ()


def _content(service: Service) -> dict[str, Any]:
    from gateway.xoev.form.filling import fill  # noqa: PLC0415 - here only

    filled, _ = fill(service.compiled.plan, service.compiled.examples["ordinary"])
    head = readable.PageHead((service.titles["de"], service.titles["en"]), "Stadt", AT, "urn")
    listed = [readable.Listed(("Foto", "Photo"), "a.jpg", "image/jpeg", 1, "ab" * 32)]
    return readable.content(filled, service.compiled.texts, head, listed, "de")


PLACES = {
    "form.xml#": ("form.xml", "<xdf:bezeichnung>|Bootsliegeplatz<"),
    "form.xml#/F99099000003": ("form.xml", "Ausgabe>|Ermäßigung<"),
    "form.xml#/F99099000003/01": ("form.xml", ">|Kinder<"),
    "form.xml#/G99099000010": ("form.xml", "Ausgabe>|Eigner<"),
    "service.toml#/title/de": ("service.toml", '"|Bootsliegeplatz"'),
    "service.toml#/title/en": ("service.toml", '"|Berth for a boat"'),
    "service.toml#/attachments/1/title/de": ("service.toml", '"|Ehrenamtskarte"'),
    "service.toml#/attachments/1/title/en": ("service.toml", '"|Volunteer\'s card"'),
    "texts.toml#/labels/F99099000002": ("texts.toml", '"|Day"'),
    "texts.toml#/codes/F99099000003/01": ("texts.toml", '"|Children"'),
}


@pytest.mark.parametrize("place", PLACES)
def test_the_check_of_services_tells_what_the_pdf_cannot_show(place: str, tmp_path: Path) -> None:
    shutil.copytree(BASE, tmp_path / "services" / "boot")
    name, before = PLACES[place]
    path = tmp_path / "services" / "boot" / name
    text = path.read_text(encoding="utf-8")
    assert before.replace("|", "") in text
    path.write_text(text.replace(before.replace("|", ""), before.replace("|", "\uf0b7 "), 1), encoding="utf-8")
    found = printing.findings(loader.load(tmp_path / "services").get("boot"))
    assert [(one.pointer, one.rule, one.severity) for one in found] == [
        (f"boot/{place}", "unprintable", Severity.WARNING)
    ]
    assert "U+F0B7" in found[0].de
    assert "U+F0B7" in found[0].en
    assert found[0].de != found[0].en


def test_our_own_services_hold_nothing_that_the_pdf_cannot_show() -> None:
    services = own_services()
    assert [one for name in services.ids() for one in printing.findings(services.get(name))] == []


def test_an_application_that_cannot_be_printed_is_told_by_the_check_of_services(
    boot: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readable, "with_texts", lambda value, _change: value)
    with pytest.raises(InternalError) as failed:
        printed(boot, "\uf0b7 Anna", "de")
    assert "Anna" not in repr(failed.value)
    assert failed.value.__cause__ is None
    monkeypatch.setattr(typesetter, "TEMPLATE", "#panic()")
    found = printing.findings(boot)
    assert [(one.pointer, one.rule, one.severity) for one in found] == [
        ("boot/examples/ordinary.json#", "unreadable", Severity.ERROR)
    ] * 2


def test_a_letter_is_shown_as_it_is_or_named_with_a_warning() -> None:
    for letter in map(chr, range(ord(" "), 0x3000)):
        assert ("[U+" in printable(letter)) == bool(unprintable(letter))
