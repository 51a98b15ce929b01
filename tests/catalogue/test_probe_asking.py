"""Pages on loopback with every fault there may be: each probe is one measurement, and no page gets more than GET."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.catalogue.probes.asking import LARGEST_BYTES, PageAsker, answers, ask_dependency
from gateway.catalogue.probes.page import MOST_HOPS, ProbeReason
from gateway.catalogue.probes.run import ServicePage
from gateway.catalogue.probes.standing import Subject
from gateway.errors import CounterpartAway, TokenRefused
from gateway.outbound.client import Policy, http_client

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PATIENT_S = 30.0
HTML = "Content-Type: text/html; charset=utf-8\r\n"
GOOD = "<html><h1>Hausnummer beantragen</h1></html>"


class Clock:
    def now(self):
        return NOW


def answer(status=200, body=GOOD, **headers):
    """An HTTP answer as bytes."""
    content = body.encode()
    fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} X\r\n{HTML}{fields}Content-Length: {len(content)}\r\n\r\n".encode() + content


class Pages:
    """A server whose pages are bytes by path; `silent` ones never answer. Keeps each request's head."""

    def __init__(self):
        self.pages, self.heads, self.port = {}, [], 0

    @property
    def paths(self):
        return [head.split(" ")[1] for head in self.heads]

    async def __call__(self, reader, writer):
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            page = self.pages.get(head.split(" ")[1], b"")
            if page is None:
                await reader.read()  # until the other side gives up
            else:
                writer.write(page)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(context=None):
    pages = Pages()
    server = await asyncio.start_server(pages, "127.0.0.1", 0, ssl=context)
    pages.port = server.sockets[0].getsockname()[1]
    try:
        yield pages
    finally:
        server.close()


@pytest.fixture
async def pages():
    async with listening() as server:
        yield server


async def loopback(host, port):
    return ("127.0.0.1",)


@pytest.fixture
async def measure():
    """Measure an address once."""

    async def once(url, *, limit_s=PATIENT_S, allow=("loopback", "town.example"), **policy):
        way = Policy(
            allow_private=allow, certificates=True, keepalive_s=0, user_agent="gateway (it@town.example)", **policy
        )
        async with http_client(way, find=loopback) as client:
            asker = PageAsker(client=client, clock=Clock(), phrases=("Entschuldigung",), limit_s=limit_s)
            return await asker.ask(ServicePage(Subject("150900546546", "hausnummer"), url, ("Hausnummer beantragen",)))

    return once


async def test_a_page_that_shows_the_service_is_good_and_was_asked_by_get_alone(pages, measure):
    pages.pages["/a"] = answer()
    seen = await measure(f"http://127.0.0.1:{pages.port}/a#top")
    assert (seen.good, seen.reason, seen.away, seen.at) == (True, None, False, NOW)
    assert seen.host == f"127.0.0.1:{pages.port}"
    assert seen.milliseconds >= 0
    (head,) = pages.heads
    assert head.startswith("GET /a HTTP/1.1\r\n")
    assert "User-Agent: gateway (it@town.example)\r\n" in head
    assert "content-length" not in head.lower()


@pytest.mark.parametrize(
    ("page", "reason", "away"),
    [
        (answer(503), ProbeReason.STATUS, False),
        (answer(404), ProbeReason.STATUS, False),
        (answer(body="<h1>Entschuldigung</h1> Hausnummer beantragen"), ProbeReason.FAILURE_PHRASE, False),
        (answer(body="<h1>Willkommen</h1>"), ProbeReason.TEXT_MISSING, False),
        (b"SSH-2.0-OpenSSH\r\n\r\n", ProbeReason.GARBLED, False),
        (f"HTTP/1.1 200 X\r\nContent-Length: {LARGEST_BYTES + 1}\r\n\r\n".encode(), ProbeReason.GARBLED, False),
        (b"", ProbeReason.AWAY, True),
        (answer(302, Location="http://10.0.0.1/"), ProbeReason.ADDRESS_REFUSED, False),
        (answer(302, Location="javascript:alert(1)"), ProbeReason.ADDRESS_REFUSED, False),
        (answer(302), ProbeReason.STATUS, False),
        (answer(302, Location="/a"), ProbeReason.REDIRECT_LOOP, False),
    ],
)
async def test_each_fault_of_a_page_has_its_reason(pages, measure, page, reason, away):
    pages.pages["/a"] = page
    seen = await measure(f"http://127.0.0.1:{pages.port}/a")
    assert (seen.good, seen.reason, seen.away) == (False, reason, away)


async def test_hops_are_followed_each_anew_but_not_for_ever(pages, measure):
    pages.pages |= {f"/{n}": answer(302, Location=f"/{n + 1}") for n in range(20)}
    pages.pages[f"/{MOST_HOPS}"] = answer()
    assert (await measure(f"http://127.0.0.1:{pages.port}/0")).good
    assert pages.paths == [f"/{n}" for n in range(MOST_HOPS + 1)]
    pages.heads.clear()
    pages.pages[f"/{MOST_HOPS}"] = answer(302, Location=f"/{MOST_HOPS + 1}")
    assert (await measure(f"http://127.0.0.1:{pages.port}/0")).reason is ProbeReason.REDIRECTS_TOO_MANY
    assert len(pages.heads) == MOST_HOPS + 1


async def test_a_hop_is_judged_by_the_address_policy_like_the_first(pages, measure):
    pages.pages["/a"] = answer(302, Location=f"http://127.0.0.1:{pages.port}/b")
    pages.pages["/b"] = answer()
    seen = await measure(f"http://town.example:{pages.port}/a", allow=("town.example",))
    assert seen.reason is ProbeReason.ADDRESS_REFUSED  # a public name sends us to an address of this machine
    assert pages.paths == ["/a"]


@pytest.mark.parametrize(
    "url", ["ftp://town.example/", "http://user:word@127.0.0.1/", "javascript:alert(1)", "http:///"]
)
async def test_an_address_that_is_none_of_the_web_is_not_asked(measure, url):
    assert (await measure(url)).reason is ProbeReason.ADDRESS_REFUSED


async def test_a_silent_page_ends_with_its_time_and_a_closed_port_at_once(pages, measure):
    pages.pages["/a"] = None
    seen = await measure(f"http://127.0.0.1:{pages.port}/a", limit_s=0.05)
    assert (seen.reason, seen.away) == (ProbeReason.TIMEOUT, True)
    async with listening() as gone:
        port = gone.port
    seen = await measure(f"http://127.0.0.1:{port}/a")
    assert (seen.reason, seen.away) == (ProbeReason.AWAY, True)


def certified(folder, until, name="town.example"):
    """PEM file of key and self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(until - timedelta(days=400))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "town.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + made.public_bytes(Encoding.PEM))
    return file


def server_side(file):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def test_the_certificates_end_is_seen_on_every_answer_however_short(measure, tmp_path):
    until = (datetime.now(UTC) + timedelta(days=20)).replace(microsecond=0)
    file = certified(tmp_path, until)
    async with listening(server_side(file)) as pages:
        pages.pages |= {"/a": answer(), "/b": answer(503, body=""), "/c": answer(302, Location="/a")}
        pages.pages["/d"] = answer(302, Location=f"http://town.example:{pages.port}/a")
        at = f"https://town.example:{pages.port}"
        seen = [await measure(f"{at}/{path}", ca_bundle=file) for path in "abcd"]
    assert [each.certificate_ends for each in seen] == [until] * 4
    assert [each.reason for each in seen] == [None, ProbeReason.STATUS, None, ProbeReason.REDIRECT_DOWNGRADED]


async def test_a_certificate_that_ended_or_that_nobody_trusts_is_its_own_reason(measure, tmp_path):
    file = certified(tmp_path, datetime.now(UTC) - timedelta(days=1))
    async with listening(server_side(file)) as pages:
        pages.pages["/a"] = answer()
        for trusted in (file, None):
            seen = await measure(f"https://town.example:{pages.port}/a", ca_bundle=trusted)
            assert (seen.reason, seen.away) == (ProbeReason.CERTIFICATE, False)


async def test_what_services_need_says_why_it_does_not_work():
    async def works():
        return None

    async def says():
        return "no_worker"

    async def refused():
        raise TokenRefused

    async def away():
        raise CounterpartAway

    async def hangs():
        await asyncio.Event().wait()

    async def unforeseen():
        raise ZeroDivisionError

    seen = [await ask_dependency(call, Clock(), PATIENT_S, "a.example") for call in (works, says, refused, away)]
    assert [(each.reason, each.away) for each in seen] == [
        (None, False),
        ("no_worker", False),
        (TokenRefused.code, False),
        (CounterpartAway.code, True),
    ]
    assert (await ask_dependency(hangs, Clock(), 0.01)).reason == ProbeReason.TIMEOUT
    assert (await ask_dependency(unforeseen, Clock(), PATIENT_S)).reason == ProbeReason.GARBLED


async def test_any_answer_of_others_proves_our_network(pages):
    pages.pages["/a"] = answer(500)
    pages.pages["/silent"] = None
    async with http_client(Policy(allow_private=("loopback",))) as client:
        assert await answers(client, f"http://127.0.0.1:{pages.port}/a", PATIENT_S)
        assert not await answers(client, f"http://127.0.0.1:{pages.port}/b", PATIENT_S)
        assert not await answers(client, f"http://127.0.0.1:{pages.port}/silent", 0.05)
        assert not await answers(client, "http://10.0.0.1/", PATIENT_S)
