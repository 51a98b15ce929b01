"""The last look at the HTML of a text before it leaves: PVOG's elements only.

Knows: what PVOG's FAQ allows. Never does: repair; the registry refuses the same when the text comes in, this holds
whatever stands in the database. Standard: PVOG (allowed HTML in texts). Start reading: `refused`.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

_ELEMENTS: Final = frozenset(
    "p br h1 h2 h3 h4 h5 h6 b strong i em sup sub ul ol li a".split()  # noqa: SIM905 - read as in the FAQ
)
_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel"})


def refused(html: str) -> list[str]:
    """What the text holds that no text may: names of elements and attributes, each once."""
    if "<" not in html:
        return []
    look = _Look()
    look.feed(html)
    look.close()
    return list(dict.fromkeys(look.found))


class _Look(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _ELEMENTS:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if (tag, name) != ("a", "href"):
                self.found.append(f"@{name}")
            elif not _is_address(value or ""):
                self.found.append("@href")

    def handle_endtag(self, tag: str) -> None:
        if tag not in _ELEMENTS:
            self.found.append(f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        _ = data
        self.found.append("<!-- -->")

    def handle_decl(self, decl: str) -> None:
        _ = decl
        self.found.append("<!…>")

    def unknown_decl(self, data: str) -> None:
        _ = data
        self.found.append("<![…]>")

    def handle_pi(self, data: str) -> None:
        _ = data
        self.found.append("<?…>")


def _is_address(value: str) -> bool:
    try:
        return urlsplit(value.strip()).scheme.lower() in _SCHEMES
    except ValueError:
        return False
