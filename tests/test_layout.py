"""The size of the modules: what a reader holds in mind at once."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST_LINES = 400


def test_no_module_is_longer_than_a_reader_can_hold():
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "gateway").rglob("*.py")
    }
    too_long = {name: number for name, number in lines.items() if number > MOST_LINES}
    assert too_long == {}, "divide by noun"
