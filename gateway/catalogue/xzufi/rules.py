"""What an entry has to keep before it is written, beyond the schema: PVOG's business rules and our own.

Knows: languages, HTML, characters, keys, addresses, signatures. Never does: I/O, repair, repeat what it refuses; rely
on the registry, which looked before: this holds whatever stands in the database.
Standard: PVOG FAQ (languages, HTML, String.Latin), DIN 91379. Start reading: `findings`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from gateway.catalogue.entry import Entry, TextModule
from gateway.catalogue.html_texts import judge
from gateway.catalogue.xzufi.profile import XzufiProfile
from gateway.errors.sentences import Sentences
from gateway.model import Finding
from gateway.xoev.latin.datatypes import Datatype, nfc, offence

SHORTEST_SIGNATURE: Final = 500
"""Characters; FIT-Connect's signed addressing information is longer, what is shorter was cut off when it was copied."""
_KEY: Final = re.compile(r"99\d{12}")


def findings(entry: Entry, signature: str | None, profile: XzufiProfile) -> Iterator[Finding]:
    """Everything that keeps the entry from being written."""
    pointer = f"{entry.municipality}/{entry.service}"
    yield from _facts(pointer, entry, signature, profile)
    yield from _plain(f"{pointer}/titles", entry.titles, profile)
    yield from _html(f"{pointer}/summaries", entry.summaries, profile)
    for module in entry.modules:
        yield from _module(f"{pointer}/modules/{module.module}", module, profile)
    if unit := entry.unit:
        yield from _plain(f"{pointer}/unit/names", unit.names, profile)
        for name, text in {"street": unit.street, "zip_code": unit.zip_code, "city": unit.city}.items():
            yield from _characters(f"{pointer}/unit/{name}", text)


def _facts(pointer: str, entry: Entry, signature: str | None, profile: XzufiProfile) -> Iterator[Finding]:
    if not _KEY.fullmatch(entry.leika_key or ""):
        yield _finding(f"{pointer}/leika_key", "leika_key")
    if not _is_web_address(entry.url or ""):
        yield _finding(f"{pointer}/url", "web_address")
    if entry.assurance not in profile.assurance:
        yield _finding(f"{pointer}/assurance", "assurance", ", ".join(profile.assurance))
    if signature is not None and len(signature) < SHORTEST_SIGNATURE:
        yield _finding(f"{pointer}/destination_id", "signature_truncated", SHORTEST_SIGNATURE)
    if "de" not in entry.titles:
        yield _finding(f"{pointer}/titles", "german_missing")
    for language in entry.languages:
        if language not in profile.languages:
            yield _finding(f"{pointer}/languages", "language")


def _module(pointer: str, module: TextModule, profile: XzufiProfile) -> Iterator[Finding]:
    if module.module not in profile.lists["text_modules"].codes:
        yield _finding(pointer, "text_module")
    yield from _html(pointer, module.texts, profile)
    for number, link in enumerate(module.links):
        yield from _plain(f"{pointer}/links/{number}", link.titles, profile)
        if not _is_web_address(link.uri):
            yield _finding(f"{pointer}/links/{number}", "web_address")


def _plain(pointer: str, texts: Mapping[str, str], profile: XzufiProfile) -> Iterator[Finding]:
    for language, text in texts.items():
        if language not in profile.languages:
            yield _finding(f"{pointer}/{language}", "language")
        if not text.strip():
            yield _finding(f"{pointer}/{language}", "empty")
        yield from _characters(f"{pointer}/{language}", text)


def _html(pointer: str, texts: Mapping[str, str], profile: XzufiProfile) -> Iterator[Finding]:
    yield from _plain(pointer, texts, profile)
    for language, text in texts.items():
        if "<" in text and judge(text, _refusal)[1]:
            yield _finding(f"{pointer}/{language}", "html")


def _refusal(address: str) -> str | None:
    return None if _is_web_address(address) else "web_address"


def _characters(pointer: str, text: str) -> Iterator[Finding]:
    if not text.isascii() or not text.isprintable():
        index = offence(str(nfc(text)), Datatype.EVERYTHING)
        if index is not None:
            yield _finding(pointer, "latin", index + 1)


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc


_SENTENCES: Final = {
    "leika_key": (
        "Ein Leistungsschlüssel hat 14 Ziffern und beginnt mit 99; bitte den Schlüssel aus dem FIM-Portal übernehmen.",
        "A LeiKa key has 14 digits and begins with 99; take the key from the FIM portal.",
    ),
    "web_address": (
        "Erwartet wird eine Adresse mit http oder https und Rechnernamen, ohne Zugangsdaten.",
        "An address with http or https and a host is expected, without credentials.",
    ),
    "assurance": (
        "Dieses Vertrauensniveau gibt es nicht; erlaubt sind {0}.",
        "There is no such trust level; allowed are {0}.",
    ),
    "signature_truncated": (
        (
            "Die signierte Adressierungsinformation ist kürzer als {0} Zeichen, also abgeschnitten; bitte aus dem "
            "Self-Service-Portal vollständig übernehmen."
        ),
        (
            "The signed addressing information is shorter than {0} characters, so it was cut off; copy all of it from "
            "the self-service portal."
        ),
    ),
    "german_missing": ("Der deutsche Titel fehlt.", "The German title is missing."),
    "language": (
        "Das Portalverbund-Gateway nimmt Texte auf de und en; bitte diese Sprache weglassen.",
        "The portal network takes texts in de and en; leave this language out.",
    ),
    "text_module": (
        "Dieses Textmodul kennt die Codeliste nicht; bitte eine ihrer Nummern wählen.",
        "The code list does not know this text module; choose one of its numbers.",
    ),
    "empty": ("Der Text ist leer; bitte füllen oder weglassen.", "The text is empty; fill it or leave it out."),
    "html": (
        "Erlaubt sind nur die Elemente p, br, h1 bis h6, b, strong, i, em, sup, sub, ul, ol, li und a mit href.",
        "Only the elements p, br, h1 to h6, b, strong, i, em, sup, sub, ul, ol, li and a with href are allowed.",
    ),
    "latin": (
        "Das {0}. Zeichen gehört nicht zu DIN 91379; bitte ersetzen.",
        "Character {0} does not belong to DIN 91379; replace it.",
    ),
}
_finding: Final = Sentences(_SENTENCES).finding
