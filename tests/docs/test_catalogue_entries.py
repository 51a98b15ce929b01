"""The page about entries names every key, and its example is one."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.catalogue.entry_files import SCHEMA
from tests.catalogue.towns import offer, told

PAGE = (Path(__file__).parents[2] / "docs/reference/catalogue-entries.md").read_text(encoding="utf-8")


def names(shape):
    """Every key of a closed shape, those of tables in it too."""
    for name, each in shape.get("properties", {}).items():
        yield name
        yield from names(each)
        yield from names(each.get("items", {}))


def test_every_key_is_described():
    assert {name for name in names(SCHEMA) if f"`{name}`" not in PAGE} <= {"de", "en"}


def test_the_example_is_an_entry(tmp_path):
    (example,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    unit = {"id": "meldeamt", "name": "Amt", "street": "Weg 1", "zip_code": "39517", "city": "Tangerhütte"}
    (tmp_path / "a.toml").write_text(example, encoding="utf-8")
    made = offer(tmp_path, unit=unit)
    assert told(made) == told(made, severity="warning") == set()
    assert len(made.entries) == 1
