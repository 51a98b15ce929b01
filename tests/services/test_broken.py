"""The folder of broken examples: each kind of fault, told with file, place and way out, all of a file at once.

`broken/base` is a sound service. `broken/services/KIND` holds the files that differ from it, and `expected.toml`: the
faults in their order, `delete` and `enlarge` for what a repository should not hold, and `parameters` of a municipality.
`broken/records/RULE.json` is a record for it with what is found, `broken/towns/KIND` a directory of municipality files.
Form schemas and code lists by themselves: `tests/xoev/broken_forms`.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import DataInvalid, SettingsInvalid
from gateway.model import Attachment, Finding, Severity
from gateway.services import cross_checks, definition, loader
from gateway.services import folder as service_folder
from gateway.services.service import Service
from gateway.settings import reading as settings
from gateway.xoev.fim import faults as fim_faults
from gateway.xoev.mapping import sentences as mapping_sentences
from gateway.xoev.record import sentences

FOLDER = Path(__file__).parent / "broken"
FORMS = Path(__file__).parents[1] / "xoev" / "broken_forms"
SERVICES = sorted((FOLDER / "services").iterdir())
RECORDS = sorted((FOLDER / "records").glob("*.json"))
TOWNS = sorted(path for path in (FOLDER / "towns").iterdir() if path.is_dir())
ARS = "150900546546"
TODAY = date(2026, 11, 24)
SETTINGS = """
[fitconnect.environments.test]
token_url = "https://auth.example/token"
submission_api = "https://submission.example"
[municipalities]
dir = "towns"
"""


def told(findings: Iterable[Finding]) -> list[dict[str, str]]:
    """Places and rules; on the way, that each sentence is one."""
    shown = []
    for one in findings:
        assert one.de != one.en
        assert min(len(one.de), len(one.en)) > 15, "a fault says what is expected"
        assert not re.search(r"\{(0|[a-z_]+)\}|None", one.de + one.en)
        shown.append({"place": one.pointer, "rule": one.rule})
    return shown


def expected(case: Path) -> dict[str, Any]:
    return tomllib.loads((case / "expected.toml").read_text(encoding="utf-8"))


def faults(case: Path, tmp_path: Path) -> tuple[Finding, ...]:
    wanted = expected(case)
    shutil.copytree(FOLDER / "base", tmp_path / "boot")
    shutil.copytree(case, tmp_path / "boot", dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected.toml"))
    for name in wanted.get("delete", []):
        (tmp_path / "boot" / name).unlink()
    for name, size in wanted.get("enlarge", {}).items():
        with (tmp_path / "boot" / name).open("ab") as file:
            file.truncate(size)
    with pytest.raises(DataInvalid) as refused:
        loader.load(tmp_path, {ARS: wanted["parameters"]} if "parameters" in wanted else None)
    return refused.value.findings


@pytest.fixture(scope="module")
def boot(tmp_path_factory: pytest.TempPathFactory) -> Service:
    folder = tmp_path_factory.mktemp("services")
    shutil.copytree(FOLDER / "base", folder / "boot")
    return loader.load(folder).get("boot")


@pytest.mark.parametrize("case", SERVICES, ids=lambda case: case.name)
def test_a_broken_service_is_refused_with_every_fault_its_place_and_a_way_out(case: Path, tmp_path: Path) -> None:
    found = faults(case, tmp_path)
    assert told(found) == expected(case)["faults"]
    assert all(one.severity is Severity.ERROR for one in found)


def made(value: Any) -> Any:
    """`{"$times": [x, n]}` is x n times, `{"$nested": n}` n objects inside each other."""
    if isinstance(value, dict) and "$times" in value:
        part, times = value["$times"]
        return part * times
    if isinstance(value, dict) and "$nested" in value:
        inner: Any = {}
        for _ in range(value["$nested"]):
            inner = {"a": inner}
        return inner
    if isinstance(value, dict):
        return {key: made(inner) for key, inner in value.items()}
    return [made(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_broken_record_gets_every_finding_in_two_languages_and_no_document(boot: Service, path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    given = case.get("attachments", [{"kind": "photo", "filename": "F.jpg", "media_type": "image/jpeg", "size": 9}])
    attachments = [Attachment(**one, sha256="ab" * 32) for one in given]
    found = boot.check(made(case["record"]), attachments, ars=ARS, today=TODAY)
    assert told(found) == case["findings"]
    only_warned = {one.severity for one in found} == {Severity.WARNING}
    assert only_warned == (path.stem == "attachment_expected")


@pytest.mark.parametrize("case", TOWNS, ids=lambda case: case.name)
def test_broken_municipality_files_are_refused_with_every_fault(case: Path, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    shutil.copytree(case, tmp_path / "towns", ignore=shutil.ignore_patterns("expected.toml"))
    with pytest.raises(SettingsInvalid) as refused:
        settings.read_municipalities(settings.read(tmp_path / "settings.toml"))
    found = told(refused.value.findings)
    for one in found:
        one["place"] = one["place"].removeprefix(f"{tmp_path}/")
    assert found == expected(case)["faults"]


@pytest.mark.parametrize("path", sorted(FORMS.glob("*.xml")), ids=lambda path: path.stem)
def test_a_broken_form_or_list_is_told_as_part_of_its_service(path: Path, tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "base", tmp_path / "boot")
    name = "codelists/liste.xml" if path.stem.startswith("list_") else "form.xml"
    (tmp_path / "boot" / name).parent.mkdir(exist_ok=True)
    shutil.copy(path, tmp_path / "boot" / name)
    wanted = re.findall(rb"<!-- fault: (\S+) (\S+) -->", path.read_bytes())
    with pytest.raises(DataInvalid) as refused:
        loader.load(tmp_path)
    found = [(one.rule, one.pointer) for one in refused.value.findings]
    assert found == [(rule.decode(), f"boot/{name}#{place.decode()}") for rule, place in wanted]


def keywords(shape: Any) -> set[str]:
    """The keywords of a JSON Schema that can be broken."""
    if isinstance(shape, list):
        return {found for one in shape for found in keywords(one)}
    if not isinstance(shape, dict):
        return set()
    own = {key for key in shape if key not in {"properties", "items"}}
    below = [*shape.get("properties", {}).values(), shape.get("items")]
    return own | {found for one in below for found in keywords(one)}


def test_no_kind_of_fault_is_without_an_example() -> None:
    shown = {one["rule"] for case in (*SERVICES, *TOWNS) for one in expected(case)["faults"]}
    shown |= {rule.decode() for path in FORMS.glob("*.xml") for rule in re.findall(rb"fault: (\S+)", path.read_bytes())}
    kinds = {
        *mapping_sentences.SENTENCES,
        *loader.SENTENCES,
        *service_folder.SENTENCES,
        *cross_checks.SENTENCES,
        *fim_faults.FAULTS,
    }
    kinds |= {f"service_{keyword.lower()}" for keyword in keywords(definition.SCHEMA)}
    kinds |= {"folder_name", "service_twice", "service_parameter", "parameter_unknown", "parameter_value"}
    kinds |= {"no_toml", "unknown_key", "missing", "not_unique", "unknown_environment"}
    elsewhere = {"missing_directory": "test_loader.py"}
    elsewhere |= dict.fromkeys(("list_large", "fim_optional"), "xoev/test_fim_hostile.py")  # no small files
    assert kinds - shown == set(elsewhere)


def test_no_finding_about_a_record_is_without_an_example() -> None:
    shown = {one["rule"] for path in RECORDS for one in json.loads(path.read_text(encoding="utf-8"))["findings"]}
    # of the document alone, of messages (tests/xoev/test_message.py); what was normalised is no fault
    # sizes, numbers and appointments: test_limits.py
    elsewhere = {"schema", "too_few", "not_unique", "normalised"}
    elsewhere |= {
        "attachments_too_many",
        "attachments_too_large",
        "document_too_large",
        "calendar_time",
    }  # test_limits.py
    assert set(sentences.SENTENCES) - shown == elsewhere
