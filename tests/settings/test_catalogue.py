"""Settings of the OZG catalogue: whatever is wrong in one is told once, at its place; production wants it safe."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import SettingsInvalid
from gateway.settings.gateway import Settings
from gateway.settings.reading import read, read_municipalities

TOWN = """
slug = "town"
ars = "150900546546"
name = "Stadt"
public_url = "https://p.example"
[fitconnect]
environment = "e"
client_id = "id"
client_secret_file = "secret"
[keys]
external_signer = ["sign"]
certificate_chain_file = "/chain"
"""
PLACE = """
[municipalities]
dir = "towns"
[fitconnect.environments.e]
token_url = "https://t.example"
submission_api = "https://s.example"
trust_roots = ["root"]
"""
UNIT = '[catalogue.unit]\nname = "R"\nstreet = "S 1"\nzip_code = "39517"\ncity = "T"\n'


def told(findings) -> list[str]:
    assert all(len(one.de) > 15 and one.de != one.en for one in findings)
    return [one.pointer.rpartition(": ")[2] for one in findings]


def of_gateway(tmp_path: Path, text: str) -> Settings:
    (tmp_path / "settings.toml").write_text(PLACE + text, encoding="utf-8")
    return read(tmp_path / "settings.toml")


def of_town(tmp_path: Path, text: str):
    settings = of_gateway(tmp_path, "")
    (tmp_path / "towns").mkdir()
    (tmp_path / "towns/town.toml").write_text(TOWN + text, encoding="utf-8")
    return read_municipalities(settings)


@pytest.mark.parametrize(
    ("section", "name", "values"),
    [
        ("", "contact", ["3", '""', '"a"', '"' + "a" * 201 + '"', "[]"]),
        ("", "xzufi", ['"2.4"', "2.3", '""']),
        ("", "shrink_percent", ["nan", "-1", "101", "inf", '"x"', "[]"]),
        ("readback", "pvog", ['"pvog"', '"ftp://p.example"', "1", '"http://"', '"https://a b"']),
        ("readback", "data_hub", ['"//h.example"', '"https://h.example/?x"', '""', "true"]),
        ("readback", "every_hours", ["0", "169", "1.5", "nan"]),
        ("readback", "requests_per_second", ["0", "nan", "1e-300", "6", "inf"]),
        ("readback", "kept_days", ["0", "731", '"x"']),
        ("probes", "every_minutes", ["0", "1441"]),
        ("probes", "timeout_s", ["0", "nan", "1e-300", "61"]),
        ("probes", "at_once", ["0", "65", "nan"]),
        ("probes", "failure_phrases", ['"Wartung"', "3"]),
        ("probes", "certificate_days", ["-1", "366"]),
        ("probes", "raw_days", ["0", "91"]),
        ("probes", "damping_minutes", ["-1", "1441"]),
        ("probes", "own_network", ['"https://a.example"', '["a.example"]', '["ftp://a.example"]', '[""]', "[1]"]),
        ("push", "address", ['"x"']),
        ("push", "client_id", ['""', '"' + "a" * 256 + '"', '"a:b"', '"stadt-ü"', '"a\\nb"']),
        ("statistics", "transactions", ['"x"']),
        ("statistics", "sdg", ['"x"', '"https://s.example/v1/?key=1"', '"https://u:p@s.example/v1/"']),
        ("statistics", "smallest_group", ["0", "1001"]),
    ],
)
def test_each_value_of_the_gateway_s_that_is_wrong_is_told_once_at_its_place(tmp_path, section, name, values):
    table = f"catalogue.{section}".rstrip(".")
    for value in values:
        with pytest.raises(SettingsInvalid) as refused:
            of_gateway(tmp_path, f"[{table}]\n{name} = {value}\n")
        places = told(refused.value.findings)
        assert [place.partition(f"{table}.{name}")[0] for place in places] == [""], (value, places)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[catalogue]\ndir = 3\n", "catalogue.dir"),
        ('[catalogue]\nagency_id = "l100042"\n', "catalogue.agency_id"),
        ('[catalogue.urls]\n"x" = 3\n', "catalogue.urls.x"),
        ('[catalogue]\nprobe_texts = { x = " " }\n', "catalogue.probe_texts.x"),
        ("[catalogue]\nprobe_texts = { x = 3 }\n", "catalogue.probe_texts.x"),
        (UNIT.replace("39517", "3951"), "catalogue.unit.zip_code"),
        (UNIT.replace('"R"', '""'), "catalogue.unit.name"),
        (UNIT + 'id = "R"\n', "catalogue.unit.id"),
        ("[[catalogue.maintenance]]\nbegins = 5\nends = 2026-12-01T22:00:00Z\n", "catalogue.maintenance.0.begins"),
        ('[[catalogue.maintenance]]\nbegins = "5"\nends = 2026-12-01T22:00:00Z\n', "catalogue.maintenance.0.begins"),
        (
            "[[catalogue.maintenance]]\nbegins = 2026-12-01\nends = 2026-12-02T22:00:00Z\n",
            "catalogue.maintenance.0.begins",
        ),
        (
            "[[catalogue.maintenance]]\nbegins = 2026-12-01T22:00:00\nends = 2026-12-02T22:00:00\n",
            "catalogue.maintenance.0",
        ),
        (
            "[[catalogue.maintenance]]\nbegins = 2026-12-02T22:00:00Z\nends = 2026-12-01T22:00:00Z\n",
            "catalogue.maintenance.0",
        ),
    ],
)
def test_each_value_of_a_municipality_s_that_is_wrong_is_told_at_its_place(tmp_path, text, place):
    with pytest.raises(SettingsInvalid) as refused:
        of_town(tmp_path, text)
    places = told(refused.value.findings)
    assert places == [place]


def test_maintenance_is_read_as_it_is_written(tmp_path):
    window = "[[catalogue.maintenance]]\nbegins = 2026-12-01T22:00:00+01:00\nends = 2026-12-02T02:00:00+01:00\n"
    ((found,),) = [file.catalogue.maintenance for file in of_town(tmp_path, window)]
    assert (found.ends - found.begins).total_seconds() == 4 * 3600


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("readback", "pvog", '"http://pvog.example"'),
        ("readback", "data_hub", '"http://127.0.0.1:1"'),
        ("probes", "own_network", '["http://a.example"]'),
        ("statistics", "transactions", '"http://a.example"'),
        ("statistics", "sdg", '"http://a.example"'),
    ],
)
def test_production_asks_no_counterpart_without_tls(tmp_path, section, name, value):
    text = f'mode = "production"\n{PLACE}[catalogue.{section}]\n{name} = {value}\n'
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsInvalid) as refused:
        read(tmp_path / "settings.toml")
    places = told(refused.value.findings)
    assert f"catalogue.{section}.{name}" in places
