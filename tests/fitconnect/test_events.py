"""Proving an event log."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from gateway.crypto import keys as jwk_keys
from gateway.fitconnect import claims, events, names
from gateway.fitconnect.events import ExpectedEvent, KeyWanted
from gateway.model import EventMeaning

ISSUER = "https://delivery.example/submission-api"
DESTINATION = "879ee109-a690-4db8-ab32-424284184d7d"
SUBMISSION = "ce75a6b8-d72f-4b94-b09e-af6be35bc2ae"
CASE = "e89e107e-ed79-40e6-ad34-4e770f9df263"
SOMEBODY = "0d9f1c52-6a47-4a0e-9c35-2f1b7de80a64"
ATTACHMENT = "f50308a5-b3ed-4627-9f0b-b5a8e0095791"
TAGS = {"metadata": "M" * 22, "data": "D" * 22, ATTACHMENT: "A" * 22}
EXPECTED = ExpectedEvent(SUBMISSION, CASE, DESTINATION, frozenset({ISSUER}), TAGS)
HAPPY = ("create-submission", "submit-submission", "notify-submission", "accept-submission", "delete-submission")


@pytest.fixture(scope="session")
def known(signers):
    """The right keys of both sides."""
    return {
        KeyWanted("subscriber", signers.subscriber.kid): jwk_keys.public_key(
            signers.subscriber_jwk, use="verify", x5c_required=True
        ),
        KeyWanted("delivery_service", "delivery-key-1"): jwk_keys.public_key(
            signers.delivery_jwk, use="verify", x5c_required=False
        ),
    }


@pytest.fixture
def proven(known, event):
    """Prove one log; returns its events. What is no string is made by `event`."""

    def prove(*tokens, expected=EXPECTED, keys=None):
        return events.prove(tokens, expected, known if keys is None else keys)

    return prove


@pytest.fixture
def rule_of(proven, event):
    """The rule that an event breaks after a sound beginning of the log."""

    def rule(token, *before):
        start = before or (event("create-submission"), event("submit-submission"))
        *_, last = proven(*start, token)
        assert last.verified is False
        [problem] = last.problems
        return problem["rule"]

    return rule


def test_a_whole_log_is_proven_in_order(proven, event, known):
    tokens = [event(kind) for kind in HAPPY]
    log = proven(*tokens)
    assert [each.type for each in log] == list(HAPPY)
    assert all(each.verified for each in log)
    assert [each.token for each in log] == tokens
    assert log[3].issuer == DESTINATION
    assert log[0].issuer == ISSUER
    assert log[0].at == datetime.fromtimestamp(1_795_000_000, UTC)
    assert events.wanted_keys(tokens, EXPECTED) == frozenset(known)


def test_fitkos_own_event_is_proven_with_fitkos_own_key(shared):
    token = shared("fitconnect/set-vector/create-submission.jws").decode().strip()
    [jwk] = json.loads(shared("fitconnect/set-vector/jwks.json"))["keys"]
    expected = ExpectedEvent(
        "5E82C135-A3B7-4EB0-BD83-6DF337331170",
        "c9f0db91-9355-451a-b2a5-7a9be10ce765",
        DESTINATION,
        frozenset({"https://submission-api-testing.fit-connect.fitko.dev"}),
        {},
    )
    [want] = events.wanted_keys([token], expected)
    assert want == KeyWanted("delivery_service", "32858147-f090-43a9-b2fd-d26ae5b41c03")
    key = jwk_keys.public_key(jwk, use="verify", x5c_required=False)
    [told] = events.prove([token], expected, {want: key})
    assert (told.type, told.verified, told.jti) == ("create-submission", True, "c6aa39ed-4ddf-4e2a-af52-b1ff7180445f")
    broken = token[:-20] + ("A" if token[-20] != "A" else "B") + token[-19:]
    [refused] = events.prove([broken], expected, {want: key})
    assert (refused.verified, refused.problems) == (False, ({"rule": "signature"},))


def test_fitkos_own_tags_are_compared_without_regard_to_order(shared, sign, signers, known):
    payload = shared("fitconnect/set-vector/submit-submission.payload.json").strip()
    said = json.loads(payload)
    tags = said["events"]["https://schema.fitko.de/fit-connect/events/submit-submission"]["authenticationTags"]
    ours = {"metadata": tags["metadata"], "data": tags["data"], **dict(reversed(tags["attachments"].items()))}
    issuer = "https://submission-api-testing.fit-connect.fitko.dev"
    expected = ExpectedEvent(said["sub"][11:], said["txn"][5:], DESTINATION, frozenset({issuer}), ours)
    first = sign(
        {**said, "jti": str(uuid4()), "events": {names.EVENT_PREFIX + "create-submission": {}}}, signers.delivery
    )
    log = events.prove([first, sign(payload, signers.delivery)], expected, known)
    assert [each.verified for each in log] == [True, True]


def test_hexadecimal_letters_of_either_case_mean_the_same(proven, event):
    upper = {"metadata": "M" * 22, "data": "D" * 22, "attachments": {ATTACHMENT.upper(): "A" * 22}}
    log = proven(
        event("create-submission", sub=f"submission:{SUBMISSION.upper()}", txn=f"case:{CASE.upper()}"),
        event("submit-submission", body={"authenticationTags": upper}),
        event("accept-submission", iss=DESTINATION.upper()),
    )
    assert [each.verified for each in log] == [True, True, True]


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ({"typ": "JWT"}, "typ"),
        ({"typ": None}, "typ"),
        ({"typ": ["secevent+jwt"]}, "typ"),
        ({"kid": 7}, "kid"),
        ({"kid": ""}, "kid"),
        ({"kid": "x" * 129}, "kid"),
        ({"alg": "PS256"}, "alg"),
        ({"alg": "none"}, "alg"),
        ({"alg": "HS512"}, "alg"),
        ({"crit": ["exp"]}, "crit"),
        ({"b64": False}, "crit"),
    ],
)
def test_the_header_is_judged_before_any_key_is_asked_for(event, rule_of, header, rule):
    token = event("accept-submission")
    said = {"typ": "secevent+jwt", "alg": "PS512", "kid": "test-verify-key", **header}
    raw = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    forged = ".".join((raw, *token.split(".")[1:]))
    assert events.wanted_keys([forged], EXPECTED) == frozenset()
    assert rule_of(forged) in {rule, "form"}


@pytest.mark.parametrize(
    ("claim", "value", "rule"),
    [
        ("$schema", "https://schema.fitko.de/fit-connect/set-payload/2.0.0/set-payload.schema.json", "schema"),
        ("$schema", "https://schemaXfitko.de/fit-connect/set-payload/1.0.0/set-payload.schema.json", "schema"),
        ("$schema", 7, "schema"),
        ("jti", "x", "jti"),
        ("jti", None, "jti"),
        ("iat", 1_577_833_199, "iat"),
        ("iat", 1.5e9, "iat"),
        ("iat", True, "iat"),
        ("iat", "1795000000", "iat"),
        ("iat", 10**18, "iat"),
        ("iss", "", "iss"),
        ("iss", 7, "iss"),
        ("iss", "https://evil.example", "issuer"),
        ("iss", SOMEBODY, "issuer"),
        ("sub", SUBMISSION, "sub"),
        ("sub", f"submission:{SOMEBODY}", "subject"),
        ("sub", f"reply:{SUBMISSION}", "subject"),
        ("txn", CASE, "txn"),
        ("txn", f"case:{SOMEBODY}", "case"),
        ("events", {}, "events"),
        ("events", [], "events"),
        ("events", {"https://evil.example/accept-submission": {}}, "events"),
        ("events", {names.EVENT_PREFIX + "accept-submission": []}, "events"),
        (
            "events",
            {names.EVENT_PREFIX + "accept-submission": {}, names.EVENT_PREFIX + "reject-submission": {}},
            "events",
        ),
        ("events", {names.EVENT_PREFIX + "bless-submission": {}}, "unknown_event"),
    ],
)
def test_every_claim_is_judged(event, rule_of, claim, value, rule):
    assert rule_of(event("accept-submission", **{claim: value})) == rule


@pytest.mark.parametrize("claim", ["jti", "iat", "iss", "sub", "txn", "events"])
def test_no_claim_may_be_missing(event, rule_of, claim):
    assert rule_of(event("accept-submission", drop=(claim,))) == claim


def test_a_schema_need_not_be_named(proven, event):
    [told] = proven(event("create-submission", drop=("$schema",)))
    assert told.verified


@pytest.mark.parametrize("payload", [b"no json", b"[]", b'{"jti":1,"jti":2}', b"\xff", b"[" * 50_000, b'{"a":NaN}'])
def test_a_payload_that_is_no_object_is_refused(sign, signers, rule_of, payload):
    assert rule_of(sign(payload, signers.subscriber)) == "payload"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "a.b", "é.b.c", "....", "x" * 300_000])
def test_what_is_no_token_is_refused(rule_of, token):
    assert rule_of(token) in {"form", "size"}


def test_an_event_larger_than_events_are_is_refused(event, rule_of):
    body = {"authenticationTags": {"metadata": "M" * 22}, "x": "y" * 70_000}
    assert rule_of(event("accept-submission", body=body)) == "size"


def test_an_unknown_key_is_asked_for_and_refused_until_it_is_there(proven, event, known):
    token = event("create-submission")
    [told] = proven(token, keys={})
    assert told.problems == ({"rule": "key"},)
    [want] = events.wanted_keys([token], EXPECTED)
    [told] = proven(token, keys={want: known[want]})
    assert told.verified


def test_no_issuer_is_ever_followed(event):
    tokens = [
        event("accept-submission", iss=iss) for iss in ("https://evil.example", str(uuid4()), ISSUER + ".evil.example")
    ]
    assert events.wanted_keys(tokens, EXPECTED) == frozenset()


@pytest.mark.parametrize(
    ("kind", "issuer", "verified", "meant"),
    [
        ("create-submission", "service", True, EventMeaning.NOTICE),
        ("submit-submission", "service", True, EventMeaning.SUBMITTED),
        ("notify-submission", "service", True, EventMeaning.NOTICE),
        ("forward-submission", DESTINATION, True, EventMeaning.NOTICE),
        ("accept-submission", DESTINATION.upper(), True, EventMeaning.ACCEPTED),
        ("accept-submission", "service", True, EventMeaning.NOTICE),
        ("reject-submission", DESTINATION, True, EventMeaning.REJECTED),
        ("reject-submission", "service", True, EventMeaning.WITHDRAWN),
        ("delete-submission", "service", True, EventMeaning.WITHDRAWN),
        ("accept-submission", "", False, EventMeaning.ACCEPTED),
        ("reject-submission", "", False, EventMeaning.REJECTED),
        ("refused-events", "", False, EventMeaning.NOTICE),
    ],
)
def test_each_type_has_its_meaning(kind, issuer, verified, meant):
    assert events.meaning(kind, issuer, DESTINATION, verified=verified) is meant


def test_an_event_of_the_log_comes_with_its_meaning(known, event):
    log = events.prove(
        (event("create-submission"), event("submit-submission"), event("accept-submission")), EXPECTED, known
    )
    assert [each.meaning for each in log] == [EventMeaning.NOTICE, EventMeaning.SUBMITTED, EventMeaning.ACCEPTED]
    assert [each.as_json().keys() for each in log] == 3 * [{"type", "issuer", "verified", "at", "problems"}]
    (refused,) = events.prove((event("accept-submission", body={}),), EXPECTED, known)
    assert (refused.verified, refused.meaning) == (False, EventMeaning.ACCEPTED)


def test_one_side_cannot_sign_for_the_other(event, rule_of):
    assert rule_of(event("accept-submission", by="delivery", iss=DESTINATION)) == "key"
    assert rule_of(event("accept-submission", by="delivery")) == "issuer_of_event"
    assert rule_of(event("delete-submission", by="subscriber")) == "issuer_of_event"
    assert rule_of(event("submit-submission", by="subscriber")) == "issuer_of_event"


def test_a_signature_by_another_key_under_the_right_kid_is_refused(event, rule_of, sign, signers):
    forged = event("accept-submission", by="delivery", iss=DESTINATION, header={"kid": "delivery-key-1"})
    payload = base64.urlsafe_b64decode(forged.split(".")[1] + "==")
    wrong = jwk_keys.PrivateKey(signers.subscriber.kid, signers.delivery.key, "PS512", {})
    assert rule_of(sign(payload, wrong)) == "signature"


def test_a_changed_payload_is_refused(event, rule_of):
    head, body, signature = event("accept-submission").split(".")
    said = json.loads(base64.urlsafe_b64decode(body + "=="))
    said["iat"] += 1
    changed = base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
    assert rule_of(f"{head}.{changed}.{signature}") == "signature"


@pytest.mark.parametrize(
    ("tags", "rule"),
    [
        ({**TAGS, "metadata": "X" * 22}, "tags"),
        ({**TAGS, "data": "X" * 22}, "tags"),
        ({**TAGS, ATTACHMENT: "X" * 22}, "tags"),
        ({**TAGS, str(uuid4()): "A" * 22}, "tags"),
        ({name: TAGS[name] for name in ("metadata", "data")}, "tags"),
        ({name: TAGS[name] for name in ("metadata", ATTACHMENT)}, "tags"),
        ({"metadata": TAGS["metadata"]}, "tags"),
        ({**TAGS, "data": "D" * 21}, "tags_form"),
        ({**TAGS, "data": None}, "tags_form"),
    ],
)
@pytest.mark.parametrize("kind", ["submit-submission", "accept-submission"])
def test_tags_must_be_those_of_what_was_uploaded(event, rule_of, make, kind, tags, rule):  # noqa: PLR0917 - fixtures
    before = [event("create-submission")] + ([event("submit-submission")] if kind == "accept-submission" else [])
    assert rule_of(event(kind, body={"authenticationTags": make.wire_tags(tags)}), *before) == rule


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({}, "tags_missing"),
        ({"authenticationTags": []}, "tags_form"),
        ({"authenticationTags": {"metadata": "M" * 22, "data": "D" * 22, "attachments": []}}, "tags_form"),
        ({"authenticationTags": {"attachments": {"A": "A" * 22, "a": "A" * 22}}}, "tags_form"),
        ({"authenticationTags": {"attachments": {"data": "A" * 22}, "data": "D" * 22}}, "tags_form"),
    ],
)
def test_tags_must_be_there_and_well_formed(event, rule_of, body, rule):
    assert rule_of(event("accept-submission", body=body)) == rule


def test_the_problems_of_a_rejection_are_told(proven, event):
    problem = {"type": names.EVENT_PROBLEM_PREFIX + "hash-mismatch", "title": "T", "detail": "D", "instance": "data"}
    body = {"problems": [{**problem, "extra": 7, "title": "x" * 5000}]}
    *_, told = proven(event("create-submission"), event("submit-submission"), event("reject-submission", body=body))
    assert told.verified
    assert told.problems == ({**problem, "title": "x" * 2000},)


@pytest.mark.parametrize("problems", [{}, "x", [7], [None]])
def test_problems_of_another_form_are_refused(event, rule_of, problems):
    assert rule_of(event("reject-submission", body={"problems": problems})) == "problems"


def test_a_rejection_by_the_delivery_service_is_told_apart_by_its_issuer(proven, event):
    *_, told = proven(event("create-submission"), event("submit-submission"), event("reject-submission", by="delivery"))
    assert told.verified
    assert told.type == "reject-submission"
    assert told.issuer == ISSUER
    assert told.meaning is EventMeaning.WITHDRAWN


@pytest.mark.parametrize(
    "kinds",
    [
        ("submit-submission",),
        ("accept-submission",),
        ("create-submission", "accept-submission"),
        ("create-submission", "create-submission"),
        ("create-submission", "notify-submission"),
        ("create-submission", "submit-submission", "submit-submission"),
        ("create-submission", "submit-submission", "accept-submission", "reject-submission"),
        ("create-submission", "submit-submission", "accept-submission", "accept-submission"),
        ("create-submission", "submit-submission", "reject-submission", "accept-submission"),
        ("create-submission", "submit-submission", "delete-submission", "accept-submission"),
        ("create-submission", "delete-submission", "submit-submission"),
    ],
)
def test_an_event_out_of_turn_is_refused(proven, event, kinds):
    *before, last = proven(*(event(kind) for kind in kinds))
    assert all(each.verified for each in before)
    assert last.problems == ({"rule": "order"},)


@pytest.mark.parametrize(
    "kinds",
    [
        ("create-submission", "delete-submission"),
        ("create-submission", "submit-submission", "reject-submission", "delete-submission"),
        ("create-submission", "submit-submission", "forward-submission", "accept-submission"),
        ("create-submission", "submit-submission", "delete-submission"),
        ("create-submission", "submit-submission", "accept-submission", "notify-submission", "delete-submission"),
    ],
)
def test_every_legal_way_is_proven(proven, event, kinds):
    tokens = [event(kind, by="subscriber" if kind == "forward-submission" else None) for kind in kinds]
    assert all(each.verified for each in proven(*tokens))


def test_a_refused_event_does_not_move_the_log(proven, event):
    log = proven(
        event("create-submission"),
        event("submit-submission"),
        event("accept-submission", body={"authenticationTags": {}}),
        event("accept-submission"),
    )
    assert [each.verified for each in log] == [True, True, False, True]


def test_a_token_told_twice_counts_once(proven, event):
    token = event("create-submission")
    assert len(proven(token, token)) == 1


def test_another_event_under_a_jti_already_taken_is_refused(proven, event):
    same = str(uuid4())
    _, told = proven(event("create-submission", jti=same), event("submit-submission", jti=same.upper()))
    assert told.problems == ({"rule": "jti"},)


def test_a_forgery_does_not_take_the_place_of_the_real_event(proven, event):
    same = str(uuid4())
    forged = event("create-submission", jti=same, txn=f"case:{uuid4()}")
    first, second = proven(forged, event("create-submission", jti=same))
    assert (first.verified, second.verified) == (False, True)
    assert second.jti == same
    assert first.jti.startswith("refused:")


def test_what_was_proven_earlier_needs_no_key_again_but_all_else(known, event):
    tokens = [event("create-submission"), event("submit-submission")]
    proven = {each.token: each for each in events.prove(tokens, EXPECTED, known)}
    assert all(each.verified for each in events.prove(tokens, EXPECTED, {}, proven))
    other = ExpectedEvent(SUBMISSION, CASE, DESTINATION, frozenset({ISSUER}), {**TAGS, "data": "X" * 22})
    assert [each.verified for each in events.prove(tokens, other, {}, proven)] == [True, False]
    fresh = event("create-submission")
    assert [each.verified for each in events.prove([fresh], EXPECTED, {}, proven)] == [False]


def test_what_was_refused_earlier_is_judged_anew(known, event):
    token = event("create-submission")
    refused = {each.token: each for each in events.prove([token], EXPECTED, {})}
    assert [each.verified for each in events.prove([token], EXPECTED, {}, refused)] == [False]
    assert [each.verified for each in events.prove([token], EXPECTED, known, refused)] == [True]


def test_events_of_replies_belong_to_another_log(proven, event):
    reply = event("submit-reply", sub=f"reply:{uuid4()}")
    assert [each.type for each in proven(event("create-submission"), reply)] == ["create-submission"]


def test_tokens_and_problems_do_not_show_in_a_repr(event):
    told = claims.read(event("reject-submission", body={"problems": [{"detail": "Erika Mustermann"}]}))
    assert "Erika" not in repr(told)


@pytest.mark.parametrize("year", [2026, 2100, 9999])
def test_an_answer_dated_far_ahead_is_refused_until_time_has_come(proven, event, year):
    latest = datetime(2026, 11, 24, 12, tzinfo=UTC)
    dated = event("accept-submission", iat=int(datetime(year, 12, 31, tzinfo=UTC).timestamp()))
    log = (event("create-submission"), event("submit-submission"), dated)
    *_, last = proven(*log, expected=replace(EXPECTED, latest=latest))
    assert (last.verified, last.problems) == (False, ({"rule": "future"},))
    *_, last = proven(*log, expected=replace(EXPECTED, latest=datetime(year, 12, 31, tzinfo=UTC)))
    assert last.verified


FOLLOWED = (("notify-submission", "delivery"), ("forward-submission", "subscriber"))


def test_notices_and_forwards_without_end_do_not_all_count(proven, event):
    many = [event(kind, by=by) for kind, by in FOLLOWED for _ in range(20)]
    log = proven(event("create-submission"), event("submit-submission"), *many, event("accept-submission"))
    told = [each.type for each in log if each.verified]
    assert told.count("notify-submission") == told.count("forward-submission") == events.REPEATED_MOST
    assert log[-1].verified
    assert all(each.verified or each.problems == ({"rule": "repeated"},) for each in log)


def test_a_rejection_with_characters_that_no_database_holds_counts_and_can_be_stored(proven, event):
    problem = {"type": "t", "title": "Anlage \x00 fehlt", "detail": "\ud800", "instance": "i", "size": 10**400}
    body = {"problems": [problem], "\x00": "\udfff"}
    *_, last = proven(event("create-submission"), event("submit-submission"), event("reject-submission", body=body))
    assert last.verified
    assert last.problems == ({"type": "t", "title": "Anlage \ufffd fehlt", "detail": "\ufffd", "instance": "i"},)


@pytest.mark.parametrize("token", ["a\x00.b.c", "\ud800", "x" * 500_000, "a.b." + "c" * 20_000])
def test_what_is_no_token_at_all_is_told_as_something_that_can_be_stored(proven, token):
    [told] = proven(token)
    assert not told.verified
    assert "\x00" not in told.token
    assert len(told.token.encode()) <= events.REFUSED_TOKEN_CHARS


def test_an_issuer_that_no_database_holds_is_refused_by_name_and_can_be_stored(proven, event):
    [told] = proven(event("create-submission", iss="https://\x00\ud800.example"))
    assert (told.issuer, told.problems) == ("https://\ufffd\ufffd.example", ({"rule": "issuer"},))
