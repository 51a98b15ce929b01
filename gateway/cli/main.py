"""The list of commands; each is imported only when it is asked for, so that `--help` answers at once."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys

import click

from gateway import __version__
from gateway.cli.language import in_language, text, use_language

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
_FAILED, _INTERRUPTED = 1, 130
"""Exit codes of a command (`console.FAILED`, `INTERRUPTED`, which `--help` need not import)."""

COMMANDS = {
    "alarms": ("gateway.cli.alarms:alarms", "Alarme und Fristen", "Alarms and deadlines"),
    "backup": ("gateway.cli.backup:backup", "Alles in eine Datei sichern", "Save everything into one file"),
    "catalogue": ("gateway.cli.catalogue:catalogue", "Das Angebot im OZG-Katalog", "The offer in the OZG catalogue"),
    "check": ("gateway.cli.check:check", "Einstellungen und Verbindungen prüfen", "Check settings and connections"),
    "demo": ("gateway.cli.demo.command:demo", "Den ganzen Weg einmal vorführen", "Show the whole way once"),
    "evidence": ("gateway.cli.evidence:evidence", "Nachweise ausgeben und prüfen", "Hand out and check evidence"),
    "held": ("gateway.cli.held:held", "Was auf einen Menschen wartet", "What waits for a person"),
    "keys": ("gateway.cli.keys:keys", "Schlüssel erzeugen, ansehen, wechseln", "Make, show and rotate keys"),
    "list": ("gateway.cli.submissions:list_", "Einreichungen auflisten", "List submissions"),
    "maintenance": ("gateway.cli.controls:maintenance", "Wartung beginnen und beenden", "Begin and end maintenance"),
    "pause": ("gateway.cli.controls:pause", "Zustellung anhalten", "Stop deliveries"),
    "restore": ("gateway.cli.backup:restore", "Aus einer Sicherung wiederherstellen", "Restore from a backup"),
    "resume": ("gateway.cli.controls:resume", "Zustellung fortsetzen", "Continue deliveries"),
    "retention": ("gateway.cli.retention:retention", "Löschfristen und Auskunft", "Erasure and subject access"),
    "sandbox": (
        "gateway.cli.sandbox:sandbox",
        "Gegenstelle zum Ausprobieren starten",
        "Start a counterpart to try out",
    ),
    "schemas": ("gateway.cli.schemas:schemas", "Schemata und Codelisten", "Schemas and code lists"),
    "send": ("gateway.cli.submissions:send", "Einen Antrag übergeben", "Hand off an application"),
    "serve": ("gateway.cli.serve:serve", "Gateway starten", "Start the gateway"),
    "services": ("gateway.cli.services:services", "Dienste prüfen", "Check services"),
    "status": ("gateway.cli.submissions:status", "Eine Einreichung ansehen", "Look at a submission"),
    "validate": ("gateway.cli.validate:validate", "Ein XML-Dokument prüfen", "Judge an XML document"),
    "worker": ("gateway.cli.worker:worker", "Zustellung starten", "Start delivery"),
}


class LazyCommands(click.Group):
    """A group that knows its commands by name and imports them when they are used."""

    def invoke(self, ctx: click.Context) -> object:
        """The command; an interrupt while it is still imported ends like one later (`console.guarded`)."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in order."""
        _ = ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        _ = ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list for `--help`, without importing anything."""
        _ = ctx
        with formatter.section(text("Befehle", "Commands")):
            formatter.write_dl([(name, text(de, en)) for name, (_, de, en) in sorted(COMMANDS.items())])


@click.command(
    cls=LazyCommands,
    name="gateway",
    help=text(
        "OZG-Gateway: nimmt Anträge vom Portal entgegen, stellt sie verschlüsselt und signiert zu und weist nach, was "
        "daraus wurde.",
        "OZG gateway: takes applications from the portal, delivers them sealed and signed, and proves what became of "
        "them.",
    ),
)
@in_language
@click.version_option(__version__, prog_name="gateway", help=text("Die Fassung zeigen.", "Show the version."))
def group() -> None:
    """Entry of every command; `--lang` is read by `language.py` before anything is imported."""


def main() -> None:
    """Entry point of the console script."""
    hold_standard_streams()
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", line_buffering=True)
    os.environ.setdefault("PYTHONUTF8", "1")
    use_language()
    try:
        group.main(prog_name="gateway", windows_expand_args=False)
    except OSError as error:
        if error.errno not in _FULL or error.filename is not None:
            raise
        _drop_output()
        cause = error.strerror or "?"
        sentence = text(
            f"Die Ausgabe ist nicht schreibbar ({cause}), oder ein Datenträger ist es nicht.",
            f"The output cannot be written ({cause}), or a disk cannot.",
        )
        sys.stderr.write(sentence + "\n")
        sys.exit(_FAILED)


def hold_standard_streams() -> None:
    """Open what the caller closed of the three standard streams, as nothing: no file or socket of ours gets its number.

    It would be written into by whatever prints, and libraries refuse to close it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # gets the lowest number that is free
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(number, mode, closefd=False), encoding="utf-8"))


def _drop_output() -> None:
    """Send what is still buffered to the null device, so that the end of the process does not fail again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


if __name__ == "__main__":
    main()
