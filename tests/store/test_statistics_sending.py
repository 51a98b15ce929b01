"""Monthly figures arrive at the catalogue sandbox once, are corrected under the same id, and survive its faults."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from gateway.catalogue.statistics.feedback import Feedback
from gateway.catalogue.statistics.interfaces import interfaces
from gateway.catalogue.statistics.page_views import MonthlyViews, PageViews
from gateway.catalogue.statistics.sending import LEASE, StatisticsSender, Way
from gateway.catalogue.statistics.transfers import FigureKind
from gateway.sandbox.catalogue.sandbox import CatalogueSandbox
from gateway.sandbox.catalogue.server import app, readiness
from gateway.sandbox.clock import Clock, Ids
from gateway.store.catalogue import restored_statistics
from gateway.store.catalogue.monthly_figures import StoredMonthlyFigures
from gateway.store.catalogue.page_views import StoredPageViews
from gateway.store.catalogue.statistics_transfers import StoredTransfers
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.store.catalogue.transaction_counts import StoredTransactionCounts
from gateway.store.connection.database import numbered
from gateway.store.operation.alarms import open_alarms
from tests.store.conftest import TOWN
from tests.store.test_transaction_counts import take

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
VIEWS = MonthlyViews(
    TOWN,
    OCTOBER,
    [
        PageViews("hausnummer", "https://a.example/h", "DE", "PC", 40),
        PageViews("hausnummer", "https://a.example/h", "TR", "Mobile", 2),
        PageViews("termin", "https://a.example/t", "DE", "Tablet", 7),
    ],
)
SAID = Feedback(TOWN, "hausnummer", "https://a.example/h", "Procedure", 4, "Partly", "Zu lang, sagt Frau Müßiggang")
ROW = numbered("SELECT state, tries, transfer_id, body::text AS body FROM statistics_transfers WHERE kind = %(kind)s")


class Counterparts:
    """The sandbox, and a sender of ours whose every request ends there."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.sandbox = CatalogueSandbox("http://127.0.0.1:7000", {}, clock=Clock(clock.now), ids=Ids(3))
        self.line = readiness(self.sandbox)
        self.views = StoredPageViews(store.database, clock)
        self.counts = StoredTransactionCounts(store.database)
        self.ends = httpx.ASGITransport(app(self.sandbox))
        self.lose_answers, self.ids_asked_for = False, 0

    async def handle(self, request):
        answer = await self.ends.handle_async_request(request)
        await answer.aread()
        self.ids_asked_for += request.url.path.endswith("unique-id")
        if self.lose_answers and request.method == "POST":
            raise httpx.ReadError("lost", request=request)
        return answer

    def sender(self, key=None):
        sdg, transactions = self.line["sdg"], self.line["transactions"]
        to_sdg = Way(sdg["address"], {"x-api-key": key or sdg["key"]})
        token = {"Authorization": f"Bearer {transactions['token']}"}
        return StatisticsSender(
            queue=StoredTransfers(self.store.database, self.clock, self.views, self.store.feedback),
            clock=self.clock,
            figures=StoredMonthlyFigures(self.counts, self.views, self.store.feedback),
            statuses=StoredStatuses(self.store.database),
            client=httpx.AsyncClient(transport=httpx.MockTransport(self.handle)),
            ways={
                FigureKind.TRANSACTIONS: Way(transactions["address"], token),
                FigureKind.VIEWS: to_sdg,
                FigureKind.FEEDBACK: to_sdg,
            },
            interfaces=interfaces(),
            smallest=5,
        )

    @asynccontextmanager
    async def sending(self, **how):
        sender = self.sender(**how)
        async with sender.client:
            yield sender

    async def run(self, **how):
        async with self.sending(**how) as sender:
            await sender.prepare()
            await sender.look()
            await sender.idle()

    async def row(self, kind):
        return await self.store.database.one(ROW, kind=kind)

    @property
    def received(self):
        return [(each["kind"], each["corrects"]) for each in self.sandbox.received]

    async def fault(self, **fault):
        async with httpx.AsyncClient(transport=self.ends) as admin:
            answer = await admin.post(self.line["admin"] + "/faults", json=fault)
            assert answer.status_code < 300


@pytest.fixture
def there(store, clock):
    return Counterparts(store, clock)


async def test_views_are_sent_once_and_corrected_under_the_same_id(there):
    await there.views.replace(VIEWS)
    await there.run()
    await there.run()
    (sent,) = [each["body"] for each in there.sandbox.received]
    assert sent["referencePeriod"] == {"startDate": "2026-10-01T00:00:00Z", "endDate": "2026-10-31T23:59:59Z"}
    assert sent["nbEntries"] == 2
    assert sent["sources"][0]["source"] == {
        "sourceUrl": "https://a.example/h",
        "statistics": [
            {"deviceType": "PC", "nbVisits": 40, "originatingCountry": "DE"},
            {"deviceType": "Mobile", "nbVisits": 2, "originatingCountry": "TR"},
        ],
    }
    corrected = replace(VIEWS.views[0], visits=41)
    await there.views.replace(replace(VIEWS, views=[corrected]))
    await there.run()
    assert (there.received, there.ids_asked_for) == ([("views", False), ("views", True)], 1)
    again = there.sandbox.received[-1]["body"]
    assert again["uniqueId"] == sent["uniqueId"]
    assert [line["nbVisits"] for line in again["sources"][0]["source"]["statistics"]] == [41]
    assert again["nbEntries"] == 2  # what was said of the other service still holds


async def test_figures_are_corrected_after_a_clock_that_was_ahead(there):
    await there.views.replace(VIEWS)
    there.clock.advance(days=200)
    await there.run()
    there.clock.advance(days=-199)
    await there.views.replace(replace(VIEWS, views=[replace(VIEWS.views[0], visits=41)]))
    there.clock.advance(hours=1)
    await there.run()
    assert there.received == [("views", False), ("views", True)]


async def test_the_same_figures_once_more_are_no_correction(there):
    await there.views.replace(VIEWS)
    await there.run()
    there.clock.advance(hours=1)
    await there.views.replace(VIEWS)
    await there.run()
    assert there.received == [("views", False)]


async def test_a_lost_answer_is_repeated_under_the_id_that_was_kept(there):
    await there.views.replace(VIEWS)
    there.lose_answers = True
    await there.run()
    assert (await there.row("views"))["state"] == "waiting"
    there.lose_answers = False
    there.clock.advance(seconds=5)
    await there.run()
    assert there.received == [("views", False), ("views", True)]
    assert len({each["body"]["uniqueId"] for each in there.sandbox.received}) == 1
    assert (await there.row("views"))["state"] == "delivered"


async def test_of_two_ids_the_first_one_stays(there):
    await there.views.replace(VIEWS)
    async with there.sending() as sender:
        await sender.prepare()
        (transfer,) = await sender.queue.claim(FigureKind.VIEWS, 1, LEASE)
        assert [await sender.queue.name(transfer.id, each) for each in ("first", "second")] == ["first", "first"]


async def test_an_id_that_another_transfer_has_is_none(there):
    """A cache between us and them would let one town's figures replace another's."""
    other = "150900550550"
    await there.views.replace(VIEWS)
    await there.views.replace(replace(VIEWS, municipality=other))
    async with there.sending() as sender:
        await sender.prepare()
        due = await sender.queue.claim(FigureKind.VIEWS, 2, LEASE)
        names = await asyncio.gather(*(sender.queue.name(transfer.id, "cached") for transfer in due))
        assert sorted(names, key=str) == [None, "cached"]
        nameless = due[names.index(None)]
        assert await sender.queue.name(nameless.id, "fresh") == "fresh"
        assert await sender.queue.name(nameless.id, "cached") == "fresh"


@pytest.mark.parametrize("answer", [b"<html>Wartung</html>", b"", b'{"id":"x"}', b"a\x00b", b"x" * 201, b"x" * 70_000])
async def test_what_is_no_id_is_asked_for_again(there, answer):
    await there.views.replace(VIEWS)
    handle, odd = there.handle, [answer]

    async def once(request):
        return httpx.Response(200, content=odd.pop()) if odd else await handle(request)

    there.handle = once
    await there.run()
    row = await there.row("views")
    assert (row["state"], row["transfer_id"], there.received) == ("waiting", None, [])
    there.clock.advance(seconds=2)
    await there.run()
    assert there.received == [("views", False)]


async def test_a_correction_while_the_old_body_is_under_way_is_sent_too(there):
    await there.views.replace(VIEWS)
    async with there.sending() as sender:
        await sender.prepare()
        (under_way,) = await sender.queue.claim(FigureKind.VIEWS, 1, timedelta(seconds=90))
        there.clock.advance(seconds=1)
        await there.views.replace(replace(VIEWS, views=[replace(VIEWS.views[0], visits=50)]))
        await sender.prepare()
        await sender.queue.settle([await sender._try("views", under_way)])
        assert (await there.row("views"))["state"] == "waiting"
        await sender.look()
        await sender.idle()
    assert there.received == [("views", False), ("views", True)]


async def test_who_is_busy_is_asked_again_later(there):
    await there.fault(match="GET /sdg/v1/unique-id", kind="status", value=503, times=1)
    await there.views.replace(VIEWS)
    await there.run()
    assert there.received == []
    await there.run()
    assert there.received == []  # not before its time
    there.clock.advance(seconds=2)
    await there.run()
    assert there.received == [("views", False)]


async def test_a_refusal_is_final_an_alarm_of_the_town_and_ends_when_it_is_sent_again(there):
    await there.views.replace(VIEWS)
    await there.run(key="wrong")
    assert (await there.row("views"))["state"] == "failed"
    (alarm,) = await open_alarms(there.store.database)
    assert (alarm["rule"], alarm["municipality"]) == ("statistics_unsent", TOWN)
    there.clock.advance(days=40)
    await there.run()
    assert there.received == []
    async with there.sending() as sender:
        await sender.queue.again(tuple(sender.ways), OCTOBER)
    await there.run()
    assert there.received == [("views", False)]
    assert list(await open_alarms(there.store.database)) == []


async def restored(there):
    """As a database is after the restore of a backup that knows nothing of transfers."""
    async with there.store.database.transaction() as connection:
        await connection.execute("DELETE FROM statistics_transfers")
    await restored_statistics.hold(there.store.database, OCTOBER)


async def test_transactions_that_were_sent_after_a_backup_are_sent_again_under_the_same_id(there):
    for _ in range(8):
        await take(there.store, datetime(2026, 10, 5, 9, 0, tzinfo=UTC))
    await there.counts.count(there.clock.now())
    await there.run()
    await restored(there)
    await there.run()
    first, second = [each["body"] for each in there.sandbox.received]
    assert first == second


async def test_what_may_have_been_sent_under_an_id_that_is_lost_waits_for_a_person(there):
    await there.views.replace(VIEWS)
    await there.run()
    await restored(there)
    await there.run()
    assert there.received == [("views", False)]
    (alarm,) = await open_alarms(there.store.database)
    assert (alarm["rule"], alarm["municipality"]) == ("statistics_unsent", TOWN)
    async with there.sending() as sender:
        (state,) = await sender.queue.states(tuple(sender.ways), None)
        assert (state.state, state.error, state.transfer_id) == ("failed", "restored", None)
        await there.views.replace(replace(VIEWS, views=VIEWS.views[:1]))
        there.clock.advance(minutes=1)
        await there.run()
        assert there.received == [("views", False)], "a correction changes nothing of that"
        await sender.queue.again(tuple(sender.ways), OCTOBER)
    await there.run()
    assert there.received == [("views", False), ("views", False)]
    assert list(await open_alarms(there.store.database)) == []
    await there.views.replace(VIEWS)
    there.clock.advance(minutes=1)
    await there.run()
    assert there.received[2:] == [("views", True)]


async def test_feedback_that_may_have_been_sent_waits_too_and_what_a_later_month_says_does_not(there):
    await there.store.feedback.keep(SAID)
    there.clock.at = datetime(2026, 12, 2, 12, 0, tzinfo=UTC)
    await restored_statistics.hold(there.store.database, NOVEMBER)
    await there.store.feedback.keep(SAID)
    await there.run()
    assert there.received == []
    assert list(await there.store.feedback.unsent(TOWN, NOVEMBER)) == [SAID]
    there.clock.at = datetime(2027, 1, 2, 12, 0, tzinfo=UTC)
    await there.run()
    assert there.received == [("feedback", False)]


async def test_what_waited_without_an_id_waits_for_a_person_and_what_has_one_goes_on(there):
    await there.fault(match="GET /sdg/v1/unique-id", kind="status", value=503, times=1)
    await there.views.replace(VIEWS)
    await there.run()
    await restored_statistics.hold(there.store.database, OCTOBER)
    await there.run()
    assert (await there.row("views"))["state"] == "failed"
    async with there.sending() as sender:
        await sender.queue.again(tuple(sender.ways), None)
    there.lose_answers = True
    await there.run()
    there.lose_answers = False
    await restored_statistics.hold(there.store.database, OCTOBER)
    there.clock.advance(hours=1)
    await there.run()
    assert there.received == [("views", False), ("views", True)]


async def test_what_a_person_let_go_is_corrected_before_it_is_sent_and_not_held_back_again(there):
    await restored_statistics.hold(there.store.database, OCTOBER)
    await there.views.replace(VIEWS)
    await there.run()
    async with there.sending() as sender:
        await sender.queue.again(tuple(sender.ways), OCTOBER)
    await there.fault(match="GET /sdg/v1/unique-id", kind="status", value=503, times=1)
    await there.run()
    await there.views.replace(replace(VIEWS, views=VIEWS.views[:1]))
    there.clock.advance(minutes=1)
    await there.run()
    assert there.received == [("views", False)]
    assert list(await open_alarms(there.store.database)) == []


async def test_feedback_of_a_closed_month_is_sent_and_its_texts_are_gone(there):
    await there.store.feedback.keep(SAID)
    await there.store.feedback.keep(replace(SAID, text="", rating=1))
    await there.run()
    assert there.received == []  # the month is not over
    there.clock.at = datetime(2026, 12, 2, 12, 0, tzinfo=UTC)
    await there.run()
    (sent,) = [each["body"] for each in there.sandbox.received]
    assert sent["nbEntries"] == 2
    first = max((line["feedback"] for line in sent["feedbacks"]), key=lambda line: line["rating"])
    assert first == {
        "category": "Procedure",
        "rating": 4,
        "source": "https://a.example/h",
        "foundInformation": "Partly",
        "helpUsImprove": SAID.text,
    }
    assert list(await there.store.feedback.unsent(TOWN, NOVEMBER)) == []
    assert "ggang" not in (await there.row("feedback"))["body"]
    await there.run()
    assert there.received == [("feedback", False)]


async def test_texts_stay_until_they_were_taken(there):
    await there.store.feedback.keep(SAID)
    there.clock.at = datetime(2026, 12, 2, 12, 0, tzinfo=UTC)
    await there.run(key="wrong")
    assert list(await there.store.feedback.unsent(TOWN, NOVEMBER)) == [SAID]


async def test_transactions_of_closed_months_are_sent_with_small_groups_held_back(there):
    at = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
    for number in range(8):
        await take(there.store, at, service="termin" if number < 2 else "hausnummer")
    await take(there.store, there.clock.now())
    await there.counts.count(there.clock.now())
    await there.run()
    (sent,) = [each["body"] for each in there.sandbox.received]
    assert (sent["month"], sent["region"], sent["total"]) == ("2026-10", TOWN, 8)
    assert [line["transactions"] for line in sent["services"]] == [None, None]
    assert sent["transferId"]


async def test_two_workers_send_a_month_once(there):
    await there.views.replace(VIEWS)
    async with there.sending() as one, there.sending() as other:
        for sender in (one, other):
            await sender.prepare()
            await sender.look()
        await one.idle()
        await other.idle()
    assert there.received == [("views", False)]


async def test_what_a_dead_worker_was_sending_is_sent_by_another_under_the_same_id(there):
    await there.views.replace(VIEWS)
    async with there.sending() as dead:
        await dead.prepare()
        (under_way,) = await dead.queue.claim(FigureKind.VIEWS, 1, LEASE)
        await dead._try("views", under_way)  # sent, and never settled
    await there.run()
    assert there.received == [("views", False)]
    there.clock.advance(seconds=91)
    await there.run()
    assert there.received == [("views", False), ("views", True)]
    assert len({each["body"]["uniqueId"] for each in there.sandbox.received}) == 1
    assert (await there.row("views"))["state"] == "delivered"


async def test_old_views_and_what_was_sent_of_them_are_forgotten(there):
    await there.views.replace(VIEWS)
    await there.run()
    there.clock.at += timedelta(days=3 * 366)
    async with there.sending() as sender:
        await sender.chores()
    assert await there.row("views") is None
    assert await there.views.of(TOWN, OCTOBER) == []
