"""Registering again sees what changed, tells what vanished, and takes nothing out."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from gateway.store.catalogue.entries import StoredEntries
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.wiring import catalogue_registry
from gateway.wiring.catalogue_registry import EntryFollower, registered
from gateway.wiring.runtime import open_runtime, read_settings
from tests.catalogue_gateway import written
from tests.wiring.identity_places import at

OTHER = "150900550550"


@pytest.fixture
def config(tmp_path, postgres_dsn):
    return written(tmp_path, postgres_dsn)


@asynccontextmanager
async def runtime_of(config):
    async with open_runtime(read_settings(config, lambda _: ())) as runtime:
        yield runtime


def rules(registration):
    return {(each.pointer, each.rule) for each in registration.findings if each.severity.value == "error"}


async def test_what_vanished_is_told_and_stays_and_an_empty_folder_takes_nothing_out(config):
    async with runtime_of(config) as runtime:
        assert len((await registered(runtime)).changed) == 22
        assert (await registered(runtime)).changed == ()
        (folder,) = [file.catalogue.dir for file in runtime.files]
        shutil.copytree(folder, config.parent / "kept")
        for file in folder.iterdir():
            file.unlink()
        emptied = await registered(runtime)
        assert (emptied.changed, emptied.sound) == ((), False)
        assert {rule for _, rule in rules(emptied)} == {"entry_vanished"}
        assert len(rules(emptied)) == 13
        folder.rmdir()
        assert rules(await registered(runtime)) == {("tangerhuette.catalogue.dir", "entry_folder")}
        assert len(await StoredStatuses(runtime.store.database).of()) == 22
        shutil.copytree(config.parent / "kept", folder)
        assert (await registered(runtime)).changed == ()


async def test_a_file_that_cannot_be_read_says_nothing_of_its_entry(config):
    async with runtime_of(config) as runtime:
        await registered(runtime)
        file = config.parent / "catalogue" / "geburtsurkunde.toml"
        file.write_bytes(b"\xff")
        assert rules(await registered(runtime)) == {("tangerhuette/geburtsurkunde.toml#/1", "entry_not_toml")}


async def test_a_renamed_entry_is_not_registered_beside_the_old_one(config):
    async with runtime_of(config) as runtime:
        await registered(runtime)
        file = config.parent / "catalogue" / "geburtsurkunde.toml"
        old = file.read_text(encoding="utf-8")
        file.write_text(old.replace('id = "geburtsurkunde', 'id = "urkunde-geburt', 1), encoding="utf-8")
        renamed = await registered(runtime)
        assert renamed.changed == ()
        assert {rule for _, rule in rules(renamed)} == {"entry_vanished", "entry_key_twice"}
        assert len(await StoredStatuses(runtime.store.database).of()) == 22


async def test_a_municipality_without_a_file_is_told(config, monkeypatch):
    async with runtime_of(config) as runtime:
        await registered(runtime)
        (entry, *_) = [one.revision.entry for one in await StoredStatuses(runtime.store.database).of()]
        elsewhere = replace(entry, municipality=OTHER)
        await StoredEntries(runtime.store.database).register(OTHER, [elsewhere], runtime.clock.now(), "files")
        assert rules(await registered(runtime)) == {(OTHER, "entry_town_vanished")}
        assert len(await StoredStatuses(runtime.store.database).of(OTHER)) == 1


async def test_the_worker_looks_again_only_when_a_file_changed(config, monkeypatch):
    looked = []
    register = catalogue_registry.registered

    async def counted(runtime):
        looked.append(runtime)
        return await register(runtime)

    monkeypatch.setattr(catalogue_registry, "registered", counted)
    async with runtime_of(config) as runtime:
        follower = EntryFollower(runtime)
        await follower.look()
        await follower.look()
        assert len(looked) == 1
        file = config.parent / "catalogue" / "geburtsurkunde.toml"
        file.write_text(file.read_text(encoding="utf-8").replace("https://", "javascript:") + "\nodd = 1\n")
        with capture_logs() as logged:
            await follower.look()
        assert len(looked) == 2
        assert [(each["event"], each["place"]) for each in logged] == [
            ("catalogue.entry_fault", "tangerhuette/geburtsurkunde.toml#/modules/0")
        ]


@pytest.mark.parametrize(
    ("profile", "means"),
    [
        ("bundid-int", {"person": ("bundid",)}),
        ("mein-unternehmenskonto", {"organisation": ("mein-unternehmenskonto",)}),
    ],
)
def test_means_are_those_of_the_town_s_identity_providers(tmp_path, profile, means):
    assert catalogue_registry._means(at(tmp_path, profile=profile).file) == means
