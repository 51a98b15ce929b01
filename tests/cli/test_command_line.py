"""The command line itself: languages, paths, arguments and streams that every command is given."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from gateway.cli.file_path import FilePath
from gateway.cli.main import group, hold_standard_streams
from tests.commands import run

SHELL = 'exec "$0" -m gateway.cli.main {} {}'


def everything(command: click.Command = group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(path), command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from everything(below, (*path, name))


def test_every_command_and_every_group_of_them_speaks_the_language_asked_for():
    silent = [path for path, command in everything() if "lang" not in {option.name for option in command.params}]
    assert silent == []
    asked = run("catalogue", "--lang", "en", "--help")
    assert (asked.returncode, "Deutsch / English" in asked.stdout) == (0, True)
    assert "and exit" not in {option.name: option for option in group.params}["version"].help


def test_every_path_is_one_that_may_not_be_empty():
    kinds = {
        f"{path} {parameter.name}": type(parameter.type)
        for path, command in everything()
        for parameter in command.params
        if isinstance(parameter.type, click.Path)
    }
    assert set(kinds.values()) == {FilePath}
    assert len(kinds) > 40


@pytest.mark.parametrize("arguments", [("report",), ("export",), ("worklist",), ("statistics", "export")])
def test_an_empty_path_is_told_before_anything_is_done(arguments):
    ended = run("catalogue", *arguments, "--out", "", LANG="de_DE.UTF-8")
    assert ended.returncode == 2
    assert "Der Pfad ist leer" in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [("catalogue", "show", "\udcff"), ("catalogue", "export", "--by", "M\udce4x"), ("held", "resume", "\udcff")],
)
def test_an_argument_that_is_no_utf_8_is_told(arguments):
    ended = run(*arguments, LANG="de_DE.UTF-8")
    assert ended.returncode == 2
    assert "kein UTF-8: '" in ended.stderr
    assert "\\udc" in ended.stderr


def test_a_path_may_be_any_bytes(tmp_path):
    out = tmp_path / "B\udcfcrger"
    made = run("keys", "id-token", "--alg", "EdDSA", "--out", out, "--json")
    assert (made.returncode, json.loads(made.stdout)["file"]) == (0, str(out))
    again = run("keys", "id-token", "--alg", "EdDSA", "--out", tmp_path / "s\udcfc", LANG="de_DE.UTF-8")
    assert (again.returncode, again.stdout) == (0, f"id-token: {tmp_path}/s\ufffd\n")
    assert {os.fsencode(path.name) for path in tmp_path.iterdir()} == {b"B\xfcrger", b"s\xfc"}


@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_nobody_s_file(closed):
    command = ["sh", "-c", SHELL.format("--version", closed), sys.executable]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_command_with_sockets_ends_well_without_an_output():
    command = ["sh", "-c", SHELL.format("sandbox catalogue --port 0 --until-stdin-closes", ">&-"), sys.executable]
    ended = subprocess.run(command, input=b"", capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_what_is_opened_later_gets_no_number_of_a_standard_stream():
    program = (
        "import os, sys; from gateway.cli.main import hold_standard_streams as hold\n"
        "hold(); print('lost'); later = os.open(os.devnull, os.O_RDONLY)\n"
        "sys.exit(0 if later > 2 and all(map(os.get_inheritable, range(3))) else 9)"
    )
    command = ["sh", "-c", f'exec "$0" -c "{program}" <&- >&-', sys.executable]
    ended = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_streams_that_are_open_stay_as_they_are():
    before = [os.fstat(number) for number in range(3)]
    streams = sys.stdin, sys.stdout, sys.stderr
    hold_standard_streams()
    assert [os.fstat(number).st_ino for number in range(3)] == [each.st_ino for each in before]
    assert (sys.stdin, sys.stdout, sys.stderr) == streams


def test_an_interrupt_while_a_command_is_imported_ends_it_as_one_later_does(monkeypatch):
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gateway.cli.main.importlib.import_module", interrupted)
    ended = run("check")
    assert (ended.returncode, ended.stderr) == (130, "")
