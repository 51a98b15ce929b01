"""Services made for a test: a form from a short list of fields and groups, with a mapping by their names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from gateway.services.loader import load
from gateway.services.service import Service

_FORM = """<?xml version="1.0" encoding="UTF-8"?>
<xdf:xdatenfelder.stammdatenschema.0102 xmlns:xdf="urn:xoev-de:fim:standard:xdatenfelder_3.0.0">
  <xdf:stammdatenschema>
    <xdf:identifikation><xdf:id>S99000000991</xdf:id><xdf:version>1.0.0</xdf:version></xdf:identifikation>
    <xdf:name>Probe</xdf:name>
    <xdf:bezeichnung>Probe</xdf:bezeichnung>
    {content}
  </xdf:stammdatenschema>
</xdf:xdatenfelder.stammdatenschema.0102>
"""
_PART = "<xdf:struktur><xdf:anzahl>{count}</xdf:anzahl><xdf:enthaelt>{content}</xdf:enthaelt></xdf:struktur>"
_NAMED = (
    "<xdf:identifikation><xdf:id>{id}</xdf:id><xdf:version>1.0.0</xdf:version></xdf:identifikation>"
    "<xdf:name>{label}</xdf:name><xdf:bezeichnungEingabe>{label}</xdf:bezeichnungEingabe>"
    "<xdf:bezeichnungAusgabe>{label}</xdf:bezeichnungAusgabe>"
)


@dataclass(frozen=True)
class Question:
    """A field: the record's key, its label, its type."""

    key: str
    label: str
    kind: str = "text"


@dataclass(frozen=True)
class Questions:
    """A group; `many` makes a list of it."""

    key: str
    label: str
    inside: tuple[Question | Questions, ...]
    many: bool = False


class _Maker:
    def __init__(self) -> None:
        self.number = 0
        self.mapping: list[str] = []
        self.labels: list[str] = []

    def name(self, prefix: str, label: str) -> str:
        self.number += 1
        made = f"{prefix}99099{self.number:06}"
        self.labels.append(f"{made} = {json.dumps(label + ' (en)', ensure_ascii=False)}")
        return made

    def part(self, one: Question | Questions, source: str, path: str) -> str:
        name = self.name("F" if isinstance(one, Question) else "G", one.label)
        head = _NAMED.format(id=name, label=escape(one.label))
        place = f"{source}/{one.key}"
        if isinstance(one, Question):
            self.mapping.append(f'[[fields]]\nfrom = "{place}"\nto = "{path}{name}"')
            kind = f"<xdf:feldart><code>input</code></xdf:feldart><xdf:datentyp><code>{one.kind}</code></xdf:datentyp>"
            return _PART.format(count="0:1", content=f"<xdf:datenfeld>{head}{kind}</xdf:datenfeld>")
        if one.many:
            place += "/*"
        self.mapping.append(f'[[groups]]\nfrom = "{place}"\nto = "{path}{name}"')
        inner = "".join(self.part(each, place, f"{path}{name}/") for each in one.inside)
        group = f"<xdf:datenfeldgruppe>{head}{inner}</xdf:datenfeldgruppe>"
        return _PART.format(count="0:*" if one.many else "0:1", content=group)


def made(folder: Path, form: tuple[Question | Questions, ...], record: dict[str, Any]) -> Service:
    """A service with this form, whose ordinary example is the record; English labels end in `(en)`."""
    maker = _Maker()
    content = "".join(maker.part(one, "", "") for one in form)
    place = folder / "probe"
    (place / "examples").mkdir(parents=True)
    texts = {
        "form.xml": _FORM.format(content=content),
        "mapping.toml": 'format = 1\nversion = "1.0.0"\nform_schema = "S99000000991"\nform_version = "1.0.0"\n\n'
        + "\n\n".join(maker.mapping),
        "texts.toml": '[labels]\nS99000000991 = "Trial"\n' + "\n".join(maker.labels),
        "service.toml": 'format = 1\nid = "probe"\nversion = "1.0.0"\nleika_key = "none"\nstandard = "xfall"\n'
        'assurance = "none"\n[title]\nde = "Probe"\nen = "Trial"\n[retention]\ndays_after_end = 30\n',
        "examples/ordinary.json": json.dumps(record, ensure_ascii=False),
    }
    for name, text in texts.items():
        (place / name).write_text(text, encoding="utf-8")
    return load(folder).get("probe")
