"""The files that an application names: what is told of those that are not there, and what is not told besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.errors import RecordInvalid
from gateway.intake.body import Application
from gateway.intake.create import Intake
from gateway.intake.withdrawal import taken_again
from gateway.model import Attachment, Destination, Severity
from gateway.ports.store import View
from tests.intake.test_create import ARS, PORTAL, TOWN, Store, body, catalogue, intake  # noqa: F401 - fixtures

OLD = uuid4()


class Files(Store):
    """Knows the given uploads, and the files of one earlier application (None: erased)."""

    def __init__(self, *uploads: UUID, earlier: Mapping[UUID, UUID | None] | None = None) -> None:
        super().__init__()
        self.known_uploads, self.earlier = uploads, earlier or {}

    async def uploads(self, client: str, wanted: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        found = await super().uploads(client, wanted)
        return {name: replace(one, blob=name) for name, one in found.items() if name in self.known_uploads}

    async def files_of(self, client: str, submission: UUID, wanted: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        assert (client, submission) == (PORTAL.id, OLD)
        one = Attachment("", "", "", 1000, "ab" * 32)
        return {name: replace(one, blob=blob) for name, blob in self.earlier.items() if name in wanted}


@pytest.fixture
def store() -> Files:
    return Files()


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


async def test_an_empty_file_is_told_as_before(intake, store, body, monkeypatch):  # noqa: F811
    names = [UUID(one["upload"]) for one in body["attachments"]]

    async def empty(_client, wanted):
        return {name: Attachment("", "", "", 0, "ab" * 32, blob=name) for name in wanted}

    monkeypatch.setattr(store, "uploads", empty)
    assert await told(intake, body) == [(f"/attachments/{no}/upload", "attachment_empty") for no in range(len(names))]


async def test_a_correction_takes_the_files_of_what_it_corrects(intake, store, body):  # noqa: F811
    first, *others = (UUID(one["upload"]) for one in body["attachments"])
    store.known_uploads, store.earlier = others, {first: uuid4()}
    await intake.create(PORTAL, Application.of(body), "key", supersedes=OLD)
    (made,) = store.made
    assert (made.reused, made.supersedes) == ({first}, OLD)
    assert made.attachments[0].blob == store.earlier[first]
    with pytest.raises(RecordInvalid) as without:  # the same files, nothing corrected
        await intake.create(PORTAL, Application.of(body), "key")
    assert "upload_unknown" in {one.rule for one in without.value.findings}


async def test_an_erased_file_of_it_is_told_with_the_way_out(intake, store, body):  # noqa: F811
    names = [UUID(one["upload"]) for one in body["attachments"]]
    store.known_uploads, store.earlier = names, {names[0]: None}
    with pytest.raises(RecordInvalid) as raised:
        await intake.create(PORTAL, Application.of(body), "key", supersedes=OLD)
    (one,) = (each for each in raised.value.findings if each.severity is Severity.ERROR)
    assert (one.pointer, one.rule) == ("/attachments/0/upload", "upload_erased")
    assert "erneut senden" in one.de
    assert "again" in one.en


async def test_a_wrong_type_of_test_is_not_taken_for_an_application_in_earnest(intake, store, body):  # noqa: F811
    only_tests = replace(TOWN, destinations=(Destination("d", "fitconnect", ("*",), takes="test"),))
    narrow = replace(intake, municipalities={ARS: only_tests})
    store.known_uploads = [UUID(one["upload"]) for one in body["attachments"]]
    assert await told(narrow, {**body, "test": "true"}) == [("/test", "type")]
    assert await told(narrow, {**body, "test": False}) == [("/test", "only_tests_taken")]


async def test_room_is_asked_for_the_files_that_are_copied(store):
    first, second = uuid4(), uuid4()
    files = tuple(Attachment("k", "n", "t", size, "", upload=name) for name, size in ((first, 10), (second, 300)))
    old = View(None, "", "", "", attachments=files)  # type: ignore[arg-type] - only its files are asked
    again = {"kind": "k", "filename": "n", "media_type": "t", "upload": str(first).upper()}
    assert taken_again(old, Application.of({"attachments": [again]})) == 10
    assert taken_again(old, Application.of({"attachments": "x"})) == taken_again(old, Application.of({})) == 0
    assert taken_again(old, Application.of({"attachments": [again, "x"]})) == 0, "a broken list is not taken over"
