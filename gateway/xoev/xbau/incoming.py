"""Reading what an authority answers: a message becomes an event of the case, or findings.

Knows: rejection (1100), receipt (1120), file number (1121), formal check (1140), status (1170), acknowledgement (1180).
Never does: accept a message without its identity, repeat its content in a finding, load anything.
Standard: XBau-Kernmodul 1.3.0; the header of XÖV-Basisnachricht 1.1. Start reading: `read`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from lxml import etree

from gateway.errors.sentences import Sentences
from gateway.german_time import german_instant
from gateway.model import Finding
from gateway.xoev.schema.sets import CompiledSet
from gateway.xoev.xbau.case_event import CaseEvent, CaseEventKind, Code
from gateway.xoev.xbau.markup import plain
from gateway.xoev.xml import strict_xml

NAMESPACE: Final = "http://www.xleitstelle.de/xbau/kernmodul/1/3/0"
MESSAGES: Final = {
    "prozessnachrichten.rueckweisung.G2G.1100": CaseEventKind.MESSAGE_REFUSED,
    "prozessnachrichten.eingangsbestaetigung.1120": CaseEventKind.RECEIPT_CONFIRMED,
    "prozessnachrichten.aktenzeichen.1121": CaseEventKind.FILE_NUMBER_GIVEN,
    "prozessnachrichten.formellePruefungBefundliste.1140": CaseEventKind.FORMALLY_CHECKED,
    "prozessnachrichten.statusFuerAntragsportal.1170": CaseEventKind.STATUS_CHANGED,
    "prozessnachrichten.generischeQuittierungEingang.1180": CaseEventKind.MESSAGE_ACKNOWLEDGED,
}
"""Root elements that are read."""

_G2G: Final = "{http://xoev.de/schemata/basisnachricht/g2g/1_1}"
_UUID: Final = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_INSTANT: Final = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?)(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?"
)
_DAY: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(Z|[+-][0-9]{2}:[0-9]{2})?")
_HEAD: Final = "nachrichtenkopf.g2g"
_IDENTITY: Final = f"{_HEAD}/identifikation.nachricht"
_SENTENCES: Final = {
    "message_foreign": (
        "Das ist keine Nachricht des XBau-Kernmoduls 1.3.0 (Namensraum oder Wurzelelement).",
        "This is no message of XBau-Kernmodul 1.3.0 (namespace or root element).",
    ),
    "message_unread": (
        "Diese Nachricht des XBau-Kernmoduls wird nicht gelesen; gelesen werden {0}.",
        "This message of XBau-Kernmodul is not read; read are {0}.",
    ),
    "message_invalid": (
        "Die Nachricht verletzt ihr Schema (Zeile {0}, Regel {1}).",
        "The message breaks its schema (line {0}, rule {1}).",
    ),
    "message_missing": ("Diese Pflichtangabe fehlt.", "This mandatory value is missing."),
    "message_value": ("Der Wert ist ungültig; erwartet wird {0}.", "The value is not valid; expected is {0}."),
    "message_kind": (
        "Nachrichtentyp und Wurzelelement widersprechen sich.",
        "The type of the message and its root element contradict each other.",
    ),
}


def read(
    data: bytes, schema: CompiledSet | None = None, limits: strict_xml.XmlLimits = strict_xml.DEFAULT_LIMITS
) -> tuple[CaseEvent | None, tuple[Finding, ...]]:
    """Read one message.

    Args:
        data: the message as it came, from whomever.
        schema: the compiled set of `xbau-kernmodul-prozessnachrichten.xsd` where it is installed; it judges first.
        limits: bounds of size and depth.

    Returns:
        the event and no findings, or None and all findings; pointers are ways below the root element, or `/<line>`.
    """
    parsed = strict_xml.parse(data, limits)
    if parsed.root is None:
        return None, parsed.findings()
    tag = etree.QName(parsed.root)
    if tag.namespace != NAMESPACE:
        return None, (_fault("", "message_foreign"),)
    if tag.localname not in MESSAGES:
        return None, (_fault("", "message_unread", ", ".join(_number(name) for name in MESSAGES)),)
    if schema is not None and (errors := schema.errors(parsed.root)):
        return None, tuple(dict.fromkeys(_invalid(error) for error in errors))
    reading = _Reading(parsed.root)
    event = reading.event(tag.localname)
    return (None if reading.faults else event), tuple(reading.faults)


def _number(name: str) -> str:
    return name.rpartition(".")[2]


@dataclass(slots=True)
class _Reading:
    """One message being read; collects faults and goes on."""

    root: etree._Element
    faults: list[Finding] = field(default_factory=list)

    def event(self, name: str) -> CaseEvent:
        if self.text(f"{_IDENTITY}/nachrichtentyp/code") not in {None, _number(name)}:
            self.faults.append(_fault(f"/{_IDENTITY}/nachrichtentyp/code", "message_kind"))
        event = CaseEvent(
            kind=MESSAGES[name],
            message_id=self.uuid(f"{_IDENTITY}/nachrichtenUUID", needed=True) or UUID(int=0),
            at=self.instant(f"{_IDENTITY}/erstellungszeitpunkt"),
            author_id=self.text(f"{_HEAD}/autor/kennung", needed=True) or "",
            author_name=self.text(f"{_HEAD}/autor/name", needed=True) or "",
            reader_id=self.text(f"{_HEAD}/leser/kennung", needed=True) or "",
            test="test" in self.root.attrib,
        )
        if self.root.find("bezug") is not None or event.kind is not CaseEventKind.MESSAGE_REFUSED:
            event = self.related(event)
        return _BODIES[event.kind](self, event)

    def related(self, event: CaseEvent) -> CaseEvent:
        """The event with its references; a message without any cannot be assigned to a case."""
        answers = self.uuid(f"bezug/bezugNachricht/{_G2G}nachrichtenUUID")
        reference, number = self.uuid("bezug/referenz"), self.text("bezug/vorgang")
        if reference is None and number is None and answers is None:
            self.missing("bezug")
        return replace(event, reference=reference, file_number=number, answers=answers)

    def text(self, path: str, *, needed: bool = False) -> str | None:
        value = (self.root.findtext(path) or "").strip()
        if needed and not value:
            self.missing(path)
        return value or None

    def missing(self, path: str) -> None:
        self.faults.append(_fault("/" + path.replace(_G2G, ""), "message_missing"))

    def unfit(self, path: str, expected: str) -> None:
        self.faults.append(_fault("/" + path.replace(_G2G, ""), "message_value", expected))

    def uuid(self, path: str, *, needed: bool = False) -> UUID | None:
        value = self.text(path, needed=needed)
        if value is None:
            return None
        if _UUID.fullmatch(value):
            return UUID(value)
        self.unfit(path, "UUID")
        return None

    def instant(self, path: str) -> datetime:
        """The instant; without a zone it is German time, as the standard's portals and authorities keep it."""
        value = self.text(path, needed=True)
        if value is not None:
            match = _INSTANT.fullmatch(value)
            try:
                if match and match["zone"]:
                    return datetime.fromisoformat(value).astimezone(UTC)
                if match:
                    local = datetime.fromisoformat(f"{match['day']}T{match['time']}")
                    return german_instant(match["day"], match["time"][:5]) + timedelta(
                        seconds=local.second, microseconds=local.microsecond
                    )
            except (ValueError, OverflowError):
                pass
            self.unfit(path, "JJJJ-MM-TTThh:mm:ss.sss+hh:mm")
        return datetime(1, 1, 1, tzinfo=UTC)

    def day(self, path: str) -> date | None:
        value = self.text(path)
        if value is None:
            return None
        match = _DAY.fullmatch(value)
        try:
            if match:
                return date.fromisoformat(match[1])
        except ValueError:
            pass
        self.unfit(path, "JJJJ-MM-TT")
        return None

    def code(self, path: str, *, needed: bool = True) -> tuple[Code, ...]:
        """Every code at a path; one at least where it is needed."""
        codes = tuple(_codes(self.root, path))
        if needed and not codes:
            self.missing(f"{path}/code")
        return codes

    def paragraphs(self, path: str) -> tuple[str, ...]:
        return tuple(_texts(self.root, f"{path}/textabsatz"))


def _refused(reading: _Reading, event: CaseEvent) -> CaseEvent:
    body = "rueckweisungDaten"
    return replace(
        event,
        answers=reading.uuid(f"{body}/idNachricht/{_G2G}nachrichtenUUID", needed=True),
        codes=reading.code(f"{body}/rueckweisungsgrund/grund"),
        texts=tuple(_texts(reading.root, f"{body}/rueckweisungsgrund/fehlertext")),
    )


def _confirmed(reading: _Reading, event: CaseEvent) -> CaseEvent:
    return replace(event, texts=reading.paragraphs("information"))


def _numbered(reading: _Reading, event: CaseEvent) -> CaseEvent:
    if event.file_number is None:
        reading.missing("bezug/vorgang")
    return event


def _checked(reading: _Reading, event: CaseEvent) -> CaseEvent:
    verdict = reading.text("dokumentationVollstaendig", needed=True)
    if verdict not in {None, "true", "false", "1", "0"}:
        reading.unfit("dokumentationVollstaendig", "true, false")
    finding_path = "befundFrist/befundliste/befund"
    return replace(
        event,
        complete=verdict in {"true", "1"},
        codes=reading.code(f"{finding_path}/artDesBefundes", needed=False),
        texts=(*reading.paragraphs("anschreiben"), *reading.paragraphs(f"{finding_path}/beschreibung")),
        due_on=reading.day("befundFrist/frist"),
        attachments=tuple(_attachments(reading.root)),
    )


def _status(reading: _Reading, event: CaseEvent) -> CaseEvent:
    markup = reading.text("begruendung/text")
    words = plain(markup) if markup else ()
    if words is None:
        reading.unfit("begruendung/text", "base64")
    return replace(event, codes=reading.code("statusAntragsportal"), texts=words or (), due_on=reading.day("frist"))


def _acknowledged(reading: _Reading, event: CaseEvent) -> CaseEvent:
    return replace(event, codes=reading.code("nachrichtentyp"), texts=reading.paragraphs("information"))


_BODIES: Final[dict[CaseEventKind, Callable[[_Reading, CaseEvent], CaseEvent]]] = {
    CaseEventKind.MESSAGE_REFUSED: _refused,
    CaseEventKind.RECEIPT_CONFIRMED: _confirmed,
    CaseEventKind.FILE_NUMBER_GIVEN: _numbered,
    CaseEventKind.FORMALLY_CHECKED: _checked,
    CaseEventKind.STATUS_CHANGED: _status,
    CaseEventKind.MESSAGE_ACKNOWLEDGED: _acknowledged,
}


def _codes(root: etree._Element, path: str) -> Iterator[Code]:
    for code in root.iterfind(path):
        if value := (code.findtext("code") or "").strip():
            yield Code(value, code.get("listURI", ""), code.get("listVersionID", ""))


def _texts(root: etree._Element, path: str) -> Iterator[str]:
    for element in root.iterfind(path):
        if text := (element.text or "").strip():
            yield text


def _attachments(root: etree._Element) -> Iterator[tuple[str, str]]:
    for attachment in root.iterfind("anlagen/anlage/anhangOderVerlinkung/anhang"):
        yield (attachment.findtext("dokumentid") or "").strip(), (attachment.findtext("dateiname") or "").strip()


def _invalid(error: etree._LogEntry) -> Finding:
    rule = error.type_name.removeprefix("SCHEMAV_").lower()
    return _fault(f"/{error.line}", "message_invalid", str(error.line), rule)


_fault: Final = Sentences(_SENTENCES).finding
