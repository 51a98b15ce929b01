"""What is sealed for the authority: the readable application names submission, case and the portal's reference."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest

from gateway.delivery.advance import Delivery
from gateway.fitconnect.limits import LIMITS
from gateway.model import Document, Municipality, State, Submission
from gateway.ports.channel import Parcel, Sealed
from gateway.ports.store import Stored
from gateway.services.loader import load
from tests.services.test_readable_pages import flowing, pages

ARS = "150900546546"
AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
ID = UUID("5e0b8a52-0000-4000-8000-000000000001")
CASE = "ca5e0000-0000-4000-8000-000000000002"


class _Enough(BaseException):
    """The parcel is made; nothing else is to be done."""


class _Store:
    def __init__(self, row: Submission, reference: str | None) -> None:
        self.row, self.reference = row, reference

    async def load(self, _id: UUID) -> Submission:
        return self.row

    async def paused(self, _destination: str) -> bool:
        return False

    async def stored(self, _id: UUID) -> Stored:
        record = json.dumps(load().get("termin").compiled.examples["ordinary"]).encode()
        document = Document(b"<a/>", "xfall", "urn:s", "urn:n", "application/xml", "0" * 64)
        return Stored(record, document, (), AT, self.reference)


class _Channel:
    parcel: Parcel | None = None
    limits = LIMITS

    def destination_of(self, _service: str, *, test: bool) -> str:
        return str(test)

    async def seal(self, _submission: Submission, parcel: Parcel, _store: object) -> Sealed:
        self.parcel = parcel
        raise _Enough


@pytest.mark.parametrize("case", [CASE, None])
@pytest.mark.parametrize("reference", ["portal-4711", None])
async def test_the_sealed_application_is_named(case: str | None, reference: str | None) -> None:
    row = Submission(ID, ARS, "portal", "termin", State.RECEIVED, 1, AT, AT, "fitconnect")
    channel = _Channel()
    town = Municipality("t", ARS, "Stadt Tangerhütte", "https://t.example", ())
    delivery = Delivery(
        _Store(replace(row, case_id=case), reference),
        {(ARS, "fitconnect"): channel},
        {ARS: town},
        load(),
        SimpleNamespace(now=lambda: AT),
        uuid4,
        lambda: 0.5,
    )
    with pytest.raises(_Enough):
        await delivery.advance(ID)
    assert channel.parcel is not None
    text = flowing(pages(channel.parcel.enclosures[0].content or b""))
    assert text.count(f"Einreichung: {ID}") == 2
    assert text.count(f"Vorgang: {CASE}") == (2 if case else 0)
    assert text.count("Zeichen des Portals: portal-4711") == (2 if reference else 0)
