"""The normaliser: what stands for what, what is told, and that a name is never changed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Severity
from gateway.services.service import Service
from gateway.xoev.fim import Field, FieldKind, FieldType, FormSchema
from gateway.xoev.latin.datatypes import Datatype, offence
from gateway.xoev.latin.normaliser import REPLACEMENTS, normalised, suggestion
from gateway.xoev.mapping.reading import read_mapping
from tests.shipped_services import own_services

TEXTS = st.text(
    st.one_of(st.sampled_from(sorted(REPLACEMENTS)), st.characters(exclude_categories=["Cs"])), max_size=40
).map(lambda text: unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("text", "datatype", "after"),
    [
        ("\u201eZitat\u201c \u2013 so\u2026", Datatype.NORMATIVE, '"Zitat" - so...'),
        ("\u201eZitat\u201c \u2013 so\u2026", Datatype.LEGAL_NAME, "\u201eZitat\u201c - so\u2026"),
        ("a\u00a0b", Datatype.NORMATIVE, "a\u00a0b"),
        ("a\u00a0b\u202fc", Datatype.OTHER_NAME, "a b c"),
        ("a\u00adb\u200bc\ufeff", Datatype.NORMATIVE, "abc"),
        ("eins\u2028zwei", Datatype.NORMATIVE, "eins\nzwei"),
        ("eins\u2028zwei\ndrei\tvier", Datatype.OTHER_NAME, "eins zwei drei vier"),
        ("\ufb01x \u2116 5 \u2192 \u2022", Datatype.NORMATIVE, "fix Nr. 5 -> *"),
        ("Stra\u00dfe 5, 10 \u20ac", Datatype.NORMATIVE, "Stra\u00dfe 5, 10 \u20ac"),
        ("\u4f60\u597d \u2013", Datatype.NORMATIVE, "\u4f60\u597d -"),
    ],
)
def test_a_character_that_is_not_allowed_becomes_one_that_means_the_same(
    text: str, datatype: Datatype, after: str
) -> None:
    made, replaced = normalised(text, datatype)
    assert made == after
    assert all(text[one.position] == one.character for one in replaced)
    assert (made == text) == (not replaced)


@given(TEXTS, st.sampled_from(Datatype))
def test_normalising_keeps_what_is_allowed_and_is_done_once(text: str, datatype: Datatype) -> None:
    made, replaced = normalised(text, datatype)
    assert normalised(made, datatype) == (made, ()) or offence(made, datatype) is not None
    assert len(made) == len(text) + sum(len(one.to) - 1 for one in replaced)
    for one in replaced:
        assert offence(one.character, datatype) is not None
        assert offence(one.to, datatype) is None
    if offence(text, datatype) is None:
        assert (made, replaced) == (text, ())


def test_every_replacement_is_allowed_where_free_texts_are() -> None:
    for to, de, en in REPLACEMENTS.values():
        assert offence(to, Datatype.NORMATIVE) is None
        assert de
        assert en


def test_a_suggestion_is_made_only_where_something_could_stand() -> None:
    assert suggestion("\u2013", Datatype.PERSON_NAME)[0] == " Vorschlag: Strich durch „-“ ersetzen."
    assert suggestion("\u200b", Datatype.PERSON_NAME)[1] == " Suggestion: leave the invisible character out."
    assert suggestion("\U0001f600", Datatype.PERSON_NAME) == ("", "")
    assert suggestion("\u201c", Datatype.PERSON_NAME) == ("", "")


@pytest.fixture(scope="module")
def purchase() -> Service:
    return own_services().get("grundstueckskauf")


def record(service: Service) -> dict:
    return service.example("150900546546")["record"]


def test_a_free_text_is_normalised_told_and_written(purchase: Service) -> None:
    given_ = record(purchase)
    given_["purchase"]["remark"] = "Garten \u2013 siehe \u201eLageplan\u201c \u2013 ruhig"
    findings = purchase.check(given_, (), ars="")
    told = [one for one in findings if one.rule == "normalised"]
    assert {one.pointer for one in told} == {"/record/purchase/remark"}
    assert {one.severity for one in told} == {Severity.INFO}
    assert [one.de.partition(": ")[2] for one in told] == [
        "Strich (U+2013) an Stelle 8, 27 durch „-“ ersetzt (DIN 91379).",
        'Anführungszeichen (U+201E) an Stelle 16 durch „"“ ersetzt (DIN 91379).',
        'Anführungszeichen (U+201C) an Stelle 25 durch „"“ ersetzt (DIN 91379).',
    ]
    assert "Garten" not in str([one.as_json() for one in findings])
    document, more = purchase.document(given_)
    assert document is not None, more
    assert b'Garten - siehe "Lageplan" - ruhig' in document.content
    assert given_["purchase"]["remark"].startswith("Garten \u2013"), "the record that was given is not changed"


def test_a_name_is_refused_with_a_suggestion_and_never_changed(purchase: Service) -> None:
    given_ = record(purchase)
    given_["buyers"][0]["person"]["family_name"] = "M\u00fcller\u2013L\u00fcdenscheidt"
    (found,) = [one for one in purchase.check(given_, (), ars="") if not one.rule.startswith("attachment")]
    assert (found.pointer, found.rule) == ("/record/buyers/0/person/family_name", "characters")
    assert found.en.endswith('Suggestion: replace the dash by "-".')
    assert "denscheidt" not in found.de + found.en


def test_what_nothing_stands_for_is_still_an_error_in_a_free_text(purchase: Service) -> None:
    given_ = record(purchase)
    given_["purchase"]["remark"] = "gut \u2013 \U0001f600"
    assert {one.rule for one in purchase.check(given_, (), ars="")} >= {"normalised", "characters"}


@pytest.mark.parametrize(
    "entry",
    [
        {"from": "/a", "to": "F1", "latin": "A", "normalise": True},
        {"from": "/a", "to": "F1", "normalise": "yes"},
        {"from": "/d", "to": "F2", "normalise": True},
    ],
)
def test_a_mapping_that_would_normalise_a_name_or_no_text_is_refused(entry: dict) -> None:
    fields = (
        Field("F1", "1.0", "Name", "", FieldKind.INPUT, FieldType.TEXT_LATIN, 0, 1),
        Field("F2", "1.0", "Tag", "", FieldKind.INPUT, FieldType.DATE, 0, 1),
    )
    table = {"format": 1, "version": "1", "form_schema": "S1", "form_version": "1.0", "fields": [entry]}
    mapping, faults = read_mapping(table, FormSchema("S1", "1.0", "Probe", fields))
    assert mapping is None
    assert [(one.pointer, one.rule) for one in faults] == [("/fields/0/normalise", "mapping_normalise")]
