"""Writes XDatenfelder for tests: invented content in number range 99, any version, any prefix."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape, quoteattr

NAMESPACES = {
    "2.0": "urn:xoev-de:fim:standard:xdatenfelder_2",
    "3.0.0": "urn:xoev-de:fim:standard:xdatenfelder_3.0.0",
}


def used(inner: str, occurs: str = "1:1", p: str = "xdf") -> str:
    return f"<{p}:struktur><{p}:anzahl>{occurs}</{p}:anzahl><{p}:enthaelt>{inner}</{p}:enthaelt></{p}:struktur>"


def identity(identifier: str, version: str, p: str = "xdf") -> str:
    numbered = f"<{p}:version>{version}</{p}:version>" if version else ""
    return (
        f"<{p}:identifikation><{p}:id>{identifier}</{p}:id>{numbered}</{p}:identifikation>"
        f"<{p}:name>Name von {identifier}</{p}:name>"
    )


def limits(standard: str, given: dict[str, str], p: str = "xdf") -> str:
    if standard == "2.0":
        return f"<{p}:praezisierung>{escape(json.dumps(given)) if given else ''}</{p}:praezisierung>"
    return f"<{p}:praezisierung {' '.join(f'{name}={quoteattr(value)}' for name, value in given.items())}/>"


def field(
    number: int,
    type_: str = "text",
    kind: str = "input",
    given: dict[str, str] | None = None,
    *,
    codes: tuple[str, ...] = (),
    more: str = "",
    standard: str = "3.0.0",
    version: str = "1.0",
    p: str = "xdf",
) -> str:
    values = "".join(
        f"<{p}:wert><{p}:code>{escape(c)}</{p}:code><{p}:name>{escape(c)}</{p}:name></{p}:wert>" for c in codes
    )
    return (
        f"<{p}:datenfeld>{identity(f'F{number:08}', version, p)}"
        f"<{p}:feldart><code>{kind}</code></{p}:feldart><{p}:datentyp><code>{type_}</code></{p}:datentyp>"
        f"{limits(standard, given or {}, p)}{f'<{p}:werte>{values}</{p}:werte>' if codes else ''}{more}</{p}:datenfeld>"
    )


def group(number: int, *inner: str, choice: bool = False, version: str = "1.0", p: str = "xdf") -> str:
    kind = f"<{p}:art><code>X</code></{p}:art>" if choice else ""
    named = identity(f"G{number:08}", version, p)
    return f"<{p}:datenfeldgruppe>{named}{kind}{''.join(inner)}</{p}:datenfeldgruppe>"


def form(*inner: str, standard: str = "3.0.0", version: str = "1.0", p: str = "xdf") -> bytes:
    root = f"{p}:xdatenfelder.stammdatenschema.0102"
    return (
        f'<{root} xmlns:{p}="{NAMESPACES[standard]}"><{p}:stammdatenschema>{identity("S99000099", version, p)}'
        f"{''.join(inner)}</{p}:stammdatenschema></{root}>"
    ).encode()


def code_list(codes: dict[str, str], uri: str = "urn:x:list", version: str = "1", *, qualified: bool = True) -> bytes:
    g = "gc:" if qualified else ""
    rows = "".join(
        f'<{g}Row><{g}Value ColumnRef="code"><{g}SimpleValue>{escape(code)}</{g}SimpleValue></{g}Value>'
        f'<{g}Value ColumnRef="name"><{g}SimpleValue>{escape(name)}</{g}SimpleValue></{g}Value></{g}Row>'
        for code, name in codes.items()
    )
    return (
        '<gc:CodeList xmlns:gc="http://docs.oasis-open.org/codelist/ns/genericode/1.0/">'
        f"<{g}Identification><{g}ShortName>Liste</{g}ShortName><{g}Version>{version}</{g}Version>"
        f"<{g}CanonicalUri>{uri}</{g}CanonicalUri><{g}CanonicalVersionUri>{uri}_{version}</{g}CanonicalVersionUri>"
        f'</{g}Identification><{g}ColumnSet><{g}Column Id="code"/><{g}Column Id="name"/>'
        f'<{g}Key Id="codeKey"><{g}ColumnRef Ref="code"/></{g}Key></{g}ColumnSet>'
        f"<{g}SimpleCodeList>{rows}</{g}SimpleCodeList></gc:CodeList>"
    ).encode()
