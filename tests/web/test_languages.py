"""Every sentence in every language, and no sentence outside the catalogues."""

from __future__ import annotations

import re
from string import Formatter

import pytest
from babel.messages.pofile import read_po

from gateway.catalogue.publication.town import CountedUnit
from gateway.catalogue.statistics.feedback import RATINGS
from gateway.catalogue.statistics.interfaces import interfaces
from gateway.catalogue.status import FindingCode, Source
from gateway.login.steps import PageKind
from gateway.web.pages.languages import FOLDER, catalogue, shipped
from gateway.web.pages.page import TEMPLATES, environment

FILES = sorted(FOLDER.glob("*.po"))
MADE = {
    "show.": [f"{kind.value}.{part}" for kind in PageKind for part in ("title", "text")],
    "problem.": [f"{kind}.{part}" for kind in ("later", "unread", "ours") for part in ("title", "text")],
    "return.": [f"{outcome}.{part}" for outcome in ("signed_in", "refused") for part in ("title", "text")],
    "choose.for.": ["person", "organisation"],
    "layout.link.": ["imprint", "privacy"],
    "status.language.": ["de", "en"],
    "status.offerer.": ["town", "municipality"],
    "status.claimed.": ["one", "many", "none"],
    "status.with_key.": ["one", "many", "none"],
    "status.listed_count.": ["one", "many", "none", "unknown"],
    "status.unit.": [unit.value for unit in CountedUnit],
    "status.source.": [source.value for source in Source],
    "status.place.": [source.value for source in Source],
    "status.said.": ["yes", "no", "unknown", "impossible"],
    "status.works.": ["yes", "no", "unknown"],
    "status.finding.": [code.value for code in FindingCode],
    "status.feedback.question.": ["category", "rating", "found"],
    "status.feedback.choice.": [*interfaces().sdg.categories, *RATINGS, *interfaces().sdg.found],
    "status.problem.": [
        f"{kind}.{part}" for kind in ("absent", "away", "busy", "refused") for part in ("title", "text")
    ],
}
"""Keys that templates put together, by how they begin."""


def used() -> set[str]:
    found: set[str] = set()
    for path in TEMPLATES.rglob("*.html"):
        for key, rest in re.findall(r"\bt\(\"([a-z_.]+)\"( ~)?", path.read_text(encoding="utf-8")):
            found |= {key + each for each in MADE[key]} if rest else {key}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_language_has_every_sentence_that_is_used_and_no_other(path):
    assert catalogue(path).keys() == used()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_sentence_is_written_and_has_the_places_of_the_german_one(path):
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    german = catalogue(FOLDER / "de.po")
    for key, text in catalogue(path).items():
        assert text.strip(), key
        assert places(text) == places(german[key]), key
        assert "Nutzerkonto Bund" not in text
        assert not re.search(r"[Bb]und-?(Id|id|\sID)", text)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_catalogue_says_which_language_it_is_and_holds_each_key_once(path):
    with path.open("rb") as file:
        assert read_po(file, abort_invalid=True).header_comment is not None
    text = path.read_text(encoding="utf-8")
    assert f'"Language: {path.stem}\\n"' in text
    keys = re.findall(r'^msgid "(.+)"$', text, re.MULTILINE)
    assert sorted(keys) == sorted(set(keys))
    assert "fuzzy" not in text


def test_german_and_english_are_there_and_further_ones_are_files():
    assert shipped().known == {path.stem for path in FILES} >= {"de", "en"}


def test_templates_hold_no_sentences():
    for path in TEMPLATES.rglob("*.html"):
        text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}|<!DOCTYPE html>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        left = re.sub(r"<[^>]*>", "", text)
        assert re.sub(r"[\s–]", "", left) == "", path.name


def test_every_template_can_be_read_and_escapes():
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        environment().get_template(path.relative_to(TEMPLATES).as_posix())
        assert not re.search(r"\|\s*safe\b|autoescape|Markup", text), path.name
