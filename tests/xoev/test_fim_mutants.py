"""Form schemas that went wrong in any way: elements lost, doubled, renamed, moved, with odd texts and attributes.

Whatever is done to a sound form, reading gives the form or faults with line and reason, and what is made from a form
that was read is valid: the XSD compiles and takes the example, the JSON Schema takes the other.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from random import Random

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.xoev import fim
from gateway.xoev.fim.model import FormSchema
from gateway.xoev.form.products import produce
from tests.properties import TIMES

from . import xdf

ODD = (
    *("", " ", "x", "-1", "0", "999999999999", "1:1", "0:*", "*:*", "1:0", "0:0", "2:5", "NaN", "1e5", "1,5", "٣"),
    *("true", "text", "date", "num_int", "bool", "file", "obj", "select", "label", "X", "A", "[", "(a+)+$", "^.*$"),
    *(r"\p{L}+", "(?=x)y", '{"minLength":"5"}', "{", "[]", '{"minLength":5,"maxLength":1}', '{"pattern":"["}'),
    *("S1", "G1", "F00000002", "F" * 50, "1.0.0.0", "v1", "2020-01-01", "urn:x:list", "a\tb\nc", "<>&", "\U0001f4a5"),
)
LIMITS = {"minLength": "1", "maxLength": "9", "pattern": "[a-z]*"}


def sound(standard: str, p: str) -> bytes:
    fields = [
        xdf.field(number, kind, given=LIMITS if kind.startswith("text") else {}, standard=standard, p=p)
        for number, kind in enumerate(("text", "text", "date", "bool", "num", "num_int", "num_currency", "file"), 1)
    ]
    coded = xdf.field(20, kind="select", codes=("01", "02"), standard=standard, p=p)
    inner = xdf.group(2, *(xdf.used(one, "0:1", p) for one in fields[:3]), p=p)
    choice = xdf.group(3, xdf.used(fields[3], p=p), xdf.used(coded, p=p), choice=True, p=p)
    outer = xdf.group(1, xdf.used(inner, "0:3", p), xdf.used(choice, p=p), p=p)
    return xdf.form(xdf.used(outer, p=p), *(xdf.used(one, p=p) for one in fields), standard=standard, p=p)


FORMS = [sound("2.0", "xdf"), sound("3.0.0", "xdf"), sound("2.0", "ns17"), sound("3.0.0", "größe")]


def worse(root: etree._Element, random: Random) -> None:
    """One thing less, more, elsewhere or otherwise."""
    elements = [one for one in root.iter() if isinstance(one.tag, str)][1:]
    one, other = random.choice(elements), random.choice(elements)
    parent = one.getparent()
    assert parent is not None
    strange = [etree.Comment("c"), etree.PI("p", "x"), etree.Element("fremd"), etree.Element("{urn:f}fremd")]
    ways: list[Callable[[], object]] = [
        lambda: parent.remove(one),
        lambda: parent.insert(random.randrange(len(parent) + 1), copy.deepcopy(one)),
        lambda: setattr(one, "text", random.choice(ODD)),
        lambda: one.set(random.choice(["minLength", "maxLength", "minValue", "pattern"]), random.choice(ODD)),
        lambda: setattr(one, "tag", other.tag),
        lambda: one.append(random.choice(strange)),
        lambda: other.append(copy.deepcopy(one)),
        one.clear,
    ]
    random.choice(ways)()


def fits_together(form: FormSchema) -> None:
    made, faults = produce(form)
    assert faults == ()
    assert made is not None
    files = made.files
    xsd = next(content for name, content in files.items() if name.endswith(".xsd"))
    example = next(content for name, content in files.items() if name.endswith("example.xml"))
    etree.XMLSchema(etree.fromstring(xsd)).assertValid(etree.fromstring(example))
    shape = json.loads(next(content for name, content in files.items() if name.endswith(".schema.json")))
    record = json.loads(next(content for name, content in files.items() if name.endswith("example.json")))
    assert jsonschema_rs.is_valid(shape, record)


@pytest.mark.parametrize("source", FORMS, ids=["2.0", "3.0.0", "2.0 foreign prefix", "3.0.0 umlaut prefix"])
def test_the_sound_form_is_read(source: bytes) -> None:
    form, faults = fim.read(source)
    assert faults == ()
    assert form is not None
    fits_together(form)


@settings(max_examples=200 * TIMES)
@given(st.sampled_from(FORMS), st.randoms(use_true_random=False), st.integers(1, 6))
def test_a_form_that_went_wrong_is_a_form_or_faults_with_line_and_reason(
    source: bytes, random: Random, times: int
) -> None:
    root = etree.fromstring(source)
    for _ in range(times):
        if len(root):
            worse(root, random)
    form, faults = fim.read(etree.tostring(root))
    if form is not None:
        fits_together(form)
        return
    assert faults
    for one in faults:
        assert int(one.pointer.split("/")[1]) > 0
        assert one.de != one.en


TEXT = FORMS[1].decode()
SPELLINGS = {
    "byte order mark": (b"\xef\xbb\xbf" + FORMS[1], None),
    "no prefix": (TEXT.replace("xdf:", "").replace("xmlns:xdf=", "xmlns=").encode(), None),
    "declaration and stylesheet": (b'<?xml version="1.0"?>\n<?xml-stylesheet href="x.xsl"?>\n' + FORMS[1], None),
    "Windows line ends": (TEXT.replace("><", ">\r\n<").encode(), None),
    "UTF-16": (TEXT.encode("utf-16"), ("/1", "xml_encoding")),
    "UTF-16 without mark": (TEXT.encode("utf-16-be"), ("/1", "xml_encoding")),
    "another encoding declared": (b'<?xml version="1.0" encoding="ISO-8859-1"?>' + FORMS[1], ("/1", "xml_encoding")),
    "another encoding, undeclared": (
        TEXT.replace("Name von G", "N\xe4me von G").encode("latin-1"),
        ("/1", "xml_encoding"),
    ),
    "nothing": (b"", ("/1", "xml_not_well_formed")),
    "a version to come": (TEXT.replace("xdatenfelder_3.0.0", "xdatenfelder_4.0.0").encode(), ("/1", "fim_message")),
    "version without part": (TEXT.replace("version>1.0<", "version>1<", 1).encode(), ("/1/S99000099", "fim_version")),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_odd_spellings_are_read_or_refused_with_line_and_reason(name: str) -> None:
    source, refused = SPELLINGS[name]
    form, faults = fim.read(source)
    assert [(one.pointer, one.rule) for one in faults] == ([refused] if refused else [])
    assert (form is None) == (refused is not None)
