"""The body of the portal: what is read from it, and each fault around the record in its order."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.intake.body import MAX_ATTACHMENTS, Application, ListedAttachment
from gateway.intake.create import Intake
from tests.intake.test_create import PORTAL, body, intake, services, store  # noqa: F401 - fixtures

UPLOAD = "6b6f9a52-4f3e-4b0c-8f5c-0d0f1a2b3c4d"
FILE = {"kind": "photo", "filename": "Foto.jpg", "media_type": "image/jpeg", "upload": UPLOAD}
LEAST: dict[str, Any] = {"service": "boot", "municipality": "150900546546", "record": {"name": "Änne"}}


def test_the_values_are_read_as_they_are_meant() -> None:
    listed = {**FILE, "filename": "A\u0308nne.jpg", "media_type": "Image/JPEG; q=1", "upload": UPLOAD.upper()}
    read = Application.of({**LEAST, "attachments": [listed], "reference": "4711", "test": True})
    assert (read.service, read.municipality, read.record) == ("boot", "150900546546", {"name": "Änne"})
    assert read.attachments == (ListedAttachment("photo", "Änne.jpg", "image/jpeg", UUID(UPLOAD)),)
    assert (read.reference, read.test, read.faults) == ("4711", True, ())


@pytest.mark.parametrize("unsaid", [{}, {"attachments": None, "reference": None, "test": None}])
def test_what_need_not_be_said_has_its_usual_meaning(unsaid: dict[str, Any]) -> None:
    read = Application.of({**LEAST, **unsaid})
    assert (read.attachments, read.reference, read.test, read.faults) == ((), None, False, ())


def test_the_same_content_in_another_order_is_the_same_and_anything_more_is_not() -> None:
    turned = dict(reversed(LEAST.items()))
    assert Application.of(turned).content == Application.of(LEAST).content
    assert Application.of({**LEAST, "test": False}).content != Application.of(LEAST).content


@pytest.mark.parametrize(
    ("wrong", "faults"),
    [
        ({"service": 1}, [("/service", "type")]),
        ({"municipality": None}, [("/municipality", "type")]),
        ({"record": []}, [("/record", "type")]),
        ({"test": "true"}, [("/test", "type")]),
        ({"test": 1}, [("/test", "type")]),
        ({"reference": 7}, [("/reference", "type")]),
        ({"reference": ""}, [("/reference", "pattern")]),
        ({"a/b": 1}, [("/a~1b", "unknown_key")]),
        ({"attachments": {}}, [("/attachments", "type")]),
        ({"attachments": ["x"]}, [("/attachments/0", "type")]),
        ({"attachments": [{**FILE, "size": 1}]}, [("/attachments/0/size", "unknown_key")]),
        ({"attachments": [{**FILE, "kind": 1}]}, [("/attachments/0/kind", "type")]),
        ({"attachments": [{**FILE, "upload": "x"}]}, [("/attachments/0/upload", "format")]),
        ({"attachments": [FILE, {**FILE, "upload": UPLOAD.upper()}]}, [("/attachments/1/upload", "doubled")]),
        ({"attachments": [FILE] * (MAX_ATTACHMENTS + 1)}, [("/attachments", "too_many")]),
        (
            {"attachments": [{}], "reference": "ä", "test": 0, "service": None, "x": 1},
            [
                ("/x", "unknown_key"),
                ("/service", "type"),
                ("/test", "type"),
                ("/reference", "pattern"),
                *((f"/attachments/0/{key}", "missing") for key in FILE),
            ],
        ),
    ],
)
def test_each_fault_has_its_place(wrong: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    read = Application.of({**LEAST, **wrong})
    assert [(fault.pointer, fault.rule) for fault in read.faults] == faults
    if "attachments" in wrong:
        assert read.attachments is None, "no part of a broken list is taken for all of it"


def test_what_is_needed_is_missed_in_the_order_of_the_description() -> None:
    read = Application.of({})
    assert [fault.pointer for fault in read.faults] == ["/service", "/municipality", "/record"]
    assert (read.service, read.municipality, read.record) == (None, None, None)


async def test_an_unknown_key_that_only_begins_like_the_list_leaves_the_list_as_it_is(
    intake: Intake,  # noqa: F811 - the fixtures above
    body: dict[str, Any],  # noqa: F811
) -> None:
    wrong = {**body, "attachments_note": "?", "attachments": [{**FILE, "kind": "no-such", "upload": str(uuid4())}]}
    told = [(fault.pointer, fault.rule) for fault in await intake.validate(PORTAL, Application.of(wrong))]
    assert told[0] == ("/attachments_note", "unknown_key")
    assert ("/attachments/0/kind", "attachment_unknown_kind") in told
