"""The feed of outages: which service did not work, since when, until when.

Knows: Atom's elements, ids that never change. Never does: I/O; tell of what the gateway itself depends on.
Standards: RFC 4287, RFC 4151 (tag URIs). Start reading: `feed`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from gateway.catalogue.probes.outage import Outage
from gateway.catalogue.publication.town import TownStatus
from gateway.german_time import german_time
from gateway.xoev.xml.namespace import NAMESPACE

MEDIA_TYPE: Final = "application/atom+xml"
MOST: Final = 100
"""Outages in one feed, the newest change first."""
_ATOM: Final = "http://www.w3.org/2005/Atom"
_MINTED: Final = "2026"
"""The year from which our ids are made; a tag URI names a time at which its maker had the name."""
_NO_CHARACTER: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def feed(town: TownStatus, outages: Sequence[Outage], *, public_url: str, page: str, itself: str) -> bytes:
    """The feed of a municipality. `page` and `itself` are the absolute addresses of status page and feed."""
    titles = {service.status.revision.entry.service: service.status.revision.entry.titles for service in town.services}
    base = f"tag:{urlsplit(public_url).hostname},{_MINTED}:status:{town.ars}"
    root = etree.Element(f"{{{_ATOM}}}feed", {f"{{{NAMESPACE}}}lang": "de"}, nsmap={None: _ATOM})
    _text(root, "id", base)
    _text(root, "title", f"Störungen der Online-Dienste: {town.name}")
    _text(root, "updated", _instant(_updated(town, outages)))
    _link(root, "self", itself, MEDIA_TYPE)
    _link(root, "alternate", page, "text/html")
    _text(etree.SubElement(root, f"{{{_ATOM}}}author"), "name", town.name)
    for outage in outages:
        _entry(root, outage, titles, base, page)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _entry(root: etree._Element, outage: Outage, titles: Mapping[str, Mapping[str, str]], base: str, page: str) -> None:
    title = titles.get(outage.subject, {}).get("de", "")
    named = f"{title} ({outage.subject})" if title else outage.subject
    began = _german(outage.began_at)
    entry = etree.SubElement(root, f"{{{_ATOM}}}entry")
    _text(entry, "id", f"{base}:outage:{outage.no}")
    if outage.ended_at is None:
        _text(entry, "title", f"Gestört: {named}")
        _text(entry, "summary", f"Der Online-Dienst {named} ist seit {began} gestört.")
    else:
        _text(entry, "title", f"Behoben: {named}")
        _text(entry, "summary", f"Der Online-Dienst {named} war von {began} bis {_german(outage.ended_at)} gestört.")
    _text(entry, "published", _instant(outage.began_at))
    _text(entry, "updated", _instant(outage.changed_at))
    _link(entry, "alternate", f"{page}#service-{outage.subject}", "text/html")


def _updated(town: TownStatus, outages: Sequence[Outage]) -> datetime:
    """The newest change of anything that the feed shows; of a town that offers nothing, when ids began."""
    moments = [outage.changed_at for outage in outages]
    if town.changed_at is not None:
        moments.append(town.changed_at)
    return max(moments, default=datetime(int(_MINTED), 1, 1, tzinfo=UTC))


def _text(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{_ATOM}}}{name}").text = _NO_CHARACTER.sub("\ufffd", text)


def _link(parent: etree._Element, relation: str, address: str, media_type: str) -> None:
    etree.SubElement(parent, f"{{{_ATOM}}}link", {"rel": relation, "href": address, "type": media_type})


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _german(at: datetime) -> str:
    return f"{german_time(at)[0]:%d.%m.%Y, %H:%M} Uhr"
