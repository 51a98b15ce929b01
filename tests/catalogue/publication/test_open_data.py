"""Our claims by the Data Hub's column names: readable by who reads the Data Hub, and never a formula."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from gateway.catalogue.entry import LifeCycle
from gateway.catalogue.publication.open_data import COLUMNS, open_data
from gateway.catalogue.publication.town import town
from gateway.catalogue.readback import datahub
from gateway.catalogue.readback.interfaces import interfaces
from tests.catalogue.entries import ARS, entry
from tests.catalogue.publication.offers import NAME, NOW, TODAY, status, twenty_two


def offered(*statuses):
    return town(ARS, NAME, at=NOW, statuses=statuses, measured={}, land=None)


def rows(content):
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_the_columns_are_those_of_the_data_hub(pytestconfig):
    shared = pytestconfig.rootpath.parent.parent / "shared/data/catalogue/open-pvog-export.csv"
    known = "leika_key,leika_name,ars,ars_name,url,online_status,aktiv,art_flaechendeckung,datenstand_pvog_import,ozgid"
    if shared.exists():
        known = shared.read_text(encoding="utf-8").splitlines()[0]
    assert ",".join(COLUMNS) == known


def test_each_offered_service_is_a_row_and_the_reader_of_the_data_hub_takes_them():
    content = open_data([offered(*twenty_two())])
    read = datahub.export(content, interfaces().datahub, NOW)
    assert (len(read), sum(row.leika_key is not None for row in read)) == (22, 16)
    assert {row.ars for row in read} == {ARS}


def test_what_is_said_of_a_service_is_our_own_word():
    works = status(entry(), works=True, exported_at=NOW)
    down = status(entry(service="b", life_cycle=LifeCycle.SUSPENDED), works=False)
    unknown = status(entry(service="c"))
    said = [
        (row["online_status"], row["aktiv"], row["datenstand_pvog_import"])
        for row in rows(open_data([offered(works, down, unknown)]))
    ]
    assert said == [("ok", "ja", "2026-11-30"), ("nicht ok", "nein", ""), ("", "ja", "")]


def test_what_is_withdrawn_or_no_longer_valid_is_no_row():
    gone = [status(entry(life_cycle=LifeCycle.WITHDRAWN)), status(entry(service="b", valid_until=TODAY))]
    assert rows(open_data([offered(*gone)])) == []


def test_a_title_is_never_a_formula():
    nasty = status(entry(titles={"de": "=1+1", "en": "x"}))
    named = replace(offered(nasty), name="@Stadt")
    (row,) = rows(open_data([named]))
    assert (row["leika_name"], row["ars_name"]) == ("'=1+1", "'@Stadt")
