"""The whole way of an application whose service, files and portal say awkward things: taken in, so delivered."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.delivery.advance import Delivery
from gateway.fitconnect.channel import Addressee, Environment, FitConnectChannel
from gateway.intake.body import Application
from gateway.intake.create import Intake
from gateway.model import Client, Destination, Municipality
from gateway.sandbox.fitconnect.offers import SampleService
from gateway.services.loader import load
from tests.fitconnect.conftest import carried_out_and_opened
from tests.fitconnect.test_message_way import Receipts
from tests.stores import SystemClock, empty, sent_ahead

ARS = "150900546546"
BASE = Path(__file__).parents[1] / "services" / "broken" / "base"
IDENTIFIER = "urn:x-ozg-gateway:service:boot"
SCHEMA = "urn:xoev-de:xfall:standard:fim-s99000000990_1.0.0"
TAKES = (SampleService(IDENTIFIER, ("DE",), ((SCHEMA, "application/xml"),)),)
PORTAL = Client("portal", frozenset(), frozenset({ARS}))
TOWN = Municipality(
    "boot", ARS, "\uf0b7 Stadt \U0001f415", "https://t.example", (Destination("d", "fitconnect", ("*",)),)
)


@pytest.fixture
def services(tmp_path):
    """A service as an author made it in Word, who also likes emoji."""
    shutil.copytree(BASE, tmp_path / "boot")
    for name, before, after in (
        ("form.xml", "Ausgabe>Ermäßigung<", "Ausgabe>\uf0b7 Ermäßigung<"),
        ("form.xml", "<xdf:name>Ehrenamtskarte<", "<xdf:name>申請 \U0001f415<"),
        ("service.toml", '"Bootsliegeplatz"', '"ท่าเรือ"'),
        ("service.toml", '"Foto"', '"신청 \uf0b7"'),
    ):
        path = tmp_path / "boot" / name
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")
    return load(tmp_path)


@pytest.fixture
def delivery(sandbox, client, *, signers, make, services):
    """What carries submissions to the sandbox's automatic subscriber, with a store of its own."""
    account, *_ = [each for each in sandbox.clients if each["role"] == "sender"]
    [destination] = [each for each in sandbox.destinations if each["subscriber"] == "automatic"]
    environment = Environment(
        sandbox.token_url,
        sandbox.submission_api_v2.removesuffix("/v2"),
        delivery_issuers=frozenset({sandbox.delivery_issuer}),
        insecure_public_keys=True,
    )
    channel = FitConnectChannel(
        environment,
        account["client_id"],
        lambda: account["client_secret"],
        addressee=lambda service, _test: Addressee(
            destination["destination_id"], IDENTIFIER, services.get(service).titles["de"]
        ),
        keys=make.signer(signers.subscriber),
        archive=make.archive,
        client=client,
        clock=SystemClock(),
        random=os.urandom,
    )
    return Delivery(empty(), {(ARS, "fitconnect"): channel}, {ARS: TOWN}, services, SystemClock(), uuid4, lambda: 0.5)


@pytest.mark.parametrize("sandbox", [TAKES], indirect=True)
async def test_what_was_taken_in_is_delivered_whatever_its_texts_hold(sandbox, client, delivery, services):
    store = delivery.store
    intake = Intake(store, services, {ARS: TOWN}, Receipts(), SystemClock(), uuid4, lambda *parts: b"".join(parts))
    body = services.get("boot").example(ARS)
    body["record"]["reduction"] = "volunteer"
    body["attachments"] = [
        {
            "kind": "photo",
            "filename": "Foto.jpg",
            "media_type": "Image/JPEG; name=\U0001f415",
            "upload": str(sent_ahead(store, b"\xff\xd8 photo")),
        }
    ]
    new = await intake.create(PORTAL, Application.of(body), "key")
    opened = await carried_out_and_opened(sandbox, client, delivery, store, new.submission.id)
    assert base64.b64decode(opened["document"]) == (await store.stored(new.submission.id)).document.content
    assert [one["mimeType"] for one in opened["metadata"]["contentStructure"]["attachments"]] == [
        "application/pdf",
        "image/jpeg",
    ]
