"""What the commands share: options, lines on standard output, errors as exit codes."""

from __future__ import annotations

import asyncio
import functools
import gc
import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import click
import structlog

from gateway.cli.file_path import FilePath
from gateway.cli.language import in_language, language, text
from gateway.errors import (
    BadInput,
    CounterpartError,
    DatabaseAway,
    FileUnusable,
    GatewayError,
    InvalidParameter,
    NotFound,
    OperatorError,
    unexpected,
)
from gateway.model import Finding

DONE, FAILED, USAGE, FINDINGS, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 4, 130
_T = TypeVar("_T")
_CONTROLS: Final = (*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000))
"""What a terminal takes for a command or turns lines round by, besides those that JSON escapes; bytes of paths that are
no UTF-8."""
_UNSEEN: Final = dict.fromkeys((*range(9), *range(11, 32), *_CONTROLS), "\ufffd")
_ESCAPED: Final = {code: f"\\u{code:04x}" for code in _CONTROLS}


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--config`, `--json` and `--lang`, which every command has."""
    shared = (
        click.option(
            "--config",
            type=FilePath(dir_okay=False),
            envvar="GATEWAY_CONFIG",
            help=text("Einstellungsdatei (TOML)", "Settings file (TOML)"),
        ),
        click.option(
            "--json", "as_json", is_flag=True, help=text("Ein JSON-Objekt je Zeile", "One JSON object a line")
        ),
        in_language,
    )
    for option in shared:
        command = option(command)
    return command


def emit(value: Mapping[str, Any], *, as_json: bool, human: str | None = None) -> None:
    """One line on standard output: JSON, or the sentence for people; texts of others command no terminal."""
    if as_json or human is None:
        line = json.dumps(value, ensure_ascii=False, indent=None if as_json else 2).translate(_ESCAPED)
    else:
        line = human.translate(_UNSEEN)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@contextmanager
def loading() -> Iterator[None]:
    """Around the imports of a process that stays: what is loaded is never garbage, and nobody looks for it among it.

    Looking would take a fifth of the time that the imports take.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def emit_ready(value: Mapping[str, Any], *, as_json: bool, human: str) -> None:
    """The readiness line of a process that stays: what it has made is left out of garbage collection from now on."""
    gc.collect()
    gc.freeze()
    emit(value, as_json=as_json, human=human)


def say(sentence: str) -> None:
    """A sentence for people, on standard error."""
    sys.stderr.write(sentence.translate(_UNSEEN) + "\n")
    sys.stderr.flush()


def show(findings: tuple[Finding, ...]) -> None:
    """Every finding, a line each, on standard error."""
    for finding in findings:
        say(f"  {finding_line(finding)}")


def finding_line(finding: Finding) -> str:
    """Pointer, sentence and rule of a finding."""
    return f"{finding.pointer}: {finding.de if language() == 'de' else finding.en} [{finding.rule}]"


def sentence_of(error: GatewayError) -> str:
    """Its sentence; where an id is unknown, one for people at a command line instead of that for portals."""
    if isinstance(error, NotFound):
        return text(
            "Diese Kennung gibt es hier nicht; `gateway list` nennt die Einreichungen.",
            "There is no such id here; `gateway list` names the submissions.",
        )
    return error.sentence(language())


def exit_code(error: GatewayError) -> int:
    """The exit code of the fixed interface for an error."""
    if isinstance(error, DatabaseAway | CounterpartError):
        return UNREACHABLE
    if isinstance(error, OperatorError):
        return USAGE
    if isinstance(error, BadInput):
        return FINDINGS if error.findings else FAILED
    return FAILED


def unusable(error: OSError) -> FileUnusable:
    """The error for a file that the system does not let us use. Raises `error` where it names none."""
    if error.filename is None:
        raise error
    return FileUnusable(file=str(error.filename), cause=error.strerror or type(error).__name__)


def unwritable(place: str, error: OSError) -> InvalidParameter:
    """The error for a file that the caller named and that cannot be written."""
    cause = error.strerror or "?"
    fault = Finding(place, "not_writable", f"Nicht schreibbar: {cause}.", f"Cannot be written: {cause}.")
    return InvalidParameter(findings=(fault,))


def guarded(command: Callable[..., _T]) -> Callable[..., _T]:
    """Turn every error of ours into its sentence, its findings and its exit code."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> _T:  # noqa: ANN401 - any command
        _must_be_text(kwargs.values())
        try:
            return command(*args, **kwargs)
        except GatewayError as error:
            say(f"{error.code}: {sentence_of(error)}")
            show(error.findings)
            raise SystemExit(exit_code(error)) from None
        except OSError as error:
            unusable_file = unusable(error)
            say(f"{unusable_file.code}: {unusable_file.sentence(language())}")
            raise SystemExit(exit_code(unusable_file)) from None
        except (KeyboardInterrupt, asyncio.CancelledError):
            raise SystemExit(INTERRUPTED) from None

    return run


def _must_be_text(values: Iterable[object]) -> None:
    """Refuse texts that are no UTF-8: they can neither be asked for nor written down. Paths may be any bytes."""
    for value in values:
        if isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError:
                de, en = f"Ein Argument ist kein UTF-8: {value!a}", f"An argument is no UTF-8: {value!a}"
                raise click.UsageError(text(de, en)) from None
        elif isinstance(value, tuple):
            _must_be_text(value)


def run(work: Callable[[asyncio.Event], Coroutine[Any, Any, _T]], *, tied: bool = False) -> _T:
    """Run a coroutine on uvloop with an event that SIGTERM, SIGINT and, where tied to it, the parent's end set."""
    import uvloop  # noqa: PLC0415 - commands that only print do not need it

    async def main() -> _T:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        watch = asyncio.create_task(until_stdin_closes(stop)) if tied else None
        try:
            return await work(stop)
        finally:
            if watch:
                watch.cancel()

    return uvloop.run(main())


def set_up_logging(level: str = "info", form: str = "json") -> None:
    """Log lines go to standard error as JSON; libraries speak only from warnings on, without values."""
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: Any = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(_WithoutValues("%(levelname)s %(name)s"))
    logging.basicConfig(handlers=[lines], level=logging.ERROR, force=True)


class _WithoutValues(logging.Formatter):
    """Logs type and nearest line of ours of a library's exception, never its text, which may hold a citizen's data."""

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - as inherited
        fields = unexpected.named(ei[1]) if ei[1] is not None else {}
        return " ".join(fields.values())


async def until_stdin_closes(stop: asyncio.Event) -> None:
    """Set `stop` when the parent that holds our standard input is gone."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()

    def readable() -> None:
        if not os.read(0, 1024):
            gone.set()

    loop.add_reader(0, readable)
    try:
        await gone.wait()
        stop.set()
    finally:
        loop.remove_reader(0)
