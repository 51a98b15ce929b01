"""The four truths of an entry come out of the rows as they stand, and none fills in for another."""

from __future__ import annotations

import json
from datetime import timedelta

from gateway.catalogue import entry_json
from gateway.catalogue.entry import LifeCycle
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.store.connection.database import numbered
from tests.catalogue.entries import ARS, ENTRY, entry

REVISION = numbered(
    "INSERT INTO catalogue_revisions (municipality, service, number, latest, entry, digest, changed_at, changed_by) "
    "VALUES (%(town)s, %(service)s, %(number)s, true, %(entry)s::text::jsonb, %(digest)s, %(now)s, 'files')"
)
DELIVERED = numbered("INSERT INTO catalogue_delivered VALUES (%(town)s, %(service)s, 1, %(number)s, %(now)s)")
LISTED = numbered("INSERT INTO catalogue_listings VALUES (%(town)s, %(service)s, 'pvog', true, NULL, 'OD.1', %(now)s)")
WORKS = numbered("INSERT INTO probe_standing VALUES (%(town)s, %(service)s, true, %(now)s, 0, 1, NULL, %(now)s)")
FINDING = numbered(
    "INSERT INTO catalogue_findings (municipality, service, code, source, place, since) "
    "VALUES (%(town)s, %(service)s, 'url_mismatch', 'pvog', 'OD.1', %(now)s)"
)


async def kept(store, clock, one, number=1):
    values = {"town": ARS, "service": one.service, "number": number, "now": clock.now()}
    state = {"entry": json.dumps(entry_json.as_json(one)), "digest": entry_json.digest(one)}
    await store.database.run(REVISION, **values, **state)
    return {"town": ARS, "service": one.service, "now": clock.now()}


async def test_what_is_only_claimed_is_neither_delivered_nor_listed_nor_working(store, clock):
    await kept(store, clock, ENTRY)
    (status,) = await StoredStatuses(store.database).of(ARS)
    assert status.revision.entry == ENTRY
    assert (status.delivered, status.listed, status.works, status.codes) == (False, None, None, ())


async def test_each_source_says_its_own_truth(store, clock):
    row = await kept(store, clock, ENTRY, number=2)
    await store.database.run(DELIVERED, number=1, **row)
    for said in (LISTED, WORKS, FINDING):
        await store.database.run(said, **row)
    (status,) = await StoredStatuses(store.database).of()
    assert not status.delivered  # revision 1 was, 2 is claimed
    assert (status.listed, status.works, status.codes) == (True, True, ("url_mismatch",))
    assert status.listings[0].seen_at == clock.now()
    assert status.findings[0].since == clock.now() - timedelta(0)


async def test_drafts_and_what_was_withdrawn_long_ago_are_no_entries(store, clock):
    await kept(store, clock, entry(service="entwurf", life_cycle=LifeCycle.DRAFT))
    await kept(store, clock, entry(service="weg", life_cycle=LifeCycle.WITHDRAWN))
    row = await kept(store, clock, entry(service="geht", life_cycle=LifeCycle.WITHDRAWN, leika_key=None))
    await store.database.run(DELIVERED, number=1, **row)
    (status,) = await StoredStatuses(store.database).of(ARS)
    assert (status.revision.entry.service, status.codes) == ("geht", ("no_leika",))
