"""`gateway services diff`: what becomes different when a newer version of a service takes the place of an older one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from gateway.cli.console import FINDINGS, emit, guarded, options
from gateway.cli.file_path import FilePath
from gateway.cli.language import text
from gateway.cli.local import installed_sets

if TYPE_CHECKING:
    from gateway.services.difference import ServiceChange
    from gateway.sets.library import Library

_FOLDER: Final = FilePath(file_okay=False, exists=True)
_WORDS: Final = {
    "gone": ("entfällt", "gone"),
    "new": ("neu", "new"),
    "moved": ("geht jetzt woandershin", "goes elsewhere now"),
    "converted": ("wird anders umgewandelt", "is converted in another way"),
    "narrowed": ("enger geworden", "narrower"),
    "rule": ("Regel", "rule"),
    "attachment": ("Anlage", "attachment"),
    "schema": ("Schema der Fachdaten", "schema of the document"),
}


@click.command(name="diff", help=text("Zwei Fassungen eines Dienstes vergleichen", "Compare two versions of a service"))
@click.argument("old", type=_FOLDER)
@click.argument("new", type=_FOLDER)
@options
@guarded
def diff(config: Path | None, as_json: bool, old: Path, new: Path) -> None:
    """One line a change and one summary; exit code 3 where a portal that fits OLD no longer fits NEW."""
    from gateway.services.difference import compare, needed, suffices  # noqa: PLC0415 - commands import what they need
    from gateway.services.loader import load_folder  # noqa: PLC0415 - commands import what they need

    def installed() -> Library:
        """Settings and sets, read only where a service names a set."""
        from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need

        return installed_sets(settings.read(config))()

    before, after = load_folder(old, installed), load_folder(new, installed)
    changes = compare(before, after)
    for change in changes:
        emit(change.as_json(), as_json=as_json, human=_sentence(change))
    compatible = all(change.compatible for change in changes)
    summary: dict[str, Any] = {
        "service": after.id,
        "old": before.version,
        "new": after.version,
        "changes": len(changes),
        "compatible": compatible,
        "needed": needed(changes),
        "version_suffices": suffices(before, after, changes),
    }
    emit({"summary": summary}, as_json=as_json, human=_summed(summary))
    if not compatible:
        raise SystemExit(FINDINGS)


def _sentence(change: ServiceChange) -> str:
    mark = " " if change.compatible else "!"
    return f"{mark} {change.place}: {text(*_WORDS[change.kind])}: {_shown(change.old)} -> {_shown(change.new)}"


def _shown(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _summed(summary: dict[str, Any]) -> str:
    if not summary["changes"]:
        return text("Kein Unterschied.", "No difference.")
    fits = (
        text("Portale der alten Fassung passen weiter.", "Portals of the old version still fit.")
        if summary["compatible"]
        else text("Portale der alten Fassung passen nicht mehr (!).", "Portals of the old version no longer fit (!).")
    )
    if summary["version_suffices"]:
        return f"{fits} {summary['old']} -> {summary['new']}"
    return fits + text(
        f" Die Version muss steigen ({summary['needed']}): {summary['old']} -> {summary['new']}",
        f" The version has to rise ({summary['needed']}): {summary['old']} -> {summary['new']}",
    )
