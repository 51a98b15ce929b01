"""`gateway catalogue readback`: ask PVOG, Data Hub and routing at once what they list."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from gateway.cli.console import FINDINGS, UNREACHABLE, emit, guarded, options, say
from gateway.cli.language import language, text
from gateway.cli.local import with_runtime


@click.command(
    help=text("PVOG, Data Hub und Routing fragen, was gelistet ist", "Ask PVOG, Data Hub and routing what is listed")
)
@click.option("--municipality", "ars", metavar="ARS", help=text("Nur diese Kommune", "This municipality only"))
@options
@guarded
def readback(config: Path | None, as_json: bool, ars: str | None) -> None:
    """One line a source and municipality; it waits for a read-back that is under way.

    Exit code 3 where an answer was refused (nothing was changed by it), 4 where a source did not answer.
    """
    from gateway.catalogue.readback.rows import RULES  # noqa: PLC0415 - commands import what they need
    from gateway.errors import UnknownMunicipality  # noqa: PLC0415 - as above
    from gateway.wiring.catalogue_readback import open_read_back  # noqa: PLC0415 - as above

    outcomes: set[str] = set()

    async def main(runtime: Any, stop: asyncio.Event) -> bool:  # noqa: ANN401 - the runtime, imported late
        towns = list(runtime.municipalities) if ars is None else [ars]
        if not set(towns) <= runtime.municipalities.keys():
            raise UnknownMunicipality(municipality=ars or "")
        async with open_read_back(runtime) as read_back:
            pairs = read_back.pairs(towns)
            if not pairs:
                say(text("Es ist niemand zu fragen ([catalogue.readback]).", "Nobody to ask ([catalogue.readback])."))
            for pair in pairs:
                result = await read_back.at_once(pair, stop)
                if result is None:
                    return False
                outcomes.add(result.outcome)
                line = result.as_json()
                sentences = RULES.get(result.reason or "", (result.reason or "",) * 2)
                why = sentences[0 if language() == "de" else 1]
                if result.judgement:
                    listed, findings = line["listed"], line["findings"]
                    why = text(f"gelistet: {listed}, Befunde: {findings}", f"listed: {listed}, findings: {findings}")
                emit(
                    line, as_json=as_json, human=f"{line['municipality']}  {line['source']:<8} {line['outcome']}  {why}"
                )
        return bool(pairs)

    with_runtime(config, main)
    if "failed" in outcomes:
        raise SystemExit(UNREACHABLE)
    if "refused" in outcomes:
        raise SystemExit(FINDINGS)
