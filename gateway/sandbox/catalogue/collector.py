"""Reads an XZuFi file as the collector does: its form first, then its rules, each fault told.

Knows: root, header and position, the five classes, what an id is made of, allowed HTML. Never does: take half a file.
Standard: XZuFi 2.2.0 and 2.3.1 as two public readers read it; rules of PVOG's FAQ. Start reading: `read`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.sandbox.catalogue.holdings import HeldObject, Key
from gateway.xoev.xml.strict_xml import XmlLimits, parse

NAMESPACES: Final = ("http://xoev.de/schemata/xzufi/2_2_0", "http://xoev.de/schemata/xzufi/2_3_1")
WRITTEN: Final = {
    "leistung": "Leistung",
    "organisationseinheit": "Organisationseinheit",
    "onlinedienst": "Onlinedienst",
    "zustaendigkeitTransferObjekt": "Zustaendigkeit",
    "spezialisierung": "LeistungSpezialisierung",
}
_KINDS: Final = {name: kind for kind, name in WRITTEN.items()} | {"Zustaendigkeit": "zustaendigkeit"}
_HEAD: Final = ["nachrichtenkopf", "transaktionID", "transaktionPosition"]
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)([^<>]*)>")
_ALLOWED: Final = frozenset(
    ("p", "br", "h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "i", "em", "sup", "sub", "ul", "ol", "li", "a")
)
_HREF: Final = re.compile(r"""\s+href=("https?://[^"<>]*"|"mailto:[^"<>]*")\s*/?|\s*/?""")
_LANGUAGES: Final = frozenset(("de", "en"))
_LIMITS: Final = XmlLimits(size=64 << 20)


@dataclass(frozen=True, slots=True)
class Transfer:
    """One file: what it writes and deletes, and its own id and position."""

    id: str
    position: int
    written: tuple[HeldObject, ...]
    deleted: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class CollectorFault:
    """A fault: `technical` ones abort the whole import, others skip their file."""

    rule: str
    detail: str
    technical: bool


def read(content: bytes) -> tuple[Transfer | None, tuple[CollectorFault, ...]]:
    """A file's transfer, or every fault of its form and rules."""
    root = parse(content, _LIMITS).root
    if root is None:
        return None, (CollectorFault("not_well_formed", "the file is no XML", technical=True),)
    faults = list(_form(root))
    if faults:
        return None, tuple(faults)
    space = etree.QName(root).namespace or ""
    written = [_object(change[0], space) for change in root.findall(f"{{{space}}}schreibe")]
    deleted = [_deleted(change, space) for change in root.findall(f"{{{space}}}loesche")]
    faults += _rules(root, written)
    position = int(root.findtext(f"{{{space}}}transaktionPosition", "0").strip())
    transfer = Transfer(
        root.findtext(f"{{{space}}}transaktionID", "").strip(), position, tuple(written), tuple(deleted)
    )
    return (None if faults else transfer), tuple(faults)


def _form(root: etree._Element) -> Iterator[CollectorFault]:
    space = etree.QName(root).namespace or ""
    if space not in NAMESPACES:
        yield _technical("namespace", space)
        return
    names = [etree.QName(child).localname for child in root.iterchildren("*")]
    if names[:3] != _HEAD or any(name not in {"schreibe", "loesche"} for name in names[3:]):
        yield _technical("root_children", " ".join(names[:5]))
        return
    for missing in {"produktbezeichnung", "produkthersteller", "xzufiVersion"} - set(root.attrib):
        yield _technical("root_attribute", str(missing))
    if not re.fullmatch(r"\s*[0-9]+\s*", root.findtext(f"{{{space}}}transaktionPosition", "")):
        yield _technical("position", "transaktionPosition")
    for change in root.iterchildren(f"{{{space}}}schreibe", f"{{{space}}}loesche"):
        yield from _changed(change, space)


def _changed(change: etree._Element, space: str) -> Iterator[CollectorFault]:
    children = list(change.iterchildren("*"))
    if etree.QName(change).localname == "loesche":
        if change.get("klasse") not in WRITTEN.values() or len(change.findall(f"{{{space}}}id")) != 1:
            yield _technical("deletion", change.get("klasse") or "")
        return
    if len(children) != 1 or etree.QName(children[0]).localname not in WRITTEN:
        yield _technical("object", " ".join(etree.QName(child).localname for child in children))
        return
    identifier = _identifier(children[0], space)
    if identifier is None or not (identifier.text or "").strip() or not identifier.get("schemeAgencyID"):
        yield _technical("identifier", etree.QName(children[0]).localname)
    for code in children[0].iter(f"{{{space}}}code"):
        yield _technical("code_qualified", etree.QName(code).localname)


def _rules(root: etree._Element, written: list[HeldObject]) -> Iterator[CollectorFault]:
    seen: set[Key] = set()
    for held in written:
        if held.key in seen:
            yield CollectorFault("id_twice", ".".join(held.key), technical=False)
        seen.add(held.key)
    for element in root.iter("*"):
        language = element.get("languageCode")
        if language is not None and language not in _LANGUAGES:
            yield CollectorFault("language", language, technical=False)
        if etree.QName(element).localname in {"inhalt", "beschreibung"} and not _html_allowed(element.text or ""):
            yield CollectorFault("html", etree.QName(element).localname, technical=False)


def _html_allowed(text: str) -> bool:
    for closing, name, attributes in _TAG.findall(text):
        allowed = name.lower() in _ALLOWED and (not attributes.strip(" /") or name.lower() == "a")
        if not allowed or (not closing and name.lower() == "a" and not _HREF.fullmatch(attributes)):
            return False
    return "<" not in _TAG.sub("", text) or "<" in html.unescape(_TAG.sub("", text))


def _technical(rule: str, detail: str) -> CollectorFault:
    return CollectorFault(rule, detail[:200], technical=True)


def _identifier(element: etree._Element, space: str) -> etree._Element | None:
    if etree.QName(element).localname == "zustaendigkeitTransferObjekt":
        return element.find(f"{{{space}}}zustaendigkeit/{{{space}}}id")
    return element.find(f"{{{space}}}id")


def _key(kind: str, identifier: etree._Element) -> Key:
    return kind, identifier.get("schemeAgencyID", ""), (identifier.text or "").strip()


def _deleted(change: etree._Element, space: str) -> Key:
    kind = _KINDS[change.get("klasse", "")]
    identifier = change.find(f"{{{space}}}id")
    assert identifier is not None
    return _key(kind, identifier)


def _object(element: etree._Element, space: str) -> HeldObject:
    kind = etree.QName(element).localname
    identifier = _identifier(element, space)
    assert identifier is not None
    if kind == "zustaendigkeitTransferObjekt":
        return _responsibility(element, space, _key("zustaendigkeit", identifier))
    names = {name.get("languageCode", "de"): _text(name) for name in element.findall(f"{{{space}}}bezeichnung")}
    links = tuple(
        (_text(link.find(f"{{{space}}}link")), _text(link.find(f"{{{space}}}titel")), link.get("languageCode", ""))
        for link in element.findall(f"{{{space}}}link")
    )
    secondary = tuple((child.get("schemeID", ""), _text(child)) for child in element.iter(f"{{{space}}}idSekundaer"))
    trust = element.find(f"{{{space}}}vertrauensniveau/code")
    texts: dict[str, str] = {}
    for module in element.findall(f"{{{space}}}modulText"):
        number = module.find(f"{{{space}}}leikaTextmodul/code")
        content = module.findall(f"{{{space}}}inhalt")
        if number is not None:
            texts |= {f"{_text(number)}/{text.get('languageCode', 'de')}": _text(text) for text in content}
    names = names or {key.partition("/")[2]: text for key, text in texts.items() if key.startswith("02/")}
    return HeldObject(
        key=_key(kind, identifier),
        names=names,
        leika_key=_leika(element, space) if kind == "leistung" else None,
        texts=texts,
        links=links,
        trust=None if trust is None else _text(trust),
        secondary=secondary,
    )


def _responsibility(element: etree._Element, space: str, key: Key) -> HeldObject:
    inner = element.find(f"{{{space}}}zustaendigkeit")
    assert inner is not None
    return HeldObject(
        key=key,
        parent=_text(element.find(f"{{{space}}}uebergeordnetesObjektID")),
        leistung=_text(inner.find(f"{{{space}}}leistungID")),
        areas=tuple(_text(area) for area in inner.findall(f"{{{space}}}gebietID")),
        secondary=tuple(
            (child.get("schemeID", ""), _text(child)) for child in inner.findall(f"{{{space}}}idSekundaer")
        ),
    )


def _leika(element: etree._Element, space: str) -> str | None:
    """The key: a code in 2.2.0, an identifier in 2.3.1."""
    for name in ("referenzLeiKa", "referenzLeistungsschluessel"):
        for reference in element.iter(f"{{{space}}}{name}"):
            code = reference.find("code")
            value = _text(code if code is not None else reference)
            if re.fullmatch(r"99[0-9]{12}", value):
                return value
    return None


def _text(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
