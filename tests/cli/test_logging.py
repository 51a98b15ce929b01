"""What libraries log of an exception is its type and our nearest place, never its text."""

from __future__ import annotations

import logging

import pytest
import structlog

from gateway.cli.console import set_up_logging

SECRET = "Ändersën Müßiggang"


@pytest.fixture
def as_before():
    root = logging.getLogger()
    handlers, level, configured = root.handlers[:], root.level, structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)


def test_the_text_of_an_exception_is_not_written(as_before, capsys):
    set_up_logging()
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("library").exception("failed: %s", SECRET)
    said = capsys.readouterr().err
    assert "ValueError" in said
    assert "library" in said
    assert "Ändersën" not in said
