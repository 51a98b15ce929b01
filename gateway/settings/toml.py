"""TOML as people write it: read, or refused with the line and the reason in both languages.

Knows: what Python's reader says, a byte order mark. Never does: I/O. Standard: TOML 1.0. Start reading: `parse`.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from dataclasses import dataclass
from typing import Any, Final

_PLACE: Final = re.compile(
    r"(?P<what>.*?)\s*\(at (?:line (?P<line>[0-9]+), column [0-9]+|end of document)\)", re.DOTALL
)
_PART: Final = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY: Final = re.compile(rf"(?<![A-Za-z0-9_.-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{64}}")
"""A key of so many parts; the time that Python's reader takes grows with the square of them."""
_GERMAN: Final = {
    "Invalid value": "kein gültiger Wert; Texte stehen in Anführungszeichen",
    "Invalid statement": "keine gültige Zeile",
    "Expected '=' after a key in a key/value pair": "nach dem Schlüssel fehlt ein =",
    "Expected newline or end of document after a statement": "nach dem Wert steht noch etwas",
    "Cannot overwrite a value": "der Schlüssel ist doppelt",
    "Cannot declare": "die Tabelle ist doppelt",
    "Cannot mutate": "die Tabelle ist schon abgeschlossen",
    "Cannot redefine": "die Tabelle ist schon abgeschlossen",
    "Duplicate inline table key": "der Schlüssel ist doppelt",
    "Unclosed array": "eine Liste [ wird nicht geschlossen",
    "Unclosed inline table": "eine Tabelle { wird nicht geschlossen",
    "Unterminated string": "ein Text wird nicht geschlossen",
    "Illegal character": "ein Text wird nicht geschlossen oder enthält ein Steuerzeichen",
    "Invalid date or datetime": "kein gültiges Datum",
    "Unescaped": "ein Rückstrich \\ im Text ist doppelt zu schreiben: \\\\",
    "Expected": "eine Klammer fehlt",
}
"""The beginning of what the reader says, in German."""


@dataclass
class NotToml(ValueError):
    """The bytes are no TOML; from `line` on (counted from 1; 0 where no line can be told), for the reason named."""

    line: int
    de: str
    en: str


def parse(raw: bytes) -> dict[str, Any]:
    """The tables of a file; a byte order mark is left out. Raises `NotToml`."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise NotToml(line, "nicht in UTF-8 kodiert", "not encoded in UTF-8") from None
    if long := _LONG_KEY.search(text):
        line = text.count("\n", 0, long.start()) + 1
        raise NotToml(line, "der Schlüssel hat zu viele Teile", "the key has too many parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _told(str(error), raw) from None
    except RecursionError:
        raise NotToml(0, "zu tief geschachtelt", "nested too deeply") from None
    except ValueError:  # a number of thousands of digits
        raise NotToml(0, "eine Zahl ist zu lang", "a number is too long") from None


def _told(text: str, raw: bytes) -> NotToml:
    match = _PLACE.fullmatch(text)
    if match is None:
        return NotToml(0, "kein TOML", "no TOML")
    reason = match["what"]
    german = next((de for en, de in _GERMAN.items() if reason.startswith(en)), "kein TOML")
    return NotToml(int(match["line"] or raw.count(b"\n") + 1), german, reason[:1].lower() + reason[1:])
