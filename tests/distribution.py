"""How `pytest -n 2 --dist loadfile` shares the files: whole folders where starting something costs more than its tests.

All tests that look at one demo run in one process, so that a run makes one; what starts processes of the gateway is
not left for the end, when the other process has nothing more to do: what has most tests begins first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from xdist.scheduler import LoadFileScheduling

if TYPE_CHECKING:
    from xdist.remote import Producer

TOGETHER: Final = {
    "tests/contract/": "the demo",
    "tests/journeys/": "the demo",
    "tests/cli/": "commands",
    "tests/docs/": "commands",
    "tests/serve/": "commands",
    "tests/test_": "the code as text",
}


class FilesAndFolders(LoadFileScheduling):
    """A file's tests stay together, and those of a folder in `TOGETHER` with all that have its word."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return next((word for folder, word in TOGETHER.items() if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """What is slow has a demo or an order of its own: there every file is for itself."""
    ours = config.getoption("dist") == "loadfile" and config.getoption("markexpr") != "slow"
    return FilesAndFolders(config, log) if ours else None
