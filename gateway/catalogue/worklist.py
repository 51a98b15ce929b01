"""What an editor of the Land's system has to enter, change or delete, so that it says what the registry says.

Knows: the action for each finding of a read-back. Never does: I/O; invent a row for what no editor can mend (a service
without key). Standard: catalogue reference §6.2. Start reading: `rows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from gateway.catalogue.entry import Entry
from gateway.catalogue.status import CatalogueFinding, FindingCode, ServiceStatus
from gateway.model import instant


class WorkAction(StrEnum):
    """What to do, in the words of the editors."""

    ENTER = "eintragen"
    CHANGE = "ändern"
    DELETE = "löschen"


@dataclass(frozen=True, slots=True)
class CopyText:
    """A text to copy: `module` is what the editor's system calls it."""

    module: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One difference between the registry and a source. `service` None: nothing of ours claims it.

    `place`: the source's own id of what is wrong, empty where there is nothing yet. `new` None: nothing is to be there.
    `secondary_id`: the destination whose signed addressing information belongs into `idSekundaer`.
    """

    action: WorkAction
    municipality: str
    source: str
    place: str
    code: FindingCode
    since: datetime
    service: str | None = None
    title: str | None = None
    leika_key: str | None = None
    old: str | None = None
    new: str | None = None
    secondary_id: str | None = None
    texts: tuple[CopyText, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The line of `gateway catalogue worklist`."""
        return {
            "action": self.action.value,
            "municipality": self.municipality,
            "source": self.source,
            "place": self.place,
            "finding": self.code.value,
            "since": instant(self.since),
            "entry": self.service,
            "title": self.title,
            "leika_key": self.leika_key,
            "old": self.old,
            "new": self.new,
            "id_sekundaer": self.secondary_id,
            "texts": [{"module": copy.module, "language": copy.language, "text": copy.text} for copy in self.texts],
        }


_ACTIONS: Final = {
    FindingCode.MISSING_IN_PVOG: WorkAction.ENTER,
    FindingCode.INHERITED_ONLY: WorkAction.ENTER,
    FindingCode.DESTINATION_MISSING: WorkAction.CHANGE,
    FindingCode.SIGNATURE_TRUNCATED: WorkAction.CHANGE,
    FindingCode.STALE: WorkAction.CHANGE,
    FindingCode.STATUS_NICHT_OK: WorkAction.CHANGE,
    FindingCode.URL_MISMATCH: WorkAction.CHANGE,
    FindingCode.ORPHAN: WorkAction.DELETE,
}
"""All but `no_leika`: what has no key cannot stand in the portal network."""
_ORDER: Final = tuple(WorkAction)
_SAYS_NEW: Final = frozenset(
    (FindingCode.MISSING_IN_PVOG, FindingCode.INHERITED_ONLY, FindingCode.STALE, FindingCode.STATUS_NICHT_OK)
)
"""Findings after which the address is what the source is to have, whatever else they expect."""
_OF_ROUTING: Final = frozenset((FindingCode.DESTINATION_MISSING, FindingCode.SIGNATURE_TRUNCATED))


def rows(statuses: Iterable[ServiceStatus], findings: Iterable[CatalogueFinding]) -> Sequence[WorkItem]:
    """A row for each finding of the read-backs, those that no entry has (`findings`) as well; each once.

    What to enter first, then what to change, then what to delete; by municipality and title within.
    """
    entries: dict[tuple[str, str | None], Entry] = {}
    all_findings: dict[CatalogueFinding, None] = {}
    for status in statuses:
        entry = status.revision.entry
        entries[entry.municipality, entry.service] = entry
        all_findings |= dict.fromkeys(status.findings)
    all_findings |= dict.fromkeys(findings)
    items = (
        _item(finding, entries.get((finding.municipality, finding.service)))
        for finding in all_findings
        if finding.code in _ACTIONS
    )
    return sorted(items, key=_place)


def _place(item: WorkItem) -> tuple[Any, ...]:
    return (
        _ORDER.index(item.action),
        item.municipality,
        item.title or "",
        item.service or "",
        item.source,
        item.code,
        item.place,
    )


def _item(finding: CatalogueFinding, entry: Entry | None) -> WorkItem:
    action, source = _ACTIONS[finding.code], finding.source.value if finding.source else ""
    common = (action, finding.municipality, source, finding.place, finding.code, finding.since, finding.service)
    if entry is None:
        return WorkItem(*common, leika_key=finding.leika_key, old=finding.found, new=finding.expected)
    return WorkItem(
        *common,
        title=entry.titles.get("de"),
        leika_key=entry.leika_key,
        old=finding.found,
        new=entry.url if finding.code in _SAYS_NEW else finding.expected,
        secondary_id=entry.destination_id if action is WorkAction.ENTER or finding.code in _OF_ROUTING else None,
        texts=tuple(_texts(entry)),
    )


def _texts(entry: Entry) -> Iterator[CopyText]:
    """Every text of an entry, by module and language, and what else an editor's form asks for."""
    parts: list[tuple[str, dict[str, str]]] = [("Titel", dict(entry.titles)), ("Kurztext", dict(entry.summaries))]
    parts += [(f"Modul {module.module}", dict(module.texts)) for module in entry.modules]
    parts += [("Gebühren", dict(entry.fees)), ("Fristen", dict(entry.deadlines))]
    if entry.unit is not None:
        parts.append(("Zuständige Stelle", dict(entry.unit.names)))
    for module, texts in parts:
        for language in sorted(texts):
            yield CopyText(module, language, texts[language])
    if entry.url:
        yield CopyText("Adresse", "", entry.url)
