"""The form of feedback: what it asks, whom it takes answers from, and what it never does."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from structlog.testing import capture_logs

from gateway.catalogue.entry import LifeCycle
from gateway.catalogue.statistics.feedback import Feedback
from gateway.errors import TooManyRequests
from gateway.web.app import create_app
from gateway.web.status import address_bounds
from gateway.web.status.address_bounds import AddressBounds
from gateway.web.status.documents import RenderedDocuments
from gateway.web.status.published import FeedbackDependencies, StatusDependencies
from tests.catalogue.entries import entry
from tests.catalogue.publication.offers import status
from tests.web.conftest import ARS, HOST
from tests.web.status.conftest import PAGE, published_town
from tests.web.status.test_town_page import Words

FORM = f"{PAGE}/hausnummer/feedback"
ANSWERS = {"category": "Procedure", "rating": "4", "found": "Partly", "text": "Zu lang.\r\nSagt Frau Müßiggang"}
OURS = {"Origin": HOST, "Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}


class Kept:
    def __init__(self):
        self.said, self.full = [], False

    async def keep(self, feedback):
        if self.full:
            raise TooManyRequests(retry_after=3600)
        self.said.append(feedback)


class Asking:
    """A published town that asks people."""

    def __init__(self):
        self.town, self.rows = published_town(), Kept()
        self.town.rows.statuses.append(status(entry()))
        before = self.town.app.state.dependencies
        bounds = AddressBounds(self.town.world.clock, lambda *parts: b"/".join(parts))
        desk = FeedbackDependencies(self.town.rows, self.rows, bounds)
        documents = RenderedDocuments(self.town.world.clock)
        told = StatusDependencies(before.status.publication, before.status.reports, documents, desk)
        self.town.app = create_app(replace(before, status=told))

    async def get(self, path=FORM, **headers):
        return await self.town.get(path, **headers)

    async def send(self, path=FORM, *, headers=OURS, **changed):
        async with self.town.browser() as browser:
            return await browser.post(path, content=urlencode({**ANSWERS, **changed}), headers=headers)


@pytest.fixture
def asking():
    return Asking()


async def test_the_form_asks_in_the_readers_language_without_a_cookie(asking):
    german, english = await asking.get(), await asking.get(f"{FORM}?lang=en")
    for answer in (german, english):
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "<script" not in answer.text
        assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert "Hausnummer beantragen" in Words(german.text).said
    assert "Apply for a house number" in Words(english.text).said
    fields = {attributes["name"] for tag, attributes in Words(german.text).elements if tag in {"input", "textarea"}}
    assert fields == {"category", "rating", "found", "text"}


async def test_each_service_of_the_status_page_leads_to_its_form(asking):
    assert f'href="{FORM}?lang=de"' in (await asking.get(PAGE)).text
    nobody_asks = published_town()
    assert "/feedback" not in (await nobody_asks.get()).text
    assert (await nobody_asks.get(FORM)).status_code == 404


async def test_an_answer_is_kept_and_thanked_for(asking):
    with capture_logs() as lines:
        answer = await asking.send(f"{FORM}?lang=en")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{FORM}/thanks?lang=en")
    assert "set-cookie" not in answer.headers
    text = "Zu lang.\nSagt Frau Müßiggang"
    assert asking.rows.said == [Feedback(ARS, "hausnummer", entry().url, "Procedure", 4, "Partly", text)]
    assert "ggang" not in str(lines)
    assert "127.0.0.1" not in str(lines)
    assert "Thank you" in (await asking.get(f"{FORM}/thanks?lang=en")).text


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"category": "Sonstiges"}, "category"),
        ({"rating": "6"}, "rating"),
        ({"found": ""}, "found"),
        ({"text": "x" * 2001}, "text"),
        ({"text": "a\x00b"}, "text"),
    ],
)
async def test_what_cannot_stay_is_shown_again_with_everything_else(asking, changed, fault):
    answer = await asking.send(**changed)
    assert answer.status_code == 422
    assert f'id="{fault}-fault"' in answer.text
    assert answer.text.count('class="kern-error"') == 1
    assert asking.rows.said == []
    if fault != "text":
        assert "Sagt Frau Müßiggang</textarea>" in answer.text


async def test_two_thousand_characters_are_taken_however_long_their_bytes(asking):
    assert (await asking.send(text="😀" * 2000)).status_code == 303
    assert (await asking.send(text="x\r\n" * 1000)).status_code == 303
    assert (await asking.send(text="x" * 40_000)).status_code == 413


async def test_markup_in_an_answer_is_text(asking):
    answer = await asking.send(rating="", text='</textarea><script>alert(1)</script>"')
    assert "<script" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": HOST, "Sec-Fetch-Site": "same-site"},
    ],
)
async def test_another_site_cannot_send_it(asking, headers):
    answer = await asking.send(headers={"Content-Type": OURS["Content-Type"], **headers})
    assert answer.status_code == 403
    assert "<h1" in answer.text
    assert asking.rows.said == []


async def test_only_services_that_are_offered_are_spoken_of(asking):
    asking.town.rows.statuses = [
        status(entry(life_cycle=LifeCycle.WITHDRAWN)),
        status(entry(service="termin", valid_until=asking.town.world.clock.at.date() - timedelta(days=1))),
    ]
    for path in (FORM, f"{PAGE}/termin/feedback", f"{PAGE}/nie/feedback", "/status/150000000000/hausnummer/feedback"):
        assert (await asking.get(path)).status_code == 404
        assert (await asking.send(path)).status_code == 404
    assert asking.rows.said == []


async def test_an_address_and_a_town_have_their_bounds(asking, monkeypatch):
    monkeypatch.setattr(address_bounds, "MOST", 2)
    for _ in range(2):
        assert (await asking.send()).status_code == 303
    refused = await asking.send()
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    asking.town.world.clock.at += timedelta(hours=1)
    asking.rows.full = True
    assert (await asking.send()).status_code == 429
    assert len(asking.rows.said) == 2


def test_a_clock_that_was_ahead_silences_nobody(monkeypatch):
    monkeypatch.setattr(address_bounds, "MOST", 1)
    clock = published_town().world.clock
    bounds = AddressBounds(clock, lambda *parts: b"".join(parts))
    clock.at += timedelta(days=90)
    bounds.note("192.0.2.1")
    clock.at -= timedelta(days=90)
    bounds.note("192.0.2.1")
    with pytest.raises(TooManyRequests):
        bounds.note("192.0.2.1")


def test_memory_holds_so_many_senders_and_no_address(monkeypatch):
    monkeypatch.setattr(address_bounds, "REMEMBERED", 3)
    monkeypatch.setattr(address_bounds, "MOST", 1)
    clock = published_town().world.clock
    bounds = AddressBounds(clock, lambda *parts: bytes(reversed(b"".join(parts))))
    for number in range(9):
        bounds.note(f"192.0.2.{number}")
    assert len(bounds._times) == 3
    bounds.note("2001:db8::1")
    with pytest.raises(TooManyRequests):
        bounds.note("2001:db8::2")  # the same network
