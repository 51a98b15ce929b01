"""The whole offer of a town by the command: counts agree, files that vanish lose nothing, what is withdrawn goes."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.catalogue.exporting import below, read_export
from tests.catalogue_gateway import written
from tests.commands import run
from tests.demo_fixture import http
from tests.forked import serving


@pytest.fixture
def config(tmp_path, postgres_dsn):
    return written(tmp_path, postgres_dsn)


def export(config, out, *options):
    ended = run("catalogue", "export", "--out", out, "--config", config, "--json", *options)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout), read_export({path.name: path.read_bytes() for path in out.iterdir()})


def listed(config):
    ended = run("catalogue", "list", "--config", config, "--json")
    return {line["service"]: line for line in map(json.loads, ended.stdout.splitlines())}


def addresses(held):
    return {link.text for service in held.of("Onlinedienst") for link in below(service, "link") if link.text}


def test_every_service_with_a_key_has_its_export_and_no_other(config, tmp_path):
    line, held = export(config, tmp_path / "out")
    known = listed(config)
    with_key = {each["url"] for each in known.values() if each["leika_key"]}
    assert (len(known), len(with_key)) == (22, 16)
    assert addresses(held) >= with_key
    assert {each.strip() for each in addresses(held) if each.strip()} == with_key
    assert (line["services"], line["objects"]["Onlinedienst"], line["changed"]) == (16, 16, True)
    assert {service: each["delivered"] for service, each in known.items()} == {
        service: each["leika_key"] is not None for service, each in known.items()
    }
    assert set(held.pointers) <= set(held.objects)


def test_a_file_that_vanishes_loses_nothing_and_one_that_is_withdrawn_goes(config, tmp_path):
    _, before = export(config, tmp_path / "out")
    folder = config.parent / "catalogue"
    (folder / "geburtsurkunde.toml").unlink()
    again = run("catalogue", "export", "--config", config, "--json")
    assert (again.returncode, json.loads(again.stdout)["changed"]) == (0, False)
    assert "entry_vanished" in again.stderr
    file = folder / "gewerbe-anmelden.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("example = true", 'life_cycle = "withdrawn"'))
    line, after = export(config, tmp_path / "out")
    assert (line["services"], line["changed"]) == (15, True)
    assert before.objects.keys() - after.objects.keys() != set()
    assert not after.objects.keys() - before.objects.keys()


def test_addresses_that_are_no_longer_set_are_told_and_nothing_is_lost(config, tmp_path):
    out = tmp_path / "out"
    export(config, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    town = config.parent / "towns" / "tangerhuette.toml"
    text = town.read_text(encoding="utf-8")
    begin, end = text.index("[catalogue.urls]"), text.index("[catalogue.unit]")
    town.write_text(text[:begin] + text[end:], encoding="utf-8")
    refused = run("catalogue", "export", "--out", out, "--config", config)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert (refused.returncode, refused.stderr.count("[service_lost]")) == (2, 3)


def test_every_process_serves_what_the_directory_holds(config, tmp_path):
    config.write_text(config.read_text(encoding="utf-8") + "[server]\nport = 0\n", encoding="utf-8")
    with serving("serve", "--config", config, "--no-worker") as line:
        assert http("GET", f"{line['base_url']}/catalogue/xzufi/index.txt")[0] == 404
        export(config, tmp_path / "out")
        files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
        for name, content in files.items():
            status, headers, served = http("GET", f"{line['base_url']}/catalogue/xzufi/{name}")
            assert (status, served) == (200, content)
            assert headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
            assert http("HEAD", f"{line['base_url']}/catalogue/xzufi/{name}")[2] == b""


DESTINATION = 'destination_id = "879ee109-a690-4db8-ab32-424284184d7d"\n'


def test_signed_addressing_information_is_taken_whole_or_the_export_is_refused(config, tmp_path):
    town = config.parent / "towns" / "tangerhuette.toml"
    text = town.read_text(encoding="utf-8")
    named = f'{DESTINATION}addressing_information_file = "../addressing.jwt"\n'
    town.write_text(text.replace(DESTINATION, named), encoding="utf-8")
    missing = run("catalogue", "export", "--config", config)
    assert (missing.returncode, "file_unusable" in missing.stderr) == (2, True)
    signature = "eyJ" + "a" * 500 + ".b.c"
    file = config.parent / "addressing.jwt"
    file.write_text(signature[:90], encoding="utf-8")
    refused = run("catalogue", "export", "--config", config)
    assert (refused.returncode, refused.stderr.count("[signature_truncated]")) == (2, 3)
    file.write_text(f"{signature[:76]}\n{signature[76:]}\n", encoding="utf-8")
    _, held = export(config, tmp_path / "out")
    secondary = [each for unit in held.of("Organisationseinheit") for each in below(unit, "idSekundaer")]
    assert [each.text for each in secondary] == [signature] * 3
    assert {each.attrib["schemeAgencyID"] for each in secondary} == {"urn:de:fitko"}
