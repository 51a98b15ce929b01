"""A signature inside the document is made before the receipt: every digest is of the document as delivered."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from types import SimpleNamespace
from uuid import uuid4

import pytest
from lxml import etree

from gateway.errors import InternalError, ServiceNotOffered, SignerAway
from gateway.intake.body import Application
from gateway.intake.create import Intake
from gateway.model import Client, Destination, Municipality, SignatureFormat, SignatureStyle
from gateway.sandbox.fitconnect import signature_xml
from gateway.services.service import Service
from gateway.signature import making
from gateway.xoev.schema.compiled_xsd import Schema
from tests.shipped_services import own_services
from tests.stores import empty, everything

from .conftest import ID, NOW

ARS = "150900546546"
INSIDE = SignatureStyle(SignatureFormat.XADES, enveloped=True)
PORTAL = Client("portal", frozenset(), frozenset())
PLACE = b"<xs:any namespace='http://www.w3.org/2000/09/xmldsig#' processContents='skip' minOccurs='0'/>"


class Keys:
    receipt_key = "0" * 64

    def __init__(self, signer, *, away=False, spoil=False):
        self.signer, self.away, self.spoil = signer, away, spoil

    def sign_receipt(self, payload):
        return json.dumps(payload)

    async def sign_inside(self, _municipality, document):
        if self.away:
            raise SignerAway(cause="timeout")
        signed = making.sign_inside(self.signer, document, at=NOW, new_id=ID)
        return (
            replace(signed, content=signed.content.replace(b"ds:Signature", b"ds:Signatur")) if self.spoil else signed
        )


@pytest.fixture(scope="module")
def termin() -> Service:
    """The service *termin* with a schema that has a place for a signature."""
    service = own_services().get("termin")
    head, end, tail = service.xsd.rpartition(b"</xs:sequence>")
    xsd = head + PLACE + end + tail
    old, compiled = service.compiled.schema, etree.XMLSchema(etree.fromstring(xsd))
    schema = Schema(service.namespace, old.root, xsd, compiled, old.second)
    return replace(service, compiled=replace(service.compiled, schema=schema))


def intake(service, keys, *, style=INSIDE, services=("*",)):
    town = Municipality(
        "tangerhuette", ARS, "Stadt", "https://p.example", (Destination("d", "fitconnect", services, style),)
    )
    services = SimpleNamespace(get=lambda _id: service, ids=lambda: (service.id,))
    clock = SimpleNamespace(now=lambda: NOW)
    return Intake(empty(clock), services, {ARS: town}, keys, clock, uuid4, lambda *parts: b"digest")


def body(service):
    made = service.example(ARS)
    assert made["attachments"] == []
    return made


async def test_receipt_answer_and_store_hold_the_signed_document(termin, signers):
    assert termin.signature_place
    it = intake(termin, Keys(signers["P-256"]))
    new = await it.create(PORTAL, Application.of(body(termin)), "key-1")
    document = (await it.store.stored(new.submission.id)).document
    assert document.sha256 == hashlib.sha256(document.content).hexdigest()
    assert json.loads(new.receipt)["document"]["sha256"] == document.sha256 == new.document_sha256
    leaf = signature_xml.check_inside(document.content, "application/xml", NOW)
    assert leaf == signers["P-256"].identity.chain[0]


async def test_where_the_signer_is_away_nothing_is_taken_over_and_the_portal_may_try_again(termin, signers):
    it = intake(termin, Keys(signers["P-256"], away=True))
    with pytest.raises(SignerAway) as away:
        await it.create(PORTAL, Application.of(body(termin)), "key-1")
    assert (away.value.status, away.value.retry) == (503, True)
    assert everything(it.store) == ()


async def test_a_signed_document_that_breaks_the_schema_is_not_taken_over(termin, signers):
    no_place = own_services().get("termin")
    it = intake(no_place, Keys(signers["P-256"]))
    with pytest.raises(InternalError):
        await it.create(PORTAL, Application.of(body(no_place)), "key-1")
    assert everything(it.store) == ()


async def test_a_detached_signature_leaves_the_document_alone(termin, signers):
    style = SignatureStyle(SignatureFormat.XADES)
    it = intake(termin, Keys(signers["P-256"], away=True), style=style)
    new = await it.create(PORTAL, Application.of(body(termin)), "key-1")
    assert b"Signature" not in (await it.store.stored(new.submission.id)).document.content
    with pytest.raises(ServiceNotOffered):
        await intake(termin, Keys(signers["P-256"]), services=("other",)).create(
            PORTAL, Application.of(body(termin)), "key-1"
        )
