"""The page of the sandbox names every code and every kind of fault."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.sandbox.faults import OF_THE_WIRE
from gateway.sandbox.identity import deviations, encryption, refusals

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "sandbox.md").read_text(encoding="utf-8")


def test_the_page_names_every_code_and_kind_and_no_other() -> None:
    rows = set(re.findall(r"^\| `([a-z0-9_-]+)`", PAGE.partition("# The identity sandbox")[2], re.MULTILINE))
    assert rows == {*refusals.CODES, *refusals.METADATA, *deviations.KINDS}
    assert all(f"`{word}`" in PAGE for word in (*OF_THE_WIRE, *encryption.ORDERED))


def test_kinds_are_described_in_the_same_words() -> None:
    for kind, text in deviations.KINDS.items():
        assert f"| `{kind}` | {text}" in PAGE or kind == "other_encryption"
