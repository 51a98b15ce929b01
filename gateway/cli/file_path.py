"""A path on the command line: what the shell leaves empty is told, and never taken for the directory at hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from gateway.cli.language import text


class FilePath(click.Path):
    """`click.Path` that gives a `Path` and refuses an empty one (`--out "$UNSET"`)."""

    def __init__(self, *, exists: bool = False, file_okay: bool = True, dir_okay: bool = True) -> None:
        super().__init__(exists=exists, file_okay=file_okay, dir_okay=dir_okay, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 - as inherited
        """The path. Fails as `click.Path` does, and for an empty one."""
        if not os.fspath(value):
            self.fail(text("Der Pfad ist leer.", "The path is empty."), param, ctx)
        return super().convert(value, param, ctx)
