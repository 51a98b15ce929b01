"""What logins cost others: hand-offs of portals beside them, and one login beside many that are open.

Each figure is a ratio of two that were measured in turn on the same server, so that whatever else the machine does
falls on both. The people who log in are a process of their own, as are portals.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from gateway.store.server import embedded
from tests.bench.login_rounds import Broker, IdentityProvider, one_round
from tests.bench.run import accepts
from tests.demo_fixture import ARS

RATE: Final = 5
"""Logins a second: 18,000 an hour, more than a large town has."""
AT_ONCE: Final = 8
FINISH: Final = "/oidc/continue"
OPEN_ONES: Final = 10_000
OPEN: Final = """
INSERT INTO logins_under_way (id, municipality, handle, browser, client, level, created_at, expires_at, request,
    provider, request_id, requested_at, address)
SELECT gen_random_uuid(), %(ars)s, sha256(('handle' || n)::bytea), sha256(('browser' || n)::bytea), %(client)s, 2,
    now(), now() + interval '1 hour', decode(repeat(md5(n::text), 20), 'hex'), 'bench', '_' || md5(n::text), now(),
    sha256(('address' || n %% 2000)::bytea)
FROM generate_series(1, %(number)s) AS n;
"""
FINISHED: Final = """
WITH numbered AS (SELECT n, gen_random_uuid() AS id FROM generate_series(1, %(number)s) AS n), login AS (
    INSERT INTO logins (id, municipality, login_ref, client, owner, issuer, provider, level, authenticated_at,
        created_at, expires_at, subject)
    SELECT id, %(ars)s, sha256(('ref' || n)::bytea), %(client)s, %(client)s, %(issuer)s, 'bench', 2, now(), now(),
        now() + interval '1 hour', decode(md5(n::text), 'hex') FROM numbered
), session AS (
    INSERT INTO login_sessions
        (id, municipality, cookie, client, login, level, authenticated_at, used_at, expires_at, idle_s)
    SELECT gen_random_uuid(), %(ars)s, sha256(('cookie' || n)::bytea), %(client)s, id, 2, now(), now(),
        now() + interval '8 hours', 1800 FROM numbered
), account AS (
    INSERT INTO login_accounts (municipality, provider, account, entity_id, first_at, last_at)
    SELECT %(ars)s, 'bench', sha256(('account' || n)::bytea),
        (SELECT entity_id FROM login_accounts WHERE provider = 'bench' LIMIT 1), now(), now() FROM numbered
)
INSERT INTO login_codes (code, municipality, client, login, expires_at, request)
SELECT sha256(('code' || n)::bytea), %(ars)s, %(client)s, id, now() + interval '1 minute', ''::bytea FROM numbered;
"""


class TimedClient(httpx.Client):
    """Notes how long the step took in which a login becomes a code."""

    def __init__(self) -> None:
        super().__init__(trust_env=False, timeout=60)
        self.finished: list[float] = []

    def request(self, method: str, url: Any, **more: Any) -> httpx.Response:
        began = time.perf_counter()
        answer = super().request(method, url, **more)
        if httpx.URL(url).path.endswith(FINISH):
            self.finished.append(time.perf_counter() - began)
        return answer


def beside_hand_offs(line: dict[str, Any], broker: Broker, provider: IdentityProvider, count: int) -> dict[str, Any]:
    """What portals hand off a second while people log in, by what they hand off alone: the median of pairs in turn.

    What people and identity provider compute is no cost of the gateway, yet takes its processors here: while portals
    are alone, a process computes as much for nothing.
    """
    asyncio.run(accepts(line, 16, AT_ONCE))
    with beside(lambda: _logging_in(broker, provider)) as (_, seconds):
        asyncio.run(accepts(line, count, AT_ONCE))
    alone, together, made = [], [], []
    for _ in range(9 if count > 100 else 1):
        with beside(lambda: _computing(seconds[0])):
            alone.append(asyncio.run(accepts(line, count, AT_ONCE))["per_second"])
        with beside(lambda: _logging_in(broker, provider)) as (rate, _):
            together.append(asyncio.run(accepts(line, count, AT_ONCE))["per_second"])
        made += rate
    ratio = statistics.median(one / other for one, other in zip(together, alone, strict=True))
    return {
        "per_second_alone": round(statistics.median(alone), 1),
        "per_second_beside": round(statistics.median(together), 1),
        "logins_per_second": round(statistics.median(made), 2),
        "ratio": {"value": round(ratio, 3), "goal": 0.9},
    }


@contextmanager
def beside(made: Callable[[], Callable[[], object]]) -> Iterator[tuple[list[float], list[float]]]:
    """`RATE` of such steps a second in a process of their own; after the block, how many it was and processor time."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_paced, args=(made, theirs))
    process.start()
    theirs.close()  # so that its end is told, however it ends
    rate: list[float] = []
    seconds: list[float] = []
    try:
        assert ours.recv() == "begun"
        yield rate, seconds
    finally:
        ours.send("end")
        for found, figure in zip((rate, seconds), ours.recv(), strict=True):
            found.append(figure)
        process.join()


def _paced(made: Callable[[], Callable[[], object]], told: Connection) -> None:
    step, number = made(), 0
    step()
    told.send("begun")
    began, spent = time.perf_counter(), time.process_time()
    while not told.poll(max(0.0, began + number / RATE - time.perf_counter())):
        step()
        number += 1
    told.recv()
    told.send((number / (time.perf_counter() - began), (time.process_time() - spent) / max(number, 1)))


def _logging_in(broker: Broker, provider: IdentityProvider) -> Callable[[], object]:
    return partial(one_round, httpx.Client(trust_env=False, timeout=60), broker, broker.discovery, provider)


def _computing(seconds: float) -> Callable[[], object]:
    def compute() -> None:
        until = time.process_time() + seconds
        while time.process_time() < until:
            pass

    return compute


def beside_open_ones(line: dict[str, Any], broker: Broker, provider: IdentityProvider, count: int) -> dict[str, Any]:
    """Milliseconds of a login's last step and of all its steps: many others open, and as many finished, by few."""
    few = finishing(broker, provider, count)
    values = {"ars": ARS, "client": broker.client[0], "issuer": broker.issuer, "number": OPEN_ONES}
    with psycopg.connect(embedded.start(Path(line["config"]).parent / "data").dsn, autocommit=True) as connection:
        connection.execute(OPEN, values)
        connection.execute(FINISHED, values)
        connection.execute("VACUUM ANALYZE")
    many = finishing(broker, provider, count)
    ratio = many["finish_ms"] / few["finish_ms"]
    return {"few open": few, f"{OPEN_ONES:,} open": many, "ratio": {"value": round(ratio, 3), "goal": 1.2}}


def finishing(broker: Broker, provider: IdentityProvider, count: int) -> dict[str, float]:
    """Medians of logins one after another."""
    known, took = broker.discovery, []
    with TimedClient() as http:
        for number in range(count + 5):
            began = time.perf_counter()
            one_round(http, broker, known, provider)
            if number >= 5:
                took.append(time.perf_counter() - began)
        finished = http.finished[5:]
    return {
        "finish_ms": round(statistics.median(finished) * 1000, 2),
        "round_ms": round(statistics.median(took) * 1000, 2),
    }
