"""Refused events: a few of each rule are kept, the rest is counted, and nothing real is lost among them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

from gateway.fitconnect.limits import LIMITS
from gateway.model import Event, EventMeaning, Part, State, Submission
from gateway.submission import journey
from gateway.submission.refused_events import COUNTED, KEPT_OF_A_RULE

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
MEANT = EventMeaning.ACCEPTED
DESTINATION = "879ee109-a690-4db8-ab32-424284184d7d"
SUBMITTED = Submission(
    uuid4(), "150900546546", "portal", "hausnummer", State.SUBMITTED, 0, NOW, NOW, "fitconnect",
    parts=(Part("data", uuid4(), 9, "t" * 22),), destination_id=DESTINATION, remote_id="r", case_id="c",
    announced_at=NOW, submitted_at=NOW,
)  # fmt: skip


def forged(rule="signature", count=1):
    return tuple(
        Event(
            "accept-submission",
            DESTINATION,
            False,
            NOW,
            ({"rule": rule},),
            f"refused:{uuid4()}",
            "a.b.c",
            meaning=MEANT,
        )
        for _ in range(count)
    )


def accepted():
    return Event("accept-submission", DESTINATION, True, NOW, jti=str(uuid4()), token="a.b.c", meaning=MEANT)


def test_of_thousands_a_few_are_kept_and_the_rest_is_counted():
    change = journey.observed(SUBMITTED, forged(count=10_000), NOW, LIMITS)
    kept = [event for event in change.submission.events if event.type != COUNTED]
    [told] = [event for event in change.submission.events if event.type == COUNTED]
    assert len(kept) == KEPT_OF_A_RULE
    assert told.problems == ({"rule": "signature", "count": 10_000 - KEPT_OF_A_RULE},)
    assert (told.verified, told.token) == (False, "")
    assert len(change.evidence) == KEPT_OF_A_RULE + 1
    assert change.evidence[-1].body["problems"] == [{"rule": "signature", "count": 10_000 - KEPT_OF_A_RULE}]


def test_new_forgeries_with_every_look_do_not_add_up():
    it = SUBMITTED
    for count in (1, 2, 50, *range(50, 2000, 37)):
        change = journey.observed(it, forged(count=count), NOW, LIMITS)
        it = change.submission if change else it
    assert len(it.events) <= KEPT_OF_A_RULE + 5
    assert journey.observed(it, forged(count=1999), NOW, LIMITS) is None, "nothing is new, nothing is written"


def test_each_rule_has_its_own_few_and_the_real_answer_always_counts():
    log = (*forged("signature", 99), *forged("key", 99), accepted(), *forged("order", 99))
    after = journey.observed(SUBMITTED, log, NOW, LIMITS).submission
    assert after.state is State.ACCEPTED
    assert sum(event.verified for event in after.events) == 1
    rules = [event.problems[0]["rule"] for event in after.events if not event.verified and event.type != COUNTED]
    assert {rule: rules.count(rule) for rule in rules} == dict.fromkeys(("signature", "key", "order"), KEPT_OF_A_RULE)


def test_a_log_read_again_tells_nothing_new():
    log = forged(count=20)
    once = journey.observed(SUBMITTED, log, NOW, LIMITS)
    assert journey.observed(once.submission, log, NOW, LIMITS) is None
    later = journey.observed(replace(once.submission), (*log, accepted()), NOW, LIMITS)
    assert later.submission.state is State.ACCEPTED
