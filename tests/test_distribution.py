"""How files are shared between processes: by folders that there are."""

from __future__ import annotations

from pathlib import Path

from tests.distribution import TOGETHER


def test_the_folders_that_stay_together_are_there():
    assert [folder for folder in TOGETHER if not (Path(__file__).parents[1] / folder).is_dir()] == []
