"""What is installed: the index of a directory, the check of every file, and all of it as values to work with.

Knows: `installed.json` and the folders it names. Never does: load a set whose files changed, or one that production
does not trust. Start reading: `load`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from gateway.errors import DataInvalid
from gateway.errors.sentences import Sentences
from gateway.input import regular_file
from gateway.model import Finding, Severity
from gateway.sets.folder import MAX_FILE_BYTES
from gateway.sets.library import Library
from gateway.sets.manifest import Manifest, SetIdentity, digest_of
from gateway.xoev.schema.sets import SchemaSet

INDEX: Final = "installed.json"
FOLDERS: Final = "sets"


@dataclass(frozen=True, slots=True)
class InstalledSet:
    """A set on disk: `files` are names and SHA-256 as they were installed into `folder` (below `sets/`)."""

    identity: SetIdentity
    folder: str
    files: Mapping[str, str] = field(repr=False)
    source: str = ""
    installed_at: str = ""

    @property
    def digest(self) -> str:
        """The digest of the whole set, see `manifest.digest_of`."""
        return digest_of(self.files)

    def is_listed(self, manifest: Manifest) -> bool:
        """Whether the manifest names exactly these files."""
        entry = manifest.find(self.identity)
        return entry is not None and entry.digest == self.digest


def read_index(directory: Path) -> tuple[InstalledSet, ...]:
    """The sets that are installed, in order. Raises `DataInvalid` for an index that is none."""
    try:
        text = regular_file.content(directory / INDEX)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    try:
        installed = tuple(_entry(values) for values in json.loads(text)["sets"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DataInvalid(findings=(_finding(str(directory / INDEX), "index_broken"),)) from None
    return tuple(sorted(installed, key=lambda entry: (entry.identity.kind, entry.identity.urn, entry.identity.version)))


def write_index(sets: tuple[InstalledSet, ...]) -> bytes:
    """The bytes of the index."""
    entries = [
        {
            "kind": entry.identity.kind,
            "urn": entry.identity.urn,
            "version": entry.identity.version,
            "folder": entry.folder,
            "source": entry.source,
            "installed_at": entry.installed_at,
            "files": dict(sorted(entry.files.items())),
        }
        for entry in sets
    ]
    return json.dumps({"format": 1, "sets": entries}, indent=1, ensure_ascii=False).encode()


def read_files(directory: Path, installed: InstalledSet) -> tuple[dict[str, bytes], tuple[Finding, ...]]:
    """The files of a set, each compared with its digest; every one that is missing or changed is a finding."""
    files: dict[str, bytes] = {}
    faults: list[Finding] = []
    for name, digest in installed.files.items():
        path = directory / FOLDERS / installed.folder / name
        try:
            large = path.stat().st_size > MAX_FILE_BYTES
            content = b"" if large else regular_file.content(path)
        except OSError:
            faults.append(_finding(f"{installed.identity.name}/{name}", "set_file_missing"))
            continue
        if large or hashlib.sha256(content).hexdigest() != digest:
            faults.append(_finding(f"{installed.identity.name}/{name}", "set_file_changed"))
        else:
            files[name] = content
    return files, tuple(faults)


def load(
    directory: Path, manifest: Manifest, trusted: frozenset[str] | None = None
) -> tuple[Library, tuple[Finding, ...]]:
    """Everything that is installed and may be used.

    Args:
        directory: `[schemas] dir`.
        manifest: the official sets.
        trusted: digests of sets outside the manifest that may be used; None allows all (test mode).

    Returns:
        the library, and a finding for each set that was left out (code lists that cannot be read: `Library.faults`).
        Of several sets with one namespace an official one answers. Reads files; call it once at start.
    """
    findings: list[Finding] = []
    used: list[tuple[SetIdentity, SchemaSet]] = []
    for installed in sorted(read_index(directory), key=lambda installed: not installed.is_listed(manifest)):
        identity = installed.identity
        if not may_use(installed, manifest, trusted):
            findings.append(_finding(identity.name, "set_untrusted", installed.digest, severity=Severity.WARNING))
            continue
        files, faults = read_files(directory, installed)
        findings += faults
        if faults:
            continue
        entry = manifest.find(identity)
        doctypes = entry.doctypes if entry is not None and installed.is_listed(manifest) else frozenset[str]()
        used.append((identity, SchemaSet(identity.urn, identity.version, files, doctypes)))
    library = Library(used, manifest.endings())
    return library, tuple(findings)


def usable(directory: Path, manifest: Manifest, trusted: frozenset[str] | None = None) -> Callable[[], Library]:
    """As `load`, memoised at the first call; sets left out are not reported (`gateway check` reports them)."""
    return cache(lambda: load(directory, manifest, trusted)[0])


def may_use(installed: InstalledSet, manifest: Manifest, trusted: frozenset[str] | None) -> bool:
    """Whether a set is official, or trusted by its digest; `trusted` None allows all."""
    return trusted is None or installed.is_listed(manifest) or installed.digest in trusted


def _entry(values: Mapping[str, Any]) -> InstalledSet:
    folder, files = str(values["folder"]), {str(name): str(digest) for name, digest in values["files"].items()}
    if any(".." in Path(name).parts or Path(name).is_absolute() for name in (folder, *files)):
        raise ValueError(folder)
    identity = SetIdentity(values["kind"], str(values["urn"]), str(values["version"]))
    return InstalledSet(identity, folder, files, str(values["source"]), str(values["installed_at"]))


_SENTENCES: Final = {
    "index_broken": (
        (
            "Das Verzeichnis der installierten Schemamengen ist nicht lesbar; bitte aus der Sicherung zurücklegen oder "
            "löschen und neu installieren."
        ),
        "The index of installed sets cannot be read; put it back from the backup, or delete it and install anew.",
    ),
    "set_file_missing": (
        "Die Datei fehlt; bitte die Schemamenge erneut installieren (gateway schemas install … --replace).",
        "The file is missing; install the schema set again (gateway schemas install … --replace).",
    ),
    "set_file_changed": (
        "Die Datei wurde verändert; bitte die Schemamenge erneut installieren (gateway schemas install … --replace).",
        "The file was changed; install the schema set again (gateway schemas install … --replace).",
    ),
    "set_untrusted": (
        "Nicht im Manifest, im Produktivbetrieb nicht genutzt. Wer ihr traut, nimmt {0} in schemas.trusted auf.",
        "Not in the manifest, not used in production. If you trust it, add {0} to schemas.trusted.",
    ),
}


_finding: Final = Sentences(_SENTENCES).finding
