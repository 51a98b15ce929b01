"""Time stamps: OpenSSL plays the authority and, in the other direction, checks what we kept."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
import respx
from cryptography import x509

from gateway.crypto.keys import generate_ed25519, private_key
from gateway.errors import (
    AddressRefused,
    CounterpartAway,
    CounterpartGarbled,
    CounterpartRefused,
    CryptoFailure,
    EvidenceRefused,
)
from gateway.evidence import container, der, stamp
from gateway.evidence.der import OPTION_0, SEQUENCE, SET
from gateway.evidence.verify import verify
from gateway.outbound.client import Policy
from gateway.outbound.httpx_errors import OutboundRefused
from gateway.outbound.httpx_transport import httpx_client
from gateway.ports.store import EvidenceEntry
from gateway.store.proof import export, roots
from gateway.worker.stamping import stamp_roots
from tests.store.conftest import clock, new_submission, store  # noqa: F401 - fixtures

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="the authority is OpenSSL's")
NONCE = 0xF0E1D2C3B4A59687
CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Test authority {usage}
[stamps]
extendedKeyUsage = {usage}
keyUsage = digitalSignature
[tsa]
serial = {place}/serial
signer_digest = {digest}
default_policy = 1.2.3.4
other_policies = 1.2.3.5
digests = sha256, sha384
ordering = no
ess_cert_id_chain = no
ess_cert_id_alg = {ess}
"""


class Authority:
    """A time stamping authority with a key of its own."""

    def __init__(
        self, place, *, key=("-newkey", "rsa:2048"), usage="critical,timeStamping", digest="sha256", ess="sha256"
    ):
        self.place = place
        place.mkdir()
        (place / "cnf").write_text(CONFIG.format(place=place, usage=usage, digest=digest, ess=ess))
        (place / "serial").write_text("01")
        self.openssl("req", "-x509", *key, "-nodes", "-keyout", "key", "-out", "cert", "-days", "30", "-config", "cnf",
                     "-extensions", "stamps")  # fmt: skip

    def openssl(self, *arguments):
        done = subprocess.run([OPENSSL, *arguments], cwd=self.place, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def answer(self, request):
        (self.place / "q").write_bytes(request)
        self.openssl("ts", "-reply", "-config", "cnf", "-section", "tsa", "-queryfile", "q", "-inkey", "key",
                     "-signer", "cert", "-out", "r")  # fmt: skip
        return (self.place / "r").read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tsa") / "rsa")


@pytest.fixture(scope="module")
def answer(authority):
    return authority.answer(stamp.request(b"root", NONCE))


def test_a_genuine_stamp_tells_when(answer):
    at = stamp.check(answer, b"root", nonce=NONCE)
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=5)
    assert stamp.check(answer, b"root") == at, "later, when nobody knows the nonce any more"


@pytest.mark.parametrize(
    "how",
    [
        {"key": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")},
        {"digest": "sha512", "ess": "sha1"},
        {"digest": "sha384", "ess": "sha384"},
    ],
)
def test_other_authorities_sign_in_other_ways(tmp_path, how):
    stamp.check(Authority(tmp_path / "a", **how).answer(stamp.request(b"root", 0)), b"root", nonce=0)


def test_openssl_takes_our_request_and_what_we_kept(authority, answer):
    told = authority.openssl("ts", "-query", "-in", "q", "-text")
    assert b"Certificate required: yes" in told
    (authority.place / "kept.tsr").write_bytes(answer)
    (authority.place / "root.jws").write_bytes(b"root")
    said = authority.openssl("ts", "-verify", "-in", "kept.tsr", "-data", "root.jws", "-CAfile", "cert")
    assert b"OK" in said


def test_a_stamp_over_something_else_or_for_another_request_is_refused(answer):
    for content, nonce in ((b"another root", NONCE), (b"root", NONCE + 1)):
        with pytest.raises(CryptoFailure):
            stamp.check(answer, content, nonce=nonce)


def test_a_changed_stamp_is_refused_or_tells_the_same(answer):
    """What the signature does not cover (a second certificate's bytes, say) cannot change what is told."""
    at = stamp.check(answer, b"root", nonce=NONCE)
    taken = 0
    for place in range(len(answer)):
        changed = bytearray(answer)
        changed[place] ^= 0x01
        try:
            assert stamp.check(bytes(changed), b"root", nonce=NONCE) == at
            taken += 1
        except CryptoFailure:
            continue
    assert taken < 40, "algorithm identifiers' parameters and versions"


@pytest.mark.parametrize("data", [b"", b"0", b"\x30\x80\x00\x00", b"\x30\x84\xff\xff\xff\xff", b"\x30\x03\x02\x01\x00"])
def test_what_is_no_answer_is_refused(data, answer):
    for each in (data, answer + b"\0", answer[:-1], data * 50_000):
        with pytest.raises(CryptoFailure):
            stamp.check(each, b"root")


@pytest.mark.parametrize("usage", ["timeStamping", "critical,serverAuth", "critical,timeStamping,serverAuth"])
def test_a_certificate_that_is_not_for_time_stamps_alone_is_refused(tmp_path, usage):
    """OpenSSL does not sign with such a one; it is put in place of the good one, of the same key, name and number."""
    other = Authority(tmp_path / "a")
    serial = other.openssl("x509", "-in", "cert", "-serial", "-noout").decode().strip().partition("=")[2]
    made = ["req", "-x509", "-key", "key", "-days", "30", "-set_serial", f"0x{serial}", "-extensions", "stamps"]
    text = (other.place / "cnf").read_text()
    (other.place / "cnf2").write_text(text.replace("Usage = critical,timeStamping\n", f"Usage = {usage}\n"))
    for name, config in (("good", "cnf"), ("bad", "cnf2")):
        other.openssl(*made, "-out", name, "-outform", "DER", "-config", config)
    used = other.openssl("x509", "-in", "cert", "-outform", "DER")
    answer = other.answer(stamp.request(b"root", 1))
    [signer] = _parts(answer)[-1].children(SET)
    named = signer.children(SEQUENCE)[1]
    stamp._named(named, [x509.load_der_x509_certificate(used)])
    stamp._named(named, [x509.load_der_x509_certificate((other.place / "good").read_bytes())])
    with pytest.raises(ValueError, match=r"^$"):
        stamp._named(named, [x509.load_der_x509_certificate((other.place / "bad").read_bytes())])


def test_another_certificate_of_the_same_name_and_number_cannot_be_put_in(tmp_path):
    """The signing-certificate attribute names the digest of the one that signed."""
    other = Authority(tmp_path / "a")
    answer = other.answer(stamp.request(b"root", 1))
    good = other.openssl("x509", "-in", "cert", "-outform", "DER")
    changed = bytearray(good)
    changed[-1] ^= 1  # the certificate's own signature: key, name and number stay
    with pytest.raises(CryptoFailure):
        stamp.check(answer.replace(good, bytes(changed)), b"root")


def _parts(answer):
    [signed] = der.read(answer).children(SEQUENCE)[1].children(SEQUENCE)[1].children(OPTION_0)
    return signed.children(SEQUENCE)


def test_an_archive_carries_its_stamp_and_a_foreign_one_breaks_it(case, authority):
    plain = case.dossier()
    [witness] = plain.witnesses
    stamped = authority.answer(stamp.request(witness.token.encode(), 5))
    foreign = authority.answer(stamp.request(b"other root", 5))
    for given, broken in ((stamped, None), (foreign, "roots/1.tsr")):
        members = case.members(dataclasses.replace(plain, witnesses=(dataclasses.replace(witness, stamp=given),)))
        assert members["roots/1.tsr"] == given
        verdict = verify(container.pack(members), [case.gateway.public_jwk])
        assert verdict.as_json()["broken_at"] == broken


@pytest.fixture
def served(authority):
    """The authority over HTTP; `lie` makes it answer with what it likes."""

    class Handler(BaseHTTPRequestHandler):
        lie = None

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == stamp.REQUEST_TYPE
            status, content = self.lie or (200, authority.answer(body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/tsa", Handler
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (httpx.ConnectTimeout("x"), CounterpartAway),
        (httpx.ReadError("x"), CounterpartAway),
        (httpx.RemoteProtocolError("x"), CounterpartGarbled),
        (OutboundRefused("x"), AddressRefused),
        (httpx.Response(301, headers={"Location": "https://elsewhere.example"}), CounterpartRefused),
        (httpx.Response(200, content=b"no stamp"), EvidenceRefused),
    ],
)
async def test_faults_on_the_way_to_the_authority_have_our_names(monkeypatch, clock, fault, error):  # noqa: F811 - a fixture
    async def unstamped(*_):
        return [(1, "token")]

    monkeypatch.setattr(roots, "unstamped", unstamped)
    async with httpx_client(Policy()) as client:
        with respx.mock(using="httpx") as wire:
            route = wire.post("https://tsa.example/").mock(side_effect=[fault])
            with pytest.raises(error):
                await stamp_roots(None, client, "https://tsa.example/", clock.now(), os.urandom)
    (asked,) = route.calls
    assert asked.request.headers["content-type"] == stamp.REQUEST_TYPE
    assert asked.request.headers["accept"] == stamp.ANSWER_TYPE


async def test_roots_are_stamped_and_exported_with_their_stamps(store, clock, served):  # noqa: F811 - fixtures
    url, handler = served
    key = private_key(generate_ed25519("gateway-evidence-1")[0])
    new = dataclasses.replace(new_submission(), evidence=(EvidenceEntry("validated", {"valid": True}),))
    await store.create(new)
    await roots.sign_due(store.database, key, clock.now())
    async with httpx_client(Policy(allow_private=("loopback",))) as client:
        for lie, error in (((500, b""), CounterpartRefused), ((200, b"no stamp"), EvidenceRefused)):
            handler.lie = lie
            with pytest.raises(error):
                await stamp_roots(store.database, client, url, clock.now(), os.urandom)
        handler.lie = None
        assert await stamp_roots(store.database, client, url, clock.now(), os.urandom) == 1
        assert await stamp_roots(store.database, client, url, clock.now(), os.urandom) == 0, "each root once"
    packed, verdict = await export.export(store.database, new.submission.id, key, clock.now())
    members = container.unpack(packed)
    assert verdict.ok
    stamp.check(members["roots/1.tsr"], members["roots/1.jws"])
