"""`gateway held`: what waits for a person, why, and what to do; resume and cancel, one or many."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click

from gateway.cli.console import emit, guarded, options, say
from gateway.cli.language import in_language, language, text
from gateway.cli.local import uuids, with_runtime
from gateway.errors import InvalidParameter
from gateway.model import Finding, instant


@click.group(help=text("Was auf einen Menschen wartet", "What waits for a person"))
@in_language
def held() -> None:
    """Entry of the three commands."""


@held.command(name="list", help=text("Ursachen mit Anzahl und Vorschlag", "Causes with number and suggestion"))
@options
@guarded
def list_(config: Path | None, as_json: bool) -> None:
    """One line a cause, destination and version of the mapping."""

    async def main(runtime: Any, _: asyncio.Event) -> None:  # noqa: ANN401 - the runtime, imported late
        from gateway.operators.advice import suggestion  # noqa: PLC0415 - commands import what they need
        from gateway.store.operation import held  # noqa: PLC0415 - as above

        for group in await held.causes(runtime.store.database):
            advice = suggestion(group.cause)
            line = {
                "cause": group.cause,
                "destination_id": group.destination_id,
                "service": group.service,
                "schema_uri": group.schema_uri,
                "municipality": group.municipality,
                "held_from": group.held_from,
                "count": group.number,
                "oldest": instant(group.oldest),
                "newest": instant(group.newest),
                "suggestion": advice,
                "submissions": [str(submission_id) for submission_id in group.ids],
            }
            human = f"{group.number:>6}  {group.cause:<24} {group.service:<20} {group.destination_id or '–'}"
            emit(line, as_json=as_json, human=f"{human}\n        {advice[language()]}")

    with_runtime(config, main)


def _selection(command: Callable[..., None]) -> Callable[..., None]:
    shared = (
        click.argument("ids", nargs=-1, metavar="[ID]..."),
        click.option("--cause", help=text("Nur diese Ursache", "Only this cause")),
        click.option("--destination", help=text("Nur dieses Ziel", "Only this destination")),
        click.option("--service", help=text("Nur dieser Dienst", "Only this service")),
        click.option("--all", "everything", is_flag=True, help=text("Alle", "All")),
        click.option("--preview", is_flag=True, help=text("Nur zeigen, nichts ändern", "Only show, change nothing")),
        click.option(
            "--rate",
            type=click.FloatRange(min=0.01),
            help=text("Höchstens so viele je Sekunde", "At most so many a second"),
        ),
    )
    for option in shared:
        command = option(command)
    return command


@held.command(help=text("Fortsetzen, wo es angehalten wurde", "Go on where it was held"))
@_selection
@options
@guarded
def resume(config: Path | None, as_json: bool, **chosen: Any) -> None:  # noqa: ANN401 - the shared options
    """One line a submission; with `--preview` what would be touched."""
    _decide(config, "resume", as_json=as_json, **chosen)


@held.command(help=text("Endgültig abbrechen", "Cancel for good"))
@_selection
@options
@guarded
def cancel(config: Path | None, as_json: bool, **chosen: Any) -> None:  # noqa: ANN401 - the shared options
    """One line a submission; with `--preview` what would be touched."""
    _decide(config, "cancel", as_json=as_json, **chosen)


def _decide(  # noqa: PLR0913 - the shared options
    config: Path | None,
    decided: Literal["resume", "cancel"],
    *,
    as_json: bool,
    ids: tuple[str, ...],
    cause: str | None,
    destination: str | None,
    service: str | None,
    everything: bool,
    preview: bool,
    rate: float | None,
) -> None:
    from gateway.operators.audit import Decision, Interface, Undone, decide  # noqa: PLC0415 - commands import what they need
    from gateway.store.operation import held  # noqa: PLC0415 - as above

    choice = held.HeldChoice(uuids(ids), cause, destination, service)
    if choice.is_everything and not everything:
        fault = Finding(
            "held",
            "selection",
            "Bitte IDs, --cause, --destination, --service oder --all angeben.",
            "Give ids, --cause, --destination, --service or --all.",
        )
        raise InvalidParameter(findings=(fault,))

    async def main(runtime: Any, stop: asyncio.Event) -> bool:  # noqa: ANN401 - as above
        chosen = await held.chosen(runtime.store.database, choice)
        missing = set(choice.ids) - {submission_id for submission_id, _ in chosen}
        for submission_id in sorted(missing):
            say(text("nicht angehalten oder unbekannt: ", "not held, or unknown: ") + str(submission_id))
        if not chosen and not missing:
            say(text("Nichts Angehaltenes passt zu dieser Auswahl.", "Nothing that is held fits this selection."))
            return choice.is_everything
        complete = not missing
        for submission_id, why in chosen:
            if stop.is_set():
                return False
            decision = None if preview else Decision(decided)
            state = await decide(runtime.store, runtime.clock, submission_id, decision, Interface.COMMAND_LINE)
            complete = complete and state not in set(Undone)
            line = {"submission_id": str(submission_id), "cause": why, "state": state, "preview": preview}
            emit(line, as_json=as_json, human=f"{submission_id}  {why:<24} {state}")
            if rate and not preview:
                await asyncio.sleep(1 / rate)
        return complete

    with_runtime(config, main)
