"""`gateway schemas install | list | verify`: official schema sets and code lists."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.console import FAILED, emit, finding_line, guarded, options, run, show
from gateway.cli.language import language, text
from gateway.errors import SetRefused
from gateway.model import Finding

if TYPE_CHECKING:
    from gateway.sets.install import InstallResult
    from gateway.sets.installed import InstalledSet
    from gateway.sets.library import Library
    from gateway.sets.plan import Plan, Unlisted
    from gateway.settings.gateway import Settings


@click.command(
    help=text(
        "Schemata und Codelisten installieren: Ordner, Datei, ZIP, https-Adresse oder Kennung (urn:…) im XRepository",
        "Install schemas and code lists: folder, file, ZIP, https address, or Kennung (urn:…) in the XRepository",
    )
)
@click.argument("source")
@click.option(
    "--unlisted",
    is_flag=True,
    help=text(
        "Auch nehmen, was das Manifest nicht nennt (gekennzeichnet)", "Take what the manifest does not name, marked"
    ),
)
@click.option(
    "--urn", default="", help=text("Kennung, wo die Dateien keine nennen", "Kennung where the files name none")
)
@click.option("--version", default="", help=text("Version dazu", "The version with it"))
@click.option("--replace", is_flag=True, help=text("Dieselbe Version überschreiben", "Write over the same version"))
@click.option(
    "--with-code-lists",
    is_flag=True,
    help=text("Mit einem Standard auch seine Codelisten", "With a standard its code lists as well"),
)
@options
@guarded
def install(config: Path | None, as_json: bool, source: str, **chosen: Any) -> None:  # noqa: ANN401 - click's options
    """Install everything a source brings, or nothing; a line for each set."""
    from gateway.sets.compiling import uncompiled  # noqa: PLC0415 - as above
    from gateway.sets.install import install as bring  # noqa: PLC0415 - as above
    from gateway.sets.manifest import shipped  # noqa: PLC0415 - as above
    from gateway.sets.plan import Unlisted, plan  # noqa: PLC0415 - as above
    from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    files = _files(values, source, code_lists=chosen["with_code_lists"])
    choice = Unlisted(chosen["urn"], chosen["version"]) if chosen["unlisted"] else None
    planned = plan(files, shipped(), choice)
    _refuse_unfit(planned, values, choice)
    compiling = uncompiled(planned.sets, _library(values), shipped())
    if compiling.faults:
        raise SetRefused(findings=compiling.faults)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    results = bring(values.schema_dir, planned.sets, source=source, at=at, replace=chosen["replace"])
    show((*planned.notices, *compiling.notices))
    for result in results:
        compiles = result.installed.identity not in compiling.flagged
        line = {**_outcome(result, planned.left), "compiles": compiles}
        emit(line, as_json=as_json, human=_said(result) + ("" if compiles else f" ({_uncompiling()})"))


@click.command(
    name="list", help=text("Installierte Schemamengen und Codelisten", "Installed schema sets and code lists")
)
@click.option(
    "--available", is_flag=True, help=text("Auch was das Manifest sonst kennt", "Also what else the manifest knows")
)
@click.option(
    "--current",
    is_flag=True,
    help=text("Im XRepository nach neueren Codelisten fragen", "Ask the XRepository for newer code lists"),
)
@options
@guarded
def list_(config: Path | None, as_json: bool, available: bool, current: bool) -> None:
    """A line for each set, with what is to be known of it."""
    from gateway.sets.installed import read_index  # noqa: PLC0415 - as above
    from gateway.sets.manifest import shipped  # noqa: PLC0415 - as above
    from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    sets = read_index(values.schema_dir)
    lists = [entry.identity.urn for entry in sets if entry.identity.kind == "codelist"]
    newest = _newest(values, sorted(set(lists))) if current else {}
    library = _library(values)
    for entry in sets:
        line = _line(entry, values, library, newest.get(entry.identity.urn))
        emit(line, as_json=as_json, human=_listed(line))
    present = {entry.identity for entry in sets}
    for offer in shipped().entries if available else ():
        if offer.identity not in present:
            line = {
                "kind": offer.identity.kind,
                "urn": offer.identity.urn,
                "version": offer.identity.version,
                "state": "shipped" if offer.own else "available",
                "published": offer.published,
                "licence": offer.licence,
                "digest": offer.digest,
                "notices": [],
            }
            emit(line, as_json=as_json, human=_listed(line))


@click.command(
    help=text("Jede Datei gegen ihren Prüfwert halten, Schemata übersetzen", "Compare each file, compile the schemas")
)
@options
@guarded
def verify(config: Path | None, as_json: bool) -> None:
    """A line for each set; exit code 1 if one does not hold."""
    from gateway.sets.installed import read_files, read_index  # noqa: PLC0415 - as above
    from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    library = _library(values)
    sound = True
    for entry in read_index(values.schema_dir):
        line = _line(entry, values, library, None)
        faults = read_files(values.schema_dir, entry)[1]
        if line["usable"] and not faults:
            faults = _content(entry, library)
        sound = sound and not faults
        findings = [fault.as_json() for fault in faults]
        mark = "ok " if not faults else "!! "
        emit(
            {**line, "ok": not faults, "findings": findings},
            as_json=as_json,
            human="\n".join([mark + _listed(line), *(f"  {finding_line(fault)}" for fault in faults)]),
        )
    if not sound:
        raise SystemExit(FAILED)


def _files(values: Settings, source: str, *, code_lists: bool) -> dict[str, bytes]:
    from gateway.sets.source import gather_local, is_remote  # noqa: PLC0415 - commands import what they need

    if not is_remote(source):
        return gather_local(Path(source))
    return run(lambda _: _remote(values, source, code_lists=code_lists))


async def _remote(values: Settings, source: str, *, code_lists: bool) -> dict[str, bytes]:
    from gateway.outbound.httpx_transport import httpx_client  # noqa: PLC0415 - commands import what they need
    from gateway.sets.source import gather_remote  # noqa: PLC0415 - as above
    from gateway.sets.xrepository import XRepository  # noqa: PLC0415 - as above
    from gateway.wiring.outbound import policy  # noqa: PLC0415 - as above

    async with httpx_client(policy(values)) as client:
        xrepository = XRepository(client, values.schemas.xrepository)
        insecure = values.mode == "test"
        return await gather_remote(source, xrepository, code_lists=code_lists, insecure=insecure)


def _newest(values: Settings, urns: list[str]) -> dict[str, str]:
    from gateway.outbound.httpx_transport import httpx_client  # noqa: PLC0415 - commands import what they need
    from gateway.sets.xrepository import XRepository  # noqa: PLC0415 - as above
    from gateway.wiring.outbound import policy  # noqa: PLC0415 - as above

    async def ask(_: asyncio.Event) -> dict[str, str]:
        async with httpx_client(policy(values)) as client:
            return await XRepository(client, values.schemas.xrepository).current_versions(urns)

    return run(ask)


def _refuse_unfit(planned: Plan, values: Settings, choice: Unlisted | None) -> None:
    """Faults stop everything; so does, in production, a set that the operator does not trust by its digest."""
    from gateway.sets.manifest import digest_of  # noqa: PLC0415 - commands import what they need

    faults = list(planned.faults)
    if choice is not None and values.mode == "production":
        digests = {
            planned_set.identity.name: digest_of(planned_set.digests)
            for planned_set in planned.sets
            if not planned_set.listed
        }
        faults += [_untrusted(name, digest) for name, digest in digests.items() if digest not in values.schemas.trusted]
    if faults:
        raise SetRefused(findings=tuple(faults))


def _untrusted(name: str, digest: str) -> Finding:
    return Finding(
        name,
        "set_untrusted",
        f"Im Produktivbetrieb nur, wenn {digest} in schemas.trusted steht; bitte die Dateien zuvor prüfen.",
        f"In production only if {digest} stands in schemas.trusted; check the files first.",
    )


def _library(values: Settings) -> Library:
    from gateway.sets.installed import load  # noqa: PLC0415 - commands import what they need
    from gateway.sets.manifest import shipped  # noqa: PLC0415 - as above

    return load(values.schema_dir, shipped(), values.trusted_sets)[0]


def _line(entry: InstalledSet, values: Settings, library: Library, newest: str | None) -> dict[str, Any]:
    from gateway.sets.installed import may_use  # noqa: PLC0415 - commands import what they need
    from gateway.sets.manifest import shipped  # noqa: PLC0415 - as above

    code_list = library.code_lists.find(entry.identity.urn, entry.identity.version)
    notices = [n for n in library.code_lists.notices(date.today()) if n.pointer == entry.identity.name]  # noqa: DTZ011 - the operator's day
    if newest and newest != entry.identity.name:
        notices.append(_newer(entry.identity.name, newest))
    broken = [] if entry.identity not in library.identities() else _uncompiled(entry, library)
    return {
        "kind": entry.identity.kind,
        "urn": entry.identity.urn,
        "version": entry.identity.version,
        "state": "installed",
        "listed": entry.is_listed(shipped()),
        "usable": may_use(entry, shipped(), values.trusted_sets),
        "compiles": not broken,
        "files": len(entry.files),
        "digest": entry.digest,
        "source": entry.source,
        "installed_at": entry.installed_at,
        **({"valid_from": _day(code_list.valid_from), "valid_until": _day(code_list.valid_until)} if code_list else {}),
        "notices": [notice.as_json() for notice in (*broken, *notices)],
    }


def _uncompiled(entry: InstalledSet, library: Library) -> list[Finding]:
    """Why an installed schema set does not compile: an older gateway took it, or what it imports was replaced."""
    from gateway.sets.compiling import has_schema, refusal  # noqa: PLC0415 - commands import what they need

    if entry.identity.kind != "schema" or not has_schema(entry.files):
        return []
    schema, faults = library.schema(entry.identity.urn, entry.identity.version)
    return [] if schema is not None else refusal(entry.identity, faults)


def _content(entry: InstalledSet, library: Library) -> tuple[Finding, ...]:
    """What is wrong inside files that are as they were installed."""
    if entry.identity.kind == "schema":
        return tuple(_uncompiled(entry, library))
    if entry.identity.kind == "rules":
        return library.rules(entry.identity.urn, entry.identity.version)[1]
    return tuple(fault for fault in library.faults if fault.pointer.startswith(f"{entry.identity.name}/"))


def _newer(name: str, newest: str) -> Finding:
    return Finding(
        name,
        "code_list_newer",
        f"Im XRepository gilt {newest}; installieren mit gateway schemas install.",
        f"In the XRepository {newest} counts; install it with gateway schemas install.",
    )


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _outcome(result: InstallResult, left_over: tuple[str, ...]) -> dict[str, Any]:
    return {
        "kind": result.installed.identity.kind,
        "urn": result.installed.identity.urn,
        "version": result.installed.identity.version,
        "outcome": result.outcome,
        "listed": result.listed,
        "files": len(result.installed.files),
        "digest": result.installed.digest,
        "left_over": len(left_over),
    }


def _said(result: InstallResult) -> str:
    words = {
        "installed": text("installiert", "installed"),
        "unchanged": text("unverändert", "unchanged"),
        "replaced": text("ersetzt", "replaced"),
    }
    mark = (
        ""
        if result.listed
        else text(f" (nicht amtlich, {result.installed.digest})", f" (not official, {result.installed.digest})")
    )
    return f"{result.installed.identity.name} [{result.installed.identity.kind}]: {words[result.outcome]}{mark}"


def _listed(line: dict[str, Any]) -> str:
    states = {
        "installed": text("installiert", "installed"),
        "available": text("nicht installiert", "not installed"),
        "shipped": text("mitgeliefert", "shipped"),
    }
    words = [states[line["state"]]]
    words += [text("nicht amtlich", "not official")] * (not line.get("listed", True))
    words += [text("nicht genutzt", "not used")] * (not line.get("usable", True))
    words += [_uncompiling()] * (not line.get("compiles", True))
    notices = "".join(f"\n  {notice['de'] if language() == 'de' else notice['en']}" for notice in line["notices"])
    return f"{line['urn']} {line['version']} [{line['kind']}]: {', '.join(words)}{notices}"


def _uncompiling() -> str:
    return text("lässt sich noch nicht übersetzen", "does not compile yet")
