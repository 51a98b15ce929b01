"""Bodies that take hours, on a clock that the test turns."""

from __future__ import annotations

import asyncio

import pytest
from uvicorn.config import Config

from gateway.httpserver.connections import ConnectionState
from gateway.httpserver.protocol import BoundedProtocol
from tests.httpserver.conftest import App, Clock

LIMITS = BoundedProtocol.limits
SIZE = 370_000_000


class Transport:
    """Remembers what was written and whether it is open."""

    def __init__(self) -> None:
        self.written, self.open, self.paused = b"", True, False

    def get_extra_info(self, _name, default=None):
        return default

    def write(self, data):
        self.written += data

    def is_closing(self):
        return not self.open

    def can_write_eof(self):
        return False

    def close(self):
        self.open = False

    abort = close

    def pause_reading(self):
        self.paused = True

    def resume_reading(self):
        self.paused = False


@pytest.fixture
def connection():
    app, clock, transport = App(), Clock(), Transport()
    config = Config(app, http=BoundedProtocol, lifespan="off", log_config=None, ws="none")
    config.load()
    made = BoundedProtocol(config=config, server_state=ConnectionState(), app_state={}, _loop=clock)
    made.connection_made(transport)
    return made, clock, transport, app


def begun(connection, path=b"/read", more=b""):
    made, *_ = connection
    made.data_received(b"PUT %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n" % (path, SIZE, more))


async def turn():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_large_body_over_a_slow_line_takes_all_day(connection):
    made, clock, transport, app = connection
    begun(connection)
    piece = b"x" * (SIZE // 2_000)  # every 25 seconds as much as 7 kB/s bring
    for number in range(1, 2_001):
        clock.go_to(25.0 * number)
        made.data_received(piece)
        await turn()
        assert transport.open
    assert app.bodies == [SIZE]
    assert transport.written.startswith(b"HTTP/1.1 200")


async def test_a_body_that_drips_is_given_up(connection):
    made, clock, transport, app = connection
    begun(connection)
    for second in range(1, 70):
        if not transport.open:
            break
        clock.go_to(float(second))
        made.data_received(b"x")
        await turn()
    assert transport.written.startswith(b"HTTP/1.1 408")
    assert not transport.open
    assert clock.now <= LIMITS.body_s + 1
    await turn()
    assert app.left == 1


async def test_time_in_which_we_do_not_read_counts_for_nobody(connection):
    made, clock, transport, app = connection
    begun(connection, path=b"/wait")
    await turn()
    made.data_received(b"x" * 70_000)
    assert transport.paused
    clock.go_to(10_000.0)
    assert transport.open
    made.flow.resume_reading()
    clock.go_to(10_000.0 + LIMITS.body_s - LIMITS.shortest_s - 1)
    assert transport.open
    clock.go_to(10_000.0 + LIMITS.body_s + 1)
    assert transport.written.startswith(b"HTTP/1.1 408")
    app.gate.set()
    await turn()


async def test_an_answer_takes_as_long_as_it_takes(connection):
    made, clock, transport, app = connection
    made.data_received(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
    await turn()
    clock.go_to(3_600.0)
    assert transport.open
    app.gate.set()
    await turn()
    assert transport.written.startswith(b"HTTP/1.1 200")
    clock.go_to(3_600.0 + LIMITS.idle_s + 0.1)
    assert not transport.open


async def test_what_is_kept_of_a_body_that_nobody_reads_is_bounded(connection):
    made, _, transport, app = connection
    begun(connection, path=b"/wait")
    await turn()
    made.data_received(b"x" * 262_144)  # the most that a transport reads at once
    assert transport.paused
    assert len(made.cycle.body) <= 262_144
    app.gate.set()
    await turn()
