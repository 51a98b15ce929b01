"""One cause is one finding: what follows from a file that cannot be read is not told besides."""

from __future__ import annotations

import copy
import re
import shutil
from pathlib import Path

import pytest

from gateway.errors import DataInvalid, SettingsInvalid
from gateway.services.loader import load
from gateway.settings import reading as settings
from tests.services.test_loader import ARS, FOLDER, copied  # noqa: F401 - a fixture
from tests.shipped_services import own_services

VALUES = re.compile(r"<xdf:werte>.*?</xdf:werte>", re.DOTALL)
NAMED = "<xdf:canonicalIdentification>urn:x:role</xdf:canonicalIdentification>"
BROKEN = {
    "no_toml": b"= [[[",
    "encoding": b"a = '\xff\xfe'",
    "utf_16": "a = 1".encode("utf-16"),
    "empty_key": b"\x00",
}


def found(directory: Path, service: str = "hausnummer") -> list[tuple[str, str]]:
    with pytest.raises(DataInvalid) as refused:
        load(directory, {ARS: {service: {"assurance": "substantial"}}})
    return [(one.pointer.partition("#")[0], one.rule) for one in refused.value.findings]


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("name", ["service.toml", "mapping.toml", "texts.toml"])
def test_a_file_that_is_no_toml_is_one_fault(copied: Path, name: str, how: str) -> None:  # noqa: F811
    (copied / "hausnummer" / name).write_bytes(BROKEN[how])
    assert found(copied) == [(f"hausnummer/{name}", "not_toml")]


@pytest.mark.parametrize("how", BROKEN)
def test_an_example_that_is_no_json_is_one_fault(copied: Path, how: str) -> None:  # noqa: F811
    (copied / "hausnummer/examples/ordinary.json").write_bytes(BROKEN[how])
    assert found(copied) == [("hausnummer/examples/ordinary.json", "not_json")]


@pytest.mark.parametrize("name", ["service.toml", "mapping.toml", "form.xml", "examples/ordinary.json"])
@pytest.mark.parametrize("how", ["absent", "directory"])
def test_a_file_that_is_not_there_or_not_readable_is_one_fault(copied: Path, name: str, how: str) -> None:  # noqa: F811
    path = copied / "hausnummer" / name
    path.unlink()
    if how == "directory":
        path.mkdir()
    assert found(copied) == [(f"hausnummer/{name}", "missing_file")]


def test_a_message_that_is_no_toml_is_one_fault(tmp_path: Path) -> None:
    shutil.copytree(FOLDER.parent / "grundstueckskauf", tmp_path / "grundstueckskauf")
    messages = tmp_path / "grundstueckskauf/messages"
    messages.mkdir(exist_ok=True)
    for path in messages.iterdir():
        path.unlink()
    (messages / "anders.toml").write_bytes(b"= [[[")
    assert found(tmp_path, "grundstueckskauf") == [("grundstueckskauf/messages/anders.toml", "not_toml")]


@pytest.mark.parametrize("how", ["no_xml", "other_root", "directory", "large"])
def test_a_code_list_that_cannot_be_read_is_not_absent_too(copied: Path, how: str) -> None:  # noqa: F811
    path = copied / "hausnummer/form.xml"
    path.write_text(VALUES.sub(f"<xdf:codelisteReferenz>{NAMED}</xdf:codelisteReferenz>", path.read_text(), count=1))
    assert found(copied) == [("hausnummer/form.xml", "fim_list_absent")]
    role = copied / "hausnummer/codelists/role.xml"
    role.parent.mkdir()
    if how == "directory":
        role.mkdir()
    elif how == "large":
        role.write_bytes(b" " * ((8 << 20) + 1))
    else:
        role.write_text("<x" if how == "no_xml" else "<x/>")
    assert [place for place, _ in found(copied)] == ["hausnummer/codelists/role.xml"]


def test_parameters_of_a_service_that_is_nowhere_are_told_as_before(copied: Path) -> None:  # noqa: F811
    assert found(copied, "fehlt") == [(f"parameters/{ARS}", "unknown_service")]


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("mode", ["test", "production"])
def test_settings_and_towns_that_are_no_toml_are_one_fault_each(tmp_path: Path, how: str, mode: str) -> None:
    file = tmp_path / "gateway.toml"
    file.write_bytes(BROKEN[how])
    with pytest.raises(SettingsInvalid) as refused:
        settings.read(file, mode=mode)
    assert [one.rule for one in refused.value.findings] == ["no_toml"]
    (tmp_path / "towns").mkdir()
    (tmp_path / "towns/t.toml").write_bytes(BROKEN[how])
    file.write_text('[municipalities]\ndir = "towns"\n')
    with pytest.raises(SettingsInvalid) as refused:
        settings.read_municipalities(settings.read(file))
    assert [one.rule for one in refused.value.findings] == ["no_toml"]


def test_a_character_that_xml_cannot_hold_is_not_a_missing_text_too() -> None:
    service = own_services().get("hausnummer")
    record = copy.deepcopy(dict(service.compiled.examples["ordinary"]))
    record["applicant"]["person"]["family_name"] = "\x07"
    document, told = service.document(record)
    assert document is None
    assert [(one.pointer, one.rule) for one in told] == [("/record/applicant/person/family_name", "format")]
