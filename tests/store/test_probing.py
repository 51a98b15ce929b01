"""The worker's probes from settings to rows: what is asked, who asks, and what a page on loopback makes of it."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace

import pytest

from gateway.catalogue import entry_json
from gateway.catalogue.probes.standing import Subject
from gateway.errors import CounterpartBusy
from gateway.fitconnect.limits import FITCONNECT
from gateway.outbound.client import USER_AGENT
from gateway.settings.catalogue import CatalogueSection, MaintenanceSection, MunicipalityCatalogueSection
from gateway.settings.fitconnect import EnvironmentSection, FitConnectSection
from gateway.settings.gateway import Settings
from gateway.settings.sections import OutboundSection
from gateway.wiring.catalogue_probes import NO_WORKER, open_prober, rules, user_agent
from gateway.worker.catalogue_probes import _look
from tests.catalogue.entries import ARS, entry
from tests.catalogue.test_probe_asking import answer, listening
from tests.store.test_probe_runs import ENTRY_ROW, RUNS, STANDS

DESTINATION = "11111111-2222-4333-8444-555555555555"
OTHER = "150900550550"


class Channel:
    """What a channel lets be tried."""

    def __init__(self):
        self.error = None

    async def check_token(self):
        return "token granted"

    async def check_destination(self, destination_id):
        if self.error is not None:
            raise self.error
        return f"active {destination_id}"


def settings(tmp_path, routing=None, **section):
    environment = EnvironmentSection(
        token_url="http://127.0.0.1:1/token", submission_api="http://127.0.0.1:1", routing_api=routing
    )
    return Settings.model_construct(
        data_dir=tmp_path,
        mode="test",
        outbound=OutboundSection(allow_private=("loopback",)),
        fitconnect=FitConnectSection(environments={"test": environment}),
        catalogue=CatalogueSection.model_validate(section),
    )


def town(ars=ARS, slug="town", **section):
    return SimpleNamespace(
        ars=ars,
        slug=slug,
        fitconnect=SimpleNamespace(environment="test"),
        destinations=(SimpleNamespace(destination_id=DESTINATION), SimpleNamespace(destination_id=DESTINATION)),
        identity=SimpleNamespace(providers={}),
        catalogue=MunicipalityCatalogueSection.model_validate(section),
    )


@pytest.fixture
def runtime(store, clock, tmp_path):
    def made(*files, **section):
        channels = {(file.ars, FITCONNECT): Channel() for file in files}
        values = settings(tmp_path, **section)
        return SimpleNamespace(settings=values, files=files, channels=channels, store=store, clock=clock)

    return made


@asynccontextmanager
async def page(store, clock, service="hausnummer"):
    async with listening() as pages:
        pages.pages["/a"] = answer()
        one = entry(service=service, url=f"http://127.0.0.1:{pages.port}/a")
        row = {"town": ARS, "service": service, "entry": json.dumps(entry_json.as_json(one))}
        await store.database.run(ENTRY_ROW, now=clock.now(), **row)
        yield pages


async def test_a_run_asks_the_page_and_all_that_services_need(runtime, store, clock):
    async with page(store, clock) as pages:
        routing = f"http://127.0.0.1:{pages.port}/routing/"
        pages.pages["/routing/v1/info"] = answer(body="{}")
        made = runtime(town(), town(OTHER, "other"), routing=routing, contact="it@town.example")
        async with open_prober(made) as prober:
            run = await prober.run()
    good = {result.subject: result.measurement.reason for result in run.results}
    assert good == {
        Subject(ARS, "hausnummer"): None,
        Subject("", "database:"): None,
        Subject("", "queue:"): NO_WORKER,
        Subject("", "token:test"): None,
        Subject("", "routing:test"): None,
        Subject(ARS, f"destination:{DESTINATION}"): None,
        Subject(OTHER, f"destination:{DESTINATION}"): None,
    }
    assert run.own_network
    assert all(f"User-Agent: {USER_AGENT} (it@town.example)\r\n" in head for head in pages.heads)


async def test_a_towns_destination_that_fails_is_the_towns(runtime, store, clock):
    made = runtime(town())
    made.channels[ARS, FITCONNECT].error = CounterpartBusy(host="a", http_status=503)
    async with open_prober(made) as prober:
        seen = {result.subject: result.measurement.reason for result in (await prober.run()).results}
    assert seen[Subject(ARS, f"destination:{DESTINATION}")] == CounterpartBusy.code


async def test_the_worker_probes_when_a_run_is_due_and_says_so(runtime, store, clock):
    made = runtime(probes={"every_minutes": 5})
    async with page(store, clock), open_prober(made) as prober:
        for minutes in (0, 0, 4, 1):
            clock.advance(minutes=minutes)
            await _look(made, prober)
    assert [row["ended"] for row in await store.database.rows(RUNS)] == [True, True]
    assert next(row["works"] for row in await store.database.rows(STANDS)) is True


async def test_addresses_of_others_tell_whose_network_is_away(runtime, store, clock):
    async with listening() as gone:
        port = gone.port
    one = entry(url=f"http://127.0.0.1:{port}/a")
    row = {"town": ARS, "service": "hausnummer", "entry": json.dumps(entry_json.as_json(one))}
    await store.database.run(ENTRY_ROW, now=clock.now(), **row)
    async with listening() as others:
        others.pages["/up"] = answer(500)
        for path, there in (("/up", True), ("/down", False)):
            made = runtime(town(), probes={"own_network": [f"http://127.0.0.1:{others.port}{path}"]})
            async with open_prober(made) as prober:
                assert (await prober.run()).own_network is there


async def test_a_page_may_say_something_else_than_its_title(runtime, store, clock):
    async with page(store, clock, "termin") as pages:
        pages.pages["/a"] = answer(body="<h1>Termine der Stadt</h1>")
        for texts, good in (({}, False), ({"termin": "Termine der Stadt"}, True)):
            async with open_prober(runtime(town(probe_texts=texts))) as prober:
                first, *_ = (await prober.run()).results
            assert first.measurement.good is good


def test_rules_are_those_of_the_settings(tmp_path, clock):
    begins, ends = clock.now(), clock.now() + timedelta(hours=2)
    window = MaintenanceSection(begins=begins, ends=ends, services=("termin",))
    values = settings(tmp_path, probes={"damping_minutes": 7, "certificate_days": 9})
    made = rules(values, (town(maintenance=[window]), town(OTHER, "other")))
    assert (made.damping, made.certificate) == (timedelta(minutes=7), timedelta(days=9))
    assert [(each.begins, each.ends, each.services) for each in made.maintenance[ARS]] == [(begins, ends, {"termin"})]
    assert OTHER not in made.maintenance


def test_our_name_says_whom_to_ask_and_carries_nothing_else(tmp_path):
    assert user_agent(settings(tmp_path)) == USER_AGENT
    assert user_agent(settings(tmp_path, contact="a@b.example\r\nX: ü")) == f"{USER_AGENT} (a@b.example??X: ?)"
