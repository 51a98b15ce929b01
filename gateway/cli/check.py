"""`gateway check`: reads the settings, connects to everything, says for each line ok or what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.console import FAILED, UNREACHABLE, USAGE, emit, guarded, options, run, set_up_logging, unusable
from gateway.cli.language import language, text
from gateway.errors import GatewayError, SettingsInvalid
from gateway.model import Finding
from gateway.settings.gateway import Settings

if TYPE_CHECKING:
    from gateway.operators.checks import CheckLine, Checks
    from gateway.store.proof.integrity import Audit
    from gateway.wiring.runtime import Runtime


@click.command(help=text("Einstellungen und Verbindungen prüfen", "Check settings and connections"))
@options
@guarded
def check(config: Path | None, as_json: bool) -> None:
    """Every check, a line each; where one does not hold, exit code 2 (settings), 1 (machine, evidence) or 4.

    Of several the worst one: settings stay as they are until somebody mends them, a counterpart may come back.
    """
    from gateway.operators.checks import Affair, Checks  # noqa: PLC0415 - commands import what they need

    set_up_logging("error")
    lines = run(lambda _: _lines(config, Checks(language())))
    for line in lines:
        human = f"{'ok ' if line.ok else '!! '}{line.check}: {line.detail}"
        emit(line.as_json(), as_json=as_json, human=f"{human} → {line.remedy}" if line.remedy else human)
    affairs = {line.affair for line in lines if not line.ok}
    codes = {Affair.SETTINGS: USAGE, Affair.MACHINE: FAILED, Affair.COUNTERPART: UNREACHABLE}
    if affairs:
        raise SystemExit(next(code for affair, code in codes.items() if affair in affairs))


async def _lines(config: Path | None, checks: Checks) -> list[CheckLine]:
    from gateway.operators.checks import CheckLine  # noqa: PLC0415 - commands import what they need
    from gateway.serve.serving import attempts  # noqa: PLC0415 - as above
    from gateway.wiring.runtime import read_settings  # noqa: PLC0415 - as above

    also = partial(attempts, worker=True)
    try:
        values = read_settings(config, also)
    except SettingsInvalid as error:
        return [checks.fault("settings", SettingsInvalid()), *map(checks.misfit, error.findings)]
    faults: list[Finding] = []
    opened = await _opened(values, also(values), faults, checks)
    mode = text(f"Betriebsart {values.mode}", f"mode {values.mode}")
    settings = checks.fault("settings", SettingsInvalid()) if faults else CheckLine("settings", True, mode)
    today = date.today()  # noqa: DTZ011 - the operator's day
    return [
        replace(settings, detail=mode),
        *map(checks.misfit, faults),
        checks.disk(values),
        *checks.schemas(values, today),
        *opened,
    ]


async def _opened(
    values: Settings, also: Iterable[Callable[[], object]], faults: list[Finding], checks: Checks
) -> list[CheckLine]:
    """What can be tried; faults of settings go into `faults`, and what they touch is left out."""
    from gateway.wiring.runtime import open_runtime  # noqa: PLC0415 - commands import what they need

    try:
        async with open_runtime(values, also=also, faults=faults) as runtime:
            return await _of_runtime(runtime, replace(checks, reported=faults))
    except SettingsInvalid as error:
        faults += [finding for finding in error.findings if finding not in faults]
        return []
    except GatewayError as error:
        return [checks.fault("database" if error.code == "database_away" else "wiring", error)]
    except OSError as error:  # what the settings name cannot be used: the faults found until then are told too
        return [checks.fault("data_dir", unusable(error))]


async def _of_runtime(runtime: Runtime, checks: Checks) -> list[CheckLine]:
    from gateway.operators.checks import CheckLine  # noqa: PLC0415 - commands import what they need
    from gateway.store.proof.integrity import proofs  # noqa: PLC0415 - as above
    from gateway.wiring import recipients  # noqa: PLC0415 - as above

    values, keys, services = runtime.settings, runtime.keys, runtime.services
    signers = (keys.token.public_jwk, *runtime.guard.published)

    async def judge() -> Audit:
        return await proofs(runtime.store, signers, runtime.guard.known())

    lines = [
        CheckLine("database", True, "embedded" if values.database.url is None else "external"),
        await checks.evidence(judge),
        *await checks.alarms(values, lambda: (recipients.targets(values), recipients.relay(values))),
        CheckLine("services", True, ", ".join(sorted(services.ids()))),
    ]
    for town in runtime.municipalities.values():
        sign = partial(checks.signing_key, town, keys, services, runtime.clock.now())
        lines += await checks.municipality(town, runtime.channels, services, sign)
    return lines + await _entries(runtime, checks) + await _identity_providers(runtime, checks)


async def _entries(runtime: Runtime, checks: Checks) -> list[CheckLine]:
    """What entries of the catalogue say; nothing where faults of services leave open which ones there are."""
    from gateway.operators.entries import entries, entries_without_file  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.catalogue_registry import judged, without_file  # noqa: PLC0415 - as above

    if checks.reported and not tuple(runtime.services.ids()):
        return []
    slugs = {file.ars: file.slug for file in runtime.files}
    lines: list[CheckLine] = []
    try:
        async for town in judged(runtime):
            lines += entries(checks, slugs[town.municipality], town)
        return lines + entries_without_file(checks, await without_file(runtime))
    except GatewayError as error:
        return [*lines, checks.fault("catalogue", error)]


async def _identity_providers(runtime: Runtime, checks: Checks) -> list[CheckLine]:
    from gateway.operators.identity import (  # noqa: PLC0415 - commands import what they need
        OfferedAccounts,
        identity_provider,
        needed_logins,
    )
    from gateway.operators.logins import logins  # noqa: PLC0415 - as above
    from gateway.outbound.httpx_transport import httpx_client  # noqa: PLC0415 - as above
    from gateway.wiring import identity  # noqa: PLC0415 - as above
    from gateway.wiring.identity_metadata import renew  # noqa: PLC0415 - as above
    from gateway.wiring.outbound import policy  # noqa: PLC0415 - as above

    now, clients = runtime.clock.now(), runtime.settings.clients
    changed = await identity.changed_entity_ids(runtime.files, runtime.store.logins)
    lines = [*map(checks.misfit, changed), *logins(checks, clients, runtime.files)]
    async with httpx_client(policy(runtime.settings)) as client:
        for at in identity.places(runtime.files):
            fetch = partial(renew, runtime.settings, at, client, now)
            make = partial(identity.provider, runtime.settings, at)
            lines += await identity_provider(checks, f"{at.file.slug} {at.name}", fetch, make, now)
    portals = any(client.redirect_uris for client in runtime.settings.clients)
    for file in runtime.files:
        enabled = (at.profile for at in identity.places([file]) if at.section.enabled)
        offered = [OfferedAccounts(kind.audience, kind.levels) for kind in enabled]
        lines += needed_logins(checks, runtime.municipalities[file.ars], runtime.services, offered, portals=portals)
    return lines
