"""Writing sets to disk by atomic rename: all of a source or nothing, also where the machine stops half-way.

Knows: the order of writing. A set is written to a staging folder, synced and renamed; one small index names the sets
that count and is replaced last. Nobody reads what an interrupted run left; the next run removes it.
Never does: judge the files (`plan.py`), read the clock. Start reading: `install`.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gateway.errors import SetRefused, SetsNotWritten
from gateway.input import whole_file
from gateway.model import Finding
from gateway.sets.installed import FOLDERS, INDEX, InstalledSet, read_files, read_index, write_index
from gateway.sets.manifest import SetIdentity, digest_of
from gateway.sets.plan import NewSet

_LOCK: Final = ".lock"
_OURS: Final = re.compile(r"\.staging-.+|.+-[0-9a-f]{12}")
_PLAIN: Final = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class InstallResult:
    """What became of a set."""

    installed: InstalledSet
    listed: bool
    outcome: Literal["installed", "unchanged", "replaced"]


def install(
    directory: Path, sets: Sequence[NewSet], *, source: str, at: str, replace: bool = False
) -> list[InstallResult]:
    """Install sets.

    Args:
        directory: `[schemas] dir`; made where it is missing.
        sets: what `plan` gave.
        source: where they came from, for the index.
        at: time of installation (ISO 8601).
        replace: write over a set of the same identity and other content, or whose files were damaged.

    Raises `SetRefused` where a set of the same identity and other content is there, `SetsNotWritten` where the disk
    does not take them; then everything is as it was.
    """
    try:
        with _locked(directory):
            present = {entry.identity: entry for entry in read_index(directory)}
            _clear(directory, present.values())
            planned = [(new_set, _as_installed(new_set, source, at)) for new_set in sets]
            outcomes = [
                _outcome(directory, new_set.listed, new, present.get(new.identity), replace) for new_set, new in planned
            ]
            _refuse([outcome for outcome in outcomes if isinstance(outcome, Finding)])
            done = [outcome for outcome in outcomes if isinstance(outcome, InstallResult)]
            fresh = [new for new, result in zip(sets, done, strict=True) if result.outcome != "unchanged"]
            for new_set in fresh:
                _write(directory / FOLDERS, _as_installed(new_set, source, at).folder, new_set)
            if fresh:
                present.update({result.installed.identity: result.installed for result in done})
                _replace_index(directory, tuple(present.values()))
                _clear(directory, present.values())
            return done
    except OSError as error:
        raise SetsNotWritten(place=str(directory), cause=error.strerror or "I/O") from None


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """One installation at a time; the lock goes with the process."""
    (directory / FOLDERS).mkdir(parents=True, exist_ok=True)
    with (directory / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _as_installed(new_set: NewSet, source: str, at: str) -> InstalledSet:
    digests = new_set.digests
    plain = _PLAIN.sub("_", f"{new_set.identity.kind}-{new_set.identity.name}")[:100]
    return InstalledSet(new_set.identity, f"{plain}-{digest_of(digests)[:12]}", digests, source, at)


def _outcome(
    directory: Path, listed: bool, new: InstalledSet, old: InstalledSet | None, replace: bool
) -> InstallResult | Finding:
    if old is None:
        return InstallResult(new, listed, "installed")
    same = old.digest == new.digest
    if same and not read_files(directory, old)[1]:
        return InstallResult(old, listed, "unchanged")
    if replace:
        return InstallResult(new, listed, "replaced")
    return _differs(old.identity, damaged=same)


def _differs(identity: SetIdentity, *, damaged: bool) -> Finding:
    if damaged:
        return Finding(
            identity.name,
            "set_damaged",
            "Installierte Dateien fehlen oder wurden verändert; mit --replace werden sie neu geschrieben.",
            "Installed files are missing or changed; --replace writes them anew.",
        )
    return Finding(
        identity.name,
        "set_differs",
        "Diese Version ist mit anderem Inhalt installiert; mit --replace wird sie ersetzt.",
        "This version is installed with other content; --replace replaces it.",
    )


def _refuse(faults: Sequence[Finding]) -> None:
    if faults:
        raise SetRefused(findings=tuple(faults))


def _write(folders: Path, name: str, new_set: NewSet) -> None:
    """Every file under another name, on disk, then its own name, on disk, then the folder's own name."""
    staging = folders / f".staging-{name}"
    shutil.rmtree(staging, ignore_errors=True)
    for path, content in new_set.files.items():
        target = staging / path
        target.parent.mkdir(parents=True, exist_ok=True)
        whole_file.put(target.with_name(f"{target.name}.part"), content)
    for path in new_set.files:
        target = staging / path
        target.with_name(f"{target.name}.part").rename(target)
    for folder, _, _ in os.walk(staging):
        whole_file.settle(Path(folder))
    if (folders / name).exists():  # damaged, or left by a run that was broken off
        shutil.rmtree(folders / name)
    staging.rename(folders / name)
    whole_file.settle(folders)


def _replace_index(directory: Path, sets: tuple[InstalledSet, ...]) -> None:
    with whole_file.opened(directory / INDEX, 0o644) as file:
        file.write(write_index(sets))
    whole_file.settle(directory)


def _clear(directory: Path, sets: Iterable[InstalledSet]) -> None:
    """Remove folders of ours that the index does not name."""
    named = {entry.folder for entry in sets}
    for folder in (directory / FOLDERS).iterdir():
        if folder.name not in named and _OURS.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
