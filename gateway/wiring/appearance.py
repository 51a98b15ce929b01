"""From a municipality's file to what its pages show at head and foot.

Knows: how large a logo may be. Never does: show it (`web` does), follow a file that changes.
Standard: fixed interfaces §2. Start reading: `appearances`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from gateway.errors import SettingsInvalid
from gateway.input import png, regular_file
from gateway.settings import unusable_files
from gateway.settings.municipality import MunicipalityFile
from gateway.web.pages.appearance import Appearance, Logo

BYTES_MOST: Final = 100_000
PIXELS_MOST: Final = 2_000
"""In width and in height."""


def appearances(files: Iterable[MunicipalityFile]) -> Mapping[str, Appearance]:
    """What the pages of each municipality (by its ARS) show. Raises `SettingsInvalid`."""
    return {file.ars: _appearance(file) for file in files}


def attempts(files: Iterable[MunicipalityFile]) -> Iterator[Callable[[], object]]:
    """What reads each logo (`refusals.Attempt`), so that every fault is told at once."""
    for file in files:
        if file.identity.logo is not None:
            yield partial(_logo, file, file.identity.logo)


def _appearance(file: MunicipalityFile) -> Appearance:
    section = file.identity
    logo = None if section.logo is None else _logo(file, section.logo)
    return Appearance(logo, section.imprint_url, section.privacy_url)


def _logo(file: MunicipalityFile, path: Path) -> Logo:
    try:
        content = regular_file.content(path, BYTES_MOST + 1)
    except OSError:
        raise _refusal(file, path, unusable_files.unreadable(path) or "unreadable") from None
    if len(content) > BYTES_MOST:
        raise _refusal(file, path, "too_large")
    size = png.size(content)
    if size is None:
        raise _refusal(file, path, unusable_files.unreadable(path) or "no_png")
    if max(size) > PIXELS_MOST:
        raise _refusal(file, path, "too_large")
    return Logo.of(content, *size)


def _refusal(file: MunicipalityFile, path: Path, cause: str) -> SettingsInvalid:
    return unusable_files.refusal(f"{file.slug}.identity.logo: {path}", "logo", cause, unusable_files.LOGO)
