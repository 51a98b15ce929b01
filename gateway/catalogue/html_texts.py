"""HTML of catalogue texts by an allow-list: what is refused is told, and nothing is dropped in silence.

Knows: the elements that PVOG takes. Never does: repair a text; judge addresses itself. Standard: PVOG FAQ (allowed
HTML), HTML Living Standard as nh3 reads it. Start reading: `judge`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from typing import Final

import nh3

ELEMENTS: Final = frozenset(
    "p br h1 h2 h3 h4 h5 h6 b strong i em sup sub ul ol li a".split()  # noqa: SIM905 - as the FAQ lists them
)
ATTRIBUTES: Final = {"a": {"href"}}
_SHOWN: Final = 40

Refused = tuple[str, tuple[str, ...]]
"""A rule and what its sentence names."""


def judge(html: str, refusal: Callable[[str], str | None]) -> tuple[str, tuple[Refused, ...]]:
    """The text as nh3 writes it, and everything that may not stand in it, each once.

    Args:
        html: the text as its author wrote it.
        refusal: the rule that an address breaks, or None.
    """
    read = _Read(html)
    refused = dict.fromkeys(read.refused(refusal))
    cleaned = nh3.clean(
        html, tags=set(ELEMENTS), attributes=dict(ATTRIBUTES), url_schemes={"https", "http"}, link_rel=None
    )
    if not refused and not read.same(_Read(cleaned)):
        refused[("entry_html_read_otherwise", ())] = None
    return cleaned, tuple(refused)


def words(html: str) -> str:
    """What people read of a text: its characters without markup, references resolved."""
    return _Read(html).text


class _Read(HTMLParser):
    """Everything that stands in a text, in its order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.ended: list[str] = []
        self.others: list[str] = []
        self._texts: list[str] = []
        self.feed(html.replace("\r\n", "\n"))
        self.close()

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def same(self, other: _Read) -> bool:
        """Whether both hold the same elements, attributes and words."""
        return self.elements == other.elements and self.text == other.text

    def refused(self, refusal: Callable[[str], str | None]) -> Iterator[Refused]:
        for other in self.others:
            yield "entry_html_other", (other,)
        for element, attributes in self.elements:
            if element not in ELEMENTS:
                yield "entry_html_element", (_shown(element),)
                continue
            for name, value in attributes:
                if name not in ATTRIBUTES.get(element, ()):
                    yield "entry_html_attribute", (_shown(element), _shown(name))
                elif rule := refusal(value or ""):
                    yield rule, ()
        for element in self.ended:
            if element not in ELEMENTS:
                yield "entry_html_element", (_shown(element),)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.ended.append(tag)

    def handle_data(self, data: str) -> None:
        self._texts.append(data)

    def handle_comment(self, data: str) -> None:
        _ = data
        self.others.append("<!-- -->")

    def handle_decl(self, decl: str) -> None:
        _ = decl
        self.others.append("<! >")

    def handle_pi(self, data: str) -> None:
        _ = data
        self.others.append("<? >")

    def unknown_decl(self, data: str) -> None:
        _ = data
        self.others.append("<![ ]>")


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() and c.isascii() else "?" for c in name[:_SHOWN])
