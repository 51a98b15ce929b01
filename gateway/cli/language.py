"""German or English: `--lang`, else the environment (LC_ALL, LC_MESSAGES, LANG), else German."""

from __future__ import annotations

import gettext
import os
import sys
from pathlib import Path

import click

in_language = click.option("--lang", type=click.Choice(["de", "en"]), expose_value=False, help="Deutsch / English")
"""`--lang`, which every command and every group of them has."""


def language() -> str:
    """`de` or `en`. An environment that names neither (C, POSIX) means German, the language of our users."""
    for no, argument in enumerate(sys.argv):
        if argument.startswith("--lang="):
            return "en" if argument.endswith("en") else "de"
        if argument == "--lang" and no + 1 < len(sys.argv):
            return "en" if sys.argv[no + 1] == "en" else "de"
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "").lower()
        if value and value.split(".")[0] not in {"c", "posix"}:
            return "de" if value.startswith("de") else "en"
    return "de"


def use_language() -> None:
    """Let the command line library say what it says by itself in the language of this run."""
    gettext.bindtextdomain("messages", str(Path(__file__).parent / "locale"))
    os.environ["LANGUAGE"] = language()


def text(de: str, en: str) -> str:
    """The sentence in the language of this run."""
    return de if language() == "de" else en
