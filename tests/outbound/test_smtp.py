"""Mail goes out encrypted or not at all, and every failure says whether it is worth another try."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import (
    AddressRefused,
    CounterpartAway,
    CounterpartBusy,
    CounterpartGarbled,
    CounterpartRefused,
    TlsMissing,
)
from gateway.outbound.policy import AddressPolicy
from gateway.outbound.smtp import Relay, probe, send
from tests.outbound.mail_server import certificate, mail_server

SENDER, TO = "gateway@town.example", "it@town.example"
MESSAGE = b"Subject: x\r\n\r\n.a line that begins with a dot\r\n"
LOOPBACK = AddressPolicy.of(("loopback",))


@pytest.fixture
def tls(tmp_path):
    return certificate(tmp_path)


def relay(server, **how) -> Relay:
    plain = Relay("127.0.0.1", server.port, "none", LOOPBACK, helo="gateway.example", step_s=5.0, whole_s=10.0)
    return replace(plain, **how)


@pytest.mark.parametrize("way", ["starttls", "tls"])
async def test_a_message_arrives_whole_encrypted_and_with_a_login(tls, way):
    context, ca = tls
    async with mail_server(context=context, implicit=way == "tls") as server:
        how = {"tls": way, "ca_bundle": ca, "user": "gateway", "password": "geheim"}
        await send(relay(server, **how), SENDER, TO, MESSAGE)
    assert server.got == [(TO, MESSAGE.replace(b"\r\n.", b"\r\n.."))]  # dot-stuffed on the wire, RFC 5321 §4.5.2
    assert server.encrypted == [True]
    assert server.logins == ["\0gateway\0geheim"]


async def test_without_encryption_where_it_is_demanded_nothing_is_said(tls):
    async with mail_server() as server:
        with pytest.raises(TlsMissing):
            await send(relay(server, tls="starttls", user="u", password="p"), SENDER, TO, MESSAGE)
    assert server.commands == ["EHLO"]


async def test_a_certificate_that_is_not_trusted_ends_it(tls):
    context, _ = tls
    async with mail_server(context=context) as server:
        with pytest.raises(TlsMissing, match="certificate"):
            await send(relay(server, tls="starttls"), SENDER, TO, MESSAGE)
    assert server.got == []


async def test_a_certificate_for_another_name_ends_it(tmp_path):
    context, ca = certificate(tmp_path, "127.0.0.9")
    async with mail_server(context=context) as server:
        with pytest.raises(TlsMissing, match="certificate"):
            await send(relay(server, tls="starttls", ca_bundle=ca), SENDER, TO, MESSAGE)
    assert server.got == []


@pytest.mark.parametrize(
    ("verb", "reply", "error", "problem"),
    [
        ("RCPT", "450 4.7.1 greylisted", CounterpartBusy, None),
        ("RCPT", "550 5.1.1 no such user it@town.example", CounterpartRefused, "RCPT TO"),
        ("MAIL", "553 sender refused", CounterpartRefused, "MAIL FROM"),
        ("DATA", "554 no", CounterpartRefused, "SMTP"),
        (".", "452 full", CounterpartBusy, None),
        (".", "554 spam", CounterpartRefused, "DATA"),
        ("connect", "421 too busy", CounterpartBusy, None),
        ("connect", "nonsense", CounterpartGarbled, None),
    ],
)
async def test_a_reply_says_later_or_never_and_its_text_stays_out(verb, reply, error, problem):
    async with mail_server() as server:
        server.replies[verb] = reply
        with pytest.raises(error) as raised:
            await send(relay(server), SENDER, TO, MESSAGE)
    assert server.got == []
    assert raised.value.params.get("problem") == problem
    assert TO not in str(raised.value)


async def test_a_wrong_password_is_refused_for_good(tls):
    context, ca = tls
    async with mail_server(context=context) as server:
        server.replies["AUTH"] = "535 5.7.8 wrong"
        with pytest.raises(CounterpartRefused) as raised:
            await send(relay(server, tls="starttls", ca_bundle=ca, user="u", password="p"), SENDER, TO, MESSAGE)
    assert raised.value.params["problem"] == "AUTH"


@pytest.mark.parametrize("verb", ["EHLO", "RCPT"])
@pytest.mark.parametrize("bound", ["step_s", "whole_s"])
async def test_a_server_that_hangs_is_left(verb, bound):
    async with mail_server() as server:
        server.hang = verb
        with pytest.raises(CounterpartAway):
            await send(relay(server, **{bound: 0.1}), SENDER, TO, MESSAGE)


async def test_nobody_there():
    async with mail_server() as server:
        pass
    with pytest.raises(CounterpartAway):
        await send(relay(server), SENDER, TO, MESSAGE)


async def test_the_address_policy_holds_for_mail_too():
    async with mail_server() as server:
        with pytest.raises(AddressRefused):
            await send(relay(server, addresses=AddressPolicy.of(())), SENDER, TO, MESSAGE)

        async def inside(host, port):
            return ["10.0.0.1"]

        with pytest.raises(AddressRefused):
            await send(relay(server, host="mail.example"), SENDER, TO, MESSAGE, find=inside)
    assert server.commands == []


async def test_a_probe_goes_as_far_as_the_recipient_and_sends_nothing():
    async with mail_server() as server:
        await probe(relay(server), SENDER, TO)
        assert server.commands == ["EHLO", "MAIL", "RCPT", "QUIT"]
        server.replies["RCPT"] = "550 no"
        with pytest.raises(CounterpartRefused):
            await probe(relay(server), SENDER, TO)
    assert server.got == []
