"""`gateway schemas fim import` as somebody at a keyboard sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import group

from . import xdf

NAMED = "<xdf:canonicalIdentification>urn:x:list</xdf:canonicalIdentification>"
REFERENCE = f"<xdf:codelisteReferenz>{NAMED}</xdf:codelisteReferenz>"
FORM = xdf.form(xdf.used(xdf.field(1, kind="select", more=REFERENCE)), xdf.used(xdf.group(2, xdf.used(xdf.field(3)))))


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(group, ["schemas", "fim", "import", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def lines(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_five_files_are_written_and_summed_up_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "form.xml").write_bytes(FORM)
    (tmp_path / "C1_genericode.xml").write_bytes(xdf.code_list({"1": "Eins"}))
    (tmp_path / "other.xml").write_text("<kein xml")
    result = run(tmp_path / "form.xml", "--out", tmp_path / "a/b", "--json")
    assert result.exit_code == 0
    (line,) = lines(result)
    assert (line["id"], line["version"], line["groups"], line["fields"], line["notices"]) == (
        "S99000099",
        "1.0",
        1,
        2,
        0,
    )
    assert line["namespace"] == "urn:xoev-de:xfall:standard:fim-s99000099_1.0"
    assert line["root"] == "fim.S99000099.99000099001000"
    assert line["files"] == [
        str(tmp_path / "a/b" / f"fim-s99000099_1.0.{ending}")
        for ending in ("xsd", "schema.json", "example.xml", "example.json", "md")
    ]
    assert b'<xs:enumeration value="1"/>' in (tmp_path / "a/b/fim-s99000099_1.0.xsd").read_bytes()


def test_a_notice_is_a_line_and_no_failure(tmp_path: Path) -> None:
    (tmp_path / "form.xml").write_bytes(FORM)
    result = run(tmp_path / "form.xml", "--json")
    assert result.exit_code == 0
    notice, line = lines(result)
    assert notice["severity"] == "warning"
    assert str(notice["pointer"]).startswith("form.xml#/1/F00000001")
    assert line["files"] == []


def test_faults_of_schema_and_lists_come_all_at_once_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "form.xml").write_bytes(FORM.replace(b"1:1", b"viele").replace(b">input<", b">x<"))
    (tmp_path / "C1.xml").write_bytes(xdf.code_list({"1": "Eins"}).replace(b' Ref="code"', b' Ref="x"'))
    result = run(tmp_path / "form.xml", "--out", tmp_path / "out", "--json")
    assert result.exit_code == 3
    found = [(line["pointer"], line["rule"]) for line in lines(result)]
    assert found == [
        ("C1.xml#/1", "list_columns"),
        ("form.xml#/1/F00000001", "fim_occurs"),
        ("form.xml#/1/G00000002", "fim_occurs"),
        ("form.xml#/1/F00000003", "fim_occurs"),
        ("form.xml#/1/F00000003", "fim_feldart"),
    ]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["L.XML", "list.gc", "Liste.Gc"])
def test_a_code_list_beside_the_form_is_found_however_it_is_called(tmp_path: Path, name: str) -> None:
    (tmp_path / "form.xml").write_bytes(FORM)
    comment = b"<!-- " + b"Lizenz " * 1_500 + b"-->"
    (tmp_path / name).write_bytes(comment + xdf.code_list({"1": "Eins"}).replace(b' Ref="code"', b' Ref="x"'))
    assert [line["pointer"] for line in lines(run(tmp_path / "form.xml", "--json"))] == [f"{name}#/1"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xff\xfe<\x00", b"{}"])
def test_what_is_no_form_schema_at_all_is_a_finding(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "form.xml").write_bytes(content)
    result = run(tmp_path / "form.xml")
    assert result.exit_code == 3
    assert "form.xml#/" in result.stdout


def test_a_place_that_cannot_be_written_to_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "form.xml").write_bytes(FORM)
    result = run(tmp_path / "form.xml", "--out", tmp_path / "form.xml/out")
    assert result.exit_code == 2
    assert run(tmp_path / "absent.xml").exit_code == 2
    assert run("/dev/null").exit_code == 2
