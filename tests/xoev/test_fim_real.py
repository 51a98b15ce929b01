"""The schemas that others wrote: each is read, generated from, and accepts its own example."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import jsonschema_rs
import pytest
import xmlschema
from lxml import etree

from gateway.xoev import fim
from gateway.xoev.fim import genericode
from gateway.xoev.form.products import Products, produce
from gateway.xoev.xfall.schema import to_xsd

from . import xdf

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared/data/xfall"
REAL = sorted(SHARED.rglob("*xdf*.xml")) or [None]
XDF = re.compile(rb"xdatenfelder\.stammdatenschema\.0102")


def imported(path: Path | None) -> Products:
    if path is None:
        pytest.skip("the schemas are not beside the checkout")
    tables = []
    for beside in sorted(path.parent.glob("*.xml")):
        if genericode.is_code_list(beside.read_bytes()[:4096]):
            table, faults = genericode.read([beside.read_bytes()])
            assert faults == ()
            assert table is not None
            tables.append(table)
    form, faults = fim.read(path.read_bytes(), genericode.Lists(tables))
    assert faults == ()
    assert form is not None
    products, faults = produce(form)
    assert faults == ()
    assert products is not None
    return products


def file(products: Products, ending: str) -> bytes:
    return next(content for name, content in products.files.items() if name.endswith(ending))


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem if path else "absent")
def test_every_real_schema_accepts_its_own_example_by_two_validators(path: Path | None) -> None:
    products = imported(path)
    xsd, example = file(products, ".xsd"), file(products, ".example.xml")
    etree.XMLSchema(etree.fromstring(xsd)).assertValid(etree.fromstring(example))
    xmlschema.XMLSchema(io.BytesIO(xsd)).validate(io.BytesIO(example))
    schema = json.loads(file(products, ".schema.json"))
    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(
        json.loads(file(products, ".example.json"))
    )


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem if path else "absent")
def test_every_word_of_a_real_schema_stands_in_its_data_dictionary(path: Path | None) -> None:
    products = imported(path)
    assert path is not None
    text = re.sub(r"\\(.)", r"\1", file(products, ".md").decode()).replace("&amp;", "&")
    for element in etree.parse(path).getroot().iter(etree.Element):
        words = (element.text or "").strip()
        if len(element) or not words or etree.QName(element).localname in {"anzahl", "code"}:
            continue
        for line in words.splitlines():
            assert line.strip() in text, etree.QName(element).localname


def test_the_mandatory_fields_and_lists_of_a_real_schema_are_in_its_xsd() -> None:
    path = SHARED / "S00000094V1.0_xdf2/S00000094V1.0_xdf2.xml"
    xsd = etree.fromstring(file(imported(path if path.exists() else None), ".xsd"))
    xs = "{http://www.w3.org/2001/XMLSchema}"
    by_name = {element.get("name"): element for element in xsd.iter(f"{xs}element")}
    staat = [facet.get("value") for facet in by_name["F60000261"].iter(f"{xs}enumeration")]
    assert len(staat) == 197
    assert "000" in staat
    assert [facet.get("value") for facet in by_name["F60000246"].iter(f"{xs}pattern")] == [
        "([0]{1}[1-9]{1}|[1-9]{1}[0-9]{1})[0-9]{3}"
    ]
    assert [facet.get("value") for facet in by_name["F60000242"].iter(f"{xs}pattern")] == [
        r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{1,63}"
    ]
    assert len(list(xsd.iter(f"{xs}element"))) == 1 + 16 + 44


def test_the_generated_xsd_is_the_one_known_of_the_portal_s_converter() -> None:
    path = SHARED / "demo/S99000010V1.0_xdf2.xml"
    if not path.exists():
        pytest.skip("the schema is not beside the checkout")
    land, _ = genericode.read(
        [
            xdf.code_list(
                {f"{number:02}": "Land" for number in range(1, 17)},
                "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:bundesland",
                "2010-04-01",
            )
        ]
    )
    assert land is not None
    form, _ = fim.read(path.read_bytes(), genericode.Lists([land]))
    assert form is not None
    assert form.notices == ()
    assert _tree(to_xsd(form)) == _tree((path.parent / "S99000010V1.0.xsd").read_bytes())
    etree.XMLSchema(etree.fromstring(to_xsd(form))).assertValid(etree.parse(path.parent / "sample.xml"))
    record = json.loads((path.parent / "sample.json").read_text())
    products, _ = produce(form)
    assert products is not None
    jsonschema_rs.Draft202012Validator(json.loads(file(products, ".schema.json"))).validate(record)


def _tree(xsd: bytes) -> object:
    def of(element: etree._Element) -> object:
        return element.tag, sorted(element.attrib.items()), [of(child) for child in element]

    return of(etree.fromstring(xsd, etree.XMLParser(remove_comments=True)))


def test_generating_twice_gives_the_same_bytes_whatever_the_prefix() -> None:
    inner = {
        prefix: xdf.used(
            xdf.group(1, xdf.used(xdf.field(2, given={"maxLength": "9"}, p=prefix), "0:*", prefix), p=prefix), p=prefix
        )
        for prefix in ("xdf", "ns0", "xdf3")
    }
    made = [produce(_read(xdf.form(text, p=prefix)))[0] for prefix, text in inner.items()]
    assert all(one is not None and made[0] is not None and one.files == made[0].files for one in made)


def _read(data: bytes) -> fim.FormSchema:
    form, faults = fim.read(data)
    assert faults == ()
    assert form is not None
    return form
