"""A local is named by what it holds; words that stand for anything are none of its names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EMPTY = frozenset(["each", "found", "given", "made", "one", "place", "rest", "said", "told", "wanted", "what", "whole"])
"""Words that say that there is something, or how it came, and not what it is."""
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def empty_locals(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of each local, loop variable or argument of a lambda that is an empty word."""
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for scope in (*scopes, *(node for node in ast.walk(tree) if isinstance(node, _COMPREHENSIONS))):
        for node in ast.walk(scope):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in EMPTY:
                yield node.lineno, node.id
            elif isinstance(node, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and node.name in EMPTY:
                yield node.lineno, str(node.name)
    for node in ast.walk(tree):
        if isinstance(node, ast.Lambda):
            yield from ((argument.lineno, argument.arg) for argument in node.args.args if argument.arg in EMPTY)


def empty_words() -> set[str]:
    return {
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in sorted((ROOT / "gateway").rglob("*.py"))
        for line, name in empty_locals(ast.parse(path.read_text(encoding="utf-8")))
    }


def test_no_local_is_named_by_an_empty_word():
    assert empty_words() == set(), "say what it holds"


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    found = 1",
        "async def f():\n    for each in ():\n        pass",
        "def f():\n    return [one for one in ()]",
        "ALL = {place: 1 for place in ()}",
        "def f():\n    if told := 1:\n        pass",
        "def f(x):\n    match x:\n        case [*rest]:\n            pass",
        "class A:\n    key = sorted((), key=lambda each: each)",
    ],
)
def test_an_empty_word_is_seen_wherever_it_may_stand(source):
    assert list(empty_locals(ast.parse(source)))


@pytest.mark.parametrize(
    "source", ["class A:\n    place: str", "said = 1", "def made(x):\n    return f(found=x.found)"]
)
def test_a_member_a_function_and_a_keyword_may_have_their_word(source):
    assert not list(empty_locals(ast.parse(source)))
