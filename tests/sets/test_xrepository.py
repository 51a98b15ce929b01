"""Questions to the XRepository, and answers that are none."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest
import respx

from gateway.errors import (
    AddressRefused,
    CounterpartAway,
    CounterpartBusy,
    CounterpartGarbled,
    CounterpartRefused,
    SetRefused,
)
from gateway.outbound.answer import Answer
from gateway.outbound.client import Policy
from gateway.outbound.httpx_errors import OutboundRefused
from gateway.outbound.httpx_transport import exchange, httpx_client
from gateway.sets import xrepository
from gateway.sets.source import gather_remote
from gateway.sets.xrepository import XRepository, is_urn

from .conftest import Repository
from .made import A, zipped

LIST = "urn:xoev-de:test:codeliste:farben"
STANDARD = "urn:xoev-de:test:standard:bunt"
CURRENT = (
    '<dat:VersionCodeliste xmlns:dat="http://xoev.de/xrepository/daten"><dat:kennung>{0}</dat:kennung>'
    "</dat:VersionCodeliste>"
)
METADATA = {
    "kennung": STANDARD,
    "version": "",
    "zeitpunktLetzteBearbeitung": "2026-01-15T10:00:00.000+0100",
    "alleVersionsKennungen": [f"{STANDARD}_1.0", f"{STANDARD}_2.0"],
    "neu": {"was": "auch immer"},
}


async def test_metadata_are_read_with_their_odd_dates(repository: Repository, client: httpx.AsyncClient) -> None:
    repository.lay(f"xrepository/{STANDARD}/metadaten", json.dumps(METADATA).encode())
    found = await XRepository(client, repository.base).metadata(STANDARD)
    assert found.changed is not None
    assert found.changed.astimezone(UTC) == datetime(2026, 1, 15, 9, tzinfo=UTC)
    assert found.versions == (f"{STANDARD}_1.0", f"{STANDARD}_2.0")


async def test_the_current_version_of_a_list_is_found_and_loaded(
    repository: Repository, client: httpx.AsyncClient
) -> None:
    repository.lay(f"codeliste/{LIST}/gueltigeVersion", CURRENT.format(f"{LIST}_7").encode())
    repository.lay(f"version_codeliste/{LIST}_7/genericode", b"<list/>")
    asked = XRepository(client, repository.base)
    files = await gather_remote(LIST, asked, code_lists=False, insecure=True)
    assert list(files.values()) == [b"<list/>"]
    assert repository.asked == [f"codeliste/{LIST}/gueltigeVersion", f"version_codeliste/{LIST}_7/genericode"]
    assert await gather_remote(f"{LIST}_7", asked, code_lists=False, insecure=True) == files


async def test_a_standard_comes_as_archive_and_its_lists_beside_it(
    repository: Repository, client: httpx.AsyncClient
) -> None:
    repository.lay(f"xrepository/{STANDARD}_2.0:xmlschema", zipped({"xsd/a.xsd": A}))
    repository.lay(f"version_standard/{STANDARD}_2.0/genutzteAktuelleCodelisten", zipped({"l.xml": b"<l/>"}))
    asked = XRepository(client, repository.base)
    files = await gather_remote(f"{STANDARD}_2.0", asked, code_lists=True, insecure=True)
    assert files == {"xsd/a.xsd": A, "codelists/l.xml": b"<l/>"}


async def test_a_standard_without_version_is_answered_with_those_known(
    repository: Repository, client: httpx.AsyncClient
) -> None:
    repository.lay(f"xrepository/{STANDARD}/metadaten", json.dumps(METADATA).encode())
    with pytest.raises(SetRefused) as caught:
        await gather_remote(STANDARD, XRepository(client, repository.base), code_lists=False, insecure=True)
    assert [(one.rule, f"{STANDARD}_2.0" in one.de) for one in caught.value.findings] == [("source_version", True)]


@pytest.mark.parametrize(
    ("said", "error", "problem"),
    [
        ((404, b'{"fehler":"NUR PLATZHALTER GEFUNDEN"}'), CounterpartRefused, "NUR PLATZHALTER GEFUNDEN"),
        ((404, b'{"fehler":"NICHT SICHTBAR"}'), CounterpartRefused, "NICHT SICHTBAR"),
        ((404, b'{"fehler":"<script>"}'), CounterpartRefused, ""),
        ((404, b"<html>weg</html>"), CounterpartRefused, ""),
        ((404, b"[" * 100_000), CounterpartRefused, ""),
        ((403, b"[1]"), CounterpartRefused, ""),
        ((204, b""), CounterpartRefused, ""),
        ((429, b""), CounterpartBusy, ""),
        ((503, b""), CounterpartBusy, ""),
    ],
)
async def test_refusals_have_their_error_and_only_known_words(
    repository: Repository, client: httpx.AsyncClient, said: tuple[int, bytes], error: type[Exception], problem: str
) -> None:
    repository.lay(f"xrepository/{STANDARD}/metadaten", said[1], said[0])
    with pytest.raises(error) as caught:
        await XRepository(client, repository.base).metadata(STANDARD)
    assert getattr(caught.value, "params", {}).get("problem", "") == problem


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_refused_and_not_followed(
    repository: Repository, client: httpx.AsyncClient, status: int
) -> None:
    repository.lay(f"version_codeliste/{LIST}_7/genericode", b"", status, Location=f"{repository.base}elsewhere")
    with pytest.raises(CounterpartRefused):
        await XRepository(client, repository.base).code_list(f"{LIST}_7")
    assert repository.asked == [f"version_codeliste/{LIST}_7/genericode"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html/>",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b'{"kennung":1,"zeitpunktLetzteBearbeitung":"gestern"}',
        b'{"kennung":"x","zeitpunktLetzteBearbeitung":7}',
        b'{"kennung":"x","alleVersionsKennungen":7}',
        b"[" * 100_000,
    ],
)
async def test_garbage_is_named_as_such(repository: Repository, client: httpx.AsyncClient, body: bytes) -> None:
    repository.lay(f"xrepository/{STANDARD}/metadaten", body)
    repository.lay(f"codeliste/{LIST}/gueltigeVersion", body)
    asked = XRepository(client, repository.base)
    with pytest.raises(CounterpartGarbled):
        await asked.metadata(STANDARD)
    with pytest.raises(CounterpartGarbled):
        await asked.current_version(LIST)


@pytest.mark.parametrize(
    "named", ["urn:xoev-de:other:codeliste:farben_7", f"{LIST}", f"{LIST}_7/../../x", f"{LIST}_7 x", ""]
)
async def test_a_current_version_of_another_list_is_not_believed(
    repository: Repository, client: httpx.AsyncClient, named: str
) -> None:
    repository.lay(f"codeliste/{LIST}/gueltigeVersion", CURRENT.format(named).encode())
    with pytest.raises(CounterpartGarbled):
        await XRepository(client, repository.base).current_version(LIST)


async def test_an_answer_that_is_too_large_is_not_read(repository: Repository, client: httpx.AsyncClient) -> None:
    repository.lay(f"xrepository/{STANDARD}/metadaten", b"x" * 10, Content_Length=str(5 << 20))
    with pytest.raises(CounterpartGarbled):
        await XRepository(client, repository.base).metadata(STANDARD)


async def test_an_answer_that_drips_is_given_up(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def dripping(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(xrepository, "exchange", dripping)
    with pytest.raises(CounterpartAway):
        await XRepository(client, "http://127.0.0.1:9/api", whole_s=0).metadata(STANDARD)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (httpx.ConnectError("x"), CounterpartAway),
        (httpx.ConnectTimeout("x"), CounterpartAway),
        (httpx.ReadTimeout("x"), CounterpartAway),
        (httpx.ReadError("x"), CounterpartAway),
        (httpx.RemoteProtocolError("x"), CounterpartGarbled),
        (httpx.DecodingError("x"), CounterpartGarbled),
        (OutboundRefused("x"), AddressRefused),
    ],
)
async def test_faults_of_the_wire_have_our_names(
    client: httpx.AsyncClient, fault: Exception, error: type[Exception]
) -> None:
    asked = XRepository(client, "https://repository.example/api")
    with respx.mock(using="httpx") as wire:
        wire.get("https://repository.example/api/codeliste/" + LIST + "/gueltigeVersion").mock(side_effect=fault)
        with pytest.raises(error) as caught:
            await asked.current_version(LIST)
        assert getattr(caught.value, "params", {})["host"] == "repository.example"


async def test_a_question_names_what_it_takes_and_what_answers_is_read(client: httpx.AsyncClient) -> None:
    asked = XRepository(client, "https://repository.example/api")
    with respx.mock(using="httpx") as wire:
        route = wire.get(path=f"/api/codeliste/{LIST}/gueltigeVersion", headers={"Accept": "application/xml"})
        route.mock(side_effect=[httpx.Response(503), httpx.Response(200, text=CURRENT.format(f"{LIST}_7"))])
        with pytest.raises(CounterpartBusy):
            await asked.current_version(LIST)
        assert await asked.current_version(LIST) == f"{LIST}_7"
    assert route.call_count == 2, "each question is sent once"


async def test_at_most_five_are_asked_at_once_and_all_are_answered(
    repository: Repository, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = [f"{LIST}{no}" for no in range(12)]
    for one in lists[:9]:
        repository.lay(f"codeliste/{one}/gueltigeVersion", CURRENT.format(f"{one}_2").encode())
    at_once = [0]

    async def counted(*args: object, **kwargs: object) -> Answer:
        at_once.append(at_once[-1] + 1)
        for _ in range(20):
            await asyncio.sleep(0)
        answer = await exchange(*args, **kwargs)
        at_once.append(at_once[-1] - 1)
        return answer

    monkeypatch.setattr(xrepository, "exchange", counted)
    found = await XRepository(client, repository.base).current_versions(lists)
    assert found == {one: f"{one}_2" for one in lists[:9]}
    assert (max(at_once), len(repository.asked)) == (5, 12)


async def test_production_loads_by_https_only_and_private_addresses_need_their_setting(repository: Repository) -> None:
    async with httpx_client(Policy()) as careful:
        asked = XRepository(careful, repository.base)
        with pytest.raises(SetRefused) as caught:
            await gather_remote(f"{repository.base}a.xsd", asked, code_lists=False, insecure=False)
        assert [one.rule for one in caught.value.findings] == ["source_insecure"]
        with pytest.raises(AddressRefused):
            await gather_remote(f"{repository.base}a.xsd", asked, code_lists=False, insecure=True)
    assert repository.asked == []


@pytest.mark.parametrize(
    "text", ["urn:", "urn:x y", "urn:../x", "urn:x\n", "http://x", "urn:x?y#z", f"urn:{'x' * 400}"]
)
async def test_what_is_no_kennung_is_not_asked_for(
    repository: Repository, client: httpx.AsyncClient, text: str
) -> None:
    assert not is_urn(text)
    if text.startswith("urn:"):
        with pytest.raises(SetRefused):
            await gather_remote(text, XRepository(client, repository.base), code_lists=False, insecure=True)
    assert repository.asked == []


async def test_an_address_gives_a_file_under_its_own_name_or_an_archive(
    repository: Repository, client: httpx.AsyncClient
) -> None:
    repository.lay("files/a%20b.xsd?v=1", A)
    repository.lay("files/bundle", zipped({"x/a.xsd": A}))
    asked = XRepository(client, repository.base)

    async def get(path: str) -> dict[str, bytes]:
        return await gather_remote(repository.base + path, asked, code_lists=False, insecure=True)

    assert await get("files/a%20b.xsd?v=1") == {"a.b.xsd": A}
    assert await get("files/bundle") == {"x/a.xsd": A}
