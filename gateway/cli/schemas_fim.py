"""`gateway schemas fim import`: from a FIM form schema to XSD, JSON Schema, blank examples and data dictionary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.console import FINDINGS, emit, finding_line, guarded, options
from gateway.cli.file_path import FilePath
from gateway.cli.language import in_language, text
from gateway.input import regular_file
from gateway.model import Finding

if TYPE_CHECKING:
    from gateway.xoev.fim.genericode import CodeTable
    from gateway.xoev.form.products import Products

_PIECE = 1 << 16
_MOST_FILES = 2000


@click.group(help=text("FIM-Stammdatenschemata", "FIM form schemas"))
@in_language
def fim() -> None:
    """Group of the FIM commands."""


@fim.command(
    name="import",
    help=text(
        "Ein Stammdatenschema (XDatenfelder 2.0 oder 3.0.0) einlesen; Codelisten (genericode) liegen im selben Ordner",
        "Read a form schema (XDatenfelder 2.0 or 3.0.0); code lists (genericode) lie in the same folder",
    ),
)
@click.argument("file", type=FilePath(dir_okay=False, exists=True))
@click.option(
    "--out",
    type=FilePath(file_okay=False),
    help=text("Ordner für die erzeugten Dateien; ohne ihn wird nur geprüft", "Folder for the files; else only a check"),
)
@options
@guarded
def import_(config: Path | None, as_json: bool, file: Path, out: Path | None) -> None:
    """Say every fault and notice, a line each; write five files when there is no fault."""
    from gateway.xoev.fim import read  # noqa: PLC0415 - commands import what they need
    from gateway.xoev.fim.genericode import Lists  # noqa: PLC0415 - commands import what they need
    from gateway.xoev.fim.reading import LIMITS  # noqa: PLC0415 - commands import what they need
    from gateway.xoev.form.products import produce  # noqa: PLC0415 - commands import what they need

    _ = config
    if not file.is_file():
        raise click.UsageError(text("Das ist keine Datei.", "This is no file."))
    tables, faults = _code_lists(file)
    form, unread = read(regular_file.content(file, LIMITS.size + 1), Lists(tables))
    faults += [replace(finding, pointer=f"{file.name}#{finding.pointer}") for finding in unread]
    products = None
    if form is not None and not faults:
        for notice in form.notices:
            _say(replace(notice, pointer=f"{file.name}#{notice.pointer}"), as_json=as_json)
        products, unfit = produce(form)
        faults += [replace(finding, pointer=f"{file.name}#{finding.pointer}") for finding in unfit]
    if products is None:
        for fault in faults:
            _say(fault, as_json=as_json)
        raise SystemExit(FINDINGS)
    written = _written(products, out) if out is not None else []
    _sum_up(products, written, as_json=as_json)


def _code_lists(file: Path) -> tuple[list[CodeTable], list[Finding]]:
    """The code lists beside the schema; other XML files there are none of our business."""
    from gateway.xoev.fim import genericode  # noqa: PLC0415 - commands import what they need

    tables: dict[str, CodeTable] = {}
    faults: list[Finding] = []
    beside = [path for path in file.parent.iterdir() if path.suffix.lower() in genericode.SUFFIXES and path.is_file()]
    for path in sorted(beside)[:_MOST_FILES]:
        if path.name == file.name:
            continue
        with regular_file.opened(path) as stream:
            if not genericode.is_code_list(stream.read(genericode.SNIFF)):
                continue
        table, findings = genericode.read(_pieces(path))
        faults += [replace(finding, pointer=f"{path.name}#{finding.pointer}") for finding in findings]
        if table is not None:
            tables[path.name] = table
    return list(tables.values()), [*faults, *genericode.contradicting(tables)]


def _pieces(path: Path) -> Iterator[bytes]:
    with regular_file.opened(path) as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _written(products: Products, out: Path) -> list[str]:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in products.files.items():
            (out / name).write_bytes(content)
    except OSError as error:
        raise click.UsageError(text("Ordner nicht beschreibbar: ", "Cannot write to folder: ") + str(error)) from None
    return [str(out / name) for name in products.files]


def _say(finding: Finding, *, as_json: bool) -> None:
    emit(finding.as_json(), as_json=as_json, human=finding_line(finding))


def _sum_up(products: Products, written: list[str], *, as_json: bool) -> None:
    from gateway.xoev.fim import Group  # noqa: PLC0415 - commands import what they need
    from gateway.xoev.xfall.schema import namespace, root_name  # noqa: PLC0415 - commands import what they need

    form = products.form
    elements = [element for _, element in form.elements()]
    groups = sum(isinstance(element, Group) for element in elements)
    line = {
        "id": form.id,
        "version": form.version,
        "standard": f"xdatenfelder {form.standard}",
        "namespace": namespace(form),
        "root": root_name(form),
        "groups": groups,
        "fields": len(elements) - groups,
        "notices": len(form.notices),
        "files": written,
    }
    counted = text(
        f"{groups} Gruppen, {len(elements) - groups} Felder", f"{groups} groups, {len(elements) - groups} fields"
    )
    human = f"{form.id} {form.version} (XDatenfelder {form.standard}): {counted}"
    emit(line, as_json=as_json, human="\n".join([human, *(f"  {path}" for path in written)]))
