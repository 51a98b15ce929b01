"""Clients over real connections."""

from __future__ import annotations

import asyncio
import socket
import traceback

import pytest

from gateway.errors import AddressRefused, CounterpartAway, CounterpartGarbled, InternalError
from gateway.outbound.client import USER_AGENT, exchange
from gateway.outbound.network import literal_socket

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def found(*addresses):
    """A resolver that answers the same addresses and counts."""

    async def find(host, port):
        find.asked.append((host, port))
        return addresses

    find.asked = []
    return find


async def test_an_exchange_returns_status_headers_and_body(serving, reaching):
    answer = b"HTTP/1.1 422 No\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\n{}"
    async with serving(answer) as server:
        got = await exchange(reaching(), "GET", server.url + "/x")
    assert (got.status, got.headers["retry-after"], got.body, got.host) == (422, "7", b"{}", "127.0.0.1")


async def test_connections_are_reused_and_carry_our_name(serving, reaching):
    client = reaching()
    async with serving() as server:
        for _ in range(5):
            await exchange(client, "GET", server.url + "/x")
        await client.aclose()
    assert server.connections == 1
    assert len(server.heads) == 5
    assert f"user-agent: {USER_AGENT}\r\n" in server.heads[0].lower()
    assert "accept-encoding: identity\r\n" in server.heads[0].lower()


async def test_loopback_is_refused_unless_allowed(serving, reaching):
    async with serving() as server:
        with pytest.raises(AddressRefused):
            await exchange(reaching(allow_private=()), "GET", server.url)
    assert server.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://[::1]:1/",
        "http://[::ffff:127.0.0.1]:1/",
        "http://169.254.169.254/",
        "http://[::]/",
    ],
)
async def test_address_literals_are_judged(reaching, url):
    with pytest.raises(AddressRefused):
        await exchange(reaching(allow_private=()), "GET", url)


@pytest.mark.parametrize("odd", ["http://2130706433:1/", "http://0x7f.1:1/", "http://localhost:1/", "http://127.1:1/"])
async def test_other_spellings_of_loopback_are_judged_by_what_they_resolve_to(reaching, odd):
    with pytest.raises((AddressRefused, CounterpartAway)):
        await exchange(reaching(allow_private=()), "GET", odd, headers={})


async def test_one_private_address_among_several_refuses_the_name(reaching):
    client = reaching(find=found("8.8.8.8", "10.0.0.1"))
    with pytest.raises(AddressRefused):
        await exchange(client, "GET", "http://rebinding.example/")


async def test_a_name_is_resolved_once_and_the_connection_pinned_while_the_host_header_stays(serving, reaching):
    find = found("127.0.0.1")
    client = reaching(find=find)
    async with serving() as server:
        for _ in range(3):
            await exchange(client, "GET", f"http://town.example:{server.port}/x")
        await client.aclose()
    assert find.asked == [("town.example", server.port)]
    assert f"host: town.example:{server.port}\r\n" in server.heads[0].lower()


async def test_a_name_is_resolved_and_judged_anew_for_each_connection(serving, reaching):
    async def find(host, port):
        return [addresses.pop(0)]

    addresses = ["127.0.0.1", "10.0.0.1"]
    client = reaching(find=find)
    async with serving(close=True) as server:
        url = f"http://rebinding.example:{server.port}/"
        await exchange(client, "GET", url)
        await asyncio.sleep(0.01)
        with pytest.raises(AddressRefused):
            await exchange(client, "GET", url)


async def test_a_redirect_is_not_followed(serving, reaching):
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    async with serving(moved) as server:
        got = await exchange(reaching(), "GET", server.url)
    assert got.status == 302
    assert len(server.heads) == 1


async def test_cookies_are_not_kept(serving, reaching):
    client = reaching(find=found("127.0.0.1"))
    async with serving(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n") as server:
        for _ in range(2):
            await exchange(client, "GET", f"http://town.example:{server.port}/")
        await client.aclose()
    assert len(server.heads) == 2
    assert not any("cookie" in head.lower() for head in server.heads)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n0123456789A",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nB\r\n0123456789A\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: gzip\r\n\r\nabcd",
        b"SMTP ready\r\n\r\n",
    ],
)
async def test_what_is_too_long_or_compressed_or_no_http_is_garbled(serving, reaching, answer):
    async with serving(answer, close=True) as server:
        with pytest.raises(CounterpartGarbled):
            await exchange(reaching(), "GET", server.url, limit=10)


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", b"HTTP/1.1 200 OK\r\nContent-Le"]
)
async def test_an_answer_cut_off_counts_as_away(serving, reaching, answer):
    async with serving(answer, close=True) as server:
        with pytest.raises(CounterpartAway):
            await exchange(reaching(), "GET", server.url)


async def test_a_closed_port_counts_as_away(serving, reaching):
    async with serving() as server:
        pass
    with pytest.raises(CounterpartAway):
        await exchange(reaching(), "GET", server.url)


async def test_silence_ends_with_the_timeout(serving, reaching):
    async with serving(b"") as server:
        with pytest.raises(CounterpartAway):
            await exchange(reaching(read_s=0.05), "GET", server.url)


async def test_a_slow_resolver_ends_with_the_timeout(reaching):
    async def find(host, port):
        await asyncio.Event().wait()

    with pytest.raises(CounterpartAway):
        await exchange(reaching(find=find, connect_s=0.02), "GET", "http://slow.example/")


async def test_an_unknown_name_counts_as_away(reaching):
    async def find(host, port):
        raise OSError

    with pytest.raises(CounterpartAway):
        await exchange(reaching(find=find), "GET", "http://nowhere.example/")


async def test_the_next_address_is_tried_where_one_does_not_answer(serving, reaching):
    async with serving() as server:
        client = reaching(find=found("::1", "127.0.0.1"))
        await exchange(client, "GET", f"http://two.example:{server.port}/")
    assert server.connections == 1


async def test_a_proxy_gets_the_whole_address_and_no_proxy_goes_around_it(serving, reaching):
    async with serving() as proxy, serving() as direct:
        client = reaching(
            allow_private=("loopback",),
            proxy=f"http://user:word@proxy.example:{proxy.port}",
            no_proxy=(".inside.example",),
            find=found("127.0.0.1"),
        )
        await exchange(client, "GET", "http://far.example/a")
        await exchange(client, "GET", f"http://x.inside.example:{direct.port}/b")
        await exchange(client, "GET", f"{direct.url}/c")
        await client.aclose()
    assert proxy.heads[0].startswith("GET http://far.example/a HTTP/1.1")
    assert "proxy-authorization: basic" in proxy.heads[0].lower()
    assert [head.split()[1] for head in direct.heads] == ["/b", "/c"]
    assert not any("proxy-authorization" in head.lower() for head in direct.heads)


async def test_an_address_literal_is_judged_behind_a_proxy_too(serving, reaching):
    async with serving() as proxy:
        client = reaching(proxy=f"http://127.0.0.1:{proxy.port}", allow_private=())
        with pytest.raises(AddressRefused):
            await exchange(client, "GET", "http://10.0.0.1/")
    assert proxy.connections == 0


async def test_a_streamed_body_has_an_exact_length_and_is_not_chunked(serving, reaching):
    async def body():
        yield b"abc"
        yield b"defg"

    async with serving(close=True) as server:
        await exchange(reaching(), "PUT", server.url, headers={"content-length": "7"}, content=body())
    assert "content-length: 7\r\n" in server.heads[0].lower()
    assert "transfer-encoding" not in server.heads[0].lower()


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/",
        "ws://example.org/",
        "http+unix://%2Frun%2Fx/",
        "file:///etc/x",
        "/x",
        "http://[::1/",
        "http://u:p@127.0.0.1/",
        "http://127.0.0.1:99999/",
        "",
    ],
)
async def test_other_schemes_are_not_spoken(reaching, url):
    with pytest.raises(CounterpartAway):
        await exchange(reaching(), "GET", url)


async def test_what_an_address_may_not_hold_is_encoded(serving, reaching):
    async with serving() as server:
        await exchange(reaching(), "GET", server.url + "/a b?ä=\x01")
    assert server.heads[0].split("\r\n")[0] == "GET /a%20b?%C3%A4=%01 HTTP/1.1"


async def test_an_error_shows_neither_our_token_nor_the_answer(serving, reaching):
    token = {"authorization": "Bearer s3cret"}
    async with serving(b"Erika Mustermann\r\n\r\n", close=True) as server:
        with pytest.raises(CounterpartGarbled) as caught:
            await exchange(reaching(), "GET", server.url, headers=token)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__cause__)
    assert "s3cret" not in shown
    assert "Erika" not in shown


@pytest.mark.parametrize("host", ["2130706433", "127.1", "localhost", "/run/x"])
def test_only_address_literals_are_connected_to(host):
    with pytest.raises(AddressRefused):
        literal_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, 1)))


@pytest.mark.parametrize("target", ["/a%2fb%7Ec/%e4?q=%2B+&x=a%20b", "/a/../b?c", "//x"])
async def test_an_address_is_sent_as_it_was_given(serving, reaching, target):
    async with serving() as server:
        await exchange(reaching(), "GET", server.url + target)
    assert server.heads[0].split(" ")[1] == target


async def test_header_fields_of_one_name_are_joined(serving, reaching):
    async with serving(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n") as server:
        got = await exchange(reaching(), "GET", server.url)
    assert got.headers["x-a"] == "1, 2"


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
async def test_a_request_is_never_repeated(reaching, listen, method):
    """Neither on a fresh connection nor where a reused one is closed after the request was read."""
    heads = []

    async def once_then_gone(reader, writer):
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    url = f"http://127.0.0.1:{await listen(once_then_gone)}/"
    client = reaching()
    assert (await exchange(client, method, url)).body == b"ok"
    with pytest.raises(CounterpartAway):
        await exchange(client, method, url)
    assert len(heads) == 2


async def test_errors_of_a_body_that_we_send_pass_unchanged(serving, reaching):
    async def body():
        yield b"a"
        raise LookupError

    async with serving(close=True) as server:
        with pytest.raises(LookupError):
            await exchange(reaching(), "PUT", server.url, headers={"content-length": "7"}, content=body())


async def test_a_source_that_cannot_be_read_is_not_taken_for_the_other_side(serving, reaching):
    async def body():
        yield b"a"
        raise FileNotFoundError

    async with serving(close=True) as server:
        with pytest.raises(FileNotFoundError):
            await exchange(reaching(), "PUT", server.url, headers={"content-length": "7"}, content=body())


async def test_connections_are_limited_and_who_waits_too_long_for_one_goes_away(reaching, listen):
    served, go = [], asyncio.Event()

    async def slow(reader, writer):
        served.append(writer)
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await go.wait()
            writer.write(OK)

    url = f"http://127.0.0.1:{await listen(slow)}/"
    patient, hasty = reaching(max_connections=2), reaching(max_connections=1, pool_s=0.01, connect_s=0.3)
    waiting = [asyncio.create_task(exchange(patient, "GET", url)) for _ in range(6)]
    first = asyncio.create_task(exchange(hasty, "GET", url))
    await asyncio.sleep(0)
    with pytest.raises(CounterpartAway):
        await exchange(hasty, "GET", url)
    go.set()
    assert [got.body for got in await asyncio.gather(first, *waiting)] == [b"ok"] * 7
    assert len(served) == 3


async def test_a_name_without_addresses_counts_as_away(reaching):
    with pytest.raises(CounterpartAway):
        await exchange(reaching(find=found()), "GET", "http://nowhere.example/")


@pytest.mark.parametrize("given", [b"abc", b"abcdefghij"])
async def test_a_body_of_another_size_than_said_is_our_fault(reaching, listen, given):
    got = []

    async def listening(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        got.append(await reader.read())
        writer.close()

    async def body():
        yield given

    url = f"http://127.0.0.1:{await listen(listening)}/"
    with pytest.raises(InternalError):
        await exchange(reaching(), "PUT", url, headers={"content-length": "7"}, content=body())
