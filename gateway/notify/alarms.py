"""Alarms as values: what they are about, who is told of them, what one message says.

Knows: the alarms of the gateway itself, recipients, how alarms are gathered in one message. Never does:
I/O, clocks; say when a deadline passed (`deadlines` does); hold personal data.
Standard: architecture §3. Start reading: `Target`, then `AlertNotice`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from gateway.model import instant
from gateway.notify.schedule import DueMessage
from gateway.submission.deadlines import EVENT_RULES, FAULT_RULES, LIMIT_RULES, RULES, AlarmLevel

SAMPLE: Final = 10
"""Ids that a line of a message names; the rest is counted."""
TYPE: Final = "alarms.open"
"""The type of an alarm's webhook message."""


@dataclass(frozen=True, slots=True)
class GatewayRule:
    """An alarm about the gateway itself; its subject is a machine, a resource, a recipient or a kind of counterpart."""

    name: str
    severity: AlarmLevel
    de: str
    en: str


TASK_FAILING: Final = "task_failing"
"""The rule about what is done again and again; its subject is the task's name."""
WEBHOOK_ENDED: Final = "webhook_ended"
"""The rule about a portal's receiver that wants nothing more; its subject is `message.webhook_task`."""
IDENTITY_METADATA: Final = "identity_metadata"
"""The rule about fetched metadata that are not taken; its subject is the municipality's slug, `/` and the provider."""
IDENTITY_ENDING: Final = "identity_ending"
"""The rule about certificates and metadata for logins that end soon; its subject as above."""
SERVICE_DOWN: Final = "service_down"
"""The rule about a service whose page does not work; its subject is the municipality's ARS, `/` and the service."""
CERTIFICATE_ENDING: Final = "certificate_ending"
"""The rule about certificates of services' pages that end soon; its subject as above."""
DEPENDENCY_DOWN: Final = "dependency_down"
"""The rule about what services need and does not work; its subject is `kind:name`, behind the ARS of a town's."""
CATALOGUE_UNLISTED: Final = "catalogue_unlisted"
"""The rule about a service that a source lists no more; its subject is ARS, `/`, service, `/` and the source."""
CATALOGUE_NOT_READ: Final = "catalogue_not_read"
"""The rule about a source that gives no sound answer for days; its subject is ARS, `/` and the source."""
STATISTICS_UNSENT: Final = "statistics_unsent"
"""The rule about monthly figures that are not taken; its subject is the municipality's ARS, `/`, kind and month."""
CATALOGUE_EXPORT_REFUSED: Final = "catalogue_export_refused"
"""The rule about exports that are not accepted; its subject is an ARS, `/` and a service, or `catalogue`."""
CATALOGUE_PUSH_REFUSED: Final = "catalogue_push_refused"
"""The rule about changes that the collector does not take; its subject is the municipality's ARS."""
CATALOGUE_WORK_FAILING: Final = "catalogue_work_failing"
"""The rule about pushes and reports that fail for long; its subject is an ARS and the kind."""
LOGIN_REFUSED_OFTEN: Final = "login_refused_often"
"""The rule about answers of an identity provider that are refused too often; its subject as above."""

GATEWAY_RULES: Final = (
    GatewayRule(
        "disk_low",
        AlarmLevel.URGENT,
        "Der Speicherplatz geht zu Ende; neue Anträge und Uploads werden abgewiesen. Platz schaffen.",
        "Storage runs out; new applications and uploads are refused. Make room.",
    ),
    GatewayRule(
        "memory_low",
        AlarmLevel.URGENT,
        "Der Arbeitsspeicher geht zu Ende; neue Anträge und Uploads werden abgewiesen.",
        "Memory runs out; new applications and uploads are refused.",
    ),
    GatewayRule(
        "queue_long",
        AlarmLevel.URGENT,
        "Zu viele Einreichungen warten auf ihre Zustellung; neue Anträge werden abgewiesen. Gegenstellen, Pausen und "
        "Worker prüfen (`gateway check`).",
        "Too many submissions wait for their delivery; new applications are refused. Look at counterparts, pauses and "
        "workers (`gateway check`).",
    ),
    GatewayRule(
        "counterpart_slow",
        AlarmLevel.WARNING,
        "Austausche mit einer Gegenstelle dauern länger als üblich; andere Zustellungen gehen weiter. Die Zeilen "
        "`outbound.slow` im Protokoll nennen den Host; bei seinem Betreiber nachfragen.",
        "Exchanges with a counterpart take longer than usual; other deliveries go on. The log's lines `outbound.slow` "
        "name the host; ask who runs it.",
    ),
    GatewayRule(
        TASK_FAILING,
        AlarmLevel.URGENT,
        "Eine Aufgabe des Gateways scheitert immer wieder; das Protokoll nennt Fehler und Stelle (`task.failed`).",
        "A task of the gateway fails again and again; the log names error and place (`task.failed`).",
    ),
    GatewayRule(
        WEBHOOK_ENDED,
        AlarmLevel.WARNING,
        "Der Empfänger eines Portals antwortete mit 410; sein Abonnement ist beendet, nichts wird mehr gesendet. Die "
        "Zeile `webhook.ended` im Protokoll nennt das Portal; dort nachfragen. Der Alarm endet, wenn das Portal das "
        "Abonnement löscht.",
        "A portal's receiver answered 410; its subscription has ended, nothing is sent any more. The log's line "
        "`webhook.ended` names the portal; ask there. It is over once the portal removes the subscription.",
    ),
    GatewayRule(
        IDENTITY_METADATA,
        AlarmLevel.URGENT,
        "Ein Identitätsanbieter zeigt andere Schlüssel oder Adressen, als ihm geglaubt werden; Anmeldungen scheitern, "
        "sobald er sie benutzt. Beim Anbieter nachfragen, trusted_keys oder die Datei berichtigen (`gateway check`).",
        "An identity provider shows other keys or addresses than those it is believed with; logins fail once it uses "
        "them. Ask the provider and correct trusted_keys or the file (`gateway check`).",
    ),
    GatewayRule(
        IDENTITY_ENDING,
        AlarmLevel.WARNING,
        "Zertifikate oder Metadaten für die Anmeldung enden in weniger als 30 Tagen oder sind zu Ende; `gateway check` "
        "nennt sie. Eigene mit einem zweiten Paar erneuern (docs/how-to/connect-bundid.md).",
        "Certificates or metadata for logins end within 30 days or have ended; `gateway check` names them. Renew ours "
        "with a second pair (docs/how-to/connect-bundid.md).",
    ),
    GatewayRule(
        LOGIN_REFUSED_OFTEN,
        AlarmLevel.URGENT,
        "Viele Antworten eines Identitätsanbieters werden abgewiesen: Schlüssel, Adressen oder Uhr passen nicht, oder "
        "jemand fälscht sie. Die Zeilen `login.refused` im Protokoll nennen den Grund; `gateway check` prüft den "
        "Anbieter. Der Alarm endet, wenn es in einer Viertelstunde weniger als zehn sind.",
        "Many answers of an identity provider are refused: keys, addresses or clock do not fit, or somebody forges "
        "them. The log's lines `login.refused` name the reason; `gateway check` tries the provider. It is over once "
        "there are fewer than ten in a quarter of an hour.",
    ),
    GatewayRule(
        SERVICE_DOWN,
        AlarmLevel.URGENT,
        "Die Seite eines Online-Dienstes funktioniert nicht: drei Messungen nacheinander schlugen fehl. "
        "`gateway catalogue probe` misst neu und nennt den Grund; bei ihrem Betreiber nachfragen. Der Alarm endet nach "
        "drei guten Messungen.",
        "The page of an online service does not work: three probes in a row failed. `gateway catalogue probe` tries "
        "again and names the reason; ask who runs it. It is over after three good probes.",
    ),
    GatewayRule(
        CERTIFICATE_ENDING,
        AlarmLevel.WARNING,
        "Das Zertifikat der Seite eines Online-Dienstes endet bald; danach erreichen Bürger sie nicht mehr. Bei ihrem "
        "Betreiber nachfragen.",
        "The certificate of an online service's page ends soon; citizens cannot reach it after that. Ask who runs it.",
    ),
    GatewayRule(
        DEPENDENCY_DOWN,
        AlarmLevel.WARNING,
        "Etwas, das Online-Dienste brauchen, funktioniert nicht: drei Messungen nacheinander schlugen fehl. "
        "`gateway catalogue probe` nennt den Grund, `gateway check` die Abhilfe.",
        "Something that online services need does not work: three probes in a row failed. `gateway catalogue probe` "
        "names the reason, `gateway check` what to do.",
    ),
    GatewayRule(
        CATALOGUE_UNLISTED,
        AlarmLevel.WARNING,
        "Ein Online-Dienst, der gelistet war, steht nicht mehr in PVOG, Data Hub oder Routing. "
        "`gateway catalogue list` nennt den Befund; den Eintrag im Landesredaktionssystem prüfen. Der Alarm endet, "
        "wenn er wieder gelistet ist oder nicht mehr angeboten wird.",
        "An online service that was listed is no longer in PVOG, Data Hub or routing. `gateway catalogue list` names "
        "the finding; look at its entry in the Land's editorial system. It is over once it is listed again or offered "
        "no more.",
    ),
    GatewayRule(
        CATALOGUE_NOT_READ,
        AlarmLevel.WARNING,
        "Seit drei Tagen kam keine brauchbare Antwort von PVOG, Data Hub oder Routing; was gelistet ist, kann veraltet "
        "sein. `gateway catalogue readback` fragt neu und nennt den Grund; abgeschaltete Versionen und geänderte "
        "Adressen stehen in den Mitteilungen der FITKO.",
        "For three days no sound answer came from PVOG, Data Hub or routing; what is listed may be out of date. "
        "`gateway catalogue readback` asks again and names the reason; FITKO announces versions that are switched off "
        "and addresses that change.",
    ),
    GatewayRule(
        STATISTICS_UNSENT,
        AlarmLevel.WARNING,
        "Monatszahlen einer Kommune werden nicht angenommen; es wird nicht weiter versucht. "
        "`gateway catalogue statistics send` nennt den Fehler und versucht es neu; Adresse, Schlüssel und Namen der "
        "Schnittstelle prüfen. Nach einem `restore` (Fehler `restored`) vorher im Protokoll nachsehen, ob sie schon "
        "gesendet waren. Der Alarm endet, wenn sie angenommen sind.",
        "Monthly figures of a municipality are not taken; nothing more is tried. `gateway catalogue statistics send` "
        "names the error and tries again; check address, key and names of the interface. After a `restore` (error "
        "`restored`) look in the log first whether they had been sent. It ends once they are taken.",
    ),
    GatewayRule(
        CATALOGUE_EXPORT_REFUSED,
        AlarmLevel.URGENT,
        "Ein Export des OZG-Katalogs wurde nicht angenommen; ausgeliefert wird der vorige. `gateway catalogue list` "
        "nennt Ursache und Abhilfe, `gateway catalogue export` alle Stellen.",
        "An export of the OZG catalogue was not accepted; the previous one is served. `gateway catalogue list` names "
        "cause and way out, `gateway catalogue export` every place.",
    ),
    GatewayRule(
        CATALOGUE_PUSH_REFUSED,
        AlarmLevel.WARNING,
        "Änderungen am OZG-Katalog werden vom Sammlerdienst nicht angenommen oder dürfen nicht hinaus; von selbst geht "
        "das nicht vorüber. `gateway catalogue list` nennt Ursache und Abhilfe.",
        "The collector does not take changes of the OZG catalogue, or they may not go out; that does not pass by "
        "itself. `gateway catalogue list` names cause and way out.",
    ),
    GatewayRule(
        CATALOGUE_WORK_FAILING,
        AlarmLevel.WARNING,
        "Übertragung oder Tagesbericht des OZG-Katalogs scheitern seit mehr als einem Tag. "
        "`gateway catalogue list` nennt Ursache und Abhilfe.",
        "Push or daily report of the OZG catalogue has failed for more than a day. `gateway catalogue "
        "list` names cause and way out.",
    ),
    GatewayRule(
        "evidence_broken",
        AlarmLevel.URGENT,
        "Nachweise in der Datenbank sind nicht schlüssig, oder signierte Wurzelwerte fehlen. Jemand hat die Datenbank "
        "am Gateway vorbei geändert, oder sie ist beschädigt; `gateway check` nennt die Stellen.",
        "Evidence in the database does not verify, or signed roots are missing. Somebody changed the database past the "
        "gateway, or it is damaged; `gateway check` names the places.",
    ),
    GatewayRule(
        "alarm_not_delivered",
        AlarmLevel.WARNING,
        "Alarme erreichen einen Empfänger nicht; `gateway check` und `gateway alarms test` zeigen, warum.",
        "Alarms do not reach a recipient; `gateway check` and `gateway alarms test` show why.",
    ),
)
"""Every alarm about the gateway itself."""

EVERY_RULE: Final = (*RULES, *LIMIT_RULES, *FAULT_RULES, *EVENT_RULES, *GATEWAY_RULES)
SEVERITIES: Final = {rule.name: rule.severity for rule in EVERY_RULE}
"""How much each alarm asks for."""


@dataclass(frozen=True, slots=True)
class Target:
    """One address that alarms go to. `key` stands in rows: the name, a colon and a digest of the address.

    `municipalities` empty: those of all, and the gateway's own; else theirs, and what at the gateway concerns them.
    Either `mail`, or `url` and `secret`, is set.
    """

    key: str
    name: str
    severity: AlarmLevel
    municipalities: frozenset[str] = frozenset()
    mail: str | None = field(default=None, repr=False)
    url: str | None = field(default=None, repr=False)
    secret: bytes = field(default=b"", repr=False)

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that are told here."""
        return tuple(name for name, severity in SEVERITIES.items() if severity >= self.severity)


@dataclass(frozen=True, slots=True)
class Line:
    """All alarms of one rule and municipality in one message; `subjects` are the first few ids."""

    rule: str
    municipality: str | None
    number: int
    since: datetime
    subjects: tuple[str, ...]

    @property
    def severity(self) -> AlarmLevel:
        """How much it asks for."""
        return SEVERITIES.get(self.rule, AlarmLevel.NOTICE)

    def as_json(self) -> dict[str, Any]:
        """The line as it is stored and as a webhook tells it."""
        return {
            "rule": self.rule,
            "severity": self.severity.name.lower(),
            "municipality": self.municipality,
            "number": self.number,
            "since": instant(self.since),
            "subjects": list(self.subjects),
        }

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Line:
        """What `as_json` made."""
        since = datetime.fromisoformat(stored["since"])
        return cls(stored["rule"], stored["municipality"], stored["number"], since, tuple(stored["subjects"]))


@dataclass(frozen=True, slots=True)
class AlertNotice(DueMessage):
    """One message to one target."""

    target: str
    lines: tuple[Line, ...]

    @property
    def number(self) -> int:
        """How many alarms it tells of."""
        return sum(line.number for line in self.lines)

    @property
    def severity(self) -> AlarmLevel:
        """The gravest of them."""
        return max((line.severity for line in self.lines), default=AlarmLevel.NOTICE)


def sentences(rule: str) -> tuple[str, str]:
    """What an alarm means, German and English; empty for a rule that this release does not know."""
    rules: Sequence[Any] = EVERY_RULE
    return next(((alarm_rule.de, alarm_rule.en) for alarm_rule in rules if alarm_rule.name == rule), ("", ""))
