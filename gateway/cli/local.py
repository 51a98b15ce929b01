"""What commands at the machine itself share: settings, the runtime, ids and JSON files from the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from gateway.cli.console import FAILED, run, set_up_logging, unwritable
from gateway.errors import GatewayError, InvalidParameter
from gateway.input import json_reader, regular_file, whole_file
from gateway.model import Finding

if TYPE_CHECKING:
    from gateway.sets.library import Library
    from gateway.settings.gateway import Settings

_BOUNDS: Final = json_reader.JsonBounds(digits=40)
Work = Callable[[Any, asyncio.Event], Awaitable[bool | None]]


def command_settings(config: Path | None) -> Settings:
    """The settings, for a command that prints lines of its own: of log lines it writes errors only."""
    from gateway.settings import reading as settings  # noqa: PLC0415 - commands import what they need

    values = settings.read(config)
    set_up_logging("error")
    return values


def with_runtime(config: Path | None, work: Work, *, services: bool = False) -> None:
    """Open what one process needs, do `work(runtime, stop)`, close everything; exit code 1 where that gives False.

    The files of services are read only where the work needs them: a fault in them keeps operators from nothing else.
    """
    from gateway import failpoints  # noqa: PLC0415 - commands import what they need
    from gateway.wiring.runtime import open_runtime  # noqa: PLC0415 - as above

    values = command_settings(config)
    failpoints.arm("command", values.failpoints)

    async def main(stop: asyncio.Event) -> bool | None:
        async with open_runtime(values, services=services) as runtime:
            return await work(runtime, stop)

    if run(main) is False:
        raise SystemExit(FAILED)


def bounded_content(path: Path, limit: int, refusal: type[GatewayError] = InvalidParameter) -> bytes:
    """The file's content, one byte more than the limit at most: whoever judges it sees that it is too large.

    Raises `refusal` that names the file.
    """
    try:
        return regular_file.content(path, limit + 1)
    except OSError as error:
        cause = error.strerror or "?"
        de, en = f"Die Datei ist nicht lesbar ({cause}).", f"The file cannot be read ({cause})."
        fault = Finding(str(path), "unreadable", de, en)
    raise refusal(findings=(fault,))


def uuids(values: Sequence[str], place: str = "ID") -> tuple[UUID, ...]:
    """The ids of a command line. Raises `InvalidParameter` that names `place`."""
    try:
        return tuple(UUID(value) for value in values)
    except ValueError:
        fault = Finding(place, "format", "Erwartet wird eine UUID.", "A UUID is expected.")
    raise InvalidParameter(findings=(fault,))


def installed_sets(values: Settings) -> Callable[[], Library]:
    """Gives the schema sets that are installed and may be used, read when they are first asked for."""
    from gateway.sets.installed import usable  # noqa: PLC0415 - commands import what they need
    from gateway.sets.manifest import shipped  # noqa: PLC0415 - as above

    return usable(values.schema_dir, shipped(), values.trusted_sets)


def json_file(path: Path) -> Any:  # noqa: ANN401 - JSON
    """The value that a JSON file holds, read as strictly as a body. Raises `InvalidParameter` that names the file."""
    try:
        return json_reader.parse(regular_file.text(path).encode(), _BOUNDS, unique=True, strict=True)
    except ValueError as error:
        twice = isinstance(error, json_reader.JsonRefusedError) and error.rule == "twice"
    sentences = ("Ein Objekt nennt einen Namen doppelt.", "An object names a member twice.")
    de, en = sentences if twice else ("Die Datei ist kein JSON in UTF-8.", "The file is no JSON in UTF-8.")
    raise InvalidParameter(findings=(Finding(str(path), "no_json", de, en),))


def write_whole(out: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file that the caller named, whole or not at all, never in place of a device or a pipe.

    Raises `InvalidParameter`.
    """
    write_together({out: content}, mode)


def write_together(files: Mapping[Path, bytes], mode: int = 0o644) -> None:
    """Write files that belong together: none takes its place before all are written. Raises as `write_whole`."""
    try:
        with ExitStack() as stack:
            for out, content in files.items():
                file = stack.enter_context(whole_file.opened(out, mode))
                file.write(content)
                file.flush()
    except OSError as error:
        raise unwritable(f"--out {error.filename}", error) from None
