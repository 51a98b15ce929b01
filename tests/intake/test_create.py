"""What validation leaves behind where an application is taken in: findings, the record as it came, evidence."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from gateway.errors import RecordInvalid, TooManyRequests, UnknownService
from gateway.intake.body import Application
from gateway.intake.create import Intake
from gateway.model import Client, Destination, Municipality, Severity
from gateway.ports.store import Stored
from gateway.services.loader import load
from gateway.store.memory import MemoryStore
from gateway.xoev.message.around import attachment_id
from tests.services import published_xsd
from tests.services.test_file_fields import written
from tests.shipped_services import own_services
from tests.stores import empty, everything, sent_ahead

ARS = "150900546546"
NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
CLOCK = SimpleNamespace(now=lambda: NOW)
PORTAL = Client("portal", frozenset(), frozenset())
TOWN = Municipality("tangerhuette", ARS, "Tangerhütte", "https://t.example", (Destination("d", "fitconnect", ("*",)),))
UPLOAD = uuid4()
PLAN = b"%PDF-1.7".ljust(1000)


@pytest.fixture(scope="module")
def services() -> Any:
    return own_services()


@pytest.fixture
def store() -> MemoryStore:
    return empty(CLOCK)


@pytest.fixture
def intake(services: Any, store: MemoryStore) -> Intake:
    return taking_in(services, store)


def taking_in(services: Any, store: MemoryStore) -> Intake:
    keys = SimpleNamespace(sign_receipt=lambda _: "receipt", receipt_key="key")
    return Intake(store, services, {ARS: TOWN}, keys, CLOCK, uuid4, lambda *_: b"digest")  # type: ignore[arg-type]


@pytest.fixture
def body(services: Any, store: MemoryStore) -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(services.get("grundstueckskauf").example(ARS))
    for attachment in found["attachments"]:
        attachment["upload"] = str(sent_ahead(store, PLAN))
    return found


async def taken_in(store: MemoryStore) -> Stored:
    """What stands of the only application."""
    (view,) = everything(store)
    return await store.stored(view.submission.id)


async def validated(store: MemoryStore) -> Any:
    """What its evidence tells of the validation."""
    (view,) = everything(store)
    links = await store.evidence_of(view.submission.id)
    return next(json.loads(link.body) for link in links if link.kind == "validated")


async def test_a_replaced_character_is_told_and_stops_nothing(intake: Intake, store: MemoryStore, body: dict) -> None:
    body["record"]["purchase"]["remark"] = "Garten – ruhig"
    findings = await intake.validate(PORTAL, Application.of(body))
    told = [one for one in findings if one.rule == "normalised"]
    assert [(one.pointer, one.severity) for one in told] == [("/record/purchase/remark", Severity.INFO)]
    await intake.create(PORTAL, Application.of(body), "key")
    made = await taken_in(store)
    assert "Garten – ruhig".encode() in made.record, "the record is kept as it came"
    assert b"Garten - ruhig" in made.document.content


async def test_the_row_names_the_channel_of_its_destination(services: Any, store: MemoryStore, body: dict) -> None:
    live = Destination("l", "fitconnect", ("*",), takes="live")
    test = Destination("t", "other", ("*",), takes="test")
    it = replace(taking_in(services, store), municipalities={ARS: replace(TOWN, destinations=(live, test))})
    of_live = await it.create(PORTAL, Application.of(body), "key")
    for attachment in body["attachments"]:
        attachment["upload"] = str(sent_ahead(store, PLAN))
    of_test = await it.create(PORTAL, Application.of({**body, "test": True}), "another")
    assert [view.submission.channel for view in (of_live, of_test)] == ["fitconnect", "other"]


async def test_evidence_keeps_how_each_stage_ended_and_which_bytes_were_judged(
    intake: Intake, store: MemoryStore, body: dict
) -> None:
    body["record"]["purchase"]["remark"] = "Garten – ruhig"
    await intake.create(PORTAL, Application.of(body), "key")
    made, judged = await taken_in(store), await validated(store)
    assert judged["valid"] is True
    assert "normalised" in judged["rules"]
    assert judged["document_sha256"] == made.document.sha256
    assert {stage: state for stage, state in judged["stages"].items() if state != "passed"} == {
        "code_lists": "not_asked"
    }
    assert "Garten" not in str(judged)


async def test_what_breaks_a_rule_of_the_service_is_not_taken_over(
    intake: Intake, store: MemoryStore, body: dict
) -> None:
    body["record"]["parcels"].append(dict(body["record"]["parcels"][0]))
    with pytest.raises(RecordInvalid) as refused:
        await intake.create(PORTAL, Application.of(body), "key")
    (found,) = [one for one in refused.value.findings if one.severity is Severity.ERROR]
    assert (found.pointer, found.rule) == ("/record/parcels/2", "parcel_once")
    assert everything(store) == ()


async def test_a_document_by_a_published_xsd_is_taken_over_with_its_schema(store: MemoryStore, tmp_path: Path) -> None:
    services = load(published_xsd.folder(tmp_path), None, published_xsd.library(published_xsd.published()))
    body = services.get("hausnummer").example(ARS)
    for attachment in body["attachments"]:
        attachment["upload"] = str(sent_ahead(store, PLAN))
    intake = taking_in(services, store)
    assert [one for one in await intake.validate(PORTAL, Application.of(body)) if one.severity is Severity.ERROR] == []
    await intake.create(PORTAL, Application.of(body), "key")
    made, judged = await taken_in(store), await validated(store)
    assert made.document.schema_uri == made.document.namespace == published_xsd.NAMESPACE
    assert f"<xfd:{published_xsd.ROOT} ".encode() in made.document.content
    assert (judged["valid"], judged["stages"]["schema"]) == (True, "passed")


async def test_faults_around_the_record_hide_none_inside_it(intake: Intake, store: MemoryStore, body: dict) -> None:
    body |= {"reference": "mit Leerzeichen", "extra": 1, "test": "yes"}
    body["attachments"].append(dict(body["attachments"][0]))
    body["record"]["parcels"].append(dict(body["record"]["parcels"][0]))
    body["record"]["purchase"]["remark"] = 7
    told = {(one.pointer, one.rule) for one in await intake.validate(PORTAL, Application.of(body))}
    assert {
        ("/reference", "pattern"),
        ("/extra", "unknown_key"),
        ("/test", "type"),
        ("/attachments/1/upload", "doubled"),
        ("/record/purchase/remark", "wrong_type"),
    } <= told
    with pytest.raises(RecordInvalid) as refused:
        await intake.create(PORTAL, Application.of(body), "key")
    assert {(one.pointer, one.rule) for one in refused.value.findings} == told
    assert everything(store) == ()


async def test_a_part_of_a_broken_list_of_attachments_is_not_taken_for_all_of_it(intake: Intake, body: dict) -> None:
    del body["attachments"][0]["kind"]
    assert [one.pointer for one in await intake.validate(PORTAL, Application.of(body))] == ["/attachments/0/kind"]


async def test_an_unknown_service_and_municipality_are_told_with_what_else_is_wrong(intake: Intake, body: dict) -> None:
    wrong = {**body, "service": "no-such", "municipality": "000000000000"}
    assert [one.pointer for one in await intake.validate(PORTAL, Application.of(wrong))] == [
        "/service",
        "/municipality",
    ]
    wrong |= {"reference": ""}
    assert [one.pointer for one in await intake.validate(PORTAL, Application.of(wrong))] == [
        "/reference",
        "/service",
        "/municipality",
    ]
    with pytest.raises(UnknownService):
        await intake.create(PORTAL, Application.of({**body, "service": "no-such"}), "key")


async def test_room_is_asked_for_what_is_not_known_yet(intake: Intake, store: MemoryStore, body: dict) -> None:
    async def full() -> None:
        raise TooManyRequests(retry_after=1)

    with pytest.raises(TooManyRequests):
        await intake.create(PORTAL, Application.of(body), "key", admit=full)
    assert everything(store) == ()
    made = await intake.create(PORTAL, Application.of(body), "key")
    assert await intake.create(PORTAL, Application.of(body), "key", admit=full) == made


async def test_a_field_names_the_file_by_the_id_of_its_envelope(
    store: MemoryStore, tmp_path: Path, intake: Intake, body: dict
) -> None:
    intake = replace(intake, services=load(written(tmp_path)))
    body |= {"service": "boot", "record": {"name": "Änne"}}
    photo = {"kind": "photo", "filename": "Foto.jpg", "media_type": "image/jpeg", "upload": str(UPLOAD)}
    without = await intake.validate(PORTAL, Application.of({**body, "attachments": []}))
    assert [one.rule for one in without] == ["attachment_missing"]
    sent_ahead(store, b"\xff\xd8", upload=UPLOAD)
    view = await intake.create(PORTAL, Application.of({**body, "attachments": [photo]}), "key")
    made = await taken_in(store)
    assert str(attachment_id(view.submission.id, UPLOAD)).encode() in made.document.content
