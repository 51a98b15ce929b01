"""Work on the catalogue that waits or failed: what, whose, since when, why, what to do; and which of it is told.

Knows: causes and their ways out, which needs a person. Never does: I/O, clocks (now is given).
Standard: architecture §3 (alarms). Start reading: `OpenWork`, then `told`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from gateway.model import instant
from gateway.notify.alarms import CATALOGUE_EXPORT_REFUSED, CATALOGUE_PUSH_REFUSED, CATALOGUE_WORK_FAILING

PATIENCE: Final = timedelta(hours=24)
"""What passes by itself is told when it has not for so long."""


class WorkKind(StrEnum):
    """What is done again and again."""

    EXPORT = "export"
    PUSH = "push"
    READBACK = "readback"
    PROBE = "probe"
    REPORT = "report"


class WorkState(StrEnum):
    """Waiting: its time has not come, or comes again. Failed: tried again. Refused: a person has to act first."""

    WAITING = "waiting"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class OpenWork:
    """`municipality` None: of all. `part`: the service or source that it is about; `cause` None: never tried."""

    kind: WorkKind
    municipality: str | None
    state: WorkState
    since: datetime
    cause: str | None = None
    part: str | None = None

    def as_json(self) -> dict[str, Any]:
        """A member of the last line of `gateway catalogue list`."""
        de, en = suggestion(self.kind, self.cause)
        about = f"{self.part}: " if self.part else ""
        return {
            "kind": self.kind.value,
            "municipality": self.municipality,
            "state": self.state.value,
            "since": instant(self.since),
            "cause": self.cause,
            "suggestion": {"de": f"{about}{de}", "en": f"{about}{en}"},
        }


@dataclass(frozen=True, slots=True)
class WorkAlarm:
    """An alarm that is to be open; `subject` tells those of one rule apart."""

    rule: str
    subject: str
    municipality: str | None
    service: str | None


ALARMS: Final = (CATALOGUE_EXPORT_REFUSED, CATALOGUE_PUSH_REFUSED, CATALOGUE_WORK_FAILING)
"""The rules of all that `told` may give."""


def told(work: Iterable[OpenWork], now: datetime) -> Sequence[WorkAlarm]:
    """The alarms that are to be open now."""
    return tuple(dict.fromkeys(alarm for waiting in work if (alarm := _alarm(waiting, now)) is not None))


def suggestion(kind: str, cause: str | None) -> tuple[str, str]:
    """What to do, German and English."""
    if cause is None:
        return _WAITS
    return _BY_KIND.get((kind, cause)) or _BY_CAUSE.get(cause) or _OTHER


def needs_person(cause: str | None) -> bool:
    """Whether it will not pass by itself."""
    return cause in _OF_A_PERSON


def _alarm(work: OpenWork, now: datetime) -> WorkAlarm | None:
    town = work.municipality
    match work.kind:
        case WorkKind.PUSH if work.state is WorkState.REFUSED:
            return WorkAlarm(CATALOGUE_PUSH_REFUSED, town or "catalogue", town, None)
        case WorkKind.EXPORT:
            subject = "/".join(filter(None, (town, work.part))) or "catalogue"
            return WorkAlarm(CATALOGUE_EXPORT_REFUSED, subject, town, work.part)
        case WorkKind.PUSH | WorkKind.REPORT if work.cause and now - work.since >= PATIENCE:
            subject = "/".join(filter(None, (town, work.kind.value, work.part)))
            return WorkAlarm(CATALOGUE_WORK_FAILING, subject, town, None)
    return None


_OF_A_PERSON: Final = frozenset(
    ("token_refused", "address_refused", "counterpart_refused", "catalogue_unverified", "catalogue_export_invalid")
)
_WAITS: Final = (
    "Nichts zu tun: der Worker holt es nach (läuft einer?).",
    "Nothing to do: the worker will see to it (does one run?).",
)
_OTHER: Final = (
    "Es wird erneut versucht; hält es an, nennt das Protokoll die Stelle.",
    "It is tried again; where it lasts, the log names the place.",
)
_BY_KIND: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("push", "counterpart_refused"): (
        (
            "Der Sammlerdienst lehnt die Daten ab. Bitte dort nach dem Fehler fragen, den Eintrag berichtigen und neu "
            "exportieren; unverändert noch einmal: gateway catalogue push."
        ),
        (
            "The collector refuses the data. Ask there for the fault, correct the entry and export again; unchanged "
            "once more: gateway catalogue push."
        ),
    ),
    ("export", "catalogue_export_invalid"): (
        (
            "Der Eintrag oder das Schema enthält Fehler; gateway catalogue export nennt alle. Ausgeliefert wird "
            "der vorige Export."
        ),
        "The entry or the schema has faults; gateway catalogue export names all. The previous export is served.",
    ),
}
_BY_CAUSE: Final[Mapping[str, tuple[str, str]]] = {
    "catalogue_unverified": (
        "Bitte das amtliche XZuFi-Schema installieren (gateway schemas install) und neu exportieren.",
        "Install the official XZuFi schema (gateway schemas install) and export again.",
    ),
    "catalogue_export_invalid": (
        "Die Änderungen bestehen das Schema nicht; bitte neu exportieren (gateway catalogue export).",
        "The changes do not pass the schema; export again (gateway catalogue export).",
    ),
    "catalogue_export_shrinks": (
        (
            "Es ginge mehr verloren als erlaubt. Bitte Dateien und Verzeichnis prüfen; ist es gewollt: gateway "
            "catalogue export --allow-loss --by NAME --reason GRUND."
        ),
        (
            "More would be lost than is allowed. Check files and directory; where it is meant: gateway catalogue "
            "export --allow-loss --by NAME --reason TEXT."
        ),
    ),
    "token_refused": (
        "Der Anmeldedienst lehnt den Client ab. Bitte catalogue.push.client_id und client_secret_file prüfen.",
        "The token endpoint refuses the client. Check catalogue.push.client_id and client_secret_file.",
    ),
    "address_refused": (
        "Die Adresse ist nach der Adressregel nicht erlaubt; bitte sie in [catalogue] berichtigen.",
        "The address policy does not allow the address; correct it in [catalogue].",
    ),
    "counterpart_refused": (
        "Die Gegenstelle lehnt die Anfrage ab. Bitte Adresse, Version und Zugang in [catalogue] prüfen.",
        "The counterpart refuses the request. Check address, version and access in [catalogue].",
    ),
    "counterpart_away": (
        "Die Gegenstelle ist nicht erreichbar; es wird erneut versucht. Hält es an: Netz, Proxy und Adresse prüfen.",
        "The counterpart cannot be reached; it is tried again. Where it lasts: check network, proxy and address.",
    ),
    "counterpart_busy": (
        "Die Gegenstelle ist gestört oder überlastet; es wird erneut versucht, nicht früher, als sie es wünscht.",
        "The counterpart fails or is overloaded; it is tried again, not before it wishes.",
    ),
    "counterpart_garbled": (
        (
            "Die Antwort ist nicht lesbar; es wird erneut versucht. Hält es an: Adresse und Version der Schnittstelle "
            "prüfen."
        ),
        "The answer cannot be read; it is tried again. Where it lasts: check address and version of the interface.",
    ),
    "shrunk": (
        "Die Antwort ist viel kleiner als die letzte und ändert nichts; bleibt sie zwei Tage so, gilt sie.",
        "The answer is much smaller than the last one and changes nothing; once it stays so for two days it counts.",
    ),
    "own_network": (
        "Das eigene Netz war fort, die letzte Messung sagt nichts über andere. Bitte Netz und Proxy prüfen.",
        "Our own network was away, the last run says nothing of others. Check network and proxy.",
    ),
    "abandoned": (
        "Der Prozess, der maß, endete mittendrin; der nächste Worker misst neu.",
        "The process that probed ended in the middle; the next worker probes anew.",
    ),
}
