"""The same app behind the real server: what a framework in memory cannot show."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from gateway.httpserver.limits import WireLimits
from gateway.httpserver.server import serve
from gateway.web.http.certificate import TlsProtocol
from tests.web.conftest import build


@asynccontextmanager
async def served(world, protocol=TlsProtocol):
    with socket.create_server(("127.0.0.1", 0)) as door:
        async with serve(world.app, [door], protocol):
            yield door.getsockname()[1]


async def exchange(
    port: int, head: str, body: bytes = b"", *, chunk: int = 1 << 20
) -> tuple[int, dict[str, str], bytes]:
    """Send everything first, as simple clients do, then read the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    for start in range(0, len(body), chunk):
        writer.write(body[start : start + chunk])
        await writer.drain()
    await writer.drain()
    top = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in top[1:] if line)}
    content = await reader.readexactly(int(headers.get("content-length", "0")))
    writer.close()
    return int(top[0].split()[1]), headers, content


def head(world, method: str, path: str, **more: object) -> str:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: gateway.tangerhuette.example",
        f"Authorization: Bearer {world.token()}",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    return "\n".join(lines)


async def test_forty_megabytes_of_text_are_refused_and_the_caller_reads_why():
    world = build()
    body = b'{"service":"' + b"x" * 40_000_000 + b'"}'
    async with served(world) as port:
        asked = head(
            world,
            "POST",
            "/api/v1/submissions",
            Content_Length=len(body),
            Content_Type="application/json",
            Idempotency_Key="k",
        )
        status, headers, content = await exchange(port, asked, body)
        healthy, _, _ = await exchange(port, "GET /health HTTP/1.1\nHost: x")
    assert (status, headers["content-type"]) == (413, "application/problem+json")
    assert json.loads(content)["code"] == "body_too_large"
    assert healthy == 200


async def test_what_is_no_http_is_told_with_a_problem_too():
    world = build()
    async with served(world) as port:
        for raw in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
            b"GET /health HTTP/1.1\r\nHost x\r\n\r\n",
            b"HELO x\r\n\r\n",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(raw)
            answer = await asyncio.wait_for(reader.read(), 20)
            writer.close()
            top, _, content = answer.partition(b"\r\n\r\n")
            assert top.startswith(b"HTTP/1.1 400")
            assert b"content-type: application/problem+json" in top
            problem = json.loads(content)
            assert (problem["code"], problem["status"]) == ("not_http", 400)
        assert (await exchange(port, "GET /health HTTP/1.1\nHost: x"))[0] == 200


async def test_a_gigabyte_is_refused_before_it_is_sent_and_the_line_is_cut():
    world = build()
    async with served(world) as port:
        asked = head(world, "PUT", f"/api/v1/uploads/{uuid4()}", Content_Length=10**9, Content_Type="application/pdf")
        status, headers, _ = await exchange(port, asked)
    assert (status, headers["connection"]) == (413, "close")


async def test_no_answer_names_the_server():
    world = build()
    async with served(world) as port:
        _, headers, _ = await exchange(port, head(world, "GET", "/api/v1/submissions/%00"))
    assert "server" not in headers


async def test_escaped_dots_and_slashes_reach_no_other_address():
    world = build()
    async with served(world) as port:
        put, _, _ = await exchange(port, head(world, "PUT", "/api/v1/uploads/..%2f..%2fetc", Content_Length=3), b"abc")
        got, _, _ = await exchange(port, head(world, "GET", "/api/v1/services/..%2f..%2fhealth"))
    assert (put, got) == (404, 404)


async def test_a_caller_that_hangs_up_while_sending_keeps_nothing():
    world = build()
    async with served(world) as port:
        asked = head(world, "PUT", f"/api/v1/uploads/{uuid4()}", Content_Length=1000, Content_Type="application/pdf")
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asked.replace("\n", "\r\n").encode() + b"\r\n\r\n" + b"x" * 500)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        healthy, _, _ = await exchange(port, "GET /health HTTP/1.1\nHost: x")
    assert healthy == 200
    assert not world.store.bodies


async def test_what_passes_a_limit_of_the_wire_is_told_with_a_problem():
    world = build()
    cases = {
        "request_line_too_long": (b"GET /" + b"a" * 100_000, 414),
        "head_too_large": (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 5_000, 431),
        "host_invalid": (b"GET / HTTP/1.1\r\n\r\n", 400),
        "transfer_coding_unknown": (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        "http_version_unknown": (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    }
    async with served(world) as port:
        for code, (raw, status) in cases.items():
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(raw)
            top, _, content = (await asyncio.wait_for(reader.read(), 20)).partition(b"\r\n\r\n")
            writer.close()
            assert top.startswith(f"HTTP/1.1 {status} ".encode())
            assert b"content-type: application/problem+json" in top
            assert json.loads(content)["code"] == code
        assert (await exchange(port, "GET /health HTTP/1.1\nHost: x"))[0] == 200


async def test_an_upload_that_stops_is_told_and_keeps_nothing():
    class Short(TlsProtocol):
        limits = WireLimits(body_s=0.1)

    world = build()
    async with served(world, Short) as port:
        asked = head(world, "PUT", f"/api/v1/uploads/{uuid4()}", Content_Length=9000, Content_Type="application/pdf")
        status, headers, content = await exchange(port, asked, b"x" * 500)
    assert (status, headers["connection"]) == (408, "close")
    assert json.loads(content)["code"] == "request_timed_out"
    assert not world.store.bodies


@pytest.mark.parametrize(
    "path",
    ["/health", "/metrics", "/api/docs", "/api/openapi.json", "/oidc/jwks.json", "/.well-known/openid-configuration"],
)
async def test_a_monitor_that_asks_for_the_head_alone_gets_it(path):
    world = build()
    async with served(world) as port:
        whole = await exchange(port, head(world, "GET", path))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head(world, "HEAD", path, Connection="close").replace("\n", "\r\n").encode() + b"\r\n\r\n")
        top, _, rest = (await asyncio.wait_for(reader.read(), 20)).partition(b"\r\n\r\n")
        writer.close()
    assert (int(top.split()[1]), rest) == (whole[0], b"")
    assert whole[2]
