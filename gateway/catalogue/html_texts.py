"""HTML of catalogue texts by an allow-list: what is refused is told, and nothing is dropped in silence.

Knows: the elements that PVOG takes; a strict grammar of tags, read in linear time. Never does: repair a text; judge
addresses itself. Standard: PVOG FAQ (allowed HTML), HTML Living Standard as nh3 reads it. Start reading: `judge`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import nh3

from gateway.input.character_references import resolved

ELEMENTS: Final = frozenset(
    "p br h1 h2 h3 h4 h5 h6 b strong i em sup sub ul ol li a".split()  # noqa: SIM905 - as the FAQ lists them
)
ATTRIBUTES: Final = {"a": {"href"}}
MOST_NESTED: Final = 50
"""Open elements; the time that browsers and nh3 take grows with the square of more."""
_SHOWN: Final = 40
_VALUE: Final = r"""(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'=<>`]++)"""
# Each piece is read once: no quoted value holds < or >, so that an unclosed tag ends at the next one.
_PIECE: Final = re.compile(
    r"""<(?P<end>/?)(?P<name>[A-Za-z][^\s<>/]*+)(?P<rest>(?:"[^"<>]*+"|'[^'<>]*+'|[^<>"'])*+)>"""
    r"""|(?P<other><!--|<[!?])|(?P<broken></?[A-Za-z]|</)|(?P<text><|[^<]++)"""
)
_ATTRIBUTE: Final = re.compile(rf"""[\s/]*+(?P<name>[^\s=/"'<>]++)(?:\s*+=\s*+(?P<value>{_VALUE}))?""")
_OTHERS: Final = {"<!--": "<!-- -->", "<!": "<! >", "<?": "<? >"}
_ENDS_ITSELF: Final = {"p", "li"}
"""Elements that one of their kind ends."""

Refused = tuple[str, tuple[str, ...]]
"""A rule and what its sentence names."""


def judge(text: str, refusal: Callable[[str], str | None]) -> tuple[str, tuple[Refused, ...]]:
    """The text as nh3 writes it, and everything that may not stand in it, each once.

    Args:
        text: as its author wrote it; where something is refused it comes back as it is.
        refusal: the rule that an address breaks, or None.
    """
    read = _Read(text)
    if refused := tuple(dict.fromkeys(read.refused(refusal))):
        return text, refused
    cleaned = nh3.clean(
        text, tags=set(ELEMENTS), attributes=dict(ATTRIBUTES), url_schemes={"https", "http"}, link_rel=None
    )
    if not read.same(_Read(cleaned)):
        return text, (("entry_html_read_otherwise", ()),)
    return cleaned, ()


def words(text: str) -> str:
    """What people read of a text: its characters without markup, references resolved."""
    return _Read(text).text


class _Read:
    """Everything that stands in a text, in its order."""

    def __init__(self, text: str) -> None:
        self.elements: list[tuple[str, tuple[tuple[str, str], ...]]] = []
        self._ended: list[str] = []
        self._others: list[str] = []
        self._texts: list[str] = []
        self._open: list[str] = []
        self._sound = True
        for piece in _PIECE.finditer(text.replace("\r\n", "\n")):
            self._take(piece)

    @property
    def text(self) -> str:
        """The words."""
        return resolved("".join(self._texts))

    def same(self, other: _Read) -> bool:
        """Whether both hold the same elements, attributes and words."""
        return self.elements == other.elements and self.text == other.text

    def refused(self, refusal: Callable[[str], str | None]) -> Iterator[Refused]:
        """Everything that may not stand in a text."""
        for other in self._others:
            yield "entry_html_other", (other,)
        for element, attributes in self.elements:
            if element not in ELEMENTS:
                yield "entry_html_element", (_shown(element),)
                continue
            for name, value in attributes:
                if name not in ATTRIBUTES.get(element, ()):
                    yield "entry_html_attribute", (_shown(element), _shown(name))
                elif rule := refusal(value):
                    yield rule, ()
        for element in self._ended:
            if element not in ELEMENTS:
                yield "entry_html_element", (_shown(element),)
        if not self._sound:
            yield "entry_html_read_otherwise", ()

    def _take(self, piece: re.Match[str]) -> None:
        name = piece["name"]
        if name is None:
            self._texts.append(piece["text"] or "")
            self._others += [_OTHERS[piece["other"]]] if piece["other"] else []
            self._sound = self._sound and piece["broken"] is None
        elif piece["end"]:
            self._ended.append(name.lower())
            self._close(name.lower())
        else:
            self.elements.append((name.lower(), tuple(self._attributes(piece["rest"]))))
            self._opened(name.lower())

    def _attributes(self, written: str) -> Iterator[tuple[str, str]]:
        end = 0
        while attribute := _ATTRIBUTE.match(written, end):  # one after the other: where none begins, none is looked for
            end = attribute.end()
            yield attribute["name"].lower(), resolved((attribute["value"] or "").strip("\"'"))
        self._sound = self._sound and not written[end:].strip(" \t\r\n\f/")

    def _opened(self, name: str) -> None:
        if name == "br":
            return
        if self._open and self._open[-1] == name and name in _ENDS_ITSELF:
            return
        self._open.append(name)
        if len(self._open) > MOST_NESTED:
            self._sound = False
            self._open.pop()

    def _close(self, name: str) -> None:
        if name in self._open:
            while self._open.pop() != name:
                pass


def _shown(name: str) -> str:
    return "".join(c if c.isprintable() and c.isascii() else "?" for c in name[:_SHOWN])
