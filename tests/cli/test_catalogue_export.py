"""`gateway catalogue export`: one line, a directory that is whole or as it was, a loss only by a named person."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

import pytest

from gateway.cli import catalogue_export
from gateway.input import whole_file
from gateway.settings.catalogue import CatalogueSection, MunicipalityCatalogueSection
from gateway.store.connection.database import Database, numbered
from gateway.wiring import catalogue_export as wiring
from gateway.wiring.catalogue_registry import EntryRegistration
from tests.catalogue.entries import ARS, entry
from tests.catalogue.exporting import AGENCY, read_export, register, served
from tests.commands import run
from tests.store.conftest import MovableClock


@pytest.fixture
def gateway(postgres_dsn, tmp_path, monkeypatch):
    """A gateway of one town; `do` works on its database, each time in a loop of its own as a command does."""
    clock = MovableClock()

    def do(work):
        async def main():
            database = await Database.open(postgres_dsn, size=3)
            try:
                return await work(database)
            finally:
                await database.close()

        return asyncio.run(main())

    def with_runtime(config, main, **_):
        async def work(database):
            runtime = SimpleNamespace(
                settings=SimpleNamespace(
                    catalogue=CatalogueSection(), schema_dir=tmp_path / "schemas", trusted_sets=None
                ),
                files=(
                    SimpleNamespace(ars=ARS, catalogue=MunicipalityCatalogueSection(agency_id=AGENCY), destinations=()),
                ),
                municipalities={ARS: None},
                store=SimpleNamespace(database=database),
                clock=clock,
            )
            await main(runtime, asyncio.Event())

        do(work)

    async def nothing_new(_):
        return EntryRegistration((), ())

    monkeypatch.setattr(catalogue_export, "with_runtime", with_runtime)
    monkeypatch.setattr(wiring, "registered", nothing_new)
    do(lambda database: register(database, entry(), clock.now()))
    return SimpleNamespace(do=do, clock=clock, out=tmp_path / "out" / "xzufi")


def in_directory(directory) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_the_directory_holds_what_is_served_byte_for_byte_at_any_time(gateway):
    first = run("catalogue", "export", "--out", gateway.out, "--json")
    files = in_directory(gateway.out)
    gateway.clock.advance(days=2)
    second = run("catalogue", "export", "--out", gateway.out, "--json")
    line, again = json.loads(first.stdout), json.loads(second.stdout)
    assert (first.returncode, line["changed"], again["changed"]) == (0, True, False)
    assert {**line, "changed": False} == again
    assert (line["verified"], line["files"], line["services"]) == (False, 1, 1)
    assert line["objects"] == {"Leistung": 1, "Onlinedienst": 1, "Organisationseinheit": 1, "Zustaendigkeit": 1}
    assert "Ungeprüft" in first.stderr
    assert in_directory(gateway.out) == files == gateway.do(served)
    assert [path.name for path in gateway.out.parent.iterdir()] == ["xzufi"]


def test_a_new_state_takes_the_place_of_the_old_one(gateway):
    run("catalogue", "export", "--out", gateway.out)
    before = in_directory(gateway.out)
    gateway.do(lambda database: register(database, entry(titles={"de": "Anders"}), gateway.clock.now()))
    assert run("catalogue", "export", "--out", gateway.out).returncode == 0
    after = in_directory(gateway.out)
    assert set(after) & set(before) == {"index.txt"}
    assert "Anders" in {each.text for each in read_export(after).of("Onlinedienst")[0]}


def test_a_directory_with_other_files_stays_as_it_is(gateway):
    gateway.out.mkdir(parents=True)
    (gateway.out / "akten.txt").write_text("A", encoding="utf-8")
    done = run("catalogue", "export", "--out", gateway.out)
    assert done.returncode == 3
    assert "foreign_files" in done.stderr
    assert in_directory(gateway.out) == {"akten.txt": b"A"}


def test_a_directory_that_cannot_be_filled_stays_as_it_was(gateway, monkeypatch):
    run("catalogue", "export", "--out", gateway.out)
    before = in_directory(gateway.out)
    gateway.do(lambda database: register(database, entry(titles={"de": "Anders"}), gateway.clock.now()))
    put = whole_file.put

    def full(path, content):
        if path.name == "index.txt":
            raise OSError(28, "No space left on device", str(path))
        put(path, content)

    monkeypatch.setattr(whole_file, "put", full)
    done = run("catalogue", "export", "--out", gateway.out)
    assert (done.returncode, in_directory(gateway.out)) == (3, before)
    assert [path.name for path in gateway.out.parent.iterdir()] == ["xzufi"]


def test_the_index_is_written_last(gateway, monkeypatch):
    written = []
    monkeypatch.setattr(whole_file, "put", lambda path, _: written.append(path.name))
    assert run("catalogue", "export", "--out", gateway.out).returncode == 0
    assert (len(written), written[-1]) == (2, "index.txt")


def test_a_loss_is_refused_with_its_way_out_and_taken_from_a_named_person(gateway):
    run("catalogue", "export")
    gateway.do(lambda database: register(database, entry(leika_key=None), gateway.clock.now()))
    refused = run("catalogue", "export", "--out", gateway.out)
    assert refused.returncode == 2
    assert f"{ARS}/hausnummer" in refused.stderr
    assert "--allow-loss --by NAME --reason GRUND" in refused.stderr
    assert not gateway.out.exists()
    allowed = run("catalogue", "export", "--allow-loss", "--by", "Erika", "--reason", "Ende", "--json")
    assert (allowed.returncode, json.loads(allowed.stdout)["services"]) == (0, 0)
    row = gateway.do(lambda database: database.rows(numbered("SELECT allowed_by FROM catalogue_exports ORDER BY no")))
    assert [each["allowed_by"] for each in row] == [None, "Erika"]
    assert len(gateway.do(served)) == 2


@pytest.mark.parametrize(
    "options",
    [
        ["--allow-loss"],
        ["--allow-loss", "--by", "Erika"],
        ["--allow-loss", "--by", " ", "--reason", "Ende"],
        ["--by", "Erika", "--reason", "Ende"],
        ["--reason", "Ende"],
    ],
)
def test_person_reason_and_loss_belong_together(gateway, options):
    done = run("catalogue", "export", *options)
    assert done.returncode == 3
    assert "person_and_reason" in done.stderr
