"""`gateway schemas install | list | verify` as somebody at a keyboard sees it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import group
from gateway.operators.checks import Checks
from gateway.settings.reading import read

from .conftest import Repository
from .made import XSD, zipped

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared/data"
needs_official = pytest.mark.skipif(not (SHARED / "xsd").is_dir(), reason="official schemas are not here")
LISTED = (
    '<gc:CodeList xmlns:gc="http://docs.oasis-open.org/codelist/ns/genericode/1.0/"><Annotation><Description>'
    '<m:validFrom xmlns:m="http://xoev.de/schemata/genericode/4">{1}</m:validFrom></Description></Annotation>'
    "<Identification><Version>{0}</Version><CanonicalUri>urn:x:codeliste:farben</CanonicalUri></Identification>"
    "<ColumnSet><Column Id='c'/><Key Id='k'><ColumnRef Ref='c'/></Key></ColumnSet><SimpleCodeList>"
    "<Row><Value ColumnRef='c'><SimpleValue>1</SimpleValue></Value></Row></SimpleCodeList></gc:CodeList>"
)
Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    settings = tmp_path / "settings.toml"

    def call(*arguments: str | Path, more: str = "", command: str = "schemas") -> Result:
        settings.write_text(f'data_dir = "data"\n{more}\n[outbound]\nallow_private = ["loopback"]\n', encoding="utf-8")
        words = [command, *map(str, arguments), "--config", str(settings)]
        result = CliRunner().invoke(group, words, env={"LANG": "en"})
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return call


def lines(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def unlisted(tmp_path: Path) -> Path:
    path = tmp_path / "d.zip"
    path.write_bytes(zipped({"d.xsd": XSD.format("d").encode()}))
    return path


def test_an_archive_is_installed_listed_and_verified(run: Run, tmp_path: Path) -> None:
    source = unlisted(tmp_path)
    refused = run("install", source)
    assert refused.exit_code == 3
    assert "--unlisted" in refused.stderr
    assert not (tmp_path / "data/schemas").exists()
    done = run("install", source, "--unlisted", "--urn", "urn:d", "--version", "1", "--json")
    assert [(one["urn"], one["outcome"], one["listed"]) for one in lines(done)] == [("urn:d", "installed", False)]
    (listed,) = lines(run("list", "--json"))
    assert {"kind", "urn", "version", "state", "listed", "usable", "digest", "files", "notices"} <= listed.keys()
    (verified,) = lines(run("verify", "--json"))
    assert (verified["ok"], verified["findings"]) == (True, [])
    next((tmp_path / "data/schemas/sets").glob("*/d.xsd")).write_text("<other/>")
    broken = run("verify", "--json")
    assert broken.exit_code == 1
    assert [one["rule"] for one in lines(broken)[0]["findings"]] == ["set_file_changed"]


NAMED = ("--unlisted", "--urn", "urn:d", "--version", "1")
IMPORTING = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:e="urn:e" targetNamespace="urn:d">'
    '<xs:import namespace="urn:e" schemaLocation="e.xsd"/><xs:element name="d" type="e:t"/></xs:schema>'
)


def rules(result: Result) -> list[str]:
    return re.findall(r"\[([a-z_]+)\]", result.stderr)


def test_a_schema_that_does_not_compile_is_refused_with_file_line_and_cause(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d.xsd").write_text(XSD.format("d").replace("<xs:element", "\n<xs:element type='gone'"))
    refused = run("install", tmp_path / "d.xsd", *NAMED)
    assert refused.exit_code == 3
    assert rules(refused) == ["set_uncompiled", "xsd_invalid"]
    assert "urn:d_1/d.xsd#/2" in refused.stderr
    assert "'type'" in refused.stderr
    assert not (tmp_path / "data/schemas").exists()
    assert run("list", "--json").stdout == ""


def test_an_absent_part_is_named_and_nothing_that_follows_from_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "part").mkdir()
    for name in ("d.xsd", "f.xsd"):
        element = name.removesuffix(".xsd")
        (tmp_path / "part" / name).write_text(IMPORTING.replace('name="d"', f'name="{element}"'))
    refused = run("install", tmp_path / "part", *NAMED)
    assert (refused.exit_code, rules(refused)) == (3, ["set_uncompiled", "xsd_absent"])
    assert "urn:e" in refused.stderr
    assert "install them first" in refused.stderr
    absent = XSD.format("e").replace(
        "<xs:element", '<xs:simpleType name="t"><xs:restriction base="xs:string"/></xs:simpleType><xs:element'
    )
    (tmp_path / "e.xsd").write_text(absent)
    assert run("install", tmp_path / "e.xsd", "--unlisted", "--urn", "urn:e", "--version", "1").exit_code == 0
    assert run("install", tmp_path / "part", *NAMED).exit_code == 0
    assert [one["compiles"] for one in lines(run("list", "--json"))] == [True, True]


def test_what_is_wrong_besides_an_absent_part_is_named_behind_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d.xsd").write_text(
        IMPORTING.replace("</xs:schema>", '<xs:element name="f" type="xs:strin"/></xs:schema>')
    )
    refused = run("install", tmp_path / "d.xsd", *NAMED)
    assert (refused.exit_code, rules(refused)) == (3, ["set_uncompiled", "xsd_absent", "xsd_invalid"])
    assert refused.stderr.count("does not resolve") == 1
    assert "strin" in refused.stderr


def test_one_set_of_a_source_that_does_not_compile_stops_all_of_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed/d.xsd").write_text(IMPORTING)
    (tmp_path / "mixed/list.xml").write_text(LISTED.format("1", "2020-01-01"), encoding="utf-8")
    assert run("install", tmp_path / "mixed", *NAMED).exit_code == 3
    assert run("list", "--json").stdout == ""


def test_an_include_that_is_not_there_is_named_once_and_first(run: Run, tmp_path: Path) -> None:
    including = XSD.format("d").replace("<xs:element", '<xs:include schemaLocation="gone.xsd"/><xs:element type="t"')
    (tmp_path / "d.xsd").write_text(including)
    refused = run("install", tmp_path / "d.xsd", *NAMED)
    assert (refused.exit_code, rules(refused)) == (3, ["set_uncompiled", "xsd_missing"])
    assert "gone.xsd" in refused.stderr


def test_an_import_that_nothing_uses_is_told_and_stops_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d.xsd").write_text(IMPORTING.replace('type="e:t"', 'type="xs:string"'))
    done = run("install", tmp_path / "d.xsd", *NAMED)
    assert (done.exit_code, rules(done)) == (0, ["xsd_absent"])


def test_a_set_that_lost_what_it_imports_is_flagged_by_list_and_verify(run: Run, tmp_path: Path) -> None:
    (tmp_path / "both").mkdir()
    (tmp_path / "both/d.xsd").write_text(IMPORTING)
    kind = '<xs:simpleType name="t"><xs:restriction base="xs:string"/></xs:simpleType><xs:element'
    (tmp_path / "e.xsd").write_text(XSD.format("e").replace("<xs:element", kind))
    assert run("install", tmp_path / "e.xsd", "--unlisted", "--urn", "urn:e", "--version", "1").exit_code == 0
    assert run("install", tmp_path / "both", *NAMED).exit_code == 0
    (tmp_path / "e.xsd").write_text(XSD.format("e"))
    changed = ("--unlisted", "--urn", "urn:e", "--version", "1", "--replace")
    assert run("install", tmp_path / "e.xsd", *changed).exit_code == 0
    first, second = lines(run("list", "--json"))
    assert (first["urn"], first["compiles"], second["compiles"]) == ("urn:d", False, True)
    assert [one["rule"] for one in first["notices"]] == ["set_uncompiled", "xsd_invalid"]
    assert "does not compile yet" in run("list").stdout
    broken = run("verify", "--json")
    assert broken.exit_code == 1
    assert [one["rule"] for one in lines(broken)[0]["findings"]] == ["set_uncompiled", "xsd_invalid"]


def test_production_takes_an_unlisted_set_only_by_its_digest(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GATEWAY__VAULT__MASTER_KEY", "GATEWAY__SERVER__PUBLIC_URL"):
        monkeypatch.setitem(os.environ, name, "https://gateway.example.org" if "URL" in name else "x")
    production = 'mode = "production"\nschemas = {{ trusted = [{}] }}\n'.format
    call = ("install", unlisted(tmp_path), "--unlisted", "--urn", "urn:d", "--version", "1")

    def produce(*words: str | Path, trusted: str = "") -> Result:
        (tmp_path / "settings.toml").write_text(f'data_dir = "data"\n{production(trusted)}', encoding="utf-8")
        result = CliRunner().invoke(group, ["schemas", *map(str, words), "--config", str(tmp_path / "settings.toml")])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    refused = produce(*call)
    assert refused.exit_code == 3
    digest = next(word for word in refused.stderr.split() if len(word) == 64)
    assert produce(*call, trusted=f'"{digest}"').exit_code == 0
    assert lines(produce("list", "--json", trusted=f'"{digest}"'))[0]["usable"] is True
    assert lines(produce("list", "--json"))[0]["usable"] is False
    assert produce("list", trusted='"abc"').exit_code == 2
    assert "source_insecure" in produce("install", "http://127.0.0.1:9/a.zip").stderr


def test_a_newer_code_list_is_told_by_list_and_check(run: Run, tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "lists").mkdir()
    for version, day in (("1", "2020-01-01"), ("2", "2021-01-01")):
        (tmp_path / f"lists/{version}.xml").write_text(LISTED.format(version, day), encoding="utf-8")
    assert run("install", tmp_path / "lists", "--unlisted").exit_code == 0
    repository.lay(
        "codeliste/urn:x:codeliste:farben/gueltigeVersion", b"<v><kennung>urn:x:codeliste:farben_3</kennung></v>"
    )
    here = f'schemas = {{ xrepository = "{repository.base}" }}'
    first, second = lines(run("list", "--current", "--json", more=here))
    assert [one["rule"] for one in first["notices"]] == ["code_list_superseded", "code_list_newer"]
    assert (first["valid_from"], first["valid_until"]) == ("2020-01-01", "2020-12-31")
    assert [one["rule"] for one in second["notices"]] == ["code_list_newer"]
    assert "2020-12-31" in run("list").stdout
    assert second["valid_until"] is None


def test_a_kennung_is_fetched_and_installed(run: Run, repository: Repository) -> None:
    repository.lay("version_codeliste/urn:x:codeliste:farben_1/genericode", LISTED.format("1", "2020-01-01").encode())
    here = f'schemas = {{ xrepository = "{repository.base}" }}'
    done = run("install", "urn:x:codeliste:farben_1", "--unlisted", "--json", more=here)
    assert [(one["kind"], one["outcome"]) for one in lines(done)] == [("codelist", "installed")]
    assert run("install", "urn:x:codeliste:gone_1", "--unlisted", more=here).exit_code == 4


@pytest.mark.parametrize("source", ["gone.zip", "/dev/zero", "", "."])
def test_a_source_that_is_none_is_one_clear_sentence(run: Run, tmp_path: Path, source: str) -> None:
    (tmp_path / "empty").mkdir()
    refused = run("install", tmp_path / "empty" if source == "." else source or tmp_path / "x")
    assert refused.exit_code == 3
    assert any(rule in refused.stderr for rule in ("[source_missing]", "[set_nothing]"))


def test_a_file_of_200_mb_is_refused_by_its_size(run: Run, tmp_path: Path) -> None:
    with (tmp_path / "list.xml").open("wb") as file:
        file.write(LISTED.encode()[:200])
        file.truncate(200 << 20)
    refused = run("install", tmp_path / "list.xml", "--unlisted")
    assert (refused.exit_code, "[source_large]" in refused.stderr) == (3, True)


def test_list_shows_what_else_the_manifest_knows(run: Run) -> None:
    states = {(one["urn"], one["version"]): one["state"] for one in lines(run("list", "--available", "--json"))}
    assert states["urn:xoev-de:bmk:standard:xbau-kernmodul", "1.3.0"] == "available"
    assert states["urn:xoev-de:xfall:standard:fim-s99000000001_1.0.0", "1.0.0"] == "shipped"


@needs_official
def test_official_sets_come_in_any_order_and_are_flagged_until_all_their_parts_are_there(run: Run) -> None:
    xbau = SHARED / "xsd/xbau_kern-1.3.0"
    first = run("install", xbau / "xsd", "--json")
    assert first.exit_code == 0
    assert [(one["kind"], one["compiles"]) for one in lines(first)] == [("schema", False)]
    assert set(rules(first)) == {"set_uncompiled", "xsd_absent"}
    (listed,) = lines(run("list", "--json"))
    assert (listed["compiles"], listed["notices"][0]["rule"]) == (False, "set_uncompiled")
    assert run("verify").exit_code == 1
    assert run("install", SHARED / "xsd").exit_code == 0
    assert {one["compiles"] for one in lines(run("list", "--json"))} == {True}


@needs_official
def test_everything_official_is_in_the_manifest_installs_and_verifies(run: Run) -> None:
    for folder in ("xsd", "codelists", "fitconnect"):
        done = run("install", SHARED / folder, "--json")
        assert done.exit_code == 0, done.stderr
        assert all(one["listed"] for one in lines(done))
    verified = lines(run("verify", "--json"))
    assert [one["urn"] for one in verified if not one["ok"]] == []
    kinds = [one["kind"] for one in verified]
    assert (kinds.count("codelist"), kinds.count("rules")) == (17, 1)
    assert {one["state"] for one in lines(run("list", "--available", "--json"))} == {"installed", "shipped"}


def test_check_has_a_row_for_what_is_installed_and_one_for_each_old_list(run: Run, tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    for version, day in (("1", "2020-01-01"), ("2", "2021-01-01")):
        (tmp_path / f"lists/{version}.xml").write_text(LISTED.format(version, day), encoding="utf-8")
    values = read(None, data_dir=str(tmp_path / "data"))
    assert Checks("de").schemas(values, date(2026, 11, 30)) == []
    run("install", tmp_path / "lists", "--unlisted")
    rows = Checks("de").schemas(values, date(2026, 11, 30))
    assert [(row.check, row.ok) for row in rows] == [
        ("schemas", True),
        ("code_list urn:x:codeliste:farben_1", True),
    ]
    next((tmp_path / "data/schemas/sets").glob("*/1.xml")).unlink()
    (broken,) = Checks("de").schemas(values, date(2026, 11, 30))
    assert (broken.ok, "urn:x:codeliste:farben_1/1.xml" in broken.remedy) == (False, True)


def test_every_command_of_the_how_to_and_the_handbook_exists() -> None:
    pages = [ROOT / "docs/how-to/install-schema-sets.md", ROOT / "docs/betrieb/README.md"]
    said = re.findall(
        r"gateway schemas (install|list|verify)((?: [^`\n.;:)]+)?)", "".join(p.read_text() for p in pages)
    )
    assert len(said) > 10
    for command, words in said:
        known = {option for one in group.get_command(None, "schemas").commands[command].params for option in one.opts}
        assert {word for word in words.split() if word.startswith("--")} <= known


def test_a_document_is_judged_by_the_code_lists_that_are_installed(run: Run, tmp_path: Path) -> None:
    message = '<a><farbe listURI="urn:x:codeliste:{}" listVersionID="1"><code>{}</code></farbe></a>'
    document = tmp_path / "message.xml"
    document.write_text(message.format("farben", "7"))
    (before,) = lines(run(document, "--json", command="validate"))
    assert {one["stage"]: one["state"] for one in before["stages"]}["code_lists"] == "not_asked"
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/farben.xml").write_text(LISTED.format("1", "2020-01-01"))
    assert run("install", tmp_path / "lists", "--unlisted").exit_code == 0
    refused = run(document, "--json", command="validate")
    assert refused.exit_code == 3
    assert [(one["pointer"], one["rule"]) for one in lines(refused)[0]["findings"]] == [("/a/farbe", "code_unknown")]
    document.write_text(message.format("farben", "1"))
    assert run(document, "--json", command="validate").exit_code == 0
    document.write_text(message.format("formen", "1"))
    unjudged = run(document, "--json", command="validate")
    assert unjudged.exit_code == 0
    assert [(one["rule"], one["severity"]) for one in lines(unjudged)[0]["findings"]] == [
        ("code_list_unknown", "warning")
    ]
