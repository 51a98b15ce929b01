"""What the answer of a service's page means: does it show the service, is there another hop, is it an apology.

Knows: status, redirects, the text that a browser would show. Never does: I/O; judge addresses by network (`outbound`
does, at each hop anew). Standard: RFC 9110 §15; catalogue reference §6.2. Start reading: `judge`, then `next_hop`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

MOST_HOPS: Final = 5
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HIDDEN: Final = frozenset({"script", "style", "template", "noscript"})
_INLINE: Final = frozenset(
    {"a", "abbr", "b", "code", "em", "i", "mark", "q", "small", "span", "strong", "sub", "sup", "u", "wbr"}
)
_CHARSET: Final = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
_HEAD: Final = 2048
"""Bytes at the begin of a page in which it may name its encoding."""
_SOFT_HYPHEN: Final = "\N{SOFT HYPHEN}"


class ProbeReason(StrEnum):
    """Why a page does not work; the code that rows, alarms and reports show."""

    AWAY = "away"
    TIMEOUT = "timeout"
    CERTIFICATE = "certificate"
    GARBLED = "garbled"
    ADDRESS_REFUSED = "address_refused"
    STATUS = "status"
    REDIRECT_DOWNGRADED = "redirect_downgraded"
    REDIRECT_LOOP = "redirect_loop"
    REDIRECTS_TOO_MANY = "redirects_too_many"
    TEXT_MISSING = "text_missing"
    FAILURE_PHRASE = "failure_phrase"


def judge(
    status: int, headers: Mapping[str, str], body: bytes, expected: Collection[str], phrases: Iterable[str]
) -> ProbeReason | None:
    """Why the last hop's answer shows no working service; None: it does.

    One of the `expected` texts has to stand there and none of the failure `phrases`, whatever the status.
    """
    if not 200 <= status < 300:
        return ProbeReason.STATUS
    shown = text(headers.get("content-type", ""), body)
    if any(_folded(phrase) in shown for phrase in phrases if phrase.strip()):
        return ProbeReason.FAILURE_PHRASE
    if not any(_folded(each) in shown for each in expected if each.strip()):
        return ProbeReason.TEXT_MISSING
    return None


def next_hop(at: str, location: str | None, seen: Collection[str]) -> str | ProbeReason:
    """Where a redirect leads, or why nobody follows it. `seen` are the addresses asked so far, `at` among them."""
    if not location:
        return ProbeReason.STATUS
    try:
        target = urldefrag(urljoin(at, location)).url
        scheme, ours = urlsplit(target).scheme, urlsplit(at).scheme
    except ValueError:
        return ProbeReason.ADDRESS_REFUSED
    if not askable(target):
        return ProbeReason.ADDRESS_REFUSED
    if ours == "https" and scheme != "https":
        return ProbeReason.REDIRECT_DOWNGRADED
    if target in seen:
        return ProbeReason.REDIRECT_LOOP
    return target if len(seen) <= MOST_HOPS else ProbeReason.REDIRECTS_TOO_MANY


def askable(url: str) -> bool:
    """Whether an address may be asked at all: the web's, with a host and without anybody's credentials."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def text(content_type: str, body: bytes) -> str:
    """What a browser would show of a page, in one case and with single spaces."""
    named = _CHARSET.search(content_type) or _CHARSET.search(body[:_HEAD].decode("latin-1"))
    try:
        document = body.decode(named[1] if named else "utf-8", "replace")
    except LookupError:
        document = body.decode("utf-8", "replace")
    visible = _Visible()
    visible.feed(document)
    visible.close()
    return _folded("".join(visible.pieces))


def _folded(words: str) -> str:
    return " ".join(words.replace(_SOFT_HYPHEN, "").split()).casefold()


class _Visible(HTMLParser):
    """Gathers text outside of what is never shown; elements that are no part of a line's flow part words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        _ = attrs
        self._hidden += tag in _HIDDEN
        self._part(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        _ = attrs
        self._part(tag)

    def handle_endtag(self, tag: str) -> None:
        self._hidden = max(0, self._hidden - (tag in _HIDDEN))
        self._part(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)

    def _part(self, tag: str) -> None:
        if tag not in _INLINE:
            self.pieces.append(" ")
