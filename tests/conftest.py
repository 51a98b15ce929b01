"""What every room's tests share: no network but loopback, a database server, RSA keys made once a session."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import rsa
from pytest_socket import socket_allow_hosts

if TYPE_CHECKING:
    from collections.abc import Mapping

pytest_plugins = ("tests.properties", "tests.distribution", "tests.fixtures_postgres", "tests.demo_fixture")
"""Loaded once, and how examples are drawn before any test is read: a fixture that several rooms import is one for each
of them, here a database server and a demo."""
KEY_NAMES = ("encryption", "signing", "root")

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # dozens of processes of the gateway would each compile it
sys.dont_write_bytecode = False
gc.disable()  # nothing that is imported or collected becomes garbage


def pytest_collection_finish(session: pytest.Session) -> None:
    """From here on garbage is searched for, but not among thousands of tests each time."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture runs: connections go to loopback addresses and unix sockets only."""
    socket_allow_hosts(["127.0.0.1", "::1"], allow_unix_socket=True)
    structlog.reset_defaults()  # a command that an earlier test ran in this process may have silenced warnings


@pytest.fixture(scope="session")
def rsa_keys() -> Mapping[str, rsa.RSAPrivateKey]:
    """RSA-4096 private keys `encryption`, `signing`, `root`. Three a session and no more: each takes a second."""
    return {name: rsa.generate_private_key(public_exponent=65537, key_size=4096) for name in KEY_NAMES}
