"""Form -> XSD -> document: hypothesis makes forms and documents, and two validators agree on each."""

from __future__ import annotations

import io
import json
from decimal import Decimal

import jsonschema_rs
import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.xoev import fim
from gateway.xoev.fim import Field, FieldType, Group
from gateway.xoev.fim.model import transported
from gateway.xoev.form.products import produce
from gateway.xoev.xfall.schema import namespace, root_name, to_xsd
from tests.properties import TIMES

from . import xdf

# characters of names, places and streets; white space at the edges is text like any other
LETTERS = st.text(alphabet="aäßZ9 .-'&<É\u01fc", max_size=8)
PATTERNS = ["[0-9]{5}", "^[A-Z]{2}-[0-9]+$", r"(?:\+|00)[1-9]\d{1,3}", "a|bc|", "[^ ,]{1,3}", r"\w+@x\.de"]
OCCURS = ["1:1", "0:1", "0:*", "2:3", "1:*"]
NUMBERS = {"num": 3, "num_int": 0, "num_currency": 2}


@st.composite
def fields(draw: st.DrawFn, number: int, standard: str) -> str:
    type_ = draw(st.sampled_from(["text", "date", "bool", "num", "num_int", "num_currency", "file", "select", "label"]))
    limits: dict[str, str] = {}
    codes: tuple[str, ...] = ()
    if type_ == "text":
        low = draw(st.integers(0, 3))
        limits = draw(
            st.sampled_from([{}, {"minLength": str(low), "maxLength": str(low + 5)}])
            | st.sampled_from(PATTERNS).map(lambda pattern: {"pattern": pattern})
        )
    elif type_ in NUMBERS:
        low = draw(st.integers(-5, 5))
        limits = draw(st.sampled_from([{}, {"minValue": str(low), "maxValue": f"{low + 7}.5"}]))
    elif type_ == "date":
        limits = draw(st.sampled_from([{}, {"minValue": "1990-02-28", "maxValue": "2030-12-31"}]))
    elif type_ == "select":
        codes = tuple(draw(st.lists(st.sampled_from(["001", "A & B", "ö", "<", "x y"]), min_size=1, unique=True)))
    kind = type_ if type_ in {"select", "label"} else "input"
    datentyp = "text" if type_ in {"select", "label"} else type_
    return xdf.field(number, datentyp, kind, limits, codes=codes, standard=standard)


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    standard = draw(st.sampled_from(["2.0", "3.0.0"]))
    numbers = iter(range(1, 10_000))

    def content(level: int) -> list[str]:
        parts = []
        for _ in range(draw(st.integers(1, 4))):
            if level < 3 and draw(st.booleans()):
                one = xdf.group(next(numbers), *content(level + 1), choice=draw(st.booleans()))
            else:
                one = draw(fields(next(numbers), standard))
            parts.append(xdf.used(one, draw(st.sampled_from(OCCURS))))
        return parts

    return xdf.form(*content(0), standard=standard)


def read(data: bytes) -> fim.FormSchema:
    form, faults = fim.read(data)
    assert faults == ()
    assert form is not None
    return form


def value(draw: st.DrawFn, field: Field) -> str:
    simple = {
        FieldType.BOOL: ["true", "false"],
        FieldType.DATE: ["1990-02-28", "2000-02-29", "2030-12-31"],
        FieldType.FILE: [""],
    }
    if field.codes or field.type in simple:
        return draw(st.sampled_from([code.code for code in field.codes] or simple[field.type]))
    if field.type in {FieldType.NUM, FieldType.NUM_INT, FieldType.NUM_CURRENCY}:
        places = NUMBERS[field.type.value]
        low = Decimal(-9) if field.min_value is None else field.min_value
        high = Decimal(9) if field.max_value is None else field.max_value
        return str(draw(st.decimals(low, high, places=places)))
    if field.pattern is not None:
        return draw(
            st.from_regex(
                f"(?:{field.pattern})", fullmatch=True, alphabet=st.characters(codec="ascii", min_codepoint=32)
            )
        )
    size = {"min_size": field.min_length or 0, "max_size": field.max_length or 8}
    return draw(st.text(alphabet="aäßZ9 .-'&<É\u01fc", **size))


def fill(draw: st.DrawFn, parent: etree._Element, target: str, owner: Group | fim.FormSchema) -> None:
    held = transported(owner.children)
    choice = isinstance(owner, Group) and owner.choice
    if choice and held:
        held = (draw(st.sampled_from(held)),)
    for child in held:
        low = max(child.minimum, 1) if choice else child.minimum
        high = low + 2 if child.maximum is None else child.maximum
        for _ in range(draw(st.integers(low, high))):
            element = etree.SubElement(parent, f"{{{target}}}{child.id}")
            if isinstance(child, Group):
                fill(draw, element, target, child)
            else:
                element.text = value(draw, child)


@settings(max_examples=30 * TIMES, suppress_health_check=list(HealthCheck))
@given(data=st.data(), source=forms())
def test_a_document_made_by_the_form_is_valid_for_both_validators(data: st.DataObject, source: bytes) -> None:
    form = read(source)
    xsd = to_xsd(form)
    target = namespace(form)
    root = etree.Element(f"{{{target}}}{root_name(form)}")
    fill(data.draw, root, target, form)
    document = etree.tostring(root)
    ours, theirs = etree.XMLSchema(etree.fromstring(xsd)), xmlschema.XMLSchema(io.BytesIO(xsd))
    ours.assertValid(etree.fromstring(document))
    theirs.validate(io.BytesIO(document))
    elements = list(root.iter(etree.Element))
    spoiled = data.draw(st.sampled_from(elements))
    etree.SubElement(spoiled, f"{{{target}}}F99999999")
    if spoiled.getparent() is None or not _is_file(form, spoiled):
        document = etree.tostring(root)
        assert not ours.validate(etree.fromstring(document))
        assert not theirs.is_valid(io.BytesIO(document))


def _is_file(form: fim.FormSchema, element: etree._Element) -> bool:
    found = {one.id: one for _, one in form.elements()}[etree.QName(element).localname]
    return isinstance(found, Field) and found.type is FieldType.FILE and not found.codes


@settings(max_examples=20 * TIMES, suppress_health_check=list(HealthCheck))
@given(source=forms())
def test_everything_generated_fits_together(source: bytes) -> None:
    products, faults = produce(read(source))
    assert faults == ()
    assert products is not None
    files = {name.split("_1.0.")[1]: content for name, content in products.files.items()}
    assert len(files) == 5
    xmlschema.XMLSchema(io.BytesIO(files["xsd"])).validate(io.BytesIO(files["example.xml"]))
    schema = json.loads(files["schema.json"])
    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(json.loads(files["example.json"]))
    assert produce(read(source))[0] == products
