"""`gateway alarms`: which deadlines passed, and that somebody saw it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from gateway.cli.console import emit, guarded, options
from gateway.cli.inside import in_house, uuids
from gateway.cli.language import language, text
from gateway.model import instant


@click.group(help=text("Überschrittene Fristen", "Deadlines that passed"))
def alarms() -> None:
    """Entry of both commands."""


@alarms.command(name="list", help=text("Offene Alarme", "Open alarms"))
@options
@guarded
def list_(config: Path | None, as_json: bool) -> None:
    """One line an alarm, oldest first; an acknowledged one stays until its cause is gone."""
    from gateway.deadlines import rule_of  # noqa: PLC0415 - commands import what they need
    from gateway.store.alarms import open_alarms  # noqa: PLC0415 - commands import what they need

    async def main(house: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - the house, imported late
        for row in await open_alarms(house.store.database):
            rule, seen = rule_of(row["rule"]), row["acknowledged_at"]
            line = {
                "rule": row["rule"],
                "submission_id": str(row["submission"]),
                "municipality": row["municipality"],
                "raised_at": instant(row["raised_at"]),
                "acknowledged_at": instant(seen) if seen else None,
                "de": rule.de if rule else "",
                "en": rule.en if rule else "",
            }
            human = f"{line['raised_at']}  {line['rule']:<22} {line['submission_id']}  {line[language()]}"
            emit(line, as_json=as_json, human=human)

    in_house(config, main)


@alarms.command(help=text("Als gesehen vermerken", "Note as seen"))
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@options
@guarded
def acknowledge(config: Path | None, as_json: bool, ids: tuple[str, ...]) -> None:
    """All alarms of these submissions."""
    from gateway.store.alarms import acknowledge as noted  # noqa: PLC0415 - commands import what they need

    wanted = uuids(ids)

    async def main(house: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - as above
        for rule, submission in await noted(house.store.database, wanted, house.clock.now()):
            line = {"rule": rule, "submission_id": str(submission), "acknowledged": True}
            emit(line, as_json=as_json, human=f"{submission}  {rule}")

    in_house(config, main)
