"""Cells that a spreadsheet would compute, however they are dressed, also one that parts them otherwise than we."""

from __future__ import annotations

import csv
import io

import pytest

from gateway.catalogue.tables import safe, table

FORMULA = '=HYPERLINK("https://boese.example")'


@pytest.mark.parametrize(
    "before",
    ["", " ", "   ", "\t", "\r", "\n", "\u00a0", "\u2003", "\u200b", "\ufeff", "\x00", "\x0b", "\u00ad", " \ufeff "],
)
@pytest.mark.parametrize("sign", list("=+-@\u2212\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"))
def test_what_a_formula_may_begin_with(before, sign):
    cell = f"{before}{sign}1+1"
    assert safe(cell) == f"'{cell}"


@pytest.mark.parametrize("text", ["", " ", "a=b", "Haupt-, -neben", "'=1", "https://rathaus.example/a?b=-1;c=2", "ü"])
def test_what_is_none_stays(text):
    assert safe(text) == text
    assert list(csv.reader(io.StringIO(table([text, "x"], [], delimiter=","), newline=""))) == [[text, "x"]]


@pytest.mark.parametrize("between", [";", "; ", ';"', ";\u00a0", "\t", "\n", "\r\n", ';""', ";'"])
def test_no_cell_of_a_file_with_commas_is_one_where_semicolons_part_it(between):
    lines = table(["leika_key", "leika_name"], [["99", f"Hund{between}{FORMULA}"]], delimiter=",")
    seen = [cell for row in csv.reader(io.StringIO(lines, newline=""), delimiter=";") for cell in row]
    seen += [cell for line in lines.splitlines() for cell in line.replace('"', "").replace("\t", ";").split(";")]
    assert any("HYPERLINK" in cell for cell in seen)
    assert not [cell for cell in seen if cell.strip("\u00a0 ").startswith("=")]


def test_what_semicolons_part_keeps_its_texts():
    text = "Nötig sind:\n- Ausweis;\n- Foto; =17"
    lines = table(["Text"], [[text]], delimiter=";")
    assert list(csv.reader(io.StringIO(lines, newline=""), delimiter=";")) == [["Text"], [text]]
