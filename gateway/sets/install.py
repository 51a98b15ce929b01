"""Bringing sets onto the disk: all of a source or nothing, whenever the machine stops.

Knows: the order of writing. A set is written aside, brought to the disk and renamed; one small index names what counts
and is replaced at the very end. What a broken-off run left behind nobody reads, and the next run clears it away.
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

    one: InstalledSet
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
            present = {one.identity: one for one in read_index(directory)}
            _clear(directory, present.values())
            planned = [(one, _as_installed(one, source, at)) for one in sets]
            outcomes = [
                _outcome(directory, one.listed, new, present.get(new.identity), replace) for one, new in planned
            ]
            _refuse([one for one in outcomes if isinstance(one, Finding)])
            done = [one for one in outcomes if isinstance(one, InstallResult)]
            fresh = [new for new, one in zip(sets, done, strict=True) if one.outcome != "unchanged"]
            for one in fresh:
                _write(directory / FOLDERS, _as_installed(one, source, at).folder, one)
            if fresh:
                present.update({one.one.identity: one.one for one in done})
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


def _as_installed(one: NewSet, source: str, at: str) -> InstalledSet:
    digests = one.digests
    plain = _PLAIN.sub("_", f"{one.identity.kind}-{one.identity.name}")[:100]
    return InstalledSet(one.identity, f"{plain}-{digest_of(digests)[:12]}", digests, source, at)


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


def _write(folders: Path, name: str, one: NewSet) -> None:
    """Every file under another name, on disk, then its own name, on disk, then the folder's own name."""
    staging = folders / f".staging-{name}"
    shutil.rmtree(staging, ignore_errors=True)
    for path, content in one.files.items():
        place = staging / path
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.with_name(f"{place.name}.part").open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    for path in one.files:
        place = staging / path
        place.with_name(f"{place.name}.part").rename(place)
    for folder, _, _ in os.walk(staging):
        _sync(Path(folder))
    if (folders / name).exists():  # damaged, or left by a run that was broken off
        shutil.rmtree(folders / name)
    staging.rename(folders / name)
    _sync(folders)


def _replace_index(directory: Path, sets: tuple[InstalledSet, ...]) -> None:
    part = directory / f"{INDEX}.part"
    with part.open("wb") as file:
        file.write(write_index(sets))
        file.flush()
        os.fsync(file.fileno())
    part.replace(directory / INDEX)
    _sync(directory)


def _clear(directory: Path, sets: Iterable[InstalledSet]) -> None:
    """Remove folders of ours that the index does not name."""
    named = {one.folder for one in sets}
    for folder in (directory / FOLDERS).iterdir():
        if folder.name not in named and _OURS.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
