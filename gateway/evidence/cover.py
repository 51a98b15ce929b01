"""The cover page of an archive, in German: what happened when, what lies beside it, how to check it.

Knows: the entries. Never does: prove anything (it says so), show more of a person than entries hold: nothing.
Standard: HTML, readable without script, style sheet or network. Start reading: `page`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final
from uuid import UUID

from gateway.crypto.keys import thumbprint
from gateway.evidence.chain import Link, moment
from gateway.fitconnect.lacks import SENTENCES
from gateway.submission.refused_events import COUNTED

_WHAT: Final[Mapping[str, str]] = {
    "received": "Vom Portal übernommen, Empfangsbestätigung ausgestellt",
    "validated": "Fachdaten gegen ihr Schema geprüft",
    "login": "Mit einer Anmeldung übergeben; Anbieter, Vertrauensniveau und Zeitpunkt stehen im Eintrag",
    "sealed": "Signiert und verschlüsselt",
    "announced": "Beim Zustelldienst angekündigt",
    "submitted": "Beim Zustelldienst eingereicht",
    "event": "Ereignis aus dem Ereignisprotokoll",
    "held": "Angehalten",
    "resumed": "Vom Betrieb fortgesetzt",
    "cancelled": "Vom Betrieb abgebrochen",
    "erased": (
        "Inhalte gelöscht; es bleiben die Prüfsummen (SHA-256, ohne Schlüssel) der Fachdaten und der Anlagen in "
        "Empfangsbestätigung und Prüfergebnis"
    ),
}
_EVENTS: Final[Mapping[str, str]] = {
    "create-submission": "Einreichung angelegt",
    "submit-submission": "Einreichung eingegangen",
    "notify-submission": "Hinweis an die Behörde",
    "forward-submission": "Einreichung weitergeleitet",
    "accept-submission": "Von der Behörde angenommen",
    "reject-submission": "Zurückgewiesen",
    "delete-submission": "Beim Zustelldienst gelöscht",
    "refused-events": "Weitere Ereignisse, nur gezählt",
}
_MEMBERS: Final = (
    ("chain.jsonl", "alle Einträge, jeder durch seine Prüfsumme an den vorigen gebunden"),
    ("receipt.jws", "Empfangsbestätigung an das Portal"),
    ("validation.json", "Ergebnis der Prüfung der Fachdaten"),
    ("tags.json", "Prüfmarken (Authentication Tags) der verschlüsselten Teile"),
    ("events/", "signierte Ereignisse (SET), wie sie empfangen wurden"),
    ("keys/", "verwendete öffentliche Schlüssel und Zertifikate"),
    ("roots/, proofs.json", "signierte Wurzelwerte und der Weg dorthin"),
    ("manifest.json, manifest.jws", "Prüfsummen aller Dateien, signiert"),
)
_PAGE: Final = """<!DOCTYPE html>
<html lang="de">
<head><meta charset="utf-8"><title>Nachweis {submission}</title></head>
<body>
<h1>Nachweis einer Einreichung</h1>
<p>Einreichung <code>{submission}</code>, {entries} Einträge, ausgegeben am {at} (UTC).</p>
{facts}
<h2>Verlauf</h2>
<table>
<caption>Einträge in ihrer Reihenfolge, Zeiten in UTC</caption>
<thead><tr><th scope="col">Nr.</th><th scope="col">Zeit</th><th scope="col">Was geschah</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<h2>Inhalt des Archivs</h2>
<ul>
{members}
</ul>
<h2>Prüfen</h2>
<p>Diese Seite beweist nichts; sie fasst zusammen. Geprüft wird ohne Netz und ohne Datenbank:</p>
<pre>gateway evidence verify ARCHIV.zip --trust SCHLUESSEL.json</pre>
<p>Die Schlüsseldatei sollte nicht aus diesem Archiv stammen, sondern von der Stelle, die das Gateway betreibt
(<code>gateway evidence keys</code>). Signiert hat der Schlüssel mit dem Fingerabdruck (RFC 7638)
<code>{thumbprint}</code>.</p>
</body>
</html>
"""


def page(submission: UUID, links: Sequence[Link], at: datetime, jwk: Mapping[str, Any]) -> str:
    """The page for a submission's entries; `jwk` is the public key that signs the archive."""
    return _PAGE.format(
        submission=submission,
        entries=len(links),
        at=escape(moment(at)[:19].replace("T", " ")),
        facts=_facts(links),
        rows="\n".join(_row(link) for link in links),
        members="\n".join(f"<li><code>{name}</code>: {content}</li>" for name, content in _MEMBERS),
        thumbprint=escape(thumbprint(jwk)),
    )


def _facts(links: Sequence[Link]) -> str:
    facts: dict[str, Any] = {}
    for link in links:
        if link.kind in {"sealed", "announced"}:
            facts |= json.loads(link.body)
    shown = (("Zustellpunkt", "destination_id"), ("Kennung beim Zustelldienst", "remote_id"), ("Vorgang", "case_id"))
    return _list((name, facts[key]) for name, key in shown if facts.get(key))


def _list(pairs: Iterable[tuple[str, Any]]) -> str:
    items = "".join(f"<dt>{escape(name)}</dt><dd><code>{escape(str(value))}</code></dd>" for name, value in pairs)
    return f"<dl>{items}</dl>" if items else ""


def _without_effect(body: Mapping[str, Any]) -> str:
    problems = body.get("problems")
    rule = str(problems[0].get("rule")) if problems else ""
    lack = SENTENCES.get(rule) if body.get("type") != COUNTED else None
    return f"echt, aber ohne Wirkung: {lack[0]}" if lack else "nicht nachweisbar echt, ohne Wirkung"


def _row(link: Link) -> str:
    event = _WHAT.get(link.kind, link.kind)
    if link.kind == "event":
        body = json.loads(link.body)
        kind = str(body.get("type"))
        proven = "Signatur geprüft" if body.get("verified") else _without_effect(body)
        event = f"{_EVENTS.get(kind, kind)} ({proven})"
    return f"<tr><td>{link.seq}</td><td>{moment(link.at)[:19].replace('T', ' ')}</td><td>{escape(event)}</td></tr>"
