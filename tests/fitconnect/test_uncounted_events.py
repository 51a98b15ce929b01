"""Genuine events that do not count: their type stays and what they lack is told; a forgery is not taken for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from gateway.fitconnect import events, lacks, names
from gateway.fitconnect.limits import LIMITS
from gateway.model import Part, State, Submission
from gateway.submission import journey
from tests.fitconnect.test_events import CASE, DESTINATION, EXPECTED, SOMEBODY, SUBMISSION, known  # noqa: F401 - a fixture

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SUBMITTED = Submission(
    uuid4(), "150900546546", "portal", "hausnummer", State.SUBMITTED, 0, NOW, NOW, "fitconnect",
    parts=(Part("data", uuid4(), 9, "t" * 22),), destination_id=DESTINATION, remote_id=SUBMISSION, case_id=CASE,
    announced_at=NOW, submitted_at=NOW,
)  # fmt: skip
ACCEPT, PREFIX = names.ACCEPT_SUBMISSION, names.EVENT_PREFIX
WRONG_TAGS = {"authenticationTags": {"metadata": "X" * 22, "data": "D" * 22, "attachments": {}}}
GENUINE = {
    "tags_missing": {"body": {}},
    "tags_form": {"body": {"authenticationTags": []}},
    "tags": {"body": WRONG_TAGS},
    "problems": {"kind": "reject-submission", "body": {"problems": {}}},
    "schema": {"$schema": "https://schema.fitko.de/fit-connect/set-payload/9.0.0/set-payload.schema.json"},
    "sub": {"sub": SUBMISSION},
    "subject": {"sub": f"submission:{SOMEBODY}"},
    "txn": {"drop": ("txn",)},
    "case": {"txn": f"case:{SOMEBODY}"},
    "iat": {"iat": "1795000000"},
    "future": {"iat": 4_000_000_000},
    "jti": {"jti": "x"},
    "events": {"events": {PREFIX + ACCEPT: []}},
    "issuer_of_event": {"by": "delivery"},
}


@pytest.fixture
def read(known, event):  # noqa: F811 - the fixture
    """What the log tells after its sound beginning."""

    def prove(*tokens):
        log = (event("create-submission"), event("submit-submission"), *tokens)
        return events.prove(log, replace(EXPECTED, latest=datetime(2090, 1, 1, tzinfo=UTC)), known)

    return prove


@pytest.mark.parametrize("rule", GENUINE)
def test_a_genuine_event_that_decides_and_does_not_count_is_told_with_its_type_and_what_it_lacks(read, event, rule):
    given = {"kind": ACCEPT, **GENUINE[rule]}
    log = read(event(given.pop("kind"), **given))
    assert (log[-1].verified, log[-1].problems) == (False, ({"rule": rule},))
    assert log[-1].type == GENUINE[rule].get("kind", ACCEPT)
    change = journey.observed(SUBMITTED, log, NOW, LIMITS)
    after = change.submission
    assert (after.state, after.reason.code) == (State.SUBMITTED, "event_not_counted")
    for sentence, lack in zip((after.reason.de, after.reason.en), lacks.SENTENCES[rule], strict=True):
        assert log[-1].type in sentence
        assert lack in sentence
    kept = change.evidence[-1].body
    assert (kept["type"], kept["verified"], kept["problems"]) == (log[-1].type, False, [{"rule": rule}])
    answered = journey.observed(after, read(*[each.token for each in log[2:]], event(ACCEPT)), NOW, LIMITS).submission
    assert (answered.state, answered.reason) == (State.ACCEPTED, None)


def test_what_is_missing_is_named(read, event):
    after = journey.observed(SUBMITTED, read(event(ACCEPT, body={})), NOW, LIMITS).submission
    assert "authenticationTags" in after.reason.de
    assert "accept-submission" in after.reason.de
    assert "missing (authenticationTags)" in after.reason.en


def test_every_rule_behind_the_signature_has_its_sentences():
    behind = events.RULES.keys() - {"issuer", "key", "signature"}
    assert lacks.SENTENCES.keys() == behind | GENUINE.keys()


@pytest.mark.parametrize(
    "forgery", [{"by": "delivery", "iss": DESTINATION}, {"iss": "https://evil.example"}, {"header": {"typ": "JWT"}}]
)
def test_what_may_be_anybodys_keeps_its_type_and_is_no_reason(read, event, forgery):
    log = read(event(ACCEPT, body={}, **forgery))
    assert (log[-1].type, log[-1].verified) == (ACCEPT, False)
    assert log[-1].lack is None
    assert journey.observed(SUBMITTED, log, NOW, LIMITS).submission.reason is None


def test_what_decides_nothing_or_was_made_good_is_no_reason(read, event):
    forward = event("forward-submission", by="subscriber", txn=f"case:{SOMEBODY}")
    assert journey.observed(SUBMITTED, read(forward), NOW, LIMITS).submission.reason is None
    again = event("submit-submission", jti=str(uuid4()))
    assert journey.observed(SUBMITTED, read(again), NOW, LIMITS).submission.reason is None
