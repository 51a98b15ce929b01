"""What is sealed for the authority: the readable application with its names, the calendar file, the portal's files."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from gateway.delivery.parcel import parcel_of
from gateway.model import Attachment, Document, Identity, Level, Municipality, Purpose, State, Submission
from gateway.ports.channel import Attestation, Parcel
from gateway.ports.store import Stored
from gateway.xoev.message.around import attachment_id
from tests.logins import citizen, company
from tests.services.test_readable_pages import flowing, pages
from tests.shipped_services import own_services

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
ID = UUID("5e0b8a52-0000-4000-8000-000000000001")
CASE = "ca5e0000-0000-4000-8000-000000000002"
UPLOADED = Attachment("plan", "Lageplan Süd.pdf", "application/pdf", 7, "ab" * 32, upload=uuid4(), blob=uuid4())
TOWN = Municipality("tangerhuette", "150900546546", "Tangerhütte", "https://t.example")
OF_OURS = Attachment("plan", "Plan.pdf", "application/pdf", 9, "cd" * 32, blob=uuid4())


async def made(
    service_id: str,
    *attachments: Attachment,
    case: str | None = None,
    reference: str | None = None,
    identity: Identity | None = None,
) -> Parcel:
    service = own_services().get(service_id)
    record = json.dumps(service.compiled.examples["ordinary"]).encode()
    document = Document(b"<a/>", "xfall", "urn:s", "urn:n", "application/xml", "0" * 64)
    row = Submission(ID, "150900546546", "portal", service_id, State.RECEIVED, 1, AT, AT, "fitconnect", case_id=case)
    stored = Stored(record, document, attachments, AT, reference, identity)
    return await parcel_of(row, stored, service, TOWN, uuid4)


@pytest.mark.parametrize("case", [CASE, None])
@pytest.mark.parametrize("reference", ["portal-4711", None])
async def test_the_sealed_application_is_named(case: str | None, reference: str | None) -> None:
    parcel = await made("termin", case=case, reference=reference)
    text = flowing(pages(parcel.enclosures[0].content or b""))
    assert text.count(f"Einreichung: {ID}") == 1
    assert text.count(f"Vorgang: {CASE}") == (1 if case else 0)
    assert text.count("Zeichen des Portals: portal-4711") == (1 if reference else 0)


async def test_an_appointment_comes_with_a_calendar_file_and_files_come_last_under_their_names() -> None:
    parcel = await made("termin", UPLOADED, OF_OURS, case=None, reference=None)
    assert [(one.filename, one.purpose) for one in parcel.enclosures] == [
        ("antrag.pdf", Purpose.FORM),
        ("termin.ics", Purpose.ATTACHMENT),
        ("Lageplan Süd.pdf", Purpose.ATTACHMENT),
        ("Plan.pdf", Purpose.ATTACHMENT),
    ]
    readable, calendar, uploaded, of_ours = parcel.enclosures
    assert (calendar.content or b"").startswith(b"BEGIN:VCALENDAR")
    for inside in (readable, calendar):
        assert inside.size == len(inside.content or b"")
    assert [(one.blob, one.size) for one in (uploaded, of_ours)] == [(UPLOADED.blob, 7), (OF_OURS.blob, 9)]
    assert uploaded.attachment_id == attachment_id(ID, UPLOADED.upload or ID), "as a message in the document names it"
    assert parcel.received_at == AT


async def test_without_an_appointment_there_is_no_calendar_file() -> None:
    parcel = await made("hund-abmelden", case=None, reference=None)
    assert [one.filename for one in parcel.enclosures] == ["antrag.pdf"]


async def test_who_logged_in_goes_along_with_the_address_that_saw_it() -> None:
    who = citizen()
    assert (await made("termin", identity=who)).attestation == Attestation(who, "https://t.example")
    assert (await made("termin")).attestation is None


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (citizen(), "Angemeldet mit: idp.example, eID, Vertrauensniveau substanziell"),
        (citizen(Level.BASIC, means=None), "Angemeldet mit: idp.example, Basisregistrierung"),
        (company(issuer="urn:x:idp"), "Angemeldet mit: urn:x:idp, eID, Vertrauensniveau substanziell"),
        (None, None),
    ],
)
async def test_the_application_says_once_how_surely_its_applicant_is_known(
    who: Identity | None, said: str | None
) -> None:
    parcel = await made("termin", identity=who)
    text = flowing(pages(parcel.enclosures[0].content or b""))
    assert text.count("Angemeldet mit") == (1 if who else 0)
    assert not said or said in text
