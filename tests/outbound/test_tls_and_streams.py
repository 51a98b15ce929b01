"""TLS to the pinned address, tunnels, and bodies larger than any buffer."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.errors import CounterpartAway
from gateway.outbound.client import Policy, exchange
from gateway.outbound.httpx_transport import httpx_client

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """PEM file of key and self-signed certificate for town.example."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "town.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("town.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "town.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


@pytest.fixture
def secure(certificate):
    """A TLS server on loopback; tells port and the names it was asked for."""

    @asynccontextmanager
    async def serve(*, mutual=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        if mutual:
            context.load_verify_locations(certificate)
            context.verify_mode = ssl.CERT_REQUIRED
        asked = []
        context.sni_callback = lambda _, name, __: asked.append(name)

        async def answer(reader, writer):
            try:
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(OK)
                    await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        try:
            yield server.sockets[0].getsockname()[1], asked
        finally:
            server.close()

    return serve


async def loopback(host, port):
    return ("127.0.0.1",)


async def test_name_and_certificate_stay_while_the_address_is_pinned(secure, reaching, certificate):
    client = reaching(find=loopback, ca_bundle=certificate)
    async with secure() as (port, asked):
        for _ in range(2):
            assert (await exchange(client, "GET", f"https://town.example:{port}/")).body == b"ok"
        await client.aclose()
    assert asked == ["town.example"]


async def test_a_certificate_for_another_name_is_refused(secure, reaching, certificate):
    client = reaching(find=loopback, ca_bundle=certificate)
    async with secure() as (port, _):
        with pytest.raises(CounterpartAway):
            await exchange(client, "GET", f"https://village.example:{port}/")


async def test_a_certificate_of_nobody_we_know_is_refused(secure, reaching):
    client = reaching(find=loopback)
    async with secure() as (port, _):
        with pytest.raises(CounterpartAway):
            await exchange(client, "GET", f"https://town.example:{port}/")


async def test_who_asks_for_our_certificate_gets_it(secure, reaching, certificate):
    known = reaching(find=loopback, ca_bundle=certificate, client_certificate=(certificate, certificate))
    unknown = reaching(find=loopback, ca_bundle=certificate)
    async with secure(mutual=True) as (port, _):
        assert (await exchange(known, "GET", f"https://town.example:{port}/")).body == b"ok"
        with pytest.raises(CounterpartAway):
            await exchange(unknown, "GET", f"https://town.example:{port}/")
        await known.aclose()


async def test_tls_to_who_speaks_none_counts_as_away(reaching, listen):
    async def plain(reader, writer):
        writer.write(OK)
        await writer.drain()
        await reader.read()

    port = await listen(plain)
    with pytest.raises(CounterpartAway):
        await exchange(reaching(find=loopback), "GET", f"https://town.example:{port}/")


async def test_silence_in_the_handshake_ends_with_the_timeout(reaching, listen):
    async def silent(reader, writer):
        await reader.read()
        writer.close()

    port = await listen(silent)
    with pytest.raises(CounterpartAway):
        await exchange(reaching(find=loopback, connect_s=0.05), "GET", f"https://town.example:{port}/")


async def test_tls_goes_through_a_proxy_by_a_tunnel(secure, reaching, certificate, listen):
    tunnels = []

    async def proxy(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        tunnels.append(head.split(b"\r\n")[0])
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        near, far = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(pump(reader, far), pump(near, writer))
        finally:
            far.transport.abort()

    async def pump(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async with secure() as (port, asked):
        proxy_port = await listen(proxy)
        client = reaching(proxy=f"http://127.0.0.1:{proxy_port}", ca_bundle=certificate)
        got = await exchange(client, "GET", "https://town.example:443/")
        await client.aclose()
        assert got.body == b"ok"
    assert tunnels == [b"CONNECT town.example:443 HTTP/1.1"]
    assert asked == ["town.example"]


async def test_a_proxy_that_refuses_the_tunnel_counts_as_away(reaching, listen):
    async def proxy(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    client = reaching(proxy=f"http://127.0.0.1:{await listen(proxy)}")
    with pytest.raises(CounterpartAway):
        await exchange(client, "GET", "https://town.example/")


async def test_an_answer_larger_than_any_buffer_is_read_whole(reaching, listen):
    size = 5_000_000

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        writer.write(bytes(range(250)) * (size // 250))
        await writer.drain()
        writer.close()

    url = f"http://127.0.0.1:{await listen(answer)}/"
    got = await exchange(reaching(), "GET", url, limit=size)
    assert got.body == bytes(range(250)) * (size // 250)


async def test_a_body_larger_than_any_buffer_is_sent_whole_and_waits_for_a_slow_reader(reaching, listen):
    size, got = 8_000_000, []

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        left = size
        while left:
            data = await reader.read(min(left, 100_000))
            got.append(data)
            left -= len(data)
            await asyncio.sleep(0)
        writer.write(OK)
        await writer.drain()
        writer.close()

    async def body():
        for number in range(8):
            yield bytes([number]) * 1_000_000

    url = f"http://127.0.0.1:{await listen(answer)}/"
    headers = {"content-length": str(size)}
    assert (await exchange(reaching(), "PUT", url, headers=headers, content=body())).status == 200
    assert b"".join(got) == b"".join(bytes([number]) * 1_000_000 for number in range(8))


@pytest.mark.parametrize("size", [3_000, 40_000, 3_000_000])
async def test_a_whole_body_of_any_size_is_sent_whole(reaching, listen, size):
    got = []

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"content-length: %d\r\n" % size in head.lower()
        got.append(await reader.readexactly(size))
        writer.write(OK)

    content = bytes(range(250)) * (size // 250)
    assert (
        await exchange(reaching(), "PUT", f"http://127.0.0.1:{await listen(answer)}/", content=content)
    ).status == 200
    assert got == [content]


@pytest.mark.parametrize("size", [3_000, 20_000_000])
async def test_who_never_reads_a_whole_body_ends_with_the_timeout(reaching, listen, size):
    async def deaf(reader, writer):
        reader._transport.pause_reading()
        await asyncio.Event().wait()

    client = reaching(write_s=0.05, read_s=0.05)
    with pytest.raises(CounterpartAway):
        await exchange(client, "PUT", f"http://127.0.0.1:{await listen(deaf)}/", content=b"x" * size)


async def test_who_never_reads_ends_our_writing_with_the_timeout(reaching, listen):
    async def deaf(reader, writer):
        reader._transport.pause_reading()
        await asyncio.Event().wait()

    async def body():
        while True:
            yield b"x" * 1_000_000

    url = f"http://127.0.0.1:{await listen(deaf)}/"
    client = reaching(write_s=0.05, read_s=0.05)
    with pytest.raises(CounterpartAway):
        await exchange(client, "PUT", url, headers={"content-length": "10000000000"}, content=body())


async def test_a_refusal_in_the_middle_of_our_body_is_heard(reaching, listen):
    async def strict(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        while await reader.read(1 << 20):
            pass
        writer.close()

    async def body():
        for _ in range(20):
            yield b"x" * 1_000_000

    url = f"http://127.0.0.1:{await listen(strict)}/"
    client = reaching()
    got = await exchange(client, "PUT", url, headers={"content-length": "20000000"}, content=body())
    assert got.status == 413
    await client.aclose()


async def test_a_connection_with_half_a_body_on_it_is_not_used_again(reaching, listen):
    heads = []

    async def hasty(reader, writer):
        heads.append((await reader.readuntil(b"\r\n\r\n")).split(b" ")[0])
        writer.write(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
        while await reader.read(1 << 20):
            pass

    async def body():
        for _ in range(200):
            yield b"x" * 100_000
            await asyncio.sleep(0)

    url = f"http://127.0.0.1:{await listen(hasty)}/"
    client = reaching()
    got = await exchange(client, "PUT", url, headers={"content-length": "20000000"}, content=body())
    assert got.status == 413
    assert (await exchange(client, "GET", url)).status == 413
    assert heads == [b"PUT", b"GET"]


async def test_a_connection_that_was_closed_meanwhile_is_not_used_again(serving, reaching):
    client = reaching()
    async with serving(close=True) as server:
        for _ in range(3):
            assert (await exchange(client, "GET", server.url)).body == b"ok"
            await asyncio.sleep(0.01)
        assert server.connections == 3


async def test_httpx_over_our_way_out_checks_certificates_as_we_do(secure, certificate):
    async with secure() as (port, _):
        for known, heard in ((certificate, True), (None, False)):
            async with httpx_client(Policy(ca_bundle=known, allow_private=("loopback",)), find=loopback) as client:
                asked = client.get(f"https://town.example:{port}/")
                if heard:
                    assert (await asked).text == "ok"
                    continue
                with pytest.raises(httpx.ConnectError) as caught:
                    await asked
                assert isinstance(caught.value.__cause__, CounterpartAway)
