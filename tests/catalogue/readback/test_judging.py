"""Each contradiction is one finding, with what is expected, what was found and where."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.catalogue.entry import Entry, LifeCycle
from gateway.catalogue.readback.judging import Judgement, held_against, judged, routed
from gateway.catalogue.readback.rows import AnswerRefused, ListedRow, SourceListing
from gateway.catalogue.status import Listing, Source
from gateway.fitconnect.channel.routing_client import JudgedRoute
from gateway.fitconnect.routing import Route
from tests.catalogue.entries import entry
from tests.catalogue.readback.answers import ARS, BUND, KREIS, LAND, NOW, key

DESTINATION, OTHER = "879ee109-a690-4db8-ab32-424284184d7d", "00000000-0000-4000-8000-000000000000"


def claim(no: int, **changes: object) -> Entry:
    changes = {"service": f"dienst-{no}", "leika_key": key(no), "url": f"https://rathaus.example/{no}", **changes}
    return entry(**changes)


def row(no: int | None, ars: str = ARS, **changes: object) -> ListedRow:
    it = ListedRow(key(no) if no else None, ars, f"https://rathaus.example/{no}", f"L1.OD.{no}", "ok")
    return replace(it, **changes)


def told(entries, *rows, source=Source.PVOG):
    judgement = judged(ARS, entries, SourceListing(source, rows), NOW)
    said = {(one.service, one.code.value, one.place, one.expected, one.found) for one in judgement.findings}
    assert len(said) == len(judgement.findings)
    return {service: one.listed for service, one in judgement.listings.items()}, said


def test_what_is_listed_as_claimed_is_no_finding():
    judgement = judged(ARS, [claim(1)], SourceListing(Source.PVOG, (row(1), row(1, BUND, place="B.OD.1"))), NOW)
    assert judgement == Judgement(
        {"dienst-1": Listing(Source.PVOG, True, NOW, "https://rathaus.example/1", "L1.OD.1")}, (), 1
    )


def test_missing_inherited_and_another_address_are_told_apart():
    rows = (row(2, LAND), row(2, KREIS, url="https://kreis.example/"), row(3, url="https://alt.example/"), row(4))
    listed, said = told([claim(no) for no in (1, 2, 3, 4)], *rows)
    assert listed == {"dienst-1": False, "dienst-2": False, "dienst-3": True, "dienst-4": True}
    assert said == {
        ("dienst-1", "missing_in_pvog", "", "https://rathaus.example/1", None),
        ("dienst-2", "inherited_only", "L1.OD.2", "https://rathaus.example/2", f"{KREIS} https://kreis.example/"),
        ("dienst-3", "url_mismatch", "L1.OD.3", "https://rathaus.example/3", "https://alt.example/"),
    }


def test_another_municipality_s_listing_is_not_inherited():
    rows = (row(1, "150900535535"), row(1, "110000000000"))
    assert told([claim(1)], *rows) == (
        {"dienst-1": False},
        {("dienst-1", "missing_in_pvog", "", "https://rathaus.example/1", None)},
    )


def test_only_entries_that_are_in_the_catalogue_today_and_have_a_key_are_expected():
    gone = [
        claim(1, life_cycle=LifeCycle.WITHDRAWN),
        claim(2, valid_from=date(2026, 12, 1)),
        claim(3, valid_until=date(2026, 11, 30)),
        claim(4, leika_key=None),
    ]
    assert told(gone) == ({f"dienst-{no}": False for no in (1, 2, 3)}, set())
    assert told([claim(5, life_cycle=LifeCycle.SUSPENDED)])[1] == {
        ("dienst-5", "missing_in_pvog", "", "https://rathaus.example/5", None)
    }


def test_what_is_listed_as_ours_and_claimed_by_nobody_is_an_orphan_also_where_it_was_withdrawn():
    entries = [claim(1), claim(2, life_cycle=LifeCycle.WITHDRAWN)]
    second = row(1, url="https://alt.example/", place="L1.OD.99")
    listed, said = told(entries, row(1), second, row(2), row(7, LAND), row(None, url="https://fremd.example/"))
    assert listed == {"dienst-1": True, "dienst-2": True}
    assert said == {
        (None, "orphan", "L1.OD.99", None, "https://alt.example/"),
        (None, "orphan", "L1.OD.2", None, "https://rathaus.example/2"),
        (None, "orphan", "L1.OD.None", None, "https://fremd.example/"),
    }


def test_a_row_without_a_key_is_known_by_its_address():
    assert told([claim(1)], row(None, url="https://rathaus.example/1/"))[1] == set()


def test_the_link_check_and_the_age_of_the_state_are_told():
    fresh, old = NOW - timedelta(hours=48), NOW - timedelta(hours=49)
    rows = (row(1, status="nicht ok", as_of=fresh), row(2, as_of=old), row(3, status=None))
    assert told([claim(no) for no in (1, 2, 3)], *rows, source=Source.DATA_HUB)[1] == {
        ("dienst-1", "status_nicht_ok", "L1.OD.1", "ok", "nicht ok"),
        ("dienst-2", "stale", "L1.OD.2", None, "2026-11-28T11:00:00.000Z"),
    }


@pytest.mark.parametrize(
    ("routes", "code", "found"),
    [
        ([], "destination_missing", None),
        ([(OTHER, None)], "destination_missing", OTHER),
        ([(DESTINATION, "issuer")], "destination_missing", "signature: issuer"),
        ([(DESTINATION, "truncated")], "signature_truncated", "signature: 3 characters"),
    ],
)
def test_routing_has_to_lead_to_our_destination_and_the_portal_to_vouch_for_it(routes, code, found):
    ours = claim(1, destination_id=DESTINATION.upper())
    said = {key(1): [JudgedRoute(Route(destination, "abc"), broken) for destination, broken in routes]}
    judgement = routed([ours], said, NOW)
    (finding,) = judgement.findings
    assert (finding.code.value, finding.found, finding.expected) == (code, found, DESTINATION.upper())
    assert not judgement.listings["dienst-1"].listed
    proven = routed([ours], {key(1): [JudgedRoute(Route(DESTINATION, "abc"), None)]}, NOW)
    assert (proven.findings, proven.listings["dienst-1"].listed, proven.listed) == ((), True, 1)


@pytest.mark.parametrize(
    ("before", "now", "refused"),
    [
        *((10, 8, False), (10, 7, True), (3, 2, False), (3, 1, True)),
        *((1, 0, True), (2, 0, True), (0, 0, False), (4, 9, False)),
    ],
)
def test_much_less_than_before_is_refused_but_a_single_one_may_vanish(before, now, refused):
    entries = [claim(no) for no in range(10)]
    rows = tuple(replace(row(1), leika_key=key(no), place=str(no)) for no in range(now))
    after = judged(ARS, entries, SourceListing(Source.PVOG, rows), NOW)
    listed = {f"dienst-{no}" for no in range(before)}
    with pytest.raises(AnswerRefused, match="shrunk") if refused else nullcontext():
        held_against(listed, after, entries)


def test_what_was_withdrawn_is_not_lost():
    entries = [claim(no, life_cycle=LifeCycle.WITHDRAWN) for no in range(10)]
    held_against({f"dienst-{no}" for no in range(10)}, judged(ARS, entries, SourceListing(Source.PVOG, ()), NOW), [])
