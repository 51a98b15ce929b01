"""The channel against a wire that does what it likes."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest
import respx

from gateway.errors import (
    CounterpartAway,
    CounterpartBusy,
    CounterpartError,
    CounterpartGarbled,
    CounterpartRefused,
    DestinationUnfit,
    InternalError,
    KeyUnfit,
    SettingsInvalid,
    TokenRefused,
)
from gateway.fitconnect import names
from gateway.fitconnect.channel import Addressee, Environment, FitConnectChannel
from gateway.model import Blame, FitConnectAddress, Part, State

BASE = "https://delivery.example/submission-api"
TOKEN = "https://auth.example/token"
DESTINATION = "879ee109-a690-4db8-ab32-424284184d7d"
SUBMISSION = "ce75a6b8-d72f-4b94-b09e-af6be35bc2ae"
CASE = "e89e107e-ed79-40e6-ad34-4e770f9df263"
URN = "urn:de:fim:leika:leistung:99012021002000"
ATTACHMENT = "f50308a5-b3ed-4627-9f0b-b5a8e0095791"
TAGS = {"metadata": "M" * 22, "data": "D" * 22, ATTACHMENT: "A" * 22}


@pytest.fixture
def wire():
    with respx.mock(assert_all_called=False) as router:
        router.post(TOKEN).mock(
            side_effect=[
                httpx.Response(200, json={"access_token": f"t{n}", "token_type": "Bearer", "expires_in": 1800})
                for n in range(1, 9)
            ]
        )
        yield router


@pytest.fixture
def channel(clock, make, signers, jwks, routed):
    """Make a channel; `roots` and `insecure` as a test likes."""

    def build(**environment):
        given = {"trust_roots": (jwks["root"],), **environment}
        return FitConnectChannel(
            Environment(TOKEN, BASE, **given),
            "town",
            lambda: "secret",
            addressee=lambda service, test: Addressee(DESTINATION, URN, "Hausnummer"),
            keys=make.signer(signers.subscriber),
            archive=make.archive,
            client=routed,
            clock=clock,
            random=os.urandom,
            tick=clock.tick,
        )

    return build


def destination(jwk, **changes):
    return {
        "destinationId": DESTINATION,
        "status": "active",
        "encryptionKid": jwk["kid"],
        "metadataVersions": ["2.1.0"],
        "publicServices": [
            {
                "identifier": URN,
                "regions": ["DE15", "DE150900546546"],
                "submissionSchemas": [{"schemaUri": "urn:xfall:example:1.0", "mimeType": "application/xml"}],
            }
        ],
        **changes,
    }


@pytest.fixture
def reception(wire, jwks):
    """Serve destination and key; a test may change both."""

    def serve(jwk=None, **changes):
        jwk = jwk or jwks["wrapKey"][1]
        read = wire.get(f"{BASE}/v2/destinations/{DESTINATION}")
        read.mock(return_value=httpx.Response(200, json=destination(jwk, **changes)))
        key = wire.get(url__startswith=f"{BASE}/v2/destinations/{DESTINATION}/keys/")
        key.mock(return_value=httpx.Response(200, json=jwk))
        return read, key

    return serve


@pytest.fixture
def announced(new_submission):
    """A submission whose parts are sealed and announced."""
    parts = tuple(Part(name, uuid4(), 776, tag) for name, tag in TAGS.items())
    return replace(
        new_submission,
        state=State.ANNOUNCED,
        parts=parts,
        destination_id=DESTINATION,
        case_id=CASE,
        remote_id=SUBMISSION,
        address=FitConnectAddress(URN, "DE150900546546"),
    )


@pytest.fixture
def log(wire, signers, jwks):
    """Serve an event log and the keys of both issuers."""

    def serve(*tokens, delivery=None, subscriber=None):
        def page(request):
            offset = int(request.url.params["offset"])
            part = tokens[offset : offset + 500]
            return httpx.Response(200, json={"eventLog": part, "totalCount": len(tokens)})

        events = wire.get(url__startswith=f"{BASE}/v2/submissions/{SUBMISSION}/events").mock(side_effect=page)
        keys = {"keys": [delivery or signers.delivery_jwk]}
        jwks_route = wire.get(f"{BASE}/.well-known/jwks.json").mock(return_value=httpx.Response(200, json=keys))
        key_url = f"{BASE}/v2/destinations/{DESTINATION}/keys/{signers.subscriber.kid}"
        key_route = wire.get(key_url).mock(return_value=subscriber or httpx.Response(200, json=signers.subscriber_jwk))
        return events, jwks_route, key_route

    return serve


async def body(content):
    yield content


def read(part):
    """The part's first letter, as often as it has bytes."""
    return body(part.name[:1].encode() * part.size)


# --- sealing ---------------------------------------------------------------------------------------------------------


async def test_everything_is_checked_then_sealed(channel, reception, new_submission, make, store):
    reception()
    files = (make.enclosure(b"form" * 10), make.enclosure(b""))
    sealed = await channel().seal(new_submission, make.parcel(*files), store)
    store.take(sealed.blobs)
    assert [part.name for part in sealed.parts] == ["metadata", "data", *(str(each.attachment_id) for each in files)]
    assert [len(store.blobs[part.blob]) for part in sealed.parts] == [part.size for part in sealed.parts]
    assert all(len(part.tag) == 22 for part in sealed.parts)
    assert (sealed.destination_id, sealed.address) == (DESTINATION, FitConnectAddress(URN, "DE150900546546"))
    assert sealed.facts["metadata_version"] == "2.1.0"
    assert sealed.facts["metadata_schema"] == "own"
    assert sealed.facts["certificate_chain"] == "checked"


async def test_destination_and_key_are_read_once_for_submissions_sealed_together_and_anew_soon(  # noqa: PLR0917 - fixtures
    channel, reception, new_submission, make, store, clock
):
    read, key = reception()
    sender = channel()
    await sender.seal(new_submission, make.parcel(), store)
    await sender.seal(new_submission, make.parcel(), store)
    assert (read.call_count, key.call_count) == (1, 1)
    clock.ticks += 2.1
    await sender.seal(new_submission, make.parcel(), store)
    assert (read.call_count, key.call_count) == (2, 2)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"status": "inactive"}, "status (inactive)"),
        ({"status": "Erika"}, "status (unknown)"),
        ({"metadataVersions": ["1.5.0", "3.0.0"]}, "metadata_version"),
        ({"publicServices": []}, "service"),
        (
            {"publicServices": [{"identifier": URN, "regions": ["DE14", "DE1509005465460"], "submissionSchemas": []}]},
            "region (DE150900546546)",
        ),
        ({"publicServices": [{"identifier": URN, "regions": ["DE"], "submissionSchemas": []}]}, "schema"),
    ],
)
async def test_nothing_is_sealed_for_a_destination_that_does_not_take_it(  # noqa: PLR0917 - fixtures
    channel, reception, new_submission, make, store, changes, rule
):
    reception(**changes)
    with pytest.raises(DestinationUnfit) as caught:
        await channel().seal(new_submission, make.parcel(make.enclosure(b"x")), store)
    assert str(caught.value.params["rule"]).startswith(rule)
    assert store.blobs == {}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"key_ops": ["verify"]}, "key_ops"),
        ({"alg": "RSA1_5"}, "alg"),
        ({"e": "AQ"}, "e"),
        ({"n": "AQAB"}, "n"),
        ({"kid": "another-kid"}, "kid"),
        ({"x5c": []}, "x5c_missing"),
        ({"x5c": ["AAAA"]}, "x5c_form"),
    ],
)
async def test_nothing_is_sealed_for_a_key_that_breaks_a_rule(  # noqa: PLR0917 - fixtures
    channel, reception, jwks, new_submission, make, store, change, rule
):
    jwk = jwks["wrapKey"][1]
    reception({**jwk, **change}, encryptionKid=jwk["kid"])
    with pytest.raises(KeyUnfit) as caught:
        await channel().seal(new_submission, make.parcel(make.enclosure(b"x")), store)
    assert caught.value.params["rule"] == rule
    assert store.blobs == {}


async def test_a_chain_to_a_root_that_is_not_ours_is_refused_outside_test_mode(
    channel, reception, new_submission, make, store
):
    reception()
    with pytest.raises(KeyUnfit):
        await channel(trust_roots=()).seal(new_submission, make.parcel(), store)
    assert store.blobs == {}
    sealed = await channel(trust_roots=(), insecure_public_keys=True).seal(new_submission, make.parcel(), store)
    assert sealed.facts["certificate_chain"] == "not checked (test mode)"


async def test_another_destination_than_the_one_asked_for_is_refused(channel, reception, new_submission, make, store):
    reception(destinationId=SUBMISSION)
    with pytest.raises(KeyUnfit):
        await channel().seal(new_submission, make.parcel(), store)


async def test_a_kid_that_is_no_part_of_a_path_is_refused(channel, reception, new_submission, make, store):
    reception(encryptionKid="../../submissions/x")
    with pytest.raises(KeyUnfit):
        await channel().seal(new_submission, make.parcel(), store)


async def test_limits_are_told_before_sealing(channel, reception, new_submission, make, store):
    reception()
    huge = replace(make.enclosure(b"x"), size=376_000_000)
    with pytest.raises(DestinationUnfit):
        await channel().seal(new_submission, make.parcel(huge), store)
    many = [make.enclosure(b"x") for _ in range(101)]
    with pytest.raises(DestinationUnfit):
        await channel().seal(new_submission, make.parcel(*many), store)
    assert store.blobs == {}


async def test_a_file_that_is_shorter_than_it_said_is_our_fault(channel, reception, new_submission, make, store):
    reception()
    with pytest.raises(InternalError):
        await channel().seal(new_submission, make.parcel(replace(make.enclosure(b"xy"), size=3)), store)


# --- sending ---------------------------------------------------------------------------------------------------------


async def test_an_announcement_names_what_will_come(channel, wire, announced):
    route = wire.post(f"{BASE}/v2/submissions").mock(
        return_value=httpx.Response(201, json={"submissionId": SUBMISSION, "caseId": CASE})
    )
    got = await channel().announce(announced)
    assert (got.remote_id, got.case_id) == (SUBMISSION, CASE)
    request = route.calls.last.request
    assert request.headers["authorization"] == "Bearer t1"
    assert json.loads(request.content) == {
        "destinationId": DESTINATION,
        "announcedAttachments": [ATTACHMENT],
        "publicService": {"name": "Hausnummer", "identifier": URN},
        "region": "DE150900546546",
    }


async def test_a_token_refused_is_renewed_once_and_the_request_repeated(channel, wire, announced):
    route = wire.put(f"{BASE}/v2/submissions/{SUBMISSION}").mock(side_effect=[httpx.Response(401), httpx.Response(200)])
    await channel().submit(announced, read)
    assert [call.request.headers["authorization"] for call in route.calls] == ["Bearer t1", "Bearer t2"]
    assert len({call.request.content for call in route.calls}) == 1


async def test_a_fresh_token_refused_too_is_the_operators_affair(channel, wire, announced):
    route = wire.put(f"{BASE}/v2/submissions/{SUBMISSION}").mock(return_value=httpx.Response(401))
    with pytest.raises(TokenRefused):
        await channel().submit(announced, read)
    assert route.call_count == 2


async def test_both_parts_are_streamed_and_their_length_is_said(channel, wire, announced):
    route = wire.put(f"{BASE}/v2/submissions/{SUBMISSION}").mock(side_effect=[httpx.Response(401), httpx.Response(200)])
    metadata, data, *others = announced.parts
    large, sender = replace(announced, parts=(metadata, replace(data, size=2_000_000), *others)), channel()
    with pytest.raises(CounterpartBusy):  # a stream is not sent twice by the same call
        await sender.submit(large, read)
    await sender.submit(large, read)
    request = route.calls.last.request
    assert json.loads(request.content) == {"encryptedMetadata": "m" * 776, "encryptedData": "d" * 2_000_000}
    assert request.headers["content-length"] == str(len(request.content))
    assert request.headers["content-type"] == "application/json"
    assert "transfer-encoding" not in request.headers


async def test_a_stream_whose_token_was_refused_is_sent_again_later_with_a_new_one(channel, wire, announced):
    url = f"{BASE}/v2/submissions/{SUBMISSION}/attachments/{ATTACHMENT}"
    route = wire.put(url).mock(side_effect=[httpx.Response(401), httpx.Response(204)])
    part = Part(ATTACHMENT, uuid4(), 2_000_000, "A" * 22)
    sender = channel()
    with pytest.raises(CounterpartBusy) as caught:
        await sender.upload(announced, part, body(b"x" * 2_000_000))
    assert caught.value.retry
    await sender.upload(announced, part, body(b"x" * 2_000_000))
    assert route.calls.last.request.headers["authorization"] == "Bearer t2"


@pytest.mark.parametrize("size", [776, 2_000_000])
async def test_an_upload_says_its_exact_length_however_it_is_sent(channel, wire, announced, size):
    url = f"{BASE}/v2/submissions/{SUBMISSION}/attachments/{ATTACHMENT}"
    route = wire.put(url).mock(return_value=httpx.Response(204))
    await channel().upload(announced, Part(ATTACHMENT, uuid4(), size, "A" * 22), body(b"x" * size))
    headers = route.calls.last.request.headers
    assert headers["content-length"] == str(size)
    assert headers["content-type"] == "application/jose"
    assert "transfer-encoding" not in headers


@pytest.mark.parametrize(
    ("answer", "error", "wait"),
    [
        (httpx.Response(429), CounterpartBusy, None),
        (httpx.Response(429, headers={"retry-after": "9"}), CounterpartBusy, 9.0),
        (httpx.Response(429, headers={"ratelimit-reset": "4"}), CounterpartBusy, 4.0),
        (httpx.Response(503, headers={"retry-after": "Mon, 23 Nov 2026 12:00:30 GMT"}), CounterpartBusy, 30.0),
        (httpx.Response(422, json={"type": names.PROBLEM_PREFIX + "x-y"}), CounterpartRefused, None),
        (httpx.Response(302, headers={"location": "http://10.0.0.1"}), CounterpartGarbled, None),
        (CounterpartAway(host="delivery.example"), CounterpartAway, None),
        (CounterpartGarbled(host="delivery.example"), CounterpartGarbled, None),
    ],
)
async def test_every_way_to_fail_has_its_error(channel, wire, announced, answer, error, wait):  # noqa: PLR0917 - fixtures
    given = {"side_effect": answer} if isinstance(answer, Exception) else {"return_value": answer}
    wire.put(f"{BASE}/v2/submissions/{SUBMISSION}").mock(**given)
    with pytest.raises(error) as caught:
        await channel().submit(announced, read)
    assert caught.value.retry_after == wait


@pytest.mark.parametrize("content", [b"", b"no json", b"[]", b'{"submissionId":"x"}'])
async def test_an_announcement_answered_with_nonsense_is_garbled(channel, wire, announced, content):
    wire.post(f"{BASE}/v2/submissions").mock(return_value=httpx.Response(201, content=content))
    with pytest.raises(CounterpartGarbled):
        await channel().announce(announced)


async def test_a_step_without_its_predecessor_is_our_fault(channel, new_submission):
    with pytest.raises(InternalError):
        await channel().events(new_submission)


async def test_token_and_destination_can_be_checked_before_anything_is_sent(channel, reception, jwks):
    reception()
    sender = channel()
    assert await sender.check_token() == "token granted"
    said = await sender.check_destination(DESTINATION)
    assert said == f"active, key {jwks['wrapKey'][1]['kid']}, metadata 2.1.0"
    reception(status="inactive")
    with pytest.raises(DestinationUnfit):
        await channel().check_destination(DESTINATION)


@pytest.mark.parametrize(
    ("problem", "code", "blame"),
    [
        ("destination-not-found", "destination_unfit", Blame.OPERATOR),
        ("submission-not-found", "counterpart_refused", Blame.COUNTERPART),  # a wrong address answers 404 as well
    ],
)
async def test_a_destination_that_the_other_side_does_not_know_is_the_operators_affair(
    channel, wire, problem, code, blame
):
    answer = httpx.Response(404, json={"type": names.PROBLEM_PREFIX + problem})
    wire.get(f"{BASE}/v2/destinations/{DESTINATION}").mock(return_value=answer)
    with pytest.raises(CounterpartError) as caught:
        await channel().check_destination(DESTINATION)
    assert (caught.value.code, caught.value.blame) == (code, blame)
    assert (DESTINATION in str(caught.value.params)) == (blame is Blame.OPERATOR)


async def test_whether_a_destination_takes_a_service_can_be_checked_before_anything_is_taken_in(channel, reception):
    reception()
    given = ("hausnummer", "150900546546", "urn:xfall:example:1.0")
    said = await channel().check_service(*given, "application/xml", test=False)
    assert said == f"{URN}, urn:xfall:example:1.0, DE150900546546"
    for service, ars, uri, rule in (
        (*given[:2], "urn:xfall:other:1.0", "schema"),
        ("hausnummer", "160900546546", given[2], "region"),
    ):
        with pytest.raises(DestinationUnfit) as refused:
            await channel().check_service(service, ars, uri, "application/xml", test=True)
        assert rule in refused.value.sentence("en")


def test_an_environment_without_v2_is_told_at_once():
    with pytest.raises(SettingsInvalid):
        Environment(TOKEN, BASE, api_versions=("v3",))


# --- events ----------------------------------------------------------------------------------------------------------


async def test_the_log_is_read_and_proven(channel, log, event, announced):
    kinds = ("create-submission", "submit-submission", "accept-submission")
    _, jwks_route, key_route = log(*(event(kind) for kind in kinds))
    told = await channel().events(announced)
    assert [(each.type, each.verified) for each in told] == [(kind, True) for kind in kinds]
    assert (jwks_route.call_count, key_route.call_count) == (1, 1)


async def test_keys_are_kept_between_looks_at_the_log(channel, log, event, announced):
    events, jwks_route, _ = log(event("create-submission"))
    sender = channel()
    for _ in range(3):
        await sender.events(announced)
    assert (events.call_count, jwks_route.call_count) == (3, 1)


async def test_a_log_over_several_pages_is_read_whole(channel, log, event, announced):
    more = [event("notify-submission") for _ in range(3)]
    tokens = [event("create-submission"), event("submit-submission"), *more * 200]
    events, _, _ = log(*tokens)
    told = await channel().events(announced)
    assert len(told) == 5
    assert events.call_count == 2


async def test_a_log_without_end_is_garbled(channel, wire, event, announced):
    page = {"eventLog": [event("create-submission")] * 500}
    wire.get(url__startswith=f"{BASE}/v2/submissions/{SUBMISSION}/events").mock(
        return_value=httpx.Response(200, json=page)
    )
    with pytest.raises(CounterpartGarbled):
        await channel().events(announced)


async def test_a_new_key_is_fetched_when_its_kid_first_appears(channel, log, event, announced, clock, signers):  # noqa: PLR0917 - fixtures
    sender = channel()
    _, first, _ = log(event("create-submission"), delivery={**signers.delivery_jwk, "kid": "old-key-123"})
    [told] = await sender.events(announced)
    assert told.problems == ({"rule": "key"},)
    clock.ticks += 6
    _, second, _ = log(event("create-submission"))
    [told] = await sender.events(announced)
    assert told.verified
    assert first.call_count + second.call_count >= 2


async def test_a_key_changed_under_the_same_kid_is_read_anew_once(channel, log, event, announced, clock, signers):  # noqa: PLR0917 - fixtures
    sender = channel()
    stale = {**signers.delivery_jwk, "n": signers.subscriber_jwk["n"]}
    log(event("create-submission"), delivery=stale)
    [told] = await sender.events(announced)
    assert told.problems == ({"rule": "signature"},)
    clock.ticks += 6
    log(event("create-submission"))
    [told] = await sender.events(announced)
    assert told.verified


async def test_a_key_that_cannot_be_read_just_now_is_no_verdict(channel, log, event, announced):
    log(
        *(event(k) for k in ("create-submission", "submit-submission", "accept-submission")),
        subscriber=httpx.Response(503),
    )
    with pytest.raises(CounterpartBusy):
        await channel().events(announced)


async def test_a_key_that_is_gone_or_unfit_refuses_the_event(channel, log, event, announced, signers):
    kinds = ("create-submission", "submit-submission", "accept-submission")
    log(*(event(kind) for kind in kinds), subscriber=httpx.Response(404))
    *_, told = await channel().events(announced)
    assert told.problems == ({"rule": "key"},)
    unfit = {**signers.subscriber_jwk, "x5c": []}
    log(*(event(kind) for kind in kinds), subscriber=httpx.Response(200, json=unfit))
    *_, told = await channel().events(announced)
    assert told.problems == ({"rule": "key"},)


async def test_the_issuer_of_a_token_is_never_asked_for_keys(channel, log, event, announced, wire):
    log(event("create-submission", iss="https://evil.example"))
    [told] = await channel().events(announced)
    assert told.problems == ({"rule": "issuer"},)
    assert all(call.request.url.host in {"delivery.example", "auth.example"} for call in wire.calls)


async def test_what_was_proven_before_is_not_asked_for_again(channel, log, event, announced, clock):
    _, jwks_route, _ = log(event("create-submission"), event("submit-submission"))
    told = await channel().events(announced)
    again = await channel().events(replace(announced, events=told))
    assert again == told
    assert jwks_route.call_count == 1
