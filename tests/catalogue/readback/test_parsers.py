"""Whatever comes, a reader gives rows or says why not; and what counts is read in every spelling."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.readback import datahub, pvog
from gateway.catalogue.readback.interfaces import interfaces
from gateway.catalogue.readback.rows import RULES, AnswerRefused, ListedRow, level_above, once, same_address
from tests.catalogue.readback.answers import (
    ARS,
    BUND,
    COLUMNS,
    KREIS,
    LAND,
    NOW,
    cells,
    description,
    descriptions,
    key,
    online,
    services,
    table,
)

PVOG, HUB = interfaces().pvog, interfaces().datahub
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)
MEMBERS = ["id", "links", "uri", "serviceDescriptions", "ars", "leikakeys", "nextPageToken", "totalHits", "last"]
OBJECTS = st.lists(st.dictionaries(st.sampled_from(MEMBERS), JSON | st.just(ARS), max_size=8), max_size=3)
READERS = [
    lambda raw: pvog.online_services(raw, PVOG),
    lambda raw: pvog.descriptions(raw, PVOG),
    lambda raw: datahub.page(raw, HUB, NOW),
    lambda raw: datahub.export(raw, HUB, NOW),
]


def rule_of(read, raw):
    try:
        read(raw)
    except AnswerRefused as error:
        return error.rule
    return None


@pytest.mark.parametrize("read", READERS)
@given(raw=st.binary(max_size=300) | st.text(max_size=300).map(str.encode) | JSON.map(lambda v: json.dumps(v).encode()))
def test_no_bytes_break_a_reader(read, raw):
    assert rule_of(read, raw) in {None, *RULES}


@pytest.mark.parametrize("column", ["leika_key", "url", "online_status"])
def test_a_cell_holds_nothing_that_cannot_be_kept(column):
    values = {"leika_key": key(1), "ars": ARS, "url": "https://rathaus.example/", "online_status": "ok"}
    values[column] += "\0"
    lines = [",".join(values), ",".join(values.values())]
    (row,) = datahub.export("\n".join(lines).encode(), HUB, NOW)
    assert not any("\0" in (text or "") for text in (row.leika_key, row.url, row.place, row.status))


@given(OBJECTS, st.sampled_from(["onlineservices", "content"]))
def test_no_objects_break_a_reader(listed, name):
    raw = json.dumps({name: listed}).encode()
    for read in READERS:
        assert rule_of(read, raw) in {None, *RULES}


@given(st.lists(st.lists(st.text(max_size=15), min_size=10, max_size=10), max_size=4), st.sampled_from(",;"))
def test_no_cells_break_the_csv_reader(lines, delimiter):
    raw = "\n".join((COLUMNS.replace(",", delimiter), *(delimiter.join(line) for line in lines))).encode()
    assert rule_of(READERS[3], raw) in {None, *RULES}


HTML = b"<!DOCTYPE html><html><body>Wartungsarbeiten</body></html>"


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("raw", [HTML, b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"content": {}}', b"[" * 100_000])
def test_what_is_wrong_in_shape_is_refused_and_no_empty_list(read, raw):
    assert rule_of(read, raw) == "form"


def test_a_member_named_twice_and_an_object_without_an_id_are_refused():
    assert rule_of(READERS[0], b'{"onlineservices": [], "onlineservices": []}') == "form"
    assert rule_of(READERS[0], json.dumps(services({**online(1), "id": None})).encode()) == "form"
    assert rule_of(READERS[1], json.dumps({"content": [{**description(1), "id": 7}]}).encode()) == "form"


def test_three_and_a_half_million_rows_are_refused_by_their_number_or_by_themselves():
    assert rule_of(READERS[0], json.dumps({**services(online(1)), "totalHits": 3_500_000}).encode()) == "rows"
    assert rule_of(READERS[1], json.dumps({**descriptions(1), "totalElements": 3_500_000}).encode()) == "rows"
    few = replace(HUB, most_rows=3)
    assert rule_of(lambda raw: datahub.export(raw, few, NOW), table(*map(cells, range(4)))) == "rows"
    assert rule_of(lambda raw: datahub.export(raw, replace(HUB, most_bytes=10), NOW), table(cells(1))) == "rows"


def test_an_online_service_is_found_by_its_description_or_the_address_that_both_point_at():
    page = pvog.online_services(json.dumps(services(online(1), online(2, KREIS))).encode(), PVOG)
    known = pvog.descriptions(json.dumps(descriptions(1)).encode(), PVOG).descriptions
    assert pvog.rows(page.services, known) == (
        ListedRow(key(1), ARS, "https://rathaus.example/1", "L1.OD.1"),
        ListedRow(None, KREIS, "https://rathaus.example/2", "L1.OD.2"),
    )
    pointing = {**description(9), "onlineServiceLinks": [{"uri": "https://rathaus.example/2"}]}
    known += pvog.descriptions(json.dumps({"content": [pointing]}).encode(), PVOG).descriptions
    assert [row.leika_key for row in pvog.rows(page.services, known)] == [key(1), key(9)]


def test_a_small_answer_that_spells_billions_of_rows_is_refused():
    many = range(1000)
    service = pvog.OnlineService(
        "L1.OD.1",
        tuple(f"https://rathaus.example/{no}" for no in many),
        (pvog.DescriptionRef("1", tuple(f"15{no:010}" for no in many), tuple(f"99{no:012}" for no in many)),),
    )
    with pytest.raises(AnswerRefused, match="rows"):
        pvog.rows([service], [])
    assert pvog.rows([service], [], regions={ARS}) == (), "at once"
    regions = {"150000000001"}
    with pytest.raises(AnswerRefused, match="rows"):
        pvog.rows([service], [], regions=regions)
    described = [pvog.Description(str(no), ("99012021002000",), service.addresses[:1]) for no in range(100_000)]
    bare = pvog.OnlineService("L1.OD.2", service.addresses[:1], (pvog.DescriptionRef(None, tuple(regions)),))
    assert len(pvog.rows([bare], described, regions=regions)) == 1


@pytest.mark.parametrize("total", [3_000_000_000, 1 << 62, -1, True, "28", 2.5, None])
def test_a_number_that_counts_nothing_is_none(total):
    raw = json.dumps({"content": [], "page": {"totalPages": total, "totalElements": total}}).encode()
    assert datahub.page(raw, HUB, NOW) == datahub.DataHubPage((), None, None)


def test_an_answer_may_lack_what_does_not_count():
    bare = {"onlineservices": [{"id": "L1.OD.1"}]}
    (service,) = pvog.online_services(json.dumps(bare).encode(), PVOG).services
    assert (service.addresses, service.descriptions) == ((), ())
    assert pvog.online_services(json.dumps({**services(), "nextPageToken": ""}).encode(), PVOG).token is None
    assert pvog.descriptions(json.dumps({**descriptions(1), "last": False}).encode(), PVOG).last is False


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("camel", [False, True])
def test_the_export_is_read_in_every_spelling_that_was_seen(bom, delimiter, camel):
    header, line = COLUMNS, cells(1, status="nicht ok")
    if camel:
        names = (name.split("_") for name in COLUMNS.split(","))
        header = ",".join(first + "".join(map(str.title, rest)) for first, *rest in names)
    raw = bom + f"{header}\r\n{line}\r\n".replace(",", delimiter).encode()
    (row,) = datahub.export(raw, HUB, NOW)
    assert (row.leika_key, row.ars, row.url, row.status) == (key(1), ARS, "https://rathaus.example/1", "nicht ok")
    assert row.as_of.isoformat() == "2026-11-29T23:00:00+00:00"  # the end of that day in Germany


def test_the_reference_data_s_export_is_read(shared_catalogue):
    (row,) = datahub.export(shared_catalogue("open-pvog-export.csv"), HUB, NOW)
    assert (row.leika_key, row.ars, row.status) == ("99041006017000", "051170000000", "ok")
    raw = shared_catalogue("pvog-v1beta2-onlineservices.shape.json")
    (service,) = pvog.online_services(raw, PVOG).services
    known = pvog.descriptions(shared_catalogue("pvog-v3-servicedescriptions-leikaid.shape.json"), PVOG).descriptions
    assert pvog.rows([service], known)[0].leika_key == "99012021002000"


def test_a_page_of_json_says_how_many_there_are():
    values = {"leikaKey": key(1), "ars": ARS, "url": None, "onlineStatus": "ok", "aktiv": "nein"}
    raw = json.dumps({"content": [values], "page": {"totalPages": 28, "size": 1}}).encode()
    page = datahub.page(raw, HUB, NOW)
    assert (page.pages, page.total, page.rows[0].status) == (28, None, "nicht aktiv")


@pytest.mark.parametrize("day", ["2026-12-01", "2026-12-01T00:00:00Z", "9999-12-31", "9999-12-31T23:59:59+00:00"])
def test_a_state_of_tomorrow_is_refused(day):
    assert rule_of(READERS[3], table(cells(1, day="2026-11-30"), cells(2, day=day))) == "future"


@pytest.mark.parametrize("day", ["", "gestern", "31.12.2026", "0001-01-01T00:00:00+14:00"])
def test_a_date_that_cannot_be_read_is_none(day):
    (row,) = datahub.export(table(cells(1, day=day)), HUB, NOW)
    assert row.as_of is None


def test_a_quote_that_never_ends_a_short_line_and_a_region_that_is_none_are_refused():
    assert rule_of(READERS[3], table('"' + cells(1))) == "form"
    assert rule_of(READERS[3], table("a,b")) == "form"
    assert rule_of(READERS[3], table(cells(1, ars="Tangerhütte"))) == "form"
    assert rule_of(READERS[3], b"leika_key\r\n99012021002000\r\n") == "form"
    assert datahub.export(table(), HUB, NOW) == datahub.export(b"\xef\xbb\xbfleika_key\r\n", HUB, NOW) == ()


def test_levels_addresses_and_doubled_rows():
    assert level_above(ARS) == ("150900546000", KREIS, LAND, BUND)
    assert level_above(KREIS) == (LAND, BUND)
    assert same_address("HTTPS://Rathaus.example:443/a/", "https://rathaus.example/a")
    assert not same_address("http://rathaus.example/a", "https://rathaus.example/a")
    assert not same_address("https://rathaus.example/a?x=1", "https://rathaus.example/a?x=2")
    assert same_address("https://[", "https://[")
    assert once([*range(10), 9]) == tuple(range(10))
    with pytest.raises(AnswerRefused, match="doubled"):
        once([1, 1])
