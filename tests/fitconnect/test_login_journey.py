"""The whole way of an application with a login: taken in, stored, sealed, delivered, opened by the authority."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from gateway.crypto import jws
from gateway.delivery.advance import Delivery
from gateway.intake.body import Application
from gateway.intake.create import Intake
from gateway.intake.logins import Binding
from gateway.intake.withdrawal import correct
from gateway.model import Client, Destination, Municipality
from gateway.sandbox.fitconnect.offers import SampleService
from gateway.store.memory import MemoryStore
from tests.fitconnect.conftest import carried_out_and_opened
from tests.fitconnect.test_message_way import Receipts
from tests.logins import ACCOUNT, LOGIN_REF, Logins, citizen, login
from tests.shipped_services import own_services
from tests.stores import SystemClock, sent_ahead

ARS = "150900546546"
MAILBOX = uuid4()
WHO = citizen(mailbox=MAILBOX)
SERVICE = own_services().get("hausnummer")
TAKES = (SampleService(SERVICE.identifier, ("DE",), ((SERVICE.schema_uri, "application/xml"),)),)
PORTAL = Client("portal", frozenset(), frozenset({ARS}))


class Remembering(MemoryStore):
    """Gives the worker the identity that an application was handed off with."""

    def __init__(self, logins):
        super().__init__(SystemClock(), uuid4)
        self.logins_in_tests = logins

    async def create(self, new):
        return await super().create(self.logins_in_tests.use_up(new))

    async def stored(self, submission_id):
        identity = self.logins_in_tests.identities.get(submission_id)
        return replace(await super().stored(submission_id), identity=identity)


@pytest.fixture
def logins():
    it = Logins()
    it.put(login(WHO, expires_at=SystemClock().now() + timedelta(hours=1)))
    return it


@pytest.fixture
def whole(logins):
    return Remembering(logins)


@pytest.fixture
def town():
    return Municipality(
        "tangerhuette", ARS, "Tangerhütte", "https://t.example", (Destination("d", "fitconnect", ("*",)),)
    )


@pytest.fixture
def intake(whole, logins, town):
    return Intake(
        whole,
        own_services(),
        {ARS: town},
        Receipts(),
        SystemClock(),
        uuid4,
        lambda *parts: b"".join(parts),
        Binding(logins, logins),
    )


@pytest.fixture
def delivery(channel_to, whole, town):
    channels = {(ARS, "fitconnect"): channel_to(TAKES[0].identifier)}
    return Delivery(whole, channels, {ARS: town}, own_services(), SystemClock(), uuid4, lambda: 0.5)


def body(whole, **more):
    given = copy.deepcopy(SERVICE.example(ARS))
    for attachment in given["attachments"]:
        attachment["upload"] = str(sent_ahead(whole, b"%PDF-1.7 Lageplan"))
    return Application.of({**given, **more})


def told(metadata, signers):
    [data_set] = metadata["dataSets"]
    return json.loads(jws.verify(data_set["content"], signers.subscriber.key.public_key(), alg="PS512"))


@pytest.mark.parametrize("sandbox", [TAKES], indirect=True)
async def test_the_authority_learns_who_applied_and_evidence_only_how_surely(
    sandbox, client, delivery, whole, *, intake, signers
):
    new = await intake.create(PORTAL, body(whole, login=LOGIN_REF), "key")
    opened = await carried_out_and_opened(sandbox, client, delivery, whole, new.submission.id)
    metadata = opened["metadata"]
    report = told(metadata, signers)
    assert report["subjectRef"]["familyName"] == "Ł̣ączyńska-Ẽßer"
    assert report["contextInformation"] == [f"Einreichung {new.submission.id}", f"Kommune {ARS}"]
    assert metadata["replyChannel"] == {"idBundDeMailbox": {"mailboxUuid": str(MAILBOX)}}
    links = await whole.evidence_of(new.submission.id)
    assert [link.kind for link in links][:4] == ["received", "validated", "login", "sealed"]
    proof = "".join(link.body for link in links)
    assert not [each for each in ("ączyńska", ACCOUNT, LOGIN_REF, str(MAILBOX), "Ægir") if each in proof]
    sealed = json.loads(links[3].body)
    assert sealed["identification_report"]["sha512"] == metadata["dataSets"][0]["hash"]["content"]


@pytest.mark.parametrize("sandbox", [TAKES], indirect=True)
async def test_the_authority_learns_it_of_a_correction_too(sandbox, client, delivery, whole, *, intake, signers):
    old = await intake.create(PORTAL, body(whole, login=LOGIN_REF), "key")
    new = await correct(intake, PORTAL, old, body(whole, reference="again"), "another")
    metadata = (await carried_out_and_opened(sandbox, client, delivery, whole, new.submission.id))["metadata"]
    report = told(metadata, signers)
    assert report["identificationTime"] == "2026-11-26T06:50:00.000Z"
    assert report["contextInformation"][0] == f"Einreichung {new.submission.id}"
