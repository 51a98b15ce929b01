"""Broken form schemas and code lists: every fault at once, with line, element id and a reason in two languages.

Each file of `broken_forms` ends with the faults it has: `<!-- fault: RULE /LINE/ID -->`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.xoev import fim
from gateway.xoev.fim import genericode

BROKEN = sorted((Path(__file__).parent / "broken_forms").glob("*.xml"))
EXPECTED = re.compile(rb"<!-- fault: (\S+) (\S+) -->")


def test_the_folder_of_broken_examples_is_there() -> None:
    assert len(BROKEN) > 40


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_with_every_fault_where_it_is(path: Path) -> None:
    data = path.read_bytes()
    expected = [(rule.decode(), place.decode()) for rule, place in EXPECTED.findall(data)]
    if path.stem.startswith("list_"):
        value, found = genericode.read([data])
    else:
        value, found = fim.read(data)
    assert value is None
    assert [(one.rule, one.pointer) for one in found] == expected
    for one in found:
        line, _, identifier = one.pointer[1:].partition("/")
        for sentence in (one.de, one.en):
            assert len(sentence) > 20
            assert line in sentence or one.rule == "xml_doctype"
            assert identifier in sentence
        assert one.de != one.en
