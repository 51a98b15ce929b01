"""The read-back and the catalogue sandbox, which share no code: every finding that it can show, and its end."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from gateway.catalogue.readback.datahub_source import DataHubSource
from gateway.catalogue.readback.interfaces import interfaces
from gateway.catalogue.readback.pvog_source import PvogSource
from gateway.catalogue.readback.rows import AnswerRefused
from gateway.catalogue.status import Source
from gateway.errors import CounterpartError
from gateway.sandbox.catalogue.holdings import HeldObject
from gateway.sandbox.catalogue.sandbox import CatalogueSandbox
from gateway.sandbox.catalogue.server import app, readiness
from gateway.sandbox.clock import Clock, Ids
from tests.catalogue.readback.answers import ARS, NOW, Wire, key
from tests.catalogue.readback.test_judging import claim

BASE, AGENCY = "http://127.0.0.1:7000", "L100042"
INHERITED = "99107023037000"
"""What the sandbox holds of the Land."""


class Editor:
    """Puts objects into the sandbox, as an editor of the Land's system does, and reads back."""

    def __init__(self):
        self.sandbox = CatalogueSandbox(BASE, {}, clock=Clock(lambda: NOW), ids=Ids(3))
        self.line = readiness(self.sandbox)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app(self.sandbox)))

    def enter(self, no, url=None, *, leika_key=None, area=ARS):
        link = (url or f"https://rathaus.example/{no}", "Antrag", "de")
        for kind, more in (
            ("leistung", {"leika_key": leika_key or key(no)}),
            ("onlinedienst", {"links": (link,), "names": {"de": f"Dienst {no}"}}),
            ("zustaendigkeit", {"parent": str(no), "leistung": str(no), "areas": (area,)}),
        ):
            it = HeldObject((kind, AGENCY, str(no)), **more)
            self.sandbox.holdings.objects[it.key] = it

    def delete(self, no):
        del self.sandbox.holdings.objects["zustaendigkeit", AGENCY, str(no)]

    async def read(self, entries):
        asker = Wire().asker(self.http)
        sources = (
            PvogSource(self.line["pvog"], interfaces().pvog, asker),
            DataHubSource(self.line["datahub"], interfaces().datahub, asker),
        )
        return {source.source: await source.read(asker, ARS, entries, NOW) for source in sources}

    async def findings(self, entries):
        said = await self.read(entries)
        return {source: {(one.service, one.code.value) for one in it.findings} for source, it in said.items()}


@pytest.fixture
async def editor():
    made = Editor()
    async with made.http:
        yield made


async def test_what_the_editor_enters_changes_and_deletes_ends_every_finding(editor):
    entries = [*map(claim, range(1, 17)), claim(17, leika_key=INHERITED)]
    for no in range(3, 17):
        editor.enter(no)
    editor.enter(1, "https://alt.example/")
    editor.enter(99)
    found = await editor.findings(entries)
    both = {("dienst-1", "url_mismatch"), ("dienst-2", "missing_in_pvog"), ("dienst-17", "inherited_only")}
    assert found == {Source.PVOG: both, Source.DATA_HUB: {*both, (None, "orphan")}}
    editor.enter(1)
    editor.enter(2)
    editor.enter(17, leika_key=INHERITED)
    editor.delete(99)
    said = await editor.read(entries)
    assert {source: (it.findings, it.listed) for source, it in said.items()} == dict.fromkeys(said, ((), 17))
    assert said[Source.DATA_HUB].total == 11 + 1 + 17


async def test_before_anything_is_reported_everything_is_missing_and_that_is_no_fault_of_the_answer(editor):
    found = await editor.findings([claim(1)])
    assert list(found.values()) == [{("dienst-1", "missing_in_pvog")}] * 2


async def test_a_broken_link_is_told_until_it_works(editor):
    editor.enter(1)
    editor.sandbox.holdings.spoilt["https://rathaus.example/1"] = "nicht ok"
    found = await editor.findings([claim(1)])
    assert found == {Source.PVOG: set(), Source.DATA_HUB: {("dienst-1", "status_nicht_ok")}}
    editor.sandbox.holdings.spoilt.clear()
    assert list((await editor.findings([claim(1)])).values()) == [set(), set()]


async def test_what_was_withdrawn_is_an_orphan_until_it_is_deleted(editor):
    gone = replace(claim(1), valid_until=NOW.date())
    editor.enter(1)
    found = await editor.findings([gone])
    assert list(found.values()) == [{(None, "orphan")}] * 2
    editor.delete(1)
    assert list((await editor.findings([gone])).values()) == [set(), set()]


@pytest.mark.parametrize("fault", [{"kind": "garbage"}, {"kind": "status", "value": 503}])
async def test_its_faults_are_refused_or_failures(editor, fault):
    editor.enter(1)
    order = {"match": "GET /suchdienst/*", "times": 10, **fault}
    assert (await editor.http.post(editor.line["admin"] + "/faults", json=order)).status_code < 300
    with pytest.raises((AnswerRefused, CounterpartError)):
        await editor.read([claim(1)])
