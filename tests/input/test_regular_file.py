"""Commands given a pipe or a device in place of a file: one sentence, and nobody waits for ever."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.main import group
from gateway.input import regular_file
from gateway.web.dependencies import BodyLimits
from gateway.web.http.body import parse_object


@pytest.fixture
def pipe(tmp_path, monkeypatch):
    """A pipe that nobody writes to; who waits for it is woken with an error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    os.mkfifo(tmp_path / "pipe.xml")
    (tmp_path / "document.xml").write_text("<a/>", encoding="utf-8")
    (tmp_path / "record.json").write_text("{}", encoding="utf-8")

    def late(*_: object) -> None:
        raise AssertionError("it waits for the pipe")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield tmp_path / "pipe.xml"
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


COMMANDS = {
    "document": ("validate", "PIPE"),
    "schema": ("validate", "document.xml", "--xsd", "PIPE"),
    "rules": ("validate", "document.xml", "--schematron", "PIPE"),
    "record to try": ("services", "try", "hausnummer", "PIPE"),
    "record to send": ("send", "hausnummer", "PIPE", "--municipality", "150900546546"),
    "attachment": ("send", "hausnummer", "record.json", "--municipality", "150900546546", "--attach", "plan=PIPE"),
    "schema set": ("schemas", "install", "PIPE"),
    "form": ("schemas", "fim", "import", "PIPE"),
    "backup": ("restore", "PIPE"),
    "list of erasures": ("restore", "document.xml", "--erased", "PIPE"),
    "evidence": ("evidence", "verify", "PIPE"),
    "keys to trust": ("evidence", "verify", "document.xml", "--trust", "PIPE"),
    "settings": ("keys", "list", "--config", "PIPE"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_no_regular_file_is_refused(pipe, name):
    done = CliRunner().invoke(group, [each.replace("PIPE", str(pipe)) for each in COMMANDS[name]])
    assert done.exit_code in {2, 3}, done.output
    assert isinstance(done.exception, SystemExit)
    assert done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("setting", ["master_key_file", "ca_bundle", "signing_key_file"])
def test_what_is_no_regular_file_is_no_key(pipe, setting):
    section = {"master_key_file": "vault", "ca_bundle": "outbound", "signing_key_file": "evidence"}[setting]
    (pipe.parent / "gateway.toml").write_text(f'[{section}]\n{setting} = "{pipe}"\n', encoding="utf-8")
    done = CliRunner().invoke(group, ["keys", "list", "--config", "gateway.toml"])
    if setting == "signing_key_file":
        done = CliRunner().invoke(group, ["evidence", "keys", "--config", "gateway.toml"])
    assert done.exit_code == 2, done.output
    assert str(pipe) in done.stderr or setting in done.stderr


def test_regular_files_are_read_also_through_a_link_and_by_number(tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert regular_file.content(tmp_path / "link") == b"content"
    assert regular_file.content(tmp_path / "link", 4) == b"cont"
    for other in (tmp_path, Path("/dev/null")):
        with pytest.raises(OSError, match="not a regular file"):
            regular_file.content(other)
    with pytest.raises(FileNotFoundError):
        regular_file.content(tmp_path / "none")


def test_a_byte_order_mark_is_no_part_of_a_text(tmp_path):
    (tmp_path / "secret").write_bytes(b"\xef\xbb\xbfgeheim\n")
    assert regular_file.text(tmp_path / "secret") == "geheim\n"
    assert parse_object(b'\xef\xbb\xbf{"a":1}', BodyLimits()) == {"a": 1}
