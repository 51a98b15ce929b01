"""An accepted export as a directory: whole or not at all, the index last.

Knows: temporary directory and renaming. Never does: replace a directory that holds anything else than an export.
Standard: PVOG (index by plain file names). Start reading: `write`.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.catalogue.served import INDEX, ServedFiles
from gateway.catalogue.xzufi.transfer import index_of
from gateway.errors import CatalogueExportBusy
from gateway.input import whole_file

_OURS: Final = re.compile(r"index\.txt|XZUFI\d+\.xml")


class ForeignFiles(Exception):
    """The directory holds something that is no export of ours."""


async def write(files: ServedFiles, no: int, directory: Path) -> None:
    """Write export `no`, in place of an earlier one in that directory.

    Raises `ForeignFiles`, `OSError`, `CatalogueExportBusy` (two later ones were accepted meanwhile), `DatabaseAway`.
    """
    await asyncio.to_thread(_check, directory)
    names = await files.names(no)
    with _replacing(directory) as new:
        for name in names:
            file = await files.file(name)
            if file is None:
                raise CatalogueExportBusy
            await asyncio.to_thread(whole_file.put, new / name, file.content)
        await asyncio.to_thread(whole_file.put, new / INDEX, index_of(names))


def _check(directory: Path) -> None:
    if directory.exists() and not all(_OURS.fullmatch(path.name) for path in directory.iterdir()):
        raise ForeignFiles


@contextmanager
def _replacing(directory: Path) -> Iterator[Path]:
    """A new directory beside, which takes the place once it is whole."""
    directory = directory.resolve()
    directory.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        yield new
        new.chmod(0o755)
        whole_file.settle(new)
        if directory.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
            directory.rename(old)  # takes the place of the empty one
            try:
                new.rename(directory)
            except OSError:
                old.rename(directory)
                raise
            shutil.rmtree(old)
        else:
            new.rename(directory)
        whole_file.settle(directory.parent)
    finally:
        shutil.rmtree(new, ignore_errors=True)
