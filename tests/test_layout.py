"""The size of the modules, what a reader holds in mind at once, their heads, and what those refer to."""

from __future__ import annotations

import ast
import re

from tests.source_trees import ROOT, trees

MOST_LINES = 400


def test_no_module_is_longer_than_a_reader_can_hold():
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "gateway").rglob("*.py")
    }
    too_long = {name: number for name, number in lines.items() if number > MOST_LINES}
    assert too_long == {}, "divide by noun"


def test_every_module_says_what_it_knows_and_where_to_start():
    headless = []
    for path, tree in trees().items():
        name = path.relative_to(ROOT / "gateway").as_posix()
        if path.name == "__init__.py" or name.startswith(("cli/", "store/migrations/versions/")):
            continue  # a room's own head, commands and migrations are one sentence each
        head = ast.get_docstring(tree) or ""
        said = " ".join(head.split()).replace("Rule 1:", "Knows:")
        if not all(part in said for part in ("Knows:", "Never does:", "Start reading:")):
            headless.append(name)
    assert headless == [], "begin them as the others do"


def test_no_docstring_cites_a_document_that_is_not_here():
    absent = set()
    for path, tree in trees().items():
        said = ast.get_docstring(tree) or ""
        for name in re.findall(r"[\w/.-]+\.md\b", said):
            if not (ROOT / name).is_file() and not (path.parent / name).is_file():
                absent.add((path.relative_to(ROOT).as_posix(), name))
    assert absent == set()
