"""`gateway serve`: database, API and worker in one command."""

from __future__ import annotations

import asyncio
import os
import sys
from functools import partial
from pathlib import Path

import click

from gateway.cli.console import emit_ready, guarded, loading, options, run, set_up_logging
from gateway.cli.language import text


@click.command(
    help=text("Gateway starten: Datenbank, API und Zustellung", "Start the gateway: database, API, delivery")
)
@click.option("--host", help=text("Adresse", "Address"))
@click.option("--port", type=click.IntRange(0, 65535), help=text("0: das System wählt", "0: system's choice"))
@click.option("--mode", type=click.Choice(["test", "production"]), help=text("Betriebsart", "Mode"))
@click.option("--no-worker", is_flag=True, help=text("Ohne Zustellung", "Without delivery"))
@click.option("--until-stdin-closes", "tied", is_flag=True, hidden=True)
@options
@guarded
def serve(  # noqa: PLR0913, PLR0917 - one parameter an option
    config: Path | None,
    as_json: bool,
    host: str | None,
    port: int | None,
    mode: str | None,
    no_worker: bool,
    tied: bool,
) -> None:
    """Run until SIGTERM, SIGINT or, tied to a parent, until that is gone."""
    with loading():
        from gateway.serve.serving import attempts, serving  # noqa: PLC0415 - commands import what they need
        from gateway.wiring.runtime import read_settings  # noqa: PLC0415 - commands import what they need

    also = partial(attempts, worker=not no_worker)
    values = read_settings(config, also, mode=mode, server__host=host, server__port=port)
    set_up_logging(values.log.level, values.log.format)
    command = [sys.executable, "-m", "gateway.cli.main", "worker", "--json", "--until-stdin-closes"]
    command += ["--config", str(config.resolve())] if config else []

    async def main(stop: asyncio.Event) -> None:
        async with serving(values, worker_command=None if no_worker else command, stop=stop) as line:
            socket = "" if line["listening"] == line["base_url"] else f" ({line['listening']})"
            human = text("Gateway läuft: ", "Gateway runs: ") + line["base_url"] + socket
            emit_ready({**line, "pid": os.getpid()}, as_json=as_json, human=human)
            await stop.wait()

    run(main, tied=tied)
