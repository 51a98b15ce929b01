"""Roots in a row and states against chains, judged without a database."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from gateway.crypto.keys import generate_ed25519, private_key
from gateway.evidence import chain, merkle, roots
from gateway.evidence.judge import Walk, contradicts, events_differ
from gateway.evidence.roots import Newest
from gateway.evidence.trust import Signers
from gateway.model import State
from gateway.ports.store import EvidenceEntry
from tests.evidence.conftest import NOW

DESTINATION = "d-1"


def row_of(key, number):
    """So many roots that follow each other, as they are stored."""
    found, before = [], None
    for no in range(1, number + 1):
        leaves = [roots.ChainHead(uuid4(), no, bytes(32)).leaf() for _ in range(3)]
        said = roots.SignedRoot(no, chain.moment(NOW), 3, merkle.Tree(leaves).root, roots.digest_of(before))
        before = roots.sign(key, said)
        found.append((no, before, leaves))
    return found


def judged(key, stored, **how):
    walk = Walk(Signers([key.public_jwk]), **how)
    found = [fault for one in stored for fault in walk.take(*one)]
    return [(fault.pointer, fault.rule) for fault in (*found, *walk.end())]


def test_roots_that_follow_each_other_are_whole_from_any_of_them_on(gateway_key):
    stored = row_of(gateway_key, 4)
    assert judged(gateway_key, stored) == []
    assert judged(gateway_key, stored[2:], since=Newest(2, roots.digest_of(stored[1][1]))) == []
    assert judged(gateway_key, stored[2:], since=Newest(2, "0" * 64)) == [("roots/3.jws", "root_order")]


def test_each_fault_of_a_root_is_named(gateway_key, stranger):
    one, two, three = row_of(gateway_key, 3)
    other = roots.sign(stranger, roots.unproven(three[1]))
    assert judged(gateway_key, [one, three]) == [("roots/2.jws", "root_missing")]
    assert judged(gateway_key, [one, (2, two[1], two[2][:2])]) == [("roots/2.jws", "root_leaves")]
    assert judged(gateway_key, [one, (2, two[1], two[2][::-1])]) == [("roots/2.jws", "root_leaves")]
    assert judged(gateway_key, [one, two, (3, other, three[2])]) == [("roots/3.jws", "signature")]
    assert judged(gateway_key, [one, (2, "x", [])]) == [("roots/2.jws", "form"), ("roots/2.jws", "signature")]
    renumbered = (2, three[1], three[2])
    assert judged(gateway_key, [one, renumbered]) == [("roots/2.jws", "root_order")]


def test_an_older_key_need_not_be_at_hand_once_a_root_under_a_trusted_one_follows(gateway_key):
    old = private_key(generate_ed25519("gateway-evidence-0")[0])
    one, two = row_of(old, 2)
    leaves = two[2]
    said = replace(roots.unproven(two[1]), no=3, prev=roots.digest_of(two[1]))
    three = (3, roots.sign(gateway_key, said), leaves)
    assert judged(gateway_key, [one, two]) == [("roots/2.jws", "signature")]
    assert judged(gateway_key, [one, two, three]) == []


SEALED = ("sealed", {"destination_id": DESTINATION})
SUBMITTED = ("submitted", {})
HELD, RESUMED, CANCELLED = ("held", {}), ("resumed", {}), ("cancelled", {})


def event(kind, issuer=DESTINATION, *, verified=True):
    return ("event", {"type": kind, "issuer": issuer, "verified": verified, "token": kind})


def links(*entries):
    it = uuid4()
    found = chain.chained([EvidenceEntry(*each) for each in entries], seq=0, head=chain.start(it), at=NOW)
    assert chain.broken_at(found, it) is None
    return found


@pytest.mark.parametrize(
    ("entries", "states"),
    [
        ([], "received sealed announced uploaded"),
        ([SEALED], "received sealed announced uploaded"),
        ([SEALED, HELD], "held"),
        ([SEALED, HELD, RESUMED], "received sealed announced uploaded"),
        ([SEALED, HELD, CANCELLED], "cancelled"),
        ([SEALED, SUBMITTED], "submitted delivered"),
        ([SEALED, SUBMITTED, event("accept-submission")], "accepted"),
        ([SEALED, SUBMITTED, event("reject-submission")], "rejected"),
        ([SEALED, SUBMITTED, event("reject-submission", "service")], "expired"),
        ([SEALED, SUBMITTED, event("delete-submission", "service")], "expired"),
        ([SEALED, SUBMITTED, event("accept-submission", verified=False)], "submitted delivered"),
        ([SEALED, SUBMITTED, event("accept-submission"), ("erased", {})], "accepted"),
        ([SEALED, event("accept-submission"), SUBMITTED], "accepted"),
    ],
)
def test_a_state_stands_only_where_the_chain_allows_it(entries, states):
    stands = {state.value for state in State if not contradicts(state, links(*entries))}
    assert stands == set(states.split())


def test_events_of_a_row_are_those_of_its_chain():
    kept = links(SEALED, SUBMITTED, event("accept-submission"))
    assert not events_differ([], kept)
    assert not events_differ([{"token": "accept-submission", "verified": True}], kept)
    assert events_differ([{"token": "accept-submission", "verified": False}], kept)
    assert events_differ([{"token": "another", "verified": True}], kept)
