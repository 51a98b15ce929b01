"""Requests and answers as values."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from gateway.errors import CounterpartBusy, CounterpartGarbled, CounterpartRefused
from gateway.fitconnect import names, wire
from gateway.outbound.answer import Answer

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ID = "879ee109-a690-4db8-ab32-424284184d7d"


def answer(status=200, body=None, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw, "api.example")


def test_an_announcement_says_what_v2_asks_and_nothing_else():
    request = wire.create_submission(
        ID, attachments=[ID], identifier="urn:de:fim:leika:leistung:99012070006000", name="Hausnummer", region="DE15"
    )
    assert (request.method, request.path, request.content_type) == ("POST", "/v2/submissions", "application/json")
    assert json.loads(request.content) == {
        "destinationId": ID,
        "announcedAttachments": [ID],
        "publicService": {"name": "Hausnummer", "identifier": "urn:de:fim:leika:leistung:99012070006000"},
        "region": "DE15",
    }


def test_callback_and_case_are_said_where_they_are_given():
    callback = wire.Callback("https://town.example/callbacks", "s3cret")
    request = wire.create_submission(
        ID, attachments=[], identifier="urn:x:y", name="X", region=None, callback=callback, case_id=ID
    )
    said = json.loads(request.content)
    assert said["callback"] == {"url": callback.url, "secret": "s3cret"}
    assert said["caseId"] == ID
    assert "region" not in said
    assert "s3cret" not in repr(callback) + repr(request)


async def test_the_final_request_holds_both_parts():
    async def stream(*pieces):
        for piece in pieces:
            yield piece

    request = wire.put_submission(ID, 5, 6)
    content = b"".join([piece async for piece in wire.submission_body(stream(b"aa.", b".b"), stream(b"cc..dd"))])
    assert json.loads(content) == {"encryptedMetadata": "aa..b", "encryptedData": "cc..dd"}
    assert (request.method, request.path, request.size) == ("PUT", f"/v2/submissions/{ID}", len(content))


def test_an_upload_is_jose_of_known_size():
    request = wire.put_attachment(ID, ID, 776)
    assert (request.method, request.content_type, request.size) == ("PUT", "application/jose", 776)


@pytest.mark.parametrize("kid", ["../../x", "a/b", "", "..", ".", "a?b", "a#b", "a%2fb", "x" * 129])
def test_a_kid_cannot_leave_its_place_in_the_path(kid):
    with pytest.raises(ValueError, match="kid"):
        wire.read_key(ID, kid)


def test_an_id_that_is_no_uuid_makes_no_path():
    with pytest.raises(ValueError, match="id"):
        wire.read_events("../x", 0)


def test_a_destination_is_read_with_all_its_offers():
    inbox = wire.destination(
        answer(
            body={
                "destinationId": ID,
                "status": "active",
                "encryptionKid": "kid-12345",
                "metadataVersions": ["2.1.0", "3.0.0"],
                "publicServices": [
                    {
                        "identifier": "urn:x:y",
                        "regions": ["DE15"],
                        "submissionSchemas": [{"schemaUri": "urn:s", "mimeType": "application/xml"}],
                    }
                ],
                "name": "unknown members are tolerated",
            }
        )
    )
    assert inbox.metadata_versions == ("2.1.0", "3.0.0")
    assert inbox.offers == (wire.DestinationOffer("urn:x:y", ("DE15",), frozenset({("urn:s", "application/xml")})),)


@pytest.mark.parametrize(
    ("everywhere", "here", "offered"),
    [
        ({}, {}, set()),
        ({"replyChannels": {"eMail": {"usePgp": True}}}, {}, {"eMail"}),
        ({}, {"replyChannels": {"idBundDeMailbox": {}}}, {"idBundDeMailbox"}),
        ({"replyChannels": {"eMail": {}}}, {"replyChannels": {"elster": {}, "deMail": None}}, {"eMail", "elster"}),
        ({"replyChannels": None}, {"replyChannels": ["eMail"]}, set()),
    ],
)
def test_reply_channels_are_read_in_both_places(everywhere, here, offered):
    service = {"identifier": "urn:x:y", "regions": ["DE"], "submissionSchemas": [], **here}
    body = {"destinationId": ID, "status": "active", "encryptionKid": "kid-12345", "metadataVersions": ["2.1.0"]}
    [offer] = wire.destination(answer(body={**body, **everywhere, "publicServices": [service]})).offers
    assert offer.reply_channels == offered


@pytest.mark.parametrize(
    ("read", "body"),
    [
        (wire.destination, {"destinationId": ID}),
        (wire.destination, {"destinationId": ID, "status": "active", "encryptionKid": 1, "metadataVersions": []}),
        (wire.destination, []),
        (wire.destination, b"\xff"),
        (wire.destination, b"[" * 100_000),
        (wire.key, b"no json"),
        (wire.key_set, {"keys": {}}),
        (wire.announced, {"submissionId": "x", "caseId": ID}),
        (wire.announced, {"submissionId": ID}),
        (wire.announced, {"submissionId": ID, "caseId": None}),
        (wire.events, {"eventLog": [1]}),
        (wire.events, {"eventLog": "x"}),
        (wire.events, {}),
    ],
)
def test_an_answer_that_does_not_follow_the_standard_is_garbled(read, body):
    with pytest.raises(CounterpartGarbled):
        read(answer(body=body))


def test_a_kid_named_twice_in_a_key_set_is_no_key():
    keys = [{"kid": "a"}, {"kid": "b", "n": 1}, {"kid": "b", "n": 2}, {"no": "kid"}, 7]
    assert wire.key_set(answer(body={"keys": keys})) == {"a": {"kid": "a"}}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_success(status):
    assert wire.refusal(answer(status, b""), NOW) is None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 413, 415, 422])
def test_a_refusal_is_permanent_and_names_the_problem_by_its_slug(status):
    problem = {"type": names.PROBLEM_PREFIX + "submission-not-found", "title": "Erika Mustermann", "status": status}
    error = wire.refusal(answer(status, problem), NOW)
    assert isinstance(error, CounterpartRefused)
    assert not error.retry
    assert error.params == {"host": "api.example", "http_status": status, "problem": "submission-not-found"}
    assert "Erika" not in str(error)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_busy_is_tried_again(status):
    error = wire.refusal(answer(status, b""), NOW)
    assert isinstance(error, CounterpartBusy)
    assert error.retry


@pytest.mark.parametrize("status", [301, 302, 307, 304])
def test_a_redirect_is_no_answer(status):
    assert isinstance(wire.refusal(answer(status, b""), NOW), CounterpartGarbled)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Erika</html>",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        {"type": 7},
        {"type": "https://elsewhere.example/Erika"},
        {"type": "erika-mustermann"},
        {"type": names.PROBLEM_PREFIX + "Erika Mustermann"},
        {"type": names.PROBLEM_PREFIX + "x" * 65},
    ],
)
def test_texts_of_an_answer_never_become_ours(body):
    assert wire.slug(answer(400, body)) == "unknown"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after": "Mon, 23 Nov 2026 12:01:00 GMT"}, 60.0),
        ({"retry-after": "Mon, 23 Nov 2026 11:01:00 GMT"}, 0.0),
        ({"retry-after": "999999999"}, 86_400.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "٣"}, None),
        ({"ratelimit-reset": "12"}, 12.0),
        ({"retry-after": "3", "ratelimit-reset": "12"}, 3.0),
    ],
)
def test_the_wait_asked_for_is_read(headers, seconds):
    assert wire.wait(headers, NOW) == seconds
