"""The mail that tells of alarms: German first, English below.

Knows: what stands in it: rules, numbers, ids, commands. Never does: send it (`outbound.smtp` does), personal data.
Standards: RFC 5322 (message), RFC 3834 (marked as made by a machine). Start reading: `mail`.
"""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, Protocol
from urllib.parse import urlsplit

from gateway.model import instant
from gateway.notify.alarms import AlarmMessage, Line, sentences
from gateway.submission.deadlines import AlarmLevel

_SEVERITY: Final = {
    AlarmLevel.NOTICE: ("Hinweis", "notice"),
    AlarmLevel.WARNING: ("Warnung", "warning"),
    AlarmLevel.URGENT: ("dringend", "urgent"),
}
_ENGLISH: Final = "--- English ---"


class Form(Protocol):
    """`mail` or `trial_mail`."""

    def __call__(self, bulletin: AlarmMessage, *, sender: str, to: str, gateway: str, now: datetime) -> bytes:
        """The whole message as bytes."""
        ...


def mail(bulletin: AlarmMessage, *, sender: str, to: str, gateway: str, now: datetime) -> bytes:
    """The whole message as bytes. `gateway` is its public address, by which people know which one writes.

    The same bulletin has the same `Message-ID` however often it is sent, so that a mailbox can tell repeats.
    """
    severity = _SEVERITY[bulletin.severity]
    host = urlsplit(gateway).hostname or gateway
    number = bulletin.number
    message = _headed(bulletin, sender, to, now)
    message["Subject"] = f"OZG-Gateway {host}: {_count(number, 'Alarm', 'Alarme')} ({severity[0]} / {severity[1]})"
    message.set_content(_text(bulletin, gateway))
    return bytes(message)


def trial_mail(bulletin: AlarmMessage, *, sender: str, to: str, gateway: str, now: datetime) -> bytes:
    """A message that only shows that mail arrives."""
    message = _headed(bulletin, sender, to, now)
    message["Subject"] = f"OZG-Gateway {urlsplit(gateway).hostname or gateway}: Probe / test"
    text = (
        f"Dies ist eine Probe des Gateways {gateway}: Alarme erreichen dieses Postfach.\n\n{_ENGLISH}\n\n"
        f"This is a test of the gateway {gateway}: alarms reach this mailbox.\n"
    )
    message.set_content(text)
    return bytes(message)


def _headed(bulletin: AlarmMessage, sender: str, to: str, now: datetime) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Date"] = sender, to, now
    message["Message-ID"] = f"<{bulletin.id.hex}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    return message


def _text(bulletin: AlarmMessage, gateway: str) -> str:
    lines = sorted(bulletin.lines, key=lambda line: (-_severity(line), line.rule, line.municipality or ""))
    german = [f"Offene Alarme am Gateway {gateway}: {bulletin.number}", ""]
    english = [_ENGLISH, "", f"Open alarms at the gateway {gateway}: {bulletin.number}", ""]
    for line in lines:
        german += _part(line, 0)
        english += _part(line, 1)
    german += [
        "Alle Alarme: gateway alarms list",
        "Als gesehen vermerken (beendet die Wiederholung): gateway alarms acknowledge ID",
        "",
    ]
    english += ["All alarms: gateway alarms list", "Note as seen (ends the repeats): gateway alarms acknowledge ID", ""]
    return "\n".join([*german, *english])


def _part(line: Line, language: int) -> list[str]:
    severity = _SEVERITY[AlarmLevel(_severity(line))][language]
    town = f" · {line.municipality}" if line.municipality else ""
    since = ("seit", "since")[language]
    more = line.number - len(line.subjects)
    rest = [("  … und {} weitere", "  … and {} more")[language].format(more)] if more > 0 else []
    return [
        f"[{severity}] {line.rule}{town}: {line.number}, {since} {instant(line.since)}",
        f"  {sentences(line.rule)[language]}",
        *(f"  {subject}" for subject in line.subjects),
        *rest,
        "",
    ]


def _severity(line: Line) -> int:
    return {name.name.lower(): int(name) for name in AlarmLevel}[line.as_json()["severity"]]


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
