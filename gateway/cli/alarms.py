"""`gateway alarms`: what people have to know of, that somebody saw it, and whether alarms reach anybody."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from gateway.cli.console import emit, guarded, options, say
from gateway.cli.language import in_language, language, text
from gateway.cli.local import uuids, with_runtime
from gateway.errors import CounterpartError
from gateway.model import instant


@click.group(help=text("Alarme und überschrittene Fristen", "Alarms and deadlines that passed"))
@in_language
def alarms() -> None:
    """Entry of the commands."""


@alarms.command(name="list", help=text("Offene Alarme", "Open alarms"))
@options
@guarded
def list_(config: Path | None, as_json: bool) -> None:
    """One line an alarm, oldest first; an acknowledged one stays until its cause is gone."""
    from gateway.notify.alarms import SEVERITIES, sentences  # noqa: PLC0415 - commands import what they need
    from gateway.store.operation.alarms import open_alarms  # noqa: PLC0415 - commands import what they need

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - the runtime, imported late
        for row in await open_alarms(runtime.store.database):
            acknowledged_at, (de, en) = row["acknowledged_at"], sentences(row["rule"])
            line = {
                "rule": row["rule"],
                "severity": severity.name.lower() if (severity := SEVERITIES.get(row["rule"])) else None,
                "submission_id": row["submission"],
                "subject": row["subject"],
                "municipality": row["municipality"],
                "service": row["service"],
                "since": instant(row["raised_at"]),
                "raised_at": instant(row["raised_at"]),
                "acknowledged_at": instant(acknowledged_at) if acknowledged_at else None,
                "told": sorted({target.rpartition(":")[0] for target in row["told"]}),
                "de": de,
                "en": en,
                "reason": row["reason"],
            }
            why = f" {row['reason'][language()]}" if row["reason"] else ""
            human = f"{line['raised_at']}  {line['rule']:<22} {line['subject']}  {line[language()]}{why}"
            emit(line, as_json=as_json, human=human)

    with_runtime(config, main)


@alarms.command(help=text("Als gesehen vermerken", "Note as seen"))
@click.argument("ids", nargs=-1, metavar="ID...")
@click.option(
    "--gateway",
    "rules",
    multiple=True,
    metavar="RULE",
    help=text("Alarm des Gateways selbst, nach Regel", "Alarm of the gateway itself, by rule"),
)
@options
@guarded
def acknowledge(config: Path | None, as_json: bool, ids: tuple[str, ...], rules: tuple[str, ...]) -> None:
    """All alarms of these submissions, and those of the gateway itself by rule; they are not told again.

    Exit code 1 where one of them has no alarm that nobody saw yet.
    """
    from gateway.store.operation.alarms import acknowledge as noted  # noqa: PLC0415 - commands import what they need

    if not ids and not rules:
        raise click.UsageError(text("ID oder --gateway REGEL angeben.", "Give an ID or --gateway RULE."))
    submissions = uuids(ids)

    async def main(runtime: Any, _: asyncio.Event) -> bool:  # noqa: ANN401 - as above
        unseen = {*map(str, submissions), *rules}
        for rule, subject in await noted(runtime.store.database, submissions, runtime.clock.now(), rules):
            unseen -= {rule, subject}
            line = {"rule": rule, "submission_id": subject, "acknowledged": True}
            if rule in rules:
                line = {"rule": rule, "subject": subject, "acknowledged": True}
            emit(line, as_json=as_json, human=f"{subject}  {rule}")
        for name in sorted(unseen):
            say(text("kein offener Alarm, oder schon vermerkt: ", "no open alarm, or noted already: ") + name)
        return not unseen

    with_runtime(config, main)


@alarms.command(help=text("Eine Probe an jeden Empfänger senden", "Send a test to every recipient"))
@options
@guarded
def test(config: Path | None, as_json: bool) -> None:
    """One line an address; exit code 1 where one was not reached, or there is none."""
    from gateway.wiring.messengers import open_alert_sender  # noqa: PLC0415 - commands import what they need

    async def main(runtime: Any, _: asyncio.Event) -> bool:  # noqa: ANN401 - as above
        reached = True
        async with open_alert_sender(runtime) as sender:
            if not sender.targets:
                say(text("Es ist kein Empfänger eingerichtet ([alarms]).", "No recipient is set up ([alarms])."))
                return False
            for target in sender.targets.values():
                way, detail, outcome = ("mail" if target.mail else "webhook"), "ok", "ok"
                try:
                    await sender.trial(target, uuid4())
                except CounterpartError as error:
                    reached, detail, outcome = False, error.code, error.sentence(language())
                line = {"recipient": target.name, "way": way, "ok": detail == "ok", "detail": detail}
                emit(line, as_json=as_json, human=f"{target.name}  {way}  {outcome}")
        return reached

    with_runtime(config, main)
