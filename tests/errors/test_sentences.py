"""A rule's two sentences, filled for each language."""

from __future__ import annotations

import pytest

from gateway.errors.sentences import Sentences
from gateway.model import Finding, Severity

ROOM = Sentences(
    {
        "limit": ("Höchstens {0} von {name}.", "At most {0} of {name}."),
        "plain": ("Bitte ändern.", "Change it."),
    }
)


def test_a_rule_becomes_a_finding_with_both_sentences():
    found = ROOM.finding("/fields/3", "limit", 5, name=("Anlagen", "attachments"))
    assert found == Finding("/fields/3", "limit", "Höchstens 5 von Anlagen.", "At most 5 of attachments.")
    assert ROOM.finding("", "plain", severity=Severity.WARNING).severity is Severity.WARNING


def test_what_is_filled_in_is_not_filled_again():
    assert ROOM.said("limit", "{name}", name="{0}") == ("Höchstens {name} von {0}.", "At most {name} of {0}.")


def test_a_rule_without_sentences_is_a_fault_of_the_programme():
    with pytest.raises(KeyError):
        ROOM.finding("", "unknown")
