"""The whole way of a message of another standard: taken in, stored, sealed, delivered, opened by the authority."""

from __future__ import annotations

import base64
from uuid import UUID, uuid4

import pytest
from lxml import etree

from gateway.delivery.advance import Delivery
from gateway.errors import RecordInvalid
from gateway.intake.body import Application
from gateway.intake.create import Intake
from gateway.model import Client, Destination, Municipality
from gateway.sandbox.fitconnect.offers import SampleService
from gateway.services.loader import load
from tests.fitconnect.conftest import carried_out_and_opened
from tests.schema_folder import library_of
from tests.services.conftest import PARAMETERS, TANGERHUETTE, XBAU
from tests.stores import SystemClock, empty, everything, sent_ahead

PLAN = b"%PDF-1.7 Lageplan"
URI = "urn:xoev-de:bmk:standard:xbau-kernmodul_1.3.0"
TAKES = (SampleService("urn:de:fim:leika:leistung:99012021002000", ("DE",), ((URI, "application/xml"),)),)
PORTAL = Client("portal", frozenset(), frozenset({TANGERHUETTE}))


class Receipts:
    receipt_key = "k"

    def sign_receipt(self, payload):
        return "receipt"


@pytest.fixture(scope="module")
def services():
    if not XBAU.is_dir():
        pytest.skip("the official XBau-Kernmodul 1.3.0 is not beside the checkout")
    return load(None, {TANGERHUETTE: {"hausnummer": PARAMETERS}}, library_of(XBAU / "offline"))


@pytest.fixture
def whole():
    return empty()


@pytest.fixture
def town():
    destination = Destination("d", "fitconnect", ("*",))
    return Municipality("tangerhuette", TANGERHUETTE, "Stadt Tangerhütte", "https://t.example", (destination,))


@pytest.fixture
def intake(whole, services, town):
    return Intake(
        whole, services, {TANGERHUETTE: town}, Receipts(), SystemClock(), uuid4, lambda *parts: b"".join(parts)
    )


def body(services, *uploads):
    given = services.get("hausnummer").example(TANGERHUETTE)
    kinds = [
        {"kind": "site_plan", "filename": f"Plan {no}.pdf", "media_type": "application/pdf", "upload": str(upload)}
        for no, upload in enumerate(uploads)
    ]
    return {**given, "attachments": kinds}


async def message_of(store, view):
    """The message as stored for an application."""
    return etree.fromstring((await store.stored(view.submission.id)).document.content)


async def test_a_message_is_made_once_with_identities_of_its_own(intake, whole, services):
    given = Application.of(body(services, sent_ahead(whole, PLAN)))
    new = await intake.create(PORTAL, given, "first")
    assert (new.standard, new.schema_uri) == ("xbau-kernmodul", URI)
    root = await message_of(whole, new)
    assert root.findtext("referenzAntragsservice/referenzAntragsservice") == str(new.submission.id)
    assert await intake.create(PORTAL, given, "first") == new, "the same call is answered with the same message"
    other = await intake.create(PORTAL, Application.of(body(services, sent_ahead(whole, PLAN))), "second")
    uuids = {(await message_of(whole, one)).findtext(".//nachrichtenUUID") for one in (new, other)}
    assert len(uuids | {str(new.submission.id), str(other.submission.id)}) == 4


async def test_a_test_is_marked_as_one_in_the_message(intake, whole, services):
    given = Application.of({**body(services, sent_ahead(whole, PLAN)), "test": True})
    new = await intake.create(PORTAL, given, "test")
    assert (await message_of(whole, new)).get("test") == "true"


async def test_two_files_of_one_name_are_refused_before_anything_is_stored(intake, whole, services):
    given = body(services, sent_ahead(whole, PLAN), sent_ahead(whole, PLAN))
    given["attachments"][1]["filename"] = given["attachments"][0]["filename"]
    findings = await intake.validate(PORTAL, Application.of(given))
    assert [(one.pointer, one.rule) for one in findings] == [("/attachments/1/filename", "not_unique")]
    with pytest.raises(RecordInvalid):
        await intake.create(PORTAL, Application.of(given), "twice")
    assert everything(whole) == ()


@pytest.fixture
def delivery(channel_to, whole, services, town):
    """What carries submissions to the sandbox's automatic subscriber."""
    channel = channel_to(TAKES[0].identifier)
    return Delivery(
        whole,
        {(TANGERHUETTE, "fitconnect"): channel},
        {TANGERHUETTE: town},
        services,
        SystemClock(),
        uuid4,
        lambda: 0.5,
    )


@pytest.mark.parametrize("sandbox", [TAKES], indirect=True)
async def test_the_authority_opens_the_message_and_finds_each_file_it_names(sandbox, client, delivery, whole, intake):
    given = body(intake.services, sent_ahead(whole, PLAN), sent_ahead(whole, PLAN + b" 2"))
    new = await intake.create(PORTAL, Application.of(given), "key")
    opened = await carried_out_and_opened(sandbox, client, delivery, whole, new.submission.id)
    message = base64.b64decode(opened["document"])
    assert message == (await whole.stored(new.submission.id)).document.content, (
        "what was stored at the intake is what arrives"
    )
    schema = opened["metadata"]["contentStructure"]["data"]["submissionSchema"]
    assert schema == {"schemaUri": URI, "mimeType": "application/xml"}
    arrived = {one["id"]: one["sha256"] for one in opened["attachments"]}
    named = {UUID(one.findtext("dokumentid")): one.get("hashValue") for one in etree.fromstring(message).iter("anhang")}
    assert len(named) == 2
    assert {str(name): digest for name, digest in named.items()}.items() <= arrived.items()
