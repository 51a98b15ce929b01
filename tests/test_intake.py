"""What validation leaves behind where an application is taken in: findings, the record as it came, evidence."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.errors import RecordInvalid
from gateway.intake import Intake
from gateway.model import Attachment, Client, Destination, Municipality, Severity
from gateway.ports import NewSubmission
from gateway.services.loader import load

ARS = "150900546546"
NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
PORTAL = Client("portal", frozenset(), frozenset())
TOWN = Municipality(
    "tangerhuette", ARS, "Tangerhütte", "https://t.example", "test", "c", (Destination("d", "test", ("*",)),)
)
UPLOAD = uuid4()


class Store:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.made: list[NewSubmission] = []

    async def uploads(self, client: str, wanted: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        _ = client
        return {one: Attachment("", "", "", 1000, "ab" * 32) for one in wanted}

    async def known(self, *_: object) -> None:
        return None

    async def create(self, made: NewSubmission) -> NewSubmission:
        self.made.append(made)
        return made


@pytest.fixture(scope="module")
def catalogue() -> Any:
    return load()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def intake(catalogue: Any, store: Store) -> Intake:
    keys = SimpleNamespace(sign_receipt=lambda _: "receipt", receipt_key="key")
    clock = SimpleNamespace(now=lambda: NOW)
    return Intake(store, catalogue, {ARS: TOWN}, keys, clock, uuid4, lambda *_: b"digest")  # type: ignore[arg-type]


@pytest.fixture
def body(catalogue: Any) -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(catalogue.get("grundstueckskauf").example(ARS))
    for attachment in found["attachments"]:
        attachment["upload"] = str(uuid4())
    return found


async def test_a_replaced_character_is_told_and_stops_nothing(intake: Intake, store: Store, body: dict) -> None:
    body["record"]["purchase"]["remark"] = "Garten – ruhig"
    findings = await intake.validate(PORTAL, body)
    told = [one for one in findings if one.rule == "normalised"]
    assert [(one.pointer, one.severity) for one in told] == [("/record/purchase/remark", Severity.INFO)]
    await intake.create(PORTAL, body, "key")
    (made,) = store.made
    assert "Garten – ruhig".encode() in made.record, "the record is kept as it came"
    assert b"Garten - ruhig" in made.document.content


async def test_evidence_keeps_how_each_stage_ended_and_which_bytes_were_judged(
    intake: Intake, store: Store, body: dict
) -> None:
    body["record"]["purchase"]["remark"] = "Garten – ruhig"
    await intake.create(PORTAL, body, "key")
    (made,) = store.made
    entry = next(one for one in made.evidence if one.kind == "validated")
    assert entry.body["valid"] is True
    assert "normalised" in entry.body["rules"]
    assert entry.body["document_sha256"] == made.document.sha256
    assert {stage: state for stage, state in entry.body["stages"].items() if state != "passed"} == {
        "code_lists": "not_asked"
    }
    assert "Garten" not in str(entry.body)


async def test_what_breaks_a_rule_of_the_service_is_not_taken_over(intake: Intake, store: Store, body: dict) -> None:
    body["record"]["parcels"].append(dict(body["record"]["parcels"][0]))
    with pytest.raises(RecordInvalid) as refused:
        await intake.create(PORTAL, body, "key")
    (found,) = [one for one in refused.value.findings if one.severity is Severity.ERROR]
    assert (found.pointer, found.rule) == ("/record/parcels/2", "parcel_once")
    assert store.made == []
