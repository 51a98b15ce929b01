"""A whole read-back over the wire: PVOG, Data Hub and the sandbox's routing, by worker and by command."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from gateway import __version__
from gateway.catalogue import entry_json
from gateway.catalogue.readback.interfaces import interfaces
from gateway.cli import catalogue_readback as command
from gateway.errors.recurring import Failures
from gateway.outbound.durations import Durations
from gateway.settings.gateway import Settings
from gateway.settings.municipality import MunicipalityFile
from gateway.store.catalogue.land_counts import StoredLandCounts
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.store.connection.database import Database, numbered
from gateway.wiring.catalogue_readback import open_read_back, routing_environments
from gateway.wiring.clock import SystemClock
from gateway.worker import catalogue_readback as worker
from tests.catalogue.entries import ARS, ENTRY
from tests.catalogue.readback.answers import COLUMNS
from tests.commands import run

ELSEWHERE = 49
PIECE = 65_536
DELIVERED = numbered(
    "INSERT INTO catalogue_delivered (municipality, service, export, revision, exported_at) "
    "VALUES (%(town)s, %(service)s, 1, 1, %(now)s)"
)
REVISION = numbered(
    "INSERT INTO catalogue_revisions (municipality, service, number, latest, entry, digest, changed_at, changed_by) "
    "VALUES (%(town)s, %(service)s, 1, true, %(entry)s::text::jsonb, 'd', now(), 'files')"
)
HISTORY = numbered("SELECT source, outcome, requests, rows, total FROM catalogue_readbacks ORDER BY source")
BODIES = numbered(
    "SELECT source, count(*) AS number FROM catalogue_answers JOIN catalogue_readbacks ON no = readback "
    "WHERE body IS NOT NULL GROUP BY source"
)


class Catalogue:
    """PVOG and Data Hub, which list what they are told to list."""

    def __init__(self, entries):
        self.entries, self.requests, self.said = list(entries), [], None

    def app(self):
        return Starlette(routes=[Route("/{path:path}", self.answer)])

    async def answer(self, request: Request) -> Response:
        self.requests.append(request)
        path = request.path_params["path"]
        if self.said is not None:
            return self.said
        if path.endswith("/onlineservices"):
            listed = [
                {
                    "id": f"L1.OD.{one.service}",
                    "links": [{"uri": one.url}],
                    "serviceDescriptions": [{"id": f"L1.LB.{one.service}", "ars": [ARS]}],
                }
                for one in self.entries
            ]
            return JSONResponse({"totalHits": len(listed), "onlineservices": listed, "nextPageToken": None})
        if path.endswith("/leikaid"):
            known = [{"id": f"L1.LB.{one.service}", "leikakeys": [one.leika_key]} for one in self.entries]
            return JSONResponse({"content": known, "last": True})
        if path.endswith("/export"):
            lines = (f"{one.leika_key},,{ARS},,{one.url},ok,ja,,," for one in self.entries)
            return Response("\n".join((COLUMNS, *lines)), media_type="application/octet-stream")
        return JSONResponse({"content": [], "page": {"totalPages": 28}})


@pytest.fixture
def entries(sandbox):
    """Fifty entries with a key; applications of one go to the sandbox's destination."""
    ours = replace(ENTRY, destination_id=sandbox.destinations[0]["destination_id"])
    others = (
        replace(
            ENTRY,
            service=f"dienst-{no}",
            leika_key=f"99{no:012d}",
            url=f"https://rathaus.example/{no}",
            delivered_by="elsewhere",
        )
        for no in range(ELSEWHERE)
    )
    return [ours, *others]


@pytest.fixture
async def catalogue(entries):
    listing = Catalogue(entries)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(listing.app(), lifespan="off", log_config=None, access_log=False, ws="none")
    serving = uvicorn.Server(config)
    task = asyncio.create_task(serving.serve(sockets=[listener]))
    while not serving.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    listing.base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield listing
    serving.should_exit = True
    await task
    listener.close()


def with_readback(settings, **changes):
    """The settings with others of the read-back, whatever their bounds."""
    section = settings.catalogue.readback.model_copy(update=changes)
    return settings.model_copy(update={"catalogue": settings.catalogue.model_copy(update={"readback": section})})


@pytest.fixture
async def runtime(sandbox, catalogue, entries, postgres_dsn, tmp_path):
    """As much of a runtime as a read-back takes."""
    (tmp_path / "id").write_text("our-id\n", encoding="utf-8")
    environment = {name: getattr(sandbox, name) for name in ("token_url", "routing_api", "portal_issuer")}
    environment["submission_api"] = sandbox.submission_api_v2.removesuffix("/v2")
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path,
            "outbound": {"allow_private": ["loopback"]},
            "fitconnect": {"environments": {"test": environment}},
            "catalogue": {
                "contact": "ozg@tangerhütte.example",
                "readback": {
                    "pvog": catalogue.base + "/suche",
                    "pvog_client_id_file": tmp_path / "id",
                    "data_hub": catalogue.base + "/hub",
                },
            },
        }
    )
    settings = with_readback(settings, requests_per_second=1000.0)
    fit = SimpleNamespace(environment="test")
    file = MunicipalityFile.model_construct(slug="tangerhuette", ars=ARS, fitconnect=fit)
    database = await Database.open(postgres_dsn, size=2)
    for one in entries:
        facts = json.dumps(entry_json.as_json(one))
        await database.run(REVISION, town=ARS, service=one.service, entry=facts)
        await database.run(DELIVERED, town=ARS, service=one.service, now=SystemClock().now())
    yield SimpleNamespace(
        settings=settings,
        files=(file,),
        municipalities={ARS: file},
        store=SimpleNamespace(database=database),
        clock=SystemClock(),
        durations=Durations(),
    )
    await database.close()


async def test_the_worker_reads_fifty_services_back_in_ten_requests_and_says_who_we_are(runtime, catalogue):
    async with open_read_back(runtime) as read_back:
        assert await worker.look(runtime, read_back) == 3
    history = await runtime.store.database.rows(HISTORY)
    assert {(row["source"], row["outcome"], row["rows"], row["total"]) for row in history} == {
        ("datahub", "sound", 50, 28),
        ("pvog", "sound", 50, None),
        ("routing", "sound", 1, None),
    }
    assert sum(row["requests"] for row in history) <= 10
    land = await StoredLandCounts(runtime.store.database).of(ARS)
    assert (land.source, land.unit, land.counted, land.ours) == ("datahub", "leistung", 28, 50)
    statuses = await StoredStatuses(runtime.store.database).of(ARS)
    assert {(status.listed, status.codes) for status in statuses} == {(True, ())}
    agents = {request.headers["user-agent"] for request in catalogue.requests}
    assert agents == {f"ozg-gateway/{__version__} (ozg@tangerh?tte.example)"}
    ours = {"/suche/v1beta2/onlineservices", "/suche/v3/servicedescriptions/leikaid"}
    named_to = {r.url.path for r in catalogue.requests if r.headers.get("pvog-sud-api-client-id") == "our-id"}
    assert named_to == ours
    kept = {row["source"]: row["number"] for row in await runtime.store.database.rows(BODIES)}
    assert kept == {"pvog": 2, "datahub": 2}, "an answer of the routing service names contact persons"
    async with open_read_back(runtime) as read_back:
        assert await worker.look(runtime, read_back) == 0


async def test_many_looks_take_one_client_and_one_that_cannot_be_made_is_tried_again(runtime, monkeypatch):
    made, looks, enough = [], [], asyncio.Event()

    @asynccontextmanager
    async def counted(_):
        made.append(len(looks))
        if made == [0]:
            raise ValueError
        async with open_read_back(runtime) as read_back:
            try:
                yield read_back
            finally:
                made.append("closed")

    async def look(_, read_back):
        looks.append(read_back)
        if len(looks) == 3:
            enough.set()

    monkeypatch.setattr(worker, "open_read_back", counted)
    monkeypatch.setattr(worker, "look", look)
    monkeypatch.setattr(worker, "LOOK_EVERY_S", 0)
    monkeypatch.setattr("gateway.errors.recurring.LONGEST_S", 0)
    (chore,) = worker.chores(runtime, Failures())
    task = asyncio.create_task(chore)
    await asyncio.wait_for(enough.wait(), 10)
    assert len(set(map(id, looks))) == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert made == [0, 0, "closed"]


async def test_there_is_a_chore_only_where_there_is_somebody_to_ask(runtime):
    (chore,) = worker.chores(runtime, Failures())
    chore.close()
    nobody = with_readback(runtime.settings, pvog=None, data_hub=None)
    (chore,) = worker.chores(SimpleNamespace(settings=nobody, files=runtime.files), Failures())
    chore.close()
    assert list(worker.chores(SimpleNamespace(settings=nobody, files=()), Failures())) == []


def test_hosts_that_a_signature_may_name_are_those_of_the_submission_api_unless_said(runtime, sandbox):
    (environment,) = routing_environments(runtime.settings, runtime.files).values()
    assert environment.hosts == {sandbox.submission_api_v2.split("/")[2]}


async def commanded(runtime, monkeypatch, *arguments):
    """The command with this runtime, which lives in the loop of the test."""
    loop = asyncio.get_running_loop()

    def with_runtime(_, main):
        if asyncio.run_coroutine_threadsafe(main(runtime, asyncio.Event()), loop).result(30) is False:
            raise SystemExit(1)

    monkeypatch.setattr(command, "with_runtime", with_runtime)
    done = await asyncio.to_thread(run, "catalogue", "readback", "--json", *arguments)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


async def test_the_command_reads_everything_at_once_and_a_line_says_what_came_of_each(runtime, catalogue, monkeypatch):
    catalogue.entries = catalogue.entries[:-1]
    code, lines = await commanded(runtime, monkeypatch)
    assert code == 0
    assert [(line["source"], line["outcome"], line["listed"], line["findings"]) for line in lines] == [
        ("pvog", "sound", 49, 1),
        ("datahub", "sound", 49, 1),
        ("routing", "sound", 1, 0),
    ]
    assert {line["municipality"] for line in lines} == {ARS}
    assert sum(line["requests"] for line in lines) <= 10
    catalogue.said = Response("<html>Wartung</html>", media_type="text/html")
    code, lines = await commanded(runtime, monkeypatch, "--municipality", ARS)
    assert (code, [(line["outcome"], line["reason"]) for line in lines]) == (
        3,
        [("refused", "form"), ("refused", "form"), ("sound", None)],
    )
    catalogue.said = Response(status_code=503)
    code, lines = await commanded(runtime, monkeypatch)
    assert (code, [line["reason"] for line in lines]) == (4, ["counterpart_busy", "counterpart_busy", None])
    assert await commanded(runtime, monkeypatch, "--municipality", "000000000000") == (1, [])


async def test_an_answer_of_more_bytes_than_any_list_is_cut_off_and_changes_nothing(runtime, catalogue, monkeypatch):
    await commanded(runtime, monkeypatch)
    before = await StoredStatuses(runtime.store.database).of(ARS)

    async def pieces():
        for _ in range(interfaces().pvog.most_bytes // PIECE + 100):
            yield b" " * PIECE
            await asyncio.sleep(0)

    catalogue.said = StreamingResponse(pieces(), media_type="application/json")
    async with open_read_back(runtime) as read_back:
        pair = read_back.pairs([ARS])[0]
        result = await read_back.at_once(pair, asyncio.Event())
    assert (result.outcome, result.reason) == ("refused", "counterpart_garbled")
    assert await StoredStatuses(runtime.store.database).of(ARS) == before
