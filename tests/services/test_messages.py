"""Message mappings as files of a service's folder, and the commands that look at them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from gateway.cli.main import group
from gateway.errors import DataInvalid
from gateway.services import loader
from gateway.services.loader import load
from tests.schema_folder import library_of

from .conftest import PARAMETERS, TANGERHUETTE

OWN = Path(loader.__file__).parent
MESSAGE = "hausnummer/messages/xbau-kernmodul.toml"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(OWN / "hausnummer", tmp_path / "services/hausnummer")
    return tmp_path / "services"


def faults(directory: Path, schemas: Path | None = None, parameters: Any = None) -> dict[str, str]:
    with pytest.raises(DataInvalid) as refused:
        load(directory, parameters, library_of(schemas))
    assert all(one.de != one.en for one in refused.value.findings)
    return {one.pointer: one.rule for one in refused.value.findings}


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_a_copied_service_finds_the_shipped_base(copied, xbau):
    service = load(copied, {TANGERHUETTE: {"hausnummer": PARAMETERS}}, library_of(xbau / "offline")).get("hausnummer")
    assert service.rules_for(TANGERHUETTE).standard == "xbau-kernmodul"
    assert service.schema_uris == (service.schema_uri, "urn:xoev-de:bmk:standard:xbau-kernmodul_1.3.0")


def test_a_base_beside_the_services_goes_first_and_is_no_service(copied, xbau):
    shutil.copytree(OWN / "_messages", copied / "_messages")
    edit(copied / "_messages/xbau-kernmodul-1200.toml", "urn:xoev-de:bmk:standard:xbau-kernmodul_1.3.0", "urn:ours")
    services = load(copied, {TANGERHUETTE: {"hausnummer": PARAMETERS}}, library_of(xbau / "offline"))
    assert services.ids() == ("hausnummer",)
    assert services.get("hausnummer").rules_for(TANGERHUETTE).schema_uri == "urn:ours"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("format = 1", "format = ", {f"{MESSAGE}#/3": "not_toml"}),
        ("format = 1", "format = 2", {f"{MESSAGE}#/format": "message_value"}),
        ('"xbau-kernmodul-1200"', '"nirgends"', {f"{MESSAGE}#/extends": "message_extends"}),
        ('"xbau-kernmodul-1200"', '"../hausnummer/service"', {f"{MESSAGE}#/extends": "message_extends"}),
        ('"xbau-kernmodul-1200"', "7", {f"{MESSAGE}#/extends": "message_extends"}),
        (
            'extends = "xbau-kernmodul-1200"',
            'extends = "xbau-kernmodul-1200"\nstandard = "xbau"',
            {f"{MESSAGE}#/standard": "message_name"},
        ),
        ('made = "uuid"', 'made = "up"', {f"{MESSAGE}#/fields/0/made": "message_value"}),
    ],
)
def test_a_broken_file_is_told_even_where_no_schema_is_installed(copied, before, after, expected):
    edit(copied / MESSAGE, before, after)
    assert faults(copied) == expected


def test_a_file_that_is_no_utf8_or_too_large_is_told(copied):
    (copied / MESSAGE).write_bytes(b"\xff")
    assert faults(copied) == {f"{MESSAGE}#/1": "not_toml"}
    (copied / MESSAGE).write_bytes(b"#" * (1 << 20) + b"\n")
    assert faults(copied) == {MESSAGE: "file_too_large"}


def test_what_cannot_fit_the_installed_schema_is_told_even_if_nobody_asks_for_it(copied, xbau):
    edit(copied / MESSAGE, "familienname/name", "familienname/nachname")
    edit(copied / MESSAGE, "/applicant/address/city", "/applicant/address/town")
    found = faults(copied, xbau / "offline")
    assert {rule for place, rule in found.items() if place.startswith(MESSAGE)} == {"message_target", "message_source"}
    assert load(copied).get("hausnummer").standard == "xfall", "without the schema nobody can tell"


def test_a_fault_of_the_base_names_the_base(copied, xbau):
    shutil.copytree(OWN / "_messages", copied / "_messages")
    base = copied / "_messages/xbau-kernmodul-1200.toml"
    edit(base, "artDesAntrags/code", "artDesAntrags/kode")
    found = faults(copied, xbau / "offline")
    place = next(place for place, rule in found.items() if rule == "message_target")
    assert place.startswith("_messages/xbau-kernmodul-1200.toml#/fields/")
    assert found[MESSAGE] == "message_mandatory"


def test_an_example_that_would_not_become_a_valid_message_is_refused_at_load(copied, xbau):
    edit(copied / MESSAGE, 'site_plan = "1803", ', "")
    found = faults(copied, xbau / "offline", {TANGERHUETTE: {"hausnummer": PARAMETERS}})
    place = f"parameters/{TANGERHUETTE}#/hausnummer/standard (examples/ordinary.json#/attachments/0/kind)"
    assert found == {place: "not_in_list"}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A settings file with one municipality that asks for XBau; no schema set is installed yet."""
    (tmp_path / "secret").write_text("s")
    (tmp_path / "towns").mkdir()
    lines = [
        'slug = "tangerhuette"',
        f'ars = "{TANGERHUETTE}"',
        'name = "Stadt Tangerhütte"',
        'public_url = "https://portal.tangerhuette.example"',
        '[fitconnect]\nenvironment = "test"\nclient_id = "c"\nclient_secret_file = "../secret"',
        '[keys]\nsigning_jwk_file = "../secret"',
        '[parameters.hausnummer]\nstandard = "xbau-kernmodul"',
        "[parameters.hausnummer.message]",
        *(f'{key} = "{value}"' for key, value in PARAMETERS["message"].items()),
    ]
    (tmp_path / "towns/t.toml").write_text("\n".join(lines), encoding="utf-8")
    settings = tmp_path / "gateway.toml"
    settings.write_text(
        '[municipalities]\ndir = "towns"\n[schemas]\ndir = "schemas"\n'
        '[fitconnect.environments.test]\ntoken_url = "https://t.example"\nsubmission_api = "https://s.example"\n'
    )
    return settings


@pytest.fixture
def installed(config: Path, xbau: Path) -> Path:
    """The same settings once the official sets were installed, each from where it lies."""
    beside = ("din-91379", "xoev-code", "xoev-basisnachricht", "xmldsig")
    for folder in (xbau / "xsd", xbau / "specs", xbau / "offline", *(xbau.parent / name for name in beside)):
        run("install", folder, "--config", config, group_name="schemas")
    return config


def run(*arguments: str | Path, group_name: str = "services") -> Result:
    result = CliRunner().invoke(group, [group_name, *map(str, arguments), "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def test_the_check_names_the_command_that_brings_the_missing_schema(config):
    result = run("check", "--config", config)
    assert result.exit_code == 3
    (line,) = [json.loads(line) for line in result.stdout.splitlines()]
    assert line["pointer"] == f"parameters/{TANGERHUETTE}#/hausnummer/standard"
    assert "gateway schemas install" in line["de"]


def test_once_installed_the_record_can_be_tried_as_the_municipality_would_send_it(installed):
    config = installed
    checked = run("check", "--config", config)
    assert checked.exit_code == 0
    told = [json.loads(line) for line in checked.stdout.splitlines()]
    assert {(one["rule"], one["severity"]) for one in told} == {("code_list_unknown", "warning")}
    assert {one["pointer"] for one in told} == {f"parameters/{TANGERHUETTE}#/hausnummer/standard"}
    record = OWN / "hausnummer/examples/ordinary.json"
    result = run("try", "hausnummer", record, "--municipality", TANGERHUETTE, "--config", config)
    assert result.exit_code == 0
    tried = json.loads(result.stdout)
    root = etree.fromstring(tried["document"].encode())
    assert etree.QName(root).localname == "universellerAntrag.antrag.1200"
    assert root.get("test") == "true", "nothing that is only tried is meant in earnest"
    went = {line["to"]: line["from"] for line in tried["mapping"]}
    assert went["grundstueck/flurstueck/kodierungFlurstueck/zaehler"] == "/record/parcels/1/numerator"
    plain = run("try", "hausnummer", record, "--config", config)
    assert etree.QName(etree.fromstring(json.loads(plain.stdout)["document"].encode())).localname.startswith("fim.S")


def test_a_record_that_cannot_become_the_message_is_told_by_the_command(installed, tmp_path):
    config = installed
    record = json.loads((OWN / "hausnummer/examples/ordinary.json").read_text(encoding="utf-8"))
    record["wish"]["remark"] = " "
    (tmp_path / "record.json").write_text(json.dumps(record))
    result = run("try", "hausnummer", tmp_path / "record.json", "--municipality", TANGERHUETTE, "--config", config)
    assert result.exit_code == 3
    assert [one["pointer"] for one in json.loads(result.stdout)["findings"]] == ["/record/wish/remark"]
