"""Ours and Keycloak in the same role: rounds a second and core, memory, start; one JSON object.

Run: python -m tests.bench.bench_logins [--quick] [--alone]. A round leads from a portal by SAML to an identity provider
and back to a token. Processor time is that of each broker's own processes and its PostgreSQL: portal and identity
provider run beside them and are not counted. Each starts on a database that runs. Ours alone is measured with
`--alone`, and where Keycloak is not there (tests/interop/prepare build/interop).
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import socket
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.bench import keycloak_broker
from tests.bench.login_load import beside_hand_offs, beside_open_ones
from tests.bench.login_rounds import Broker, IdentityProvider, cpu_s, first_discovery, pss_mb, rounds
from tests.demo_fixture import add_identity_provider, kept_demo, served_anew, start, stop
from tests.interop import keycloak_server

NAME = "bench"
Start = tuple[str, Callable[[], Any], Callable[[Any], None]]
"""Issuer, what starts its process, what ends it."""


def figures(broker: Broker, provider: IdentityProvider, server: int, database: int, count: int) -> dict[str, Any]:
    """Rounds and memory of a broker that runs, by the process ids of its server and of its database."""
    parts = {"serve": (server, database), "database": (database, 0)}  # the database may be the server's child
    rounds(broker, provider, 1, 1)  # makes the person's account, which two at a time may not
    rounds(broker, provider, count)  # what is compiled or read at first does not count
    before = {name: cpu_s(*part) for name, part in parts.items()}
    seconds = rounds(broker, provider, count)
    spent = {name: cpu_s(*part) - before[name] for name, part in parts.items()}
    memory = {name: round(pss_mb(*part), 1) for name, part in parts.items()}
    total = sum(spent.values())
    return {
        "rounds_per_second_and_core": round(count / total, 2),
        "rounds_per_second": round(count / seconds, 2),
        "cpu_ms_a_round": {name: round(each / count * 1000, 2) for name, each in spent.items()},
        "pss_mb": {**memory, "all": round(sum(memory.values()), 1)},
    }


def starts(brokers: Mapping[str, Start], times: int) -> dict[str, dict[str, Any]]:
    """Seconds from each start to the first answered discovery; in turn, so that the machine's load falls on all."""
    took: dict[str, list[float]] = {name: [] for name in brokers}
    for _ in range(times):
        for name, (issuer, begin, end) in brokers.items():
            seconds, process = first_discovery(issuer, begin)
            end(process)
            took[name].append(round(seconds, 3))
    return {name: {"start_s": statistics.median(each), "starts_s": each} for name, each in took.items()}


@contextlib.contextmanager
def ours_ready(provider: IdentityProvider) -> Iterator[tuple[dict[str, Any], Broker]]:
    """A kept demo that knows the identity provider; its readiness line, and it as a broker once it serves."""
    with kept_demo(60, login=True) as line:
        config = Path(line["config"])
        add_identity_provider(config, NAME, provider.metadata())
        pem = (config.parent / "secrets" / "saml-encryption.certificate.pem").read_bytes()
        seals_to = x509.load_pem_x509_certificate(pem).public_key()
        assert isinstance(seals_to, rsa.RSAPublicKey)
        client = line["oidc_client"]
        pair = (client["client_id"], client["client_secret"])
        with (config.parent / "data" / "database.users").open("a") as users:
            fcntl.flock(users, fcntl.LOCK_SH)  # so that the database stays between our starts, as Keycloak's does
            yield line, Broker(line["issuer"], pair, client["redirect_uri"], {"provider": NAME}, seals_to)


def _stopped(process: subprocess.Popen[bytes]) -> None:
    assert stop(process, 60) == 0


def ours(line: dict[str, Any], broker: Broker, provider: IdentityProvider, count: int) -> dict[str, Any]:
    """`serve --no-worker` and its database; the worker's memory is named beside it."""
    with served_anew(line) as (process, ready):
        both = pss_mb(process.pid, ready["pids"]["postgres"])
    process, ready = start(*_serve(line))
    try:
        found = figures(broker, provider, process.pid, ready["pids"]["postgres"], count)
        costs = {
            "portals_beside_logins": beside_hand_offs(line, broker, provider, count),
            "logins_beside_open_ones": beside_open_ones(line, broker, provider, count),
        }
    finally:
        _stopped(process)
    return {**found, "pss_mb_of_serve_and_worker": round(both, 1), **costs}


def _serve(line: dict[str, Any]) -> tuple[str, ...]:
    return ("serve", "--config", line["config"], "--no-worker")


@contextlib.contextmanager
def held_port(issuer: str) -> Iterator[None]:
    """Keeps the system from giving our port to others while we do not listen; bound only, it hinders no start."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", urlsplit(issuer).port))
        yield


@contextlib.contextmanager
def keycloak_ready(provider: IdentityProvider) -> Iterator[tuple[keycloak_broker.Installation, Broker]]:
    """Keycloak built and set up, its database there; it as a broker once it serves."""
    with tempfile.TemporaryDirectory(prefix="bench-keycloak-") as directory:
        Path(directory).chmod(0o755)  # the database may run as another system user
        with keycloak_broker.installed(Path(directory)) as installation:
            _, process = first_discovery(f"{installation.base}/realms/master", installation.start, 300)
            broker = keycloak_broker.set_up(installation, provider)
            keycloak_broker.stop(process)
            yield installation, broker


def keycloak(
    installation: keycloak_broker.Installation, broker: Broker, provider: IdentityProvider, count: int
) -> dict[str, Any]:
    """Its server and its database."""
    _, process = first_discovery(installation.issuer, installation.start)
    try:
        return figures(broker, provider, process.pid, installation.database.pid, count)
    finally:
        keycloak_broker.stop(process)


def compared(our: dict[str, Any], their: dict[str, Any]) -> dict[str, Any]:
    """The ratios that are goals."""
    speed = our["rounds_per_second_and_core"] / their["rounds_per_second_and_core"]
    return {
        "rounds_per_core": {"value": round(speed, 2), "goal": 3},
        "memory": {"value": round(our["pss_mb"]["all"] / their["pss_mb"]["all"], 3), "goal": 0.4},
        "start": {"value": round(our["start_s"] / their["start_s"], 3), "goal": 0.2},
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--alone", action="store_true")
    arguments = parser.parse_args()
    quick = arguments.quick
    count, times = (20, 1) if quick else (400, 5)
    provider = IdentityProvider()
    found: dict[str, Any] = {"load_before": round(os.getloadavg()[0], 2)}
    brokers: dict[str, Start] = {}
    with contextlib.ExitStack() as stack:
        line, broker = stack.enter_context(ours_ready(provider))
        found["ours"] = ours(line, broker, provider, count)
        stack.enter_context(held_port(broker.issuer))
        brokers["ours"] = (broker.issuer, lambda: start(*_serve(line))[0], _stopped)
        if keycloak_server.installed() is not None and not arguments.alone:
            theirs, their_broker = stack.enter_context(keycloak_ready(provider))
            found["keycloak"] = keycloak(theirs, their_broker, provider, count)
            brokers["keycloak"] = (theirs.issuer, theirs.start, keycloak_broker.stop)
        for name, took in starts(brokers, times).items():
            found[name] |= took
    if "keycloak" in found:
        found["ours_by_keycloak"] = compared(found["ours"], found["keycloak"])
    print(json.dumps(found))  # noqa: T201 - its output


if __name__ == "__main__":
    main()
