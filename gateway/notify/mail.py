"""The mail that tells of alarms: German first, English below.

Knows: what stands in it: rules, numbers, ids, commands. Never does: send it (`outbound.smtp` does), personal data.
Standards: RFC 5322 (message), RFC 3834 (marked as made by a machine). Start reading: `alert_mail`.
"""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final
from urllib.parse import urlsplit

from gateway.model import instant
from gateway.notify.alarms import AlertNotice, Line, sentences
from gateway.submission.deadlines import AlarmLevel

_SEVERITY: Final = {
    AlarmLevel.NOTICE: ("Hinweis", "notice"),
    AlarmLevel.WARNING: ("Warnung", "warning"),
    AlarmLevel.URGENT: ("dringend", "urgent"),
}
_ENGLISH: Final = "--- English ---"


def alert_mail(message: AlertNotice, *, sender: str, to: str, gateway: str, now: datetime) -> bytes:
    """The whole message as bytes. `gateway` is its public address, by which people know which one writes.

    The same message has the same `Message-ID` however often it is sent, so that a mailbox can tell repeats.
    """
    severity = _SEVERITY[message.severity]
    host = urlsplit(gateway).hostname or gateway
    number = message.number
    email = _headed(message, sender, to, now)
    email["Subject"] = f"OZG-Gateway {host}: {_count(number, 'Alarm', 'Alarme')} ({severity[0]} / {severity[1]})"
    email.set_content(_text(message, gateway))
    return bytes(email)


def trial_mail(message: AlertNotice, *, sender: str, to: str, gateway: str, now: datetime) -> bytes:
    """A message that only shows that mail arrives."""
    email = _headed(message, sender, to, now)
    email["Subject"] = f"OZG-Gateway {urlsplit(gateway).hostname or gateway}: Probe / test"
    text = (
        f"Dies ist eine Probe des Gateways {gateway}: Alarme erreichen dieses Postfach.\n\n{_ENGLISH}\n\n"
        f"This is a test of the gateway {gateway}: alarms reach this mailbox.\n"
    )
    email.set_content(text)
    return bytes(email)


def _headed(message: AlertNotice, sender: str, to: str, now: datetime) -> EmailMessage:
    email = EmailMessage(policy=SMTP)
    email["From"], email["To"], email["Date"] = sender, to, now
    email["Message-ID"] = f"<{message.id.hex}@{sender.rpartition('@')[2]}>"
    email["Auto-Submitted"] = "auto-generated"
    email["X-Auto-Response-Suppress"] = "All"
    return email


def _text(message: AlertNotice, gateway: str) -> str:
    lines = sorted(message.lines, key=lambda line: (-line.severity, line.rule, line.municipality or ""))
    german = [f"Offene Alarme am Gateway {gateway}: {message.number}", ""]
    english = [_ENGLISH, "", f"Open alarms at the gateway {gateway}: {message.number}", ""]
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
    severity = _SEVERITY[line.severity][language]
    town = f" · {line.municipality}" if line.municipality else ""
    since = ("seit", "since")[language]
    more = line.number - len(line.subjects)
    remainder = [("  … und {} weitere", "  … and {} more")[language].format(more)] if more > 0 else []
    return [
        f"[{severity}] {line.rule}{town}: {line.number}, {since} {instant(line.since)}",
        f"  {sentences(line.rule)[language]}",
        *(f"  {subject}" for subject in line.subjects),
        *remainder,
        "",
    ]


def _count(number: int, singular: str, plural: str) -> str:
    return f"{number} {singular if number == 1 else plural}"
