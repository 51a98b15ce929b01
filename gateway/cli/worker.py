"""`gateway worker`: delivery as a process of its own."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import click

from gateway.cli.console import emit_ready, guarded, loading, options, run, set_up_logging
from gateway.cli.language import text


@click.command(help=text("Zustellung starten", "Start delivery"))
@click.option(
    "--concurrency", type=click.IntRange(1, 500), help=text("Zugleich je Zustellpunkt", "At once for each destination")
)
@click.option("--until-stdin-closes", "tied", is_flag=True, hidden=True)
@options
@guarded
def worker(config: Path | None, as_json: bool, concurrency: int | None, tied: bool) -> None:
    """Run until SIGTERM, SIGINT or, tied to a parent, until that is gone."""
    with loading():
        from gateway.wiring import recipients  # noqa: PLC0415 - commands import what they need
        from gateway.wiring.runtime import read_settings  # noqa: PLC0415 - commands import what they need
        from gateway.worker.running import work  # noqa: PLC0415 - commands import what they need

    values = read_settings(config, recipients.attempts)
    set_up_logging(values.log.level, values.log.format)
    line = {"worker": f"{socket.gethostname()}-{os.getpid()}", "pid": os.getpid()}

    async def main(stop: asyncio.Event) -> None:
        await work(
            values,
            concurrency=concurrency or values.worker.concurrency,
            on_ready=lambda: emit_ready(line, as_json=as_json, human=text("Zustellung läuft.", "Delivery runs.")),
            stop=stop,
        )

    run(main, tied=tied)
