"""What the answer of a service's page means: it shows the service, leads to another hop, or says that it failed.

Knows: status, redirects, the text that a browser would show. Never does: I/O; judge addresses by network (`outbound`
does, at each hop anew). Standard: RFC 9110 §15; catalogue reference §6.2. Start reading: `judge`, then `next_hop`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

from gateway.input.character_references import resolved

MOST_HOPS: Final = 5
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HIDDEN: Final = {
    tag: re.compile(f"</{tag}(?![a-z0-9])", re.IGNORECASE) for tag in ("script", "style", "template", "noscript")
}
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*|!--|[!?])")
_INLINE: Final = frozenset(
    {"!--", "a", "abbr", "b", "code", "em", "i", "mark", "q", "small", "span", "strong", "sub", "sup", "u", "wbr"}
)
_CHARSET: Final = re.compile(r"charset\s*+=\s*+[\"']?+\s*+([\w.:-]{1,40}+)", re.IGNORECASE)  # possessive: linear
_ENCODINGS: Final = re.compile(
    r"ascii|utf-8(-sig)?|utf-16(-[bl]e)?|iso8859-[0-9]{1,2}|cp(125[0-8]|866|874|932|949)|koi8-[ru]|mac-roman|gb2312|gbk|"
    r"gb18030|big5|euc_(jp|kr)|shift_jis|iso2022_jp"
)
"""Those that browsers know, as Python names them; the time that others take may grow with the square of a page."""
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
    if not any(_folded(sentence) in shown for sentence in expected if sentence.strip()):
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
    document = body.decode(_encoding(named[1]) if named else "utf-8", "replace")
    return _folded(resolved(_visible(document)))


def _encoding(label: str) -> str:
    """The encoding that a page names, where it is one of the web; else what most pages have."""
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return "utf-8"
    return name if _ENCODINGS.fullmatch(name) else "utf-8"


def _folded(words: str) -> str:
    return " ".join(words.replace(_SOFT_HYPHEN, "").split()).casefold()


def _visible(document: str) -> str:
    """The text outside of tags and of what is never shown; elements that are no part of a line's flow part words.

    Each character is looked at a few times at most, whatever the page is made of: a parser of HTML costs more than all
    else of a probe.
    """
    pieces: list[str] = []
    at = 0
    while (begin := document.find("<", at)) >= 0:
        pieces.append(document[at:begin])
        named = _TAG.match(document, begin)
        if named is None:  # no tag: a character like others
            pieces.append("<")
            at = begin + 1
            continue
        tag, last = named[2].lower(), "-->" if named[2] == "!--" else ">"
        end = document.find(last, begin)
        at = end + len(last)
        if end >= 0 and tag in _HIDDEN and not named[1]:
            closing = _HIDDEN[tag].search(document, at)
            end = at = closing.start() if closing else -1
        if end < 0:  # open until the end: nothing of it is shown
            return "".join(pieces)
        if tag not in _INLINE:
            pieces.append(" ")
    pieces.append(document[at:])
    return "".join(pieces)
