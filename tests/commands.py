"""A command of `gateway`, run in the process of the test: a new one takes two seconds to import what it needs.

What only a process shows is tried with one (`demo_fixture`): languages, signals, readiness lines, pipes.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from click.testing import CliRunner

from gateway.cli.main import group


@dataclass(frozen=True, slots=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: object, **environment: str) -> Ended:
    """How the command ended and what it wrote; an exception that it should have told is raised."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        done = CliRunner().invoke(group, [str(argument) for argument in arguments], env=environment)
    finally:
        root.handlers[:] = handlers  # the command's own writes to an output that is closed by now
        root.setLevel(level)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Ended(done.exit_code, done.stdout, done.stderr)
