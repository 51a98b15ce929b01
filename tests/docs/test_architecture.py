"""The page on architecture: its layers are those of the contracts, and what it names is there."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
CITED = re.compile(r"\b(?:architecture §|interfaces §|ADR )(\d+)")


def test_the_layers_are_those_of_the_contracts():
    contracts = configparser.ConfigParser()
    contracts.read(ROOT / ".importlinter", encoding="utf-8")
    held = contracts["importlinter:contract:layers"]
    assert held["exhaustive"] == "True"
    (shown,) = re.findall(r"```layers\n(.*?)```", PAGE, re.DOTALL)
    assert shown.split("\n")[:-1] == held["layers"].strip().split("\n")


def test_each_room_of_the_code_stands_in_the_picture():
    (shown,) = re.findall(r"```layers\n(.*?)```", PAGE, re.DOTALL)
    rooms = {
        path.stem for path in (ROOT / "gateway").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert rooms - {"__init__"} <= set(re.findall(r"\w+", shown))


@pytest.mark.parametrize("page", ["architecture.md", "glossary.md", "reference/interfaces.md"])
def test_what_a_page_names_is_there(page):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:gateway|tests|docs)/[\w/.]+)`", text))
    links = {link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
    assert [link for link in sorted(links) if not (ROOT / "docs" / page).parent.joinpath(link).exists()] == []


def test_ten_questions_have_their_answers():
    (table,) = re.findall(r"### Ten questions.*?\n\n(.*?)\n\n", PAGE, re.DOTALL)
    assert len(table.splitlines()) - 2 == 10


def test_the_sections_that_docstrings_cite_are_there():
    sections = {
        "architecture": set(re.findall(r"^## (\d+)\.", PAGE, re.MULTILINE)),
        "interfaces": set(
            re.findall(r"^## (\d+)\.", (ROOT / "docs/reference/interfaces.md").read_text("utf-8"), re.MULTILINE)
        ),
        "ADR": {str(int(path.name[:4])) for path in (ROOT / "docs/adr").glob("[0-9]*.md")},
    }
    lost = {
        f"{path.relative_to(ROOT)}: {cited[0]}"
        for folder in ("gateway", "tests", "docs")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md"}
        for cited in CITED.finditer(path.read_text(encoding="utf-8"))
        if cited[1] not in sections[cited[0].split()[0]]
    }
    assert lost == set()


def test_decisions_are_numbered_without_holes():
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/adr").glob("[0-9]*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
