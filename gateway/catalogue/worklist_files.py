"""The work list as files: CSV for spreadsheets, and a page of HTML that needs nothing else.

Knows: German headings, escaping. Never does: I/O; run scripts, link anywhere. Standards: RFC 4180, HTML, BITV 2.0
(language, headings, header cells). Start reading: `as_csv`, then `as_html`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape
from itertools import groupby
from typing import Final

from gateway.catalogue.status import FindingCode
from gateway.catalogue.tables import table
from gateway.catalogue.worklist import CopyText, WorkAction, WorkItem
from gateway.german_time import german_date

_SOURCES: Final = {"pvog": "PVOG-Suchdienst", "datahub": "OZG Data Hub", "routing": "FIT-Connect-Routing"}
_FINDINGS: Final = {
    FindingCode.MISSING_IN_PVOG: "fehlt dort",
    FindingCode.INHERITED_ONLY: "nur von einer höheren Ebene vorhanden",
    FindingCode.URL_MISMATCH: "andere Adresse",
    FindingCode.STATUS_NICHT_OK: "Adresse gilt dort als nicht erreichbar; prüfen und neu speichern",
    FindingCode.DESTINATION_MISSING: "Zustellpunkt fehlt; signierte Adressierungsinformation in idSekundaer eintragen",
    FindingCode.SIGNATURE_TRUNCATED: "signierte Adressierungsinformation abgeschnitten; in idSekundaer neu eintragen",
    FindingCode.STALE: "Stand veraltet; neu speichern",
    FindingCode.ORPHAN: "steht dort, wird aber nicht angeboten",
}
_HEADINGS: Final = {WorkAction.ENTER: "Einzutragen", WorkAction.CHANGE: "Zu ändern", WorkAction.DELETE: "Zu löschen"}
_COLUMNS: Final = (
    "Aktion",
    "Gesehen in",
    "Kennung dort",
    "Befund",
    "Seit",
    "ARS",
    "Eintrag",
    "Leistung",
    "Leistungsschlüssel",
    "Alt",
    "Neu",
    "idSekundaer (Zustellpunkt)",
)
_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:1rem/1.5 sans-serif;max-width:60rem;margin:0 auto;padding:1rem}"
    "table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}"
    "th,td{border:1px solid;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "th{width:12rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0;font:inherit}"
)


def as_csv(items: Sequence[WorkItem]) -> bytes:
    """UTF-8 with a byte order mark, semicolons: what German spreadsheets open by themselves."""
    copies = dict.fromkeys((copy.module, copy.language) for item in items for copy in item.texts)
    names = [_named(module, language) for module, language in copies]
    lines = ([*(value for _, value in _facts(item)), *_cells(item, list(copies))] for item in items)
    return ("\ufeff" + table([*_COLUMNS, *names], lines, delimiter=";")).encode()


def as_html(items: Sequence[WorkItem], at: datetime) -> bytes:
    """The page, in German."""
    title = f"Arbeitsliste OZG-Katalog, Stand {german_date(at):%d.%m.%Y}"
    parts = [
        '<!DOCTYPE html><html lang="de"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>",
        f"<p>{len(items)} Aufgaben für die Redaktion. Alt ist, was dort steht; neu ist, was das Register sagt.</p>",
    ]
    number = 0
    for action, group in groupby(items, key=lambda item: item.action):
        parts.append(f"<h2>{_HEADINGS[action]}</h2>")
        for item in group:
            number += 1
            parts.append(_section(number, item))
    parts.append("</main></body></html>\n")
    return "".join(parts).encode()


def _section(number: int, item: WorkItem) -> str:
    heading = item.title or item.old or item.place
    return f"<section><h3>{number}. {escape(heading)}</h3>{_list(_facts(item))}{_copies(item.texts)}</section>"


def _facts(item: WorkItem) -> list[tuple[str, str]]:
    values = (
        item.action.value,
        _SOURCES.get(item.source, item.source),
        item.place,
        _FINDINGS.get(item.code, item.code.value),
        f"{german_date(item.since):%d.%m.%Y}",
        item.municipality,
        item.service or "",
        item.title or "",
        item.leika_key or "",
        item.old or "",
        item.new or "",
        item.secondary_id or "",
    )
    return list(zip(_COLUMNS, values, strict=True))


def _cells(item: WorkItem, copies: Sequence[tuple[str, str]]) -> list[str]:
    known = {(copy.module, copy.language): copy.text for copy in item.texts}
    return [known.get(name, "") for name in copies]


def _copies(texts: Sequence[CopyText]) -> str:
    if not texts:
        return ""
    return f"<h4>Texte zum Kopieren</h4>{_list([(_named(copy.module, copy.language), copy.text) for copy in texts])}"


def _list(facts: Sequence[tuple[str, str]]) -> str:
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td><pre>{escape(value)}</pre></td></tr>'
        for name, value in facts
        if value
    )
    return f"<table>{lines}</table>"


def _named(module: str, language: str) -> str:
    return f"{module} ({language})" if language else module
