"""Schema files of a plain directory, as tests need them; what is installed is read by `gateway.sets.installed`."""

from __future__ import annotations

from pathlib import Path

from gateway.xoev.message.files import Resolver, among


def resolver(directory: Path | None) -> Resolver:
    """Every XSD below the directory, by namespace and file name."""
    paths = sorted(directory.rglob("*.xsd")) if directory is not None else ()
    return among((path.name, path.read_bytes()) for path in paths)
