"""`gateway catalogue statistics import|export|send`: monthly figures, taken in, as a table, sent."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.catalogue_entries import show_errors
from gateway.cli.console import FAILED, FINDINGS, UNREACHABLE, emit, guarded, options, say
from gateway.cli.file_path import FilePath
from gateway.cli.language import in_language, text
from gateway.cli.local import json_file, with_runtime, write_whole
from gateway.errors import InvalidParameter, RecordInvalid, UnknownMunicipality
from gateway.model import Finding

if TYPE_CHECKING:
    from gateway.catalogue.statistics.transfers import TransferState
    from gateway.wiring.runtime import Runtime

_REFUSED: Final = "counterpart_refused"
_MONTH: Final = click.option("--month", metavar="YYYY-MM", help=text("Nur diesen Monat", "This month only"))


@click.group(help=text("Monatszahlen: Anträge, Seitenaufrufe, Rückmeldungen", "Monthly figures"))
@in_language
def statistics() -> None:
    """Group of the commands about monthly figures."""


@statistics.command(
    name="import", help=text("Seitenaufrufe eines Monats übernehmen (JSON)", "Take in a month's page views (JSON)")
)
@click.argument("file", type=FilePath(exists=True, dir_okay=False))
@options
@guarded
def import_(config: Path | None, as_json: bool, file: Path) -> None:
    """The same body as `POST /api/v1/statistics`; every fault at once."""
    from gateway.catalogue.statistics import page_views  # noqa: PLC0415 - commands import what they need
    from gateway.store.catalogue.page_views import StoredPageViews  # noqa: PLC0415 - as above
    from gateway.store.catalogue.statuses import StoredStatuses  # noqa: PLC0415 - as above

    body = json_file(file)
    if not isinstance(body, dict):
        fault = Finding(str(file), "object", "Erwartet wird ein JSON-Objekt.", "A JSON object is expected.")
        raise RecordInvalid(findings=(fault,))

    async def main(runtime: Runtime, _: asyncio.Event) -> None:
        await _registered(runtime)
        database, clock = runtime.store.database, runtime.clock
        statuses, views = StoredStatuses(database), StoredPageViews(database, clock)
        kept = await page_views.hand_in(body, statuses, views, clock.now(), towns=runtime.municipalities)
        line = kept.as_json()
        imported = text(f"{line['visits']} Aufrufe übernommen", f"{line['visits']} views taken in")
        emit(line, as_json=as_json, human=f"{line['municipality']}  {line['month']}  {imported}")

    with_runtime(config, main, services=True)


@statistics.command(
    help=text("Anträge je Monat, Dienst und Region als CSV", "Applications by month, service and region as CSV")
)
@_MONTH
@click.option("--municipality", metavar="ARS", help=text("Nur diese Kommune", "This municipality only"))
@click.option("--out", required=True, type=FilePath(dir_okay=False), help=text("Ziel", "Target"))
@options
@guarded
def export(config: Path | None, as_json: bool, month: str | None, municipality: str | None, out: Path) -> None:
    """Months that are closed; small groups are held back (`catalogue.statistics.smallest_group`)."""
    from gateway.catalogue.statistics import months, transactions  # noqa: PLC0415 - commands import what they need
    from gateway.store.catalogue.statuses import StoredStatuses  # noqa: PLC0415 - as above
    from gateway.store.catalogue.transaction_counts import StoredTransactionCounts  # noqa: PLC0415 - as above

    only = _month(month)

    async def main(runtime: Runtime, _: asyncio.Event) -> None:
        if municipality is not None and municipality not in runtime.municipalities:
            raise UnknownMunicipality(municipality=municipality)
        await _registered(runtime)
        now, counts = runtime.clock.now(), StoredTransactionCounts(runtime.store.database)
        until = months.last_closed(now)
        if only is not None and only > until:
            raise InvalidParameter(findings=(_open_month(),))
        await counts.count(now)
        numbers = await counts.of(until, municipality=municipality, month=only)
        entries = {
            (status.revision.entry.municipality, status.revision.entry.service): status.revision.entry
            for status in await StoredStatuses(runtime.store.database).of(municipality)
        }
        smallest = runtime.settings.catalogue.statistics.smallest_group
        await asyncio.to_thread(write_whole, out, transactions.table(numbers, entries, smallest))
        line = {
            "ok": True,
            "out": str(out),
            "months": sorted({months.written(counted.month) for counted in numbers}),
            "municipalities": sorted({counted.municipality for counted in numbers}),
        }
        emit(line, as_json=as_json, human=str(out))

    with_runtime(config, main, services=True)


@statistics.command(help=text("Senden, was zu senden ist, auch Aufgegebenes", "Send what is due, given up or not"))
@_MONTH
@options
@guarded
def send(config: Path | None, as_json: bool, month: str | None) -> None:
    """One line a transfer. Exit code 3 where one was refused, 4 where somebody could not be reached."""
    from gateway.store.catalogue.transaction_counts import (  # noqa: PLC0415 - commands import what they need
        StoredTransactionCounts,
    )
    from gateway.wiring.catalogue_statistics import open_statistics_sender  # noqa: PLC0415 - as above

    only, states = _month(month), list[Any]()

    async def main(runtime: Runtime, _: asyncio.Event) -> bool:
        await _registered(runtime)
        await StoredTransactionCounts(runtime.store.database).count(runtime.clock.now())
        async with open_statistics_sender(runtime) as sender:
            if not sender.ways:
                nobody = "[catalogue.statistics] sdg, transactions"
                say(text(f"Es ist niemand genannt ({nobody}).", f"Nobody is named ({nobody})."))
                return False
            await sender.prepare()
            await sender.queue.again(tuple(sender.ways), only)
            await sender.look()
            await sender.idle()
            states.extend(await sender.queue.states(tuple(sender.ways), only))
        return True

    with_runtime(config, main, services=True)
    for state in states:
        emit(_line(state), as_json=as_json, human=_human(state))
    unsent = [state.error for state in states if state.state != "delivered"]
    if unsent:
        raise SystemExit(FINDINGS if _REFUSED in unsent else UNREACHABLE if any(unsent) else FAILED)


async def _registered(runtime: Runtime) -> None:
    """The entries as their files say it now."""
    from gateway.wiring.catalogue_registry import registered  # noqa: PLC0415 - commands import what they need

    show_errors(await registered(runtime))


def _month(value: str | None) -> date | None:
    from gateway.catalogue.statistics import months  # noqa: PLC0415 - commands import what they need

    if value is None:
        return None
    month = months.parsed(value)
    if month is None:
        fault = Finding("--month", "month", "Erwartet wird ein Monat JJJJ-MM.", "A month YYYY-MM is expected.")
        raise InvalidParameter(findings=(fault,))
    return month


def _open_month() -> Finding:
    de = "Der Monat wird noch gezählt; einen Tag nach seinem Ende steht die Zahl fest."
    en = "The month is still counted; its number is final a day after its end."
    return Finding("--month", "month_open", de, en)


def _line(state: TransferState) -> dict[str, Any]:
    return {
        "municipality": state.municipality,
        "kind": state.kind.value,
        "month": f"{state.month:%Y-%m}",
        "state": state.state,
        "transfer_id": state.transfer_id,
        "tries": state.tries,
        "error": None if state.state == "delivered" else state.error,
    }


def _human(state: TransferState) -> str:
    line = _line(state)
    return (
        f"{line['municipality']}  {line['month']}  {line['kind']:<12} {line['state']}  {line['error'] or ''}".rstrip()
    )
