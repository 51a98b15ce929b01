"""The reference says what the code says."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from docs.generate import GERMAN, PAGES, german
from gateway import errors
from gateway.errors import every_error
from gateway.services import messages
from gateway.xoev.message.around import VOCABULARY

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_generated_page_is_what_make_docs_writes(name):
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == PAGES[name]()


def test_the_german_sentences_of_the_command_line_library_are_compiled_and_are_its_own():
    assert (GERMAN.parent / "de/LC_MESSAGES/messages.mo").read_bytes() == german()
    sentences = tomllib.loads(GERMAN.read_text(encoding="utf-8"))
    said = set(_sentences())
    assert {one for one in sentences["one"] if one not in said} <= {"required"}
    assert {(one, many) for one, (many, *_) in sentences["plural"].items()} <= said


def _sentences() -> Iterator[str | tuple[str, str]]:
    """What the library hands to gettext: a sentence, or singular and plural."""
    for path in Path(click.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"_", "ngettext"}:
                texts = [one.value for one in node.args[:2] if isinstance(one, ast.Constant)]
                if texts:
                    yield texts[0] if node.func.id == "_" else (texts[0], texts[1])


def test_every_error_has_its_own_code_and_both_sentences():
    found = list(every_error())
    codes = [error.code for error in found]
    assert len(codes) == len(set(codes))
    assert all(error.de != error.en and error.de.endswith(".") and error.en.endswith(".") for error in found)


def test_the_tree_of_errors_in_the_docstring_names_every_error():
    assert all(error.__name__ in errors.__doc__ for error in every_error())


def test_no_page_names_a_path_of_a_machine_or_a_registry():
    for page in [*ROOT.glob("docs/**/*.md"), ROOT / "README.md"]:
        text = page.read_text(encoding="utf-8")
        assert "/work/" not in text, page
        assert "/root/" not in text, page


def test_everything_a_message_mapping_may_ask_for_is_described():
    page = (ROOT / "docs/reference/messages.md").read_text(encoding="utf-8")
    for source in VOCABULARY:
        name = source[-1] if source[0] == "attachments" else "@/" + "/".join(source)
        assert source[-1] == "*" or f"`{name}`" in page, source
    shared = Path(messages.__file__).parent / messages.SHARED
    for path in shared.glob("*.toml"):
        for parameter in tomllib.loads(path.read_text(encoding="utf-8"))["parameters"]:
            assert f"`{parameter['name']}`" in page, (path.name, parameter["name"])
