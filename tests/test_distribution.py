"""How files are shared between processes: by folders that there are."""

from __future__ import annotations

from tests.distribution import TOGETHER
from tests.source_trees import ROOT


def test_the_folders_that_stay_together_are_there():
    assert [folder for folder in TOGETHER if not list(ROOT.glob(f"{folder}*.py"))] == []
