"""The identity sandbox behind a real socket: readiness, what it keeps, whom it trusts, who may order."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from gateway.errors import AddressTaken, AlreadyServing, FileUnusable
from gateway.sandbox.identity.sandbox import IdentitySandbox
from gateway.sandbox.identity.server import serve
from tests.demo_fixture import GATEWAY, start, stop

from .peers import ENTITY, NS, START, Forms, ServiceProviderPeer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from gateway.sandbox.identity.keyring import SigningPair

ADDRESSES = {"idp_metadata", "entity_id", "sso_post", "sso_redirect"}


@pytest.fixture
def data(tmp_path: Path, pairs: Mapping[str, SigningPair]) -> Path:
    """A directory with keys, which are not made anew for each test."""
    folder = tmp_path / "data"
    (folder / "keys").mkdir(parents=True)
    for name, pair in pairs.items():
        private = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "keys" / f"{name}.key.pem").write_bytes(private)
        (folder / "keys" / f"{name}.crt.pem").write_bytes(pair.certificate.public_bytes(Encoding.PEM))
    return folder


@asynccontextmanager
async def running(data: Path, port: int = 0, trusted: tuple[str, ...] = ()) -> AsyncIterator[dict[str, Any]]:
    ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    stopped = asyncio.Event()
    serving = asyncio.create_task(serve(data=data, port=port, trusted=trusted, on_ready=ready.set_result, stop=stopped))
    await asyncio.wait({ready, serving}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        await serving
    try:
        yield ready.result()
    finally:
        stopped.set()
        await serving


def keys_of(metadata: bytes) -> list[str | None]:
    return [each.text for each in etree.fromstring(metadata).iter(f"{{{NS['d']}}}X509Certificate")]


def test_the_command_prints_the_fixed_line_and_ends_on_sigterm(data: Path) -> None:
    process, line = start("sandbox", "identity", "--data", str(data))
    try:
        assert ADDRESSES | {"persons", "admin", "pid", "organisations", "muk"} == set(line)
        assert set(line["muk"]) == ADDRESSES
        assert line["pid"] == process.pid
        assert len(line["persons"]) >= 12
        assert all(set(each) == {"id", "name"} for each in line["persons"] + line["organisations"])
        assert line["entity_id"].startswith("http://127.0.0.1:")
        for where in (line, line["muk"]):
            told = etree.fromstring(httpx.get(where["idp_metadata"]).content)
            assert told.get("entityID") == where["entity_id"]
            found = {each.get("Location") for each in told.iter("{*}SingleSignOnService")}
            assert found == {where["sso_post"], where["sso_redirect"]}
        assert httpx.get(f"{line['admin']}/state").json()["service_providers"] == []
    finally:
        assert stop(process) == 0


def test_the_command_tied_to_a_parent_ends_with_it(data: Path) -> None:
    arguments = ["sandbox", "identity", "--data", str(data), "--json", "--until-stdin-closes"]
    with subprocess.Popen([*GATEWAY, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert json.loads(process.stdout.readline())["pid"] == process.pid
        process.stdin.close()
        assert process.wait(30) == 0


async def test_what_it_knows_outlives_the_process(data: Path, stranger: ServiceProviderPeer) -> None:
    async with running(data) as line, httpx.AsyncClient() as http:
        stranger.http, stranger.admin = http, line["admin"]
        assert (await stranger.introduce()).status_code == 201
        await stranger.order("/clock", {"advance_s": 60})
        before = keys_of((await http.get(line["idp_metadata"])).content)
        port = int(line["entity_id"].split(":")[2].partition("/")[0])
    async with running(data, port) as again, httpx.AsyncClient() as http:
        assert {key: again[key] for key in ADDRESSES | {"admin"}} == {key: line[key] for key in ADDRESSES | {"admin"}}
        assert keys_of((await http.get(again["idp_metadata"])).content) == before
        state = (await http.get(f"{again['admin']}/state")).json()
        assert ([each["entity_id"] for each in state["service_providers"]], state["clock_offset_s"]) == ([ENTITY], 60)


async def test_a_reset_forgets_all_but_keys_and_service_providers(provider: ServiceProviderPeer) -> None:
    await provider.order("/clock", {"advance_s": 60})
    await provider.order("/login", {"person": "kaethe-grosse", "level": "high"})
    await provider.order("/faults", {"match": "* /idp", "kind": "status", "value": 500})
    assert (await provider.http.post(f"{provider.admin}/reset")).status_code == 204
    state = (await provider.http.get(f"{provider.admin}/state")).json()
    assert (state["clock_offset_s"], state["orders"], state["faults"], state["logins"]) == (0, [], [], [])
    assert [each["entity_id"] for each in state["service_providers"]] == [ENTITY]


async def test_metadata_of_a_file_are_trusted_and_bad_ones_named(data: Path, stranger: ServiceProviderPeer) -> None:
    file = data / "metadata.xml"
    file.write_text(stranger.metadata(), encoding="utf-8")
    async with running(data, trusted=(str(file),)) as line, httpx.AsyncClient() as http:
        state = (await http.get(f"{line['admin']}/state")).json()
        assert [each["entity_id"] for each in state["service_providers"]] == [ENTITY]
    file.write_text(stranger.metadata().replace(ENTITY, "http://x.example"), encoding="utf-8")
    with pytest.raises(FileUnusable) as refused:
        IdentitySandbox.open(data, base_url="http://127.0.0.1:1", trusted=(str(file),))
    assert "metadata-entity-id" in refused.value.sentence("en")


@pytest.mark.parametrize("source", ["file:///etc/metadata.xml", "ftp://127.0.0.1/metadata"])
async def test_what_is_no_web_address_is_a_file_that_has_to_be_there(data: Path, source: str) -> None:
    with pytest.raises(OSError, match="No such file"):
        IdentitySandbox.open(data, base_url="http://127.0.0.1:1", trusted=(source,))


async def test_an_address_is_asked_when_a_service_provider_is_not_known(
    data: Path, stranger: ServiceProviderPeer
) -> None:
    """The address may begin to answer later than the sandbox: whoever starts both starts one of them first."""
    body, asked = b"", 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        await reader.readuntil(b"\r\n\r\n")
        status = b"200 OK" if body else b"404 Not Found"
        writer.write(b"HTTP/1.1 %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (status, len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, running(data, trusted=(f"http://127.0.0.1:{port}/metadata",)) as line:
        sso, base = line["sso_post"], line["entity_id"].removesuffix("/idp")
        async with httpx.AsyncClient() as http:
            stranger.http, stranger.admin = http, line["admin"]
            now = datetime.fromisoformat((await http.get(f"{line['admin']}/state")).json()["now"])
            offset = (START - now).total_seconds()
            await stranger.order("/clock", {"advance_s": offset})
            for kept, status in ((b"", 400), (stranger.metadata().encode(), 303), (b"", 303)):
                body = kept
                xml = stranger.xml().replace("http://127.0.0.1:1", base)
                assert (await stranger.post(xml, path=sso)).status_code == status
    assert asked == 2, "who is known is not asked for again"


@pytest.mark.parametrize(
    "headers", [{"host": "evil.example"}, {"host": "127.0.0.1.evil.example"}, {"origin": "http://x"}]
)
async def test_the_admin_api_is_for_loopback_and_no_page(provider: ServiceProviderPeer, headers) -> None:
    assert (await provider.http.get(f"{provider.admin}/state", headers=headers)).status_code == 403
    assert (await provider.http.get("/admin/guess/state")).status_code == 404


async def test_a_port_or_a_directory_that_is_taken_is_named(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(AddressTaken):
        async with running(data, other.getsockname()[1]):
            pass
    async with running(data):
        with pytest.raises(AlreadyServing):
            async with running(data):
                pass


async def test_what_is_held_open_is_bounded(provider: ServiceProviderPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.sandbox.identity.sandbox._OPEN_MOST", 3)
    pages = [(await provider.post(provider.xml())).headers["location"] for _ in range(5)]
    assert [(await provider.http.get(page)).status_code for page in pages] == [410, 410, 200, 200, 200]


async def test_pages_run_no_script_and_are_not_kept(provider: ServiceProviderPeer) -> None:
    location = (await provider.post(provider.xml())).headers["location"]
    page = await provider.http.get(location)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    for needed in ('<html lang="de">', "<main>", "<h1>", "<legend>", "<title>", "charset"):
        assert needed in page.text
    assert Forms(page.text).fields["login"]


def test_new_keys_are_made_once_and_readable_by_their_owner_alone(tmp_path: Path) -> None:
    first = IdentitySandbox.open(tmp_path, base_url="http://127.0.0.1:1")
    again = IdentitySandbox.open(tmp_path, base_url="http://127.0.0.1:1")
    assert first.admin_path == again.admin_path
    for name, pair in first.pairs.items():
        assert again.pairs[name].certificate == pair.certificate
        assert (tmp_path / "keys" / f"{name}.key.pem").stat().st_mode & 0o777 == 0o600
        assert isinstance(pair.certificate, x509.Certificate)
