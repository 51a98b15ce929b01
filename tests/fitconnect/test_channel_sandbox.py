"""The channel and the sandbox, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from gateway.crypto.keys import generate_ec, generate_root
from gateway.errors import CounterpartBusy, CounterpartRefused, SignerAway
from gateway.fitconnect import names
from gateway.fitconnect.channel import Addressee, Environment, FitConnectChannel
from gateway.model import PLAIN_JWS, Purpose, SignatureFormat, SignatureStyle
from gateway.outbound.client import exchange
from gateway.sandbox.fitconnect.offers import DEMO
from gateway.signature import identity, making
from gateway.signature import signer as signing
from tests.opened_parts import open_part
from tests.stores import SystemClock, committed, content_of

SCHEMA = "urn:xoev-de:xfall:standard:fim-s99000010001_1.0.0"
DOCUMENT = f'<?xml version="1.0"?><antrag xmlns="{SCHEMA}"><strasse>Lange Straße</strasse></antrag>'.encode()


@pytest.fixture
async def channel(sandbox, client, make, signers):
    """The sender's channel for the sandbox's automatic destination (or the manual one)."""
    sender, *_ = [each for each in sandbox.clients if each["role"] == "sender"]
    by_kind = {each["subscriber"]: each["destination_id"] for each in sandbox.destinations}
    signer = make.signer(signers.subscriber)
    environment = Environment(
        sandbox.token_url,
        sandbox.submission_api_v2.removesuffix("/v2"),
        delivery_issuers=frozenset({sandbox.delivery_issuer}),
        insecure_public_keys=True,
    )

    def build(kind="automatic", keys=signer, style=PLAIN_JWS):
        to = Addressee(by_kind[kind], DEMO[0].identifier, "Hausnummer beantragen", style)
        return FitConnectChannel(
            environment,
            sender["client_id"],
            lambda: sender["client_secret"],
            addressee=lambda service, test: to,
            keys=keys,
            archive=make.archive,
            client=client,
            clock=SystemClock(),
            random=os.urandom,
        )

    return build


class Town:
    """`ports.Keys` of a town with a key on P-256 and its certificate; `away`: the card is not there."""

    def __init__(self, root, *, away=False):
        span = {"not_before": datetime.now(UTC) - timedelta(days=1), "not_after": datetime.now(UTC) + timedelta(days=9)}
        authority = generate_root(subject="Test-PKI", serial=1, key=root, **span)
        jwk, _ = generate_ec("town-key-1", "P-256", subject="Stadt", serial=2, root=authority, **span)
        self.signer = signing.local(jwk, identity.of_jwk(jwk))
        self.away = away

    async def sign_document(self, _municipality, document, style):
        if self.away:
            raise SignerAway(cause="timeout")
        return making.sign(self.signer, document, style, at=datetime.now(UTC), new_id=uuid4())


@pytest.fixture
def send(store, make, new_submission):
    """Carry one submission through every step; returns it as submitted."""

    async def carry(channel, *enclosures, until="submit"):
        submission = replace(new_submission, created_at=datetime.now(UTC))
        readable = make.enclosure(b"%PDF-1.7 the whole application", purpose=Purpose.FORM)
        parcel = make.parcel(readable, *enclosures, content=DOCUMENT, schema_uri=SCHEMA)
        sealed = await channel.seal(submission, parcel, store)
        committed(store, submission, sealed.blobs)
        submission = replace(
            submission,
            parts=sealed.parts,
            destination_id=sealed.destination_id,
            address=sealed.address,
        )
        announced = await channel.announce(submission)
        submission = replace(submission, remote_id=announced.remote_id, case_id=announced.case_id)
        if until == "announce":
            return submission
        for part in submission.parts:
            if part.is_attachment:
                await channel.upload(submission, part, store.read_blob(part.blob))
        if until == "submit":
            await channel.submit(submission, lambda part: store.read_blob(part.blob))
        return submission

    return carry


async def settled(channel, submission, kind):
    """The event log once it holds an event of that kind."""
    for _ in range(100):
        log = await channel.events(submission)
        if any(event.type == kind for event in log):
            return log
        assert not any(event.type in {"accept-submission", "reject-submission"} for event in log), log[-1].problems
        await asyncio.sleep(0.02)
    raise AssertionError([(event.type, event.problems) for event in log])


async def told(client, sandbox, path, body=None):
    method = "POST" if body is not None else "GET"
    content = json.dumps(body).encode() if body is not None else None
    headers = {"content-type": "application/json"}
    answer = await exchange(client, method, sandbox.admin + path, headers=headers, content=content)
    assert 200 <= answer.status < 300, answer.body
    return json.loads(answer.body or b"{}")


async def test_a_submission_is_accepted_and_what_was_opened_is_what_was_sent(channel, sandbox, client, send, make):
    sender = channel()
    plan = os.urandom(300_000)
    site_plan = make.enclosure(plan)
    submission = await send(sender, site_plan)
    log = await settled(sender, submission, "accept-submission")
    assert all(event.verified for event in log), [(event.type, event.problems) for event in log]
    assert [event.type for event in log if event.type != "notify-submission"] == [
        "create-submission",
        "submit-submission",
        "accept-submission",
    ]
    accepted = log[-1]
    assert accepted.issuer == submission.destination_id
    assert log[0].issuer.rstrip("/") == sandbox.delivery_issuer.rstrip("/")
    opened = await told(client, sandbox, f"/submissions/{submission.remote_id}/opened")
    digests = {each["id"]: each["sha256"] for each in opened["attachments"]}
    assert digests[str(site_plan.attachment_id)] == hashlib.sha256(plan).hexdigest()
    assert opened["metadata"]["$schema"].endswith("/2.1.0/metadata.schema.json")


@pytest.mark.parametrize("wanted", [SignatureFormat.JADES, SignatureFormat.XADES])
async def test_an_advanced_signature_is_accepted_and_evidence_keeps_which(  # noqa: PLR0917 - as PLR0913
    channel, sandbox, client, send, rsa_keys, wanted, make, new_submission, store
):
    town = Town(rsa_keys["root"])
    sender = channel(keys=town, style=SignatureStyle(wanted))
    [automatic] = [each["destination_id"] for each in sandbox.destinations if each["subscriber"] == "automatic"]
    demand = {"destination_id": automatic, "mode": "accept", "requires": ["signature"]}
    await told(client, sandbox, "/subscriber", demand)
    submission = await send(sender)
    await settled(sender, submission, "accept-submission")
    opened = await told(client, sandbox, f"/submissions/{submission.remote_id}/opened")
    signature = opened["metadata"]["contentStructure"]["data"]["signature"]
    assert signature["signatureFormat"] == {"jades": "json", "xades": "xml"}[wanted]
    assert signature["eidasAdesProfile"].endswith("/B-B#")
    facts = (await sender.seal(new_submission, make.parcel(content=DOCUMENT, schema_uri=SCHEMA), store)).facts
    assert facts["signature"] == {
        "format": wanted.value,
        "packaging": "detached",
        "algorithm": {"jades": "ES256", "xades": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}[wanted],
        "kid": "town-key-1",
        "certificate_sha256": town.signer.identity.certificate_sha256,
    }


async def test_nothing_is_sealed_while_the_signer_is_away(channel, new_submission, make, store, rsa_keys):
    sender = channel(keys=Town(rsa_keys["root"], away=True))
    large = make.enclosure(os.urandom(300_000))
    with pytest.raises(SignerAway):
        await sender.seal(new_submission, make.parcel(large, content=DOCUMENT, schema_uri=SCHEMA), store)
    assert store.blobs == {}


async def test_a_rejection_by_the_authority_tells_its_problems(channel, sandbox, client, send):
    sender = channel()
    [destination] = [each["destination_id"] for each in sandbox.destinations if each["subscriber"] == "automatic"]
    problem = {"type": f"{names.EVENT_PROBLEM_PREFIX}{names.SCHEMA_VIOLATION}", "title": "T", "detail": "D"}
    problem["instance"] = "data"
    body = {"destination_id": destination, "mode": "reject", "problems": [problem]}
    await told(client, sandbox, "/subscriber", body)
    submission = await send(sender)
    *_, rejected = await settled(sender, submission, "reject-submission")
    assert rejected.verified
    assert rejected.issuer == submission.destination_id
    assert rejected.problems == (problem,)


async def test_ciphertexts_open_with_the_destinations_key_and_nothing_else_is_in_them(channel, send, store, rsa_keys):
    submission = await send(channel("manual"))
    for part, cty in zip(submission.parts, ("application/json", "application/xml", "application/json"), strict=True):
        plain, opened = open_part(content_of(store, part.blob), lambda kid: rsa_keys["encryption"])
        assert opened.header["cty"] == cty
        assert "zip" not in opened.header
        assert opened.tag == part.tag
        assert hashlib.sha512(plain).hexdigest() == opened.sha512


async def test_an_upload_may_be_repeated_before_the_submit(channel, send, make, store):
    sender = channel()
    submission = await send(sender, make.enclosure(b"x" * 1000), until="upload")
    *_, part = submission.parts
    await sender.upload(submission, part, store.read_blob(part.blob))
    await sender.submit(submission, lambda part: store.read_blob(part.blob))
    assert (await settled(sender, submission, "accept-submission"))[-1].verified


async def test_a_submit_without_its_attachment_is_refused_with_a_slug(channel, send, make, store):
    sender = channel()
    submission = await send(sender, make.enclosure(b"x"), until="announce")
    with pytest.raises(CounterpartRefused) as caught:
        await sender.submit(submission, lambda part: store.read_blob(part.blob))
    assert caught.value.params["http_status"] == 422
    assert caught.value.params["problem"] != "unknown"


async def test_a_second_submit_is_a_conflict_and_the_log_tells_what_happened(channel, send, store):
    sender = channel("manual")
    submission = await send(sender)
    with pytest.raises(CounterpartRefused) as caught:
        await sender.submit(submission, lambda part: store.read_blob(part.blob))
    assert caught.value.params["http_status"] == 409
    assert [event.type for event in await sender.events(submission)][:2] == ["create-submission", "submit-submission"]


@pytest.mark.parametrize(
    ("kind", "rule"), [("wrong_signature", "signature"), ("wrong_tag", "tags")], ids=["signature", "tag"]
)
async def test_a_falsified_log_is_seen(channel, sandbox, client, send, kind, rule):  # noqa: PLR0917 - fixtures
    sender = channel()
    submission = await send(sender)
    await settled(sender, submission, "accept-submission")
    await told(client, sandbox, "/faults", {"match": "GET /v2/submissions/*/events", "kind": kind, "times": 1})
    log = await sender.events(submission)
    assert {"rule": rule} in [dict(problem) for event in log if not event.verified for problem in event.problems]
    assert all(event.verified for event in await sender.events(submission))


async def test_a_counterpart_that_is_busy_says_for_how_long(channel, sandbox, client, send):
    value = {"status": 429, "headers": {"Retry-After": "3"}, "body": ""}
    await told(
        client, sandbox, "/faults", {"match": "POST /v2/submissions", "kind": "status", "value": value, "times": 1}
    )
    with pytest.raises(CounterpartBusy) as caught:
        await send(channel())
    assert caught.value.retry_after == 3


async def test_many_submissions_at_once_share_token_destination_and_connections(channel, send, client):
    sender = channel()
    submissions = await asyncio.gather(*(send(sender) for _ in range(12)))
    logs = await asyncio.gather(*(settled(sender, each, "accept-submission") for each in submissions))
    assert all(event.verified for log in logs for event in log)
    assert len({each.remote_id for each in submissions}) == 12
