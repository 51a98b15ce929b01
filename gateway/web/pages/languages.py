"""The sentences of the pages: one gettext catalogue a language, keys in code and templates.

Knows: the files of `web/languages`. Never does: hold a sentence itself. Standards: GNU gettext PO, RFC 9110 §12.5.4.
Start reading: `Languages.pick`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po

from gateway.web.http.problems import language

FOLDER: Final = Path(__file__).parents[1] / "languages"
DEFAULT: Final = "de"


class Languages:
    """Every catalogue, by its language."""

    def __init__(self, catalogues: Mapping[str, Mapping[str, str]]) -> None:
        self._catalogues = catalogues

    @property
    def known(self) -> frozenset[str]:
        """The languages that pages can speak."""
        return frozenset(self._catalogues)

    def pick(self, asked: str, header: str | None) -> str:
        """The first known one of `asked` (tags as in `ui_locales`), else by `Accept-Language`, else German."""
        for tag in asked.split():
            name = tag.partition("-")[0].lower()
            if name in self._catalogues:
                return name
        return language(header, self.known)

    def sentence(self, chosen: str, key: str, **values: str) -> str:
        """The sentence of a key; `values` fill its places. Not escaped: the template does that."""
        return self._catalogues[chosen][key].format(**values)


@cache
def shipped() -> Languages:
    """The catalogues that come with the gateway, one for each file."""
    return Languages({path.stem: catalogue(path) for path in sorted(FOLDER.glob("*.po"))})


def catalogue(path: Path) -> dict[str, str]:
    """Keys and sentences of one file."""
    with path.open("rb") as file:
        entries = read_po(file, locale=path.stem, abort_invalid=True)
    return {str(entry.id): str(entry.string) for entry in entries if entry.id}
