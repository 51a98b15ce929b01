"""Loading services: a directory of folders becomes services, or every fault of every file at once.

Knows: which folders there are, what municipalities change. Never does: read a service's files (`folder` does).
Standard: file formats of this project. Start reading: `load`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from gateway.errors import DataInvalid, UnknownService
from gateway.errors.sentences import Sentences
from gateway.model import Finding
from gateway.services.cross_checks import unattached
from gateway.services.folder import service_of
from gateway.services.messages import MessageTemplates
from gateway.services.overrides import override
from gateway.services.service import Service
from gateway.services.standard_support import speaks
from gateway.sets.library import Library

_OWN: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Services:
    """All services of this gateway, by id."""

    _services: Mapping[str, Service] = field(default_factory=dict)

    def get(self, service_id: str) -> Service:
        """The service of that id; raises `UnknownService`."""
        try:
            return self._services[service_id]
        except KeyError:
            raise UnknownService(service=service_id) from None

    def ids(self) -> tuple[str, ...]:
        """The ids, sorted."""
        return tuple(sorted(self._services))

    def items(self) -> tuple[tuple[str, Service], ...]:
        """Ids with their services, sorted by id."""
        return tuple(sorted(self._services.items()))


def load(
    directory: Path | None = None,
    parameters: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    installed: Callable[[], Library] | None = None,
) -> Services:
    """Load every service of a directory.

    Args:
        directory: holds one folder a service; None means the services that come with the gateway.
        parameters: ARS -> service id -> overrides, nested as in a municipality's file or with dotted keys.
        installed: gives the schema sets and code lists that messages of other standards need; None where none are.

    Returns:
        the services.

    Raises:
        DataInvalid: with all faults; pointers are `<folder>/<file>#<key path or /line/id>`.
    """
    faults: list[Finding] = []
    services: dict[str, Service] = {}
    broken: set[str] = set()
    messages = MessageTemplates(directory or _OWN, installed)
    for folder in _folders(directory or _OWN, faults):
        service = service_of(folder, faults, messages, installed or Library)
        if service is None:
            broken.add(folder.name)
            continue
        if service.id != folder.name:
            faults.append(_named(folder.name, service.id))
        services[service.id] = service
    for ars, by_service in (parameters or {}).items():
        for service_id in sorted(by_service.keys() - broken):  # what is wrong with those is told already
            _apply(services, ars, service_id, by_service[service_id], faults)
    if faults:
        raise DataInvalid(findings=tuple(faults))
    return Services(services)


def shipped_ids() -> tuple[str, ...]:
    """The ids of the services that come with the gateway, without reading them: a folder has its service's id."""
    return tuple(folder.name for folder in _folders(_OWN, []))


def load_folder(folder: Path, installed: Callable[[], Library] | None = None) -> Service:
    """Load one service from its folder, whatever the folder is called; raises `DataInvalid` with all faults.

    `installed` gives the schema sets that a service may name for its documents; its messages are left out.
    """
    faults: list[Finding] = []
    service = service_of(folder, faults, MessageTemplates(folder.parent, None), installed or Library)
    if service is None or faults:
        raise DataInvalid(findings=tuple(faults))
    return service


def _folders(directory: Path, faults: list[Finding]) -> list[Path]:
    if not directory.is_dir():
        faults.append(_fault(str(directory), "missing_directory"))
        return []
    folders = sorted(path for path in directory.iterdir() if path.is_dir() and path.name[:1] not in "._")
    return [path for path in folders if any(path.glob("*.toml"))]


def _apply(
    services: dict[str, Service], ars: str, service_id: str, values: Mapping[str, Any], faults: list[Finding]
) -> None:
    pointer = f"parameters/{ars}#/{service_id}"
    service = services.get(service_id)
    if service is None:
        faults.append(_fault(pointer, "unknown_service"))
        return
    changed, unfit = override(service.definition, values)
    faults += [replace(fault, pointer=pointer + fault.pointer) for fault in unfit]
    services[service_id] = replace(service, variants={**service.variants, ars: changed})
    if not unfit:
        faults += [replace(fault, pointer=pointer + fault.pointer) for fault in speaks(services[service_id], ars)]
        form, entries = service.compiled.texts.form, (part.entry for part in service.compiled.plan.walk() if part.entry)
        for entry in entries:
            faults += unattached(f"{pointer}/attachments/{entry.attachment}", entry, form, changed.attachments)


SENTENCES: Final = {
    "missing_directory": (
        "Das Verzeichnis der Dienste fehlt; bitte anlegen oder [services] dir berichtigen.",
        "The directory of services is missing; make it or correct [services] dir.",
    ),
    "unknown_service": (
        "Diesen Dienst gibt es nicht; seinen Ordner anlegen oder die Parameter entfernen.",
        "There is no such service; add its folder or remove the parameters.",
    ),
}
_fault: Final = Sentences(SENTENCES).finding


def _named(folder: str, service_id: str) -> Finding:
    return Finding(
        f"{folder}/service.toml#/id",
        "folder_name",
        f"Ordner und id müssen gleich heißen ({service_id}).",
        f"Folder and id have to be the same ({service_id}).",
    )
