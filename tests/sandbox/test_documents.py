"""Documents and their schemas: what the automatic subscriber holds a document to, and what is on offer for whom."""

from __future__ import annotations

import json
import logging
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway.fitconnect import names
from gateway.sandbox.clock import Clock, Ids
from gateway.sandbox.fitconnect.documents import Documents
from gateway.sandbox.fitconnect.offers import JSON_EXAMPLE, SampleService
from gateway.sandbox.fitconnect.sandbox import Sandbox
from gateway.sandbox.fitconnect.server import app, readiness
from tests.shipped_services import own_services

from .conftest import BASE, SCHEMA, SERVICE, START, XML, Peer, sha512

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from gateway.sandbox.fitconnect.keyring import SandboxKeys

    from .conftest import Parcel

XSD = b"""<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:example'>
<xs:element name='antrag' type='xs:string'/><xs:element name='tag' type='xs:date'/></xs:schema>"""
RULE = (SCHEMA, names.XML)
JSON_URI = JSON_EXAMPLE.schemas[0][0]


@pytest.fixture
async def knowing(tmp_path: Path, keyring: SandboxKeys) -> AsyncIterator[Peer]:
    """A sandbox that knows the XSD of its XML service, and offers the example for JSON."""
    offered = (SampleService(SERVICE, ("DE1509",), (RULE,), {RULE: XSD}), JSON_EXAMPLE)
    sandbox = Sandbox.open(
        tmp_path / "sandbox", base_url=BASE, offered=offered, clock=Clock(lambda: START), ids=Ids(7), keys=keyring
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(sandbox)), base_url=BASE) as http:
        yield Peer(sandbox, http)
    await sandbox.close()


def holding(peer: Peer, document: bytes, uri: str = SCHEMA, media_type: str = names.XML) -> Parcel:
    parcel = peer.parcel()
    parcel.document = document
    data = parcel.metadata["contentStructure"]["data"]
    del data["signature"]
    data |= {"hash": sha512(document), "submissionSchema": {"schemaUri": uri, "mimeType": media_type}}
    return parcel


def as_json(peer: Peer, document: bytes) -> Parcel:
    parcel = holding(peer, document, JSON_URI, names.JSON)
    parcel.service = {"name": "Beispiel", "identifier": JSON_EXAMPLE.identifier}
    return parcel


async def answer(peer: Peer, parcel: Parcel) -> str:
    """The last event's type, or slug and instance of the one problem of a rejection."""
    ids = await peer.announce(parcel)
    for attachment_id, content in parcel.attachments.items():
        assert (await peer.upload(ids, attachment_id, peer.seal(content, "automatic"))).status_code == 204
    structure = parcel.metadata["contentStructure"]["data"]
    media_type = structure["submissionSchema"]["mimeType"]
    body = peer.body(parcel) | {"encryptedData": peer.seal(parcel.document, "automatic", media_type).decode()}
    assert (await peer.submit(ids, body)).status_code == 200
    await peer.sandbox.settle()
    kind, payload = await peer.last(ids)
    if kind != "reject-submission":
        return kind
    [found] = payload["problems"]
    assert found["type"].startswith(names.EVENT_PROBLEM_PREFIX)
    return f"{found['type'].rpartition('/')[2]} {found['instance']}"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (XML, "accept-submission"),
        (b"<tag xmlns='urn:example'> 2026-11-23\n</tag>", "accept-submission"),
        (b"<a/>", "schema-violation data"),
        (b"<a xmlns='urn:example'/>", "schema-violation data"),
        (b"<tag xmlns='urn:example'>heute</tag>", "schema-violation data"),
        (b"<antrag xmlns='urn:example'>", "syntax-violation data"),
    ],
)
async def test_xml_is_held_to_its_xsd(knowing: Peer, document: bytes, expected: str) -> None:
    assert await answer(knowing, holding(knowing, document)) == expected


async def test_a_document_without_known_schema_has_to_be_well_formed_only(peer: Peer) -> None:
    assert await answer(peer, holding(peer, b"<a/>")) == "accept-submission"
    assert await answer(peer, holding(peer, b"<a>")) == "syntax-violation data"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b'{"message":"Gr\xc3\xbc\xc3\x9fe","more":[1]}', "accept-submission"),
        (b'{"sender":{"name":"A","email":"a@example.org"}}', "accept-submission"),
        (b"[]", "schema-violation data"),
        (b"{}", "schema-violation data"),
        (b'{"message":5}', "schema-violation data"),
        (b'{"sender":{"email":"nobody"}}', "schema-violation data"),
        (b'{"more":NaN}', "syntax-violation data"),
        ('{"message":"x"}'.encode("utf-16"), "syntax-violation data"),
        (b"{", "syntax-violation data"),
    ],
)
async def test_json_is_held_to_its_schema(knowing: Peer, document: bytes, expected: str) -> None:
    assert await answer(knowing, as_json(knowing, document)) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [(XML, "accept-submission"), (b"<a/>", "schema-violation data"), (b"<a>", "syntax-violation data")],
)
async def test_a_document_that_travels_as_attachment_is_held_to_it_too(
    knowing: Peer, document: bytes, expected: str
) -> None:
    parcel = holding(knowing, b"")
    parcel.metadata["contentStructure"]["data"]["hash"] = sha512(b"")
    attachment_id = str(uuid.uuid4())
    parcel.attachments[attachment_id] = document
    parcel.metadata["contentStructure"]["attachments"].append(
        {
            "attachmentId": attachment_id,
            "hash": sha512(document),
            "purpose": "data",
            "mimeType": names.XML,
        }
    )
    assert await answer(knowing, parcel) == expected


@pytest.mark.parametrize(
    "source",
    [
        b"<xs:schema",
        b"<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:include schemaLocation='/etc/x'/></xs:schema>",
    ],
)
def test_a_schema_that_cannot_be_compiled_alone_is_unknown_and_told_once(
    source: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    known = Documents({RULE: source, (SCHEMA, names.JSON): b'{"type":5}'})
    with caplog.at_level(logging.WARNING):
        assert [known.fault(b"<a/>", *RULE) for _ in range(2)] == [None, None]
        assert known.fault(b"1", SCHEMA, names.JSON) is None
    assert len(caplog.records) == 2


def test_what_our_own_services_write_is_valid_and_an_empty_element_is_not() -> None:
    from gateway.cli.sandbox import _offer  # noqa: PLC0415 - the command's own offer, not a copy

    services = own_services()
    for service_id in ("hausnummer", "termin"):
        service = services.get(service_id)
        offer = _offer(service)
        [key] = offer.sources
        assert key == (service.schema_uris[0], names.XML)
        assert key in offer.schemas
        assert Documents(offer.sources).fault(b"<a/>", *key) == names.SCHEMA_VIOLATION


async def test_there_are_two_senders_and_the_second_is_a_stranger_to_the_first(knowing: Peer) -> None:
    line = readiness(knowing.sandbox)
    assert [c["role"] for c in line["clients"]] == ["sender", "subscriber", "sender"]
    first, _, second = line["clients"]
    assert first["client_id"] != second["client_id"]
    ids = await knowing.announce(knowing.parcel())
    form = {"grant_type": "client_credentials", **{k: second[k] for k in ("client_id", "client_secret")}}
    token = (await knowing.http.post("/token", data=form)).json()["access_token"]
    head = {"Authorization": f"Bearer {token}"}
    one = f"{knowing.v2}/submissions/{ids['submissionId']}"
    assert (await knowing.http.put(one, json={}, headers=head)).status_code == 404
    assert (await knowing.http.get(f"{one}/events", headers=head)).status_code == 403
    body = {
        "destinationId": knowing.sandbox.own_destination("automatic").id,
        "announcedAttachments": [],
        "publicService": {"name": "Beispiel", "identifier": JSON_EXAMPLE.identifier},
    }
    assert (await knowing.http.post(f"{knowing.v2}/submissions", json=body, headers=head)).status_code == 201


def test_the_readiness_line_offers_a_schema_for_json() -> None:
    entry: dict[str, Any] = JSON_EXAMPLE.as_json()
    assert entry["submissionSchemas"] == [{"schemaUri": JSON_URI, "mimeType": names.JSON}]
    [source] = JSON_EXAMPLE.sources.values()
    assert json.loads(source)["$id"] == JSON_URI
