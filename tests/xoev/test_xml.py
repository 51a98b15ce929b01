from __future__ import annotations

import time

import pytest

from gateway.xoev.xml.strict_xml import XmlLimits, canonical, parse

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x0 "xxxxxxxxxx">'
    + "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 10))
    + "]><a>&x9;</a>"
)


def rules(data: bytes, limits: XmlLimits | None = None) -> list[str]:
    parsed = parse(data, limits) if limits else parse(data)
    assert (parsed.root is None) == bool(parsed.faults)
    return [fault.rule for fault in parsed.faults]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (BOMB.encode(), "xml_doctype"),
        (b"<!DOCTYPE a><a/>", "xml_doctype"),
        (
            b'\xef\xbb\xbf<?xml version="1.0"?> <!-- c --> <?p i?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
            "xml_doctype",
        ),
        (b'<!DOCTYPE a [<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]><a>&e;</a>', "xml_doctype"),
        ("<a/>".encode("utf-16"), "xml_encoding"),
        (b'<?xml version="1.0" encoding="UTF-7"?><a/>', "xml_encoding"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a/>', "xml_encoding"),
        (b"<a>\xff</a>", "xml_encoding"),
        (b"", "xml_not_well_formed"),
        (b"<a></b>", "xml_not_well_formed"),
        (b"<a>&undeclared;</a>", "xml_not_well_formed"),
        (b"<a>\x00</a>", "xml_not_well_formed"),
        (b"<a/><b/>", "xml_not_well_formed"),
        (b"<b>" * 70 + b"</b>" * 70, "xml_too_deep"),
        (b"<b>" * 100_000, "xml_too_deep"),
    ],
)
def test_hostile_or_broken_xml_is_a_fault_and_never_an_exception(data: bytes, rule: str) -> None:
    begun = time.perf_counter()
    assert rules(data)[0] == rule
    assert time.perf_counter() - begun < 2


def test_size_is_looked_at_before_anything_else() -> None:
    assert rules(b"<a>" + b"x" * 100, XmlLimits(size=50)) == ["xml_too_large"]


def test_a_doctype_in_a_comment_or_text_is_no_doctype() -> None:
    assert rules(b"<!-- <!DOCTYPE a> --><a><![CDATA[<!DOCTYPE a>]]></a>") == []


def test_canonical_form_does_not_depend_on_spelling() -> None:
    one = parse(b'<x:a xmlns:x="urn:u" b="1"   a="2"><x:c/></x:a>').root
    two = parse(b"<?xml version='1.0'?>\n<x:a a='2' b='1' xmlns:x='urn:u' xmlns:y='urn:unused'><x:c></x:c></x:a>").root
    assert one is not None
    assert two is not None
    assert canonical(one) == canonical(two) == b'<x:a xmlns:x="urn:u" a="2" b="1"><x:c></x:c></x:a>'
