"""Texts of others in a terminal: shown, never obeyed."""

from __future__ import annotations

import json

import pytest

from gateway.cli.console import emit, say

CONTROLS = ["\x1b[2J", "\x1b]0;Titel\x07", "\x9b2J", "\x08", "\r", "\x7f", "\u202e", "\u2066", "\x00"]


@pytest.mark.parametrize("control", CONTROLS)
def test_a_text_commands_no_terminal(capsys, control):
    found = f"https://rathaus.example/{control}ü"
    emit({"old": found}, as_json=False, human=f"ändern\t{found}\nEnde")
    say(found)
    shown = capsys.readouterr()
    assert (
        not set(control) & {"\x1b", "\x07", "\x9b", "\x08", "\r", "\x7f", "\u202e", "\u2066", "\x00"} & set(shown.out)
    )
    assert shown.out.startswith("ändern\thttps://rathaus.example/\ufffd")
    assert shown.out.endswith("ü\nEnde\n")
    assert shown.err.startswith("https://rathaus.example/\ufffd")


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("as_json", [True, False])
def test_json_says_it_whole_and_escaped(capsys, control, as_json):
    emit({"old": f"{control}ü"}, as_json=as_json)
    line = capsys.readouterr().out
    assert json.loads(line) == {"old": f"{control}ü"}
    assert "ü" in line
    assert control[0] not in line
