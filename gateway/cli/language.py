"""German or English: `--lang`, else the environment (LC_ALL, LC_MESSAGES, LANG), else German."""

from __future__ import annotations

import os
import sys


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


def text(de: str, en: str) -> str:
    """The sentence in the language of this run."""
    return de if language() == "de" else en
