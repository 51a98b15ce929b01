"""`gateway demo`: the whole way once, on loopback, with real processes, a real database and real cryptography."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from gateway.cli.console import FAILED, INTERRUPTED, emit, guarded, options, run, say, set_up_logging
from gateway.cli.language import text

LABELS = {
    "upload": ("Lageplan hochgeladen", "site plan uploaded"),
    "validated": ("geprüft", "validated"),
    "on_disk": ("auf der Platte, quittiert", "on disk, receipt given"),
    "sealed": ("signiert und verschlüsselt", "signed and sealed"),
    "announced": ("angekündigt", "announced"),
    "uploaded": ("Anlagen übertragen", "attachments uploaded"),
    "submitted": ("eingereicht", "submitted"),
    "accepted": ("von der Behörde angenommen", "accepted by the authority"),
    "total": ("insgesamt", "in all"),
}


@click.command(help=text("Den ganzen Weg einmal vorführen", "Show the whole way once"))
@click.option("--count", type=click.IntRange(1, 100_000), default=1, help=text("Wie viele Anträge", "How many"))
@click.option(
    "--attachment-mb", type=click.IntRange(0, 370), default=0, help=text("Größe des Lageplans", "Plan's size")
)
@click.option("--channel", type=click.Choice(["fitconnect"]), default="fitconnect", help=text("Weg", "Way"))
@click.option("--login", is_flag=True, help=text("Vorher mit BundID anmelden", "Log in with BundID before"))
@click.option("--keep", is_flag=True, help=text("Stehen lassen bis Strg-C", "Keep everything until Ctrl-C"))
@options
@guarded
def demo(  # noqa: PLR0913, PLR0917 - one parameter an option
    config: Path | None, as_json: bool, count: int, attachment_mb: int, channel: str, login: bool, keep: bool
) -> None:
    """Set up, hand off, follow, verify, take down."""
    _ = config, channel
    set_up_logging("warning")
    asked = _Asked(as_json, count, attachment_mb, login, keep)
    code = run(lambda stop: _main(stop, asked))
    raise SystemExit(code)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line asks for."""

    as_json: bool
    count: int
    megabytes: int
    login: bool
    keep: bool


async def _main(stop: asyncio.Event, asked: _Asked) -> int:
    work = asyncio.create_task(_show(stop, asked))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        if asked.keep:
            return await work
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return INTERRUPTED
    stopped.cancel()
    return work.result()


async def _show(stop: asyncio.Event, asked: _Asked) -> int:
    from gateway.cli.demo.environment import demo_environment  # noqa: PLC0415 - commands import what they need

    if not asked.as_json:
        say(text("Vorführung wird aufgebaut …", "Setting the demo up …"))
    async with demo_environment(login=asked.login, catalogue=asked.keep) as environment:
        if asked.keep:
            line = {**environment.line(), "pid": os.getpid()}
            emit(line, as_json=asked.as_json, human=described(line))
            await stop.wait()
            return 0
        return await _hand_off(environment, asked)


def described(line: dict[str, Any]) -> str:
    """What a person is told of a kept demo: where to look and with which settings to ask."""
    from gateway.cli.demo.environment import ARS  # noqa: PLC0415 - commands import what they need

    lines = (
        text("Vorführung läuft: ", "Demo runs: ") + line["api"],
        "  " + text("Statusseite: ", "Status page: ") + f"{line['base_url']}/status/{ARS}",
        "  " + text("Einstellungen (--config): ", "Settings (--config): ") + str(line["config"]),
    )
    return "\n".join(lines)


async def _hand_off(environment: Any, asked: _Asked) -> int:  # noqa: ANN401 - lazy import
    from gateway.cli.demo.login import log_in, reported  # noqa: PLC0415 - commands import what they need
    from gateway.cli.demo.portal import Portal, open_client  # noqa: PLC0415 - as above

    quiet = asked.as_json or asked.count > 1
    async with open_client() as client:
        portal = Portal(environment, client, lambda _id, state: None if quiet else say(f"  … {_label(state)}"))
        await portal.sign_in()
        await portal.learn()
        for _ in range(asked.count if asked.login else 0):  # a login is good for one application
            citizen = await log_in(environment)
            portal.logins.append(citizen.login_ref)
            if not quiet:
                level = text("Vertrauensniveau", "level of assurance")
                say(f"  … {text('angemeldet', 'logged in')}: {citizen.family_name}, {level} {citizen.level}")
        with _progress(portal, asked.count, shown=not asked.as_json and asked.count > 1):
            await portal.run(asked.count, asked.megabytes)
        namespaces = _namespaces()
        lines = [await _line(portal, submission_id, asked.count, namespaces) for submission_id in portal.journeys]
        for line in lines if asked.login else ():
            arrived = line["state"] == "accepted" and await reported(environment, line["case_id"], citizen)
            line["login"] = {"provider": "bundid", "level": citizen.level, "reported": arrived}
    for line in lines:
        if asked.as_json:
            emit(line, as_json=True)
        elif asked.count == 1:
            _timeline(line)
    if asked.count > 1:
        _summary(portal, lines, as_json=asked.as_json)
    sound = all(line["state"] == "accepted" and line.get("login", {}).get("reported", True) for line in lines)
    return 0 if sound else FAILED


def _namespaces() -> Mapping[str, str]:
    """The namespace of each shipped service's document."""
    from gateway.services.loader import load  # noqa: PLC0415 - commands import what they need

    services = load(None, {})
    return {service_id: services.get(service_id).namespace for service_id in services.ids()}


async def _line(
    portal: Any,  # noqa: ANN401 - lazy import
    submission_id: str,
    count: int,
    namespaces: Mapping[str, str],
) -> dict[str, Any]:
    from gateway.cli.demo.portal import durations  # noqa: PLC0415 - commands import what they need

    view = await portal.call("GET", f"/submissions/{submission_id}")
    accepted = any(event["type"] == "accept-submission" and event["verified"] for event in view["events"])
    return {
        "submission_id": view["id"],
        "case_id": view["case_id"],
        "state": view["state"] if accepted or view["state"] != "accepted" else "held",
        "channel": view["channel"],
        "document": {
            "standard": view["document"]["standard"],
            "schema_uri": view["document"]["schema_uri"],
            "namespace": namespaces[view["service"]],
            "valid": view["document"]["sha256"] is not None,
        },
        "events": [{key: event[key] for key in ("type", "issuer", "verified", "at")} for event in view["events"]],
        "durations_ms": durations(portal.journeys[submission_id]),
        "count": count,
    }


def _label(state: str) -> str:
    return text(*LABELS.get("on_disk" if state == "received" else state, (state, state)))


def _timeline(line: dict[str, Any]) -> None:
    say("")
    for name, milliseconds in line["durations_ms"].items():
        say(f"  {text(*LABELS[name]):<32}{milliseconds:>8} ms")
    if "login" in line:
        arrived = text("steht in den Metadaten der Behörde", "stands in the authority's metadata")
        lost = text("FEHLT in den Metadaten der Behörde", "is MISSING from the authority's metadata")
        say(f"\n  {text('Name und Niveau der Anmeldung', 'Name and level of the login')}: ")
        say(f"  {arrived if line['login']['reported'] else lost}")
    say("")
    for event in line["events"]:
        mark = (
            text("Signatur geprüft", "signature verified") if event["verified"] else text("NICHT ECHT", "NOT GENUINE")
        )
        say(f"  {event['type']:<32}{mark}")
    say("")
    emit(line, as_json=False, human=text("Ergebnis: ", "Result: ") + f"{line['state']} ({line['submission_id']})")


def _summary(portal: Any, lines: list[dict[str, Any]], *, as_json: bool) -> None:  # noqa: ANN401 - lazy import
    journeys = list(portal.journeys.values())
    seconds = max(j.ended for j in journeys) - min(j.began for j in journeys)
    times = sorted((j.ended - j.began) * 1000 for j in journeys)
    accepted = sum(line["state"] == "accepted" for line in lines)
    summary = {
        "accepted": accepted,
        "failed": len(lines) - accepted,
        "per_second": round(accepted / seconds, 2),
        "p50_ms": round(times[len(times) // 2]),
        "p99_ms": round(times[min(len(times) - 1, int(len(times) * 0.99))]),
    }
    emit({"summary": summary}, as_json=as_json)


def _progress(portal: Any, count: int, *, shown: bool) -> Any:  # noqa: ANN401 - rich or nothing
    if not (shown and sys.stderr.isatty()):
        return nullcontext()
    from rich.console import Console  # noqa: PLC0415 - only on a terminal
    from rich.progress import Progress  # noqa: PLC0415 - only on a terminal

    progress = Progress(console=Console(stderr=True))
    task = progress.add_task(text("angenommen", "accepted"), total=count)
    portal._watch = lambda _id, state: progress.advance(task) if state == "accepted" else None  # noqa: SLF001 - display
    return progress
