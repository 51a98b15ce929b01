"""The files that an application names: what is told of those that are not there, and what is not told besides."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.errors import RecordInvalid, UploadTaken
from gateway.intake.body import Application
from gateway.intake.create import Intake
from gateway.intake.withdrawal import taken_again
from gateway.model import Attachment, Destination, Severity, State
from gateway.ports.store import Change, View
from tests.intake.test_create import ARS, PLAN, PORTAL, TOWN, intake, services, store  # noqa: F401 - fixtures
from tests.stores import content_of, sent_ahead


@pytest.fixture
def body(services) -> dict[str, Any]:  # noqa: F811 - the fixture above
    """An application that names files which nobody has sent."""
    found = copy.deepcopy(services.get("grundstueckskauf").example(ARS))
    return {**found, "attachments": [{**one, "upload": str(uuid4())} for one in found["attachments"]]}


def send(store, body, content=PLAN) -> None:  # noqa: F811
    for one in body["attachments"]:
        sent_ahead(store, content, upload=UUID(one["upload"]))


async def told(intake: Intake, body: dict[str, Any]) -> list[tuple[str, str]]:  # noqa: F811 - the fixtures above
    found = await intake.validate(PORTAL, Application.of(body))
    return [(one.pointer, one.rule) for one in found if one.severity is Severity.ERROR]


async def test_an_upload_that_is_not_there_is_that_and_nothing_else(intake, store, body):  # noqa: F811
    assert body["attachments"]
    assert await told(intake, body) == [
        (f"/attachments/{no}/upload", "upload_unknown") for no in range(len(body["attachments"]))
    ]


async def test_what_is_wrong_besides_is_told_all_the_same(intake, store, body):  # noqa: F811
    body["attachments"][0] |= {"media_type": "image/gif", "filename": "kein Name"}
    found = await told(intake, body)
    assert ("/attachments/0/upload", "upload_unknown") in found
    assert {
        ("/attachments/0/media_type", "attachment_media_type"),
        ("/attachments/0/filename", "attachment_filename"),
    } <= {*found}


async def test_an_empty_file_is_told_as_before(intake, store, body):  # noqa: F811
    send(store, body, b"")
    assert await told(intake, body) == [
        (f"/attachments/{no}/upload", "attachment_empty") for no in range(len(body["attachments"]))
    ]


async def test_a_correction_takes_the_files_of_what_it_corrects(intake, store, body):  # noqa: F811
    send(store, body)
    old = await intake.create(PORTAL, Application.of(body), "old")
    made = await intake.create(PORTAL, Application.of(body), "key", supersedes=old.submission.id)
    (before, *_), (after, *_) = old.attachments, made.attachments
    assert (made.supersedes, after.sha256) == (old.submission.id, before.sha256)
    assert after.blob != before.blob
    assert content_of(store, after.blob) == PLAN
    with pytest.raises(UploadTaken):  # the same files, nothing corrected
        await intake.create(PORTAL, Application.of(body), "another")


async def test_an_erased_file_of_it_is_told_with_the_way_out(intake, store, body):  # noqa: F811
    send(store, body)
    old = (await intake.create(PORTAL, Application.of(body), "old")).submission
    await store.commit(old.version, Change(replace(old, state=State.ACCEPTED)))
    await store.erase(old.id, "request")
    with pytest.raises(RecordInvalid) as raised:
        await intake.create(PORTAL, Application.of(body), "key", supersedes=old.id)
    (one,) = (each for each in raised.value.findings if each.severity is Severity.ERROR)
    assert (one.pointer, one.rule) == ("/attachments/0/upload", "upload_erased")
    assert "erneut senden" in one.de
    assert "again" in one.en


async def test_a_wrong_type_of_test_is_not_taken_for_an_application_in_earnest(intake, store, body):  # noqa: F811
    only_tests = replace(TOWN, destinations=(Destination("d", "fitconnect", ("*",), takes="test"),))
    narrow = replace(intake, municipalities={ARS: only_tests})
    send(store, body)
    assert await told(narrow, {**body, "test": "true"}) == [("/test", "type")]
    assert await told(narrow, {**body, "test": False}) == [("/test", "only_tests_taken")]


def test_room_is_asked_for_the_files_that_are_copied():
    first, second = uuid4(), uuid4()
    files = tuple(Attachment("k", "n", "t", size, "", upload=name) for name, size in ((first, 10), (second, 300)))
    old = View(None, "", "", "", attachments=files)  # type: ignore[arg-type] - only its files are asked
    again = {"kind": "k", "filename": "n", "media_type": "t", "upload": str(first).upper()}
    assert taken_again(old, Application.of({"attachments": [again]})) == 10
    assert taken_again(old, Application.of({"attachments": "x"})) == taken_again(old, Application.of({})) == 0
    assert taken_again(old, Application.of({"attachments": [again, "x"]})) == 0, "a broken list is not taken over"
