"""The way of a login to the authority: report signed by the town, handles of the account, all of it in the metadata."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from gateway.crypto import jws
from gateway.errors import SignerAway
from gateway.fitconnect import names
from gateway.fitconnect.channel import Addressee, Environment, FitConnectChannel
from gateway.model import PLAIN_JWS, Purpose
from gateway.outbound.client import exchange
from gateway.ports.channel import Attestation
from gateway.sandbox.fitconnect.offers import DEMO
from tests.fitconnect.test_channel_sandbox import DOCUMENT, SCHEMA
from tests.logins import ACCOUNT, citizen
from tests.stores import SystemClock, committed

MAILBOX, APPLICATION = uuid4(), uuid4()
WITH_HANDLES = citizen(mailbox=MAILBOX, application_id=APPLICATION)


class Town:
    """`ports.Keys` that notes what it signs; `away`: it signs documents, and then the card is gone."""

    def __init__(self, signer, *, away=False):
        self._signer = signer
        self._away = away
        self.signed = []

    async def sign_document(self, municipality, document, style):
        if self._away and self.signed:
            raise SignerAway(cause="timeout")
        self.signed.append(document.media_type)
        return await self._signer.sign_document(municipality, document, style)


@pytest.fixture
def town(make, signers):
    return Town(make.signer(signers.subscriber))


@pytest.fixture
def way(sandbox, client, make):
    """Makes the sender's channel, with these keys."""
    sender, *_ = [each for each in sandbox.clients if each["role"] == "sender"]
    [to] = [each["destination_id"] for each in sandbox.destinations if each["subscriber"] == "automatic"]
    environment = Environment(
        sandbox.token_url,
        sandbox.submission_api_v2.removesuffix("/v2"),
        delivery_issuers=frozenset({sandbox.delivery_issuer}),
        insecure_public_keys=True,
    )
    return lambda keys: FitConnectChannel(
        environment,
        sender["client_id"],
        lambda: sender["client_secret"],
        addressee=lambda service, test: Addressee(to, DEMO[0].identifier, "Hausnummer beantragen", PLAIN_JWS),
        keys=keys,
        archive=make.archive,
        client=client,
        clock=SystemClock(),
        random=os.urandom,
    )


@pytest.fixture
def channel(way, town):
    return way(town)


@pytest.fixture
def sealed(make, store, new_submission):
    """Seal an application that was handed off with this login; the row and what sealing made."""

    async def seal(channel, identity):
        readable = make.enclosure(b"%PDF-1.7 the whole application", purpose=Purpose.FORM)
        parcel = make.parcel(readable, content=DOCUMENT, schema_uri=SCHEMA)
        if identity:
            parcel = replace(parcel, attestation=Attestation(identity, "https://t.example"))
        row = replace(new_submission, created_at=datetime.now(UTC))
        made = await channel.seal(row, parcel, store)
        committed(store, row, made.blobs)
        return replace(row, parts=made.parts, destination_id=made.destination_id, address=made.address), made

    return seal


@pytest.fixture
def opened(sandbox, client, store):
    """Carry a sealed application to the authority; what it opened, once it accepted."""

    async def carry(channel, row):
        announced = await channel.announce(row)
        row = replace(row, remote_id=announced.remote_id, case_id=announced.case_id)
        for part in row.parts:
            if part.is_attachment:
                await channel.upload(row, part, store.read_blob(part.blob))
        await channel.submit(row, lambda part: store.read_blob(part.blob))
        for _ in range(100):
            ended = {event.type: event for event in await channel.events(row)}
            assert "reject-submission" not in ended, ended["reject-submission"].problems
            if "accept-submission" in ended:
                break
            await asyncio.sleep(0.02)
        answer = await exchange(
            client, "GET", f"{sandbox.admin}/submissions/{row.remote_id}/opened", headers={}, content=None
        )
        return json.loads(answer.body)["metadata"]

    return carry


def payload_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def test_the_authority_reads_who_it_was_signed_by_the_town(channel, sealed, opened, signers):
    row, made = await sealed(channel, WITH_HANDLES)
    metadata = await opened(channel, row)
    [data_set] = metadata["dataSets"]
    assert data_set["schema"] == {"schemaUri": names.IDENTIFICATION_REPORT, "mimeType": "application/jose"}
    told = json.loads(jws.verify(data_set["content"], signers.subscriber.key.public_key(), alg="PS512"))
    assert told["subjectRef"]["familyName"] == "Ł̣ączyńska-Ẽßer"
    assert told["levelOfAssurance"] == "http://bsi.bund.de/eID/LoA/substantiell"
    assert told["serverIdentity"] == "https://t.example"
    assert told["documentReferences"][0]["digest"] == metadata["contentStructure"]["data"]["hash"]["content"]
    assert metadata["replyChannel"] == {"idBundDeMailbox": {"mailboxUuid": str(MAILBOX)}}
    assert metadata["additionalReferenceInfo"]["idBundDeApplicationId"] == str(APPLICATION)
    assert made.facts["identification_report"] == {
        "sha512": data_set["hash"]["content"],
        "algorithm": "PS512",
        "kid": signers.subscriber.kid,
    }
    assert ACCOUNT not in json.dumps(metadata) + json.dumps(told)
    assert "Łącz" not in json.dumps(made.facts, ensure_ascii=False)


async def test_a_destination_without_mailboxes_is_not_asked_to_answer_there(sandbox, channel, sealed, opened):
    [to] = [each["destination_id"] for each in sandbox.destinations if each["subscriber"] == "automatic"]
    destinations = sandbox.box.store.destinations
    sandbox.box.store.put(
        replace(destinations[to], reply_channels={"eMail": {"usePgp": False}}), commits="sandbox.establish"
    )
    row, _ = await sealed(channel, WITH_HANDLES)
    metadata = await opened(channel, row)
    assert "replyChannel" not in metadata
    assert len(metadata["dataSets"]) == 1


async def test_a_guest_is_told_without_handles(channel, sealed, opened):
    row, _ = await sealed(channel, citizen(account=None))
    metadata = await opened(channel, row)
    assert "replyChannel" not in metadata
    assert "idBundDeApplicationId" not in metadata["additionalReferenceInfo"]
    [data_set] = metadata["dataSets"]
    assert len(payload_of(data_set["content"])["subjectRef"]["restrictedId"]) == 64


async def test_without_a_login_nothing_more_is_signed_or_told(channel, sealed, opened, town):
    row, made = await sealed(channel, None)
    metadata = await opened(channel, row)
    assert not {"dataSets", "replyChannel"} & set(metadata)
    assert town.signed == ["application/xml"]
    assert "identification_report" not in made.facts
    await sealed(channel, citizen())
    assert town.signed == ["application/xml", "application/xml", "application/json"]


async def test_a_key_that_is_away_holds_up_the_report_too(way, sealed, make, signers):
    with pytest.raises(SignerAway):
        await sealed(way(Town(make.signer(signers.subscriber), away=True)), citizen())
