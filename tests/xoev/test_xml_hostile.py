"""Hostile XML: refused, or read as it stands, in bounded time and memory, and never with anything from outside."""

from __future__ import annotations

import socket
import threading
import tracemalloc

import pytest

from gateway.xoev.xml.strict_xml import Parsed, XmlLimits, canonical, parse


def refused(data: bytes, limits: XmlLimits | None = None) -> list[str]:
    tracemalloc.start()
    parsed = parse(data, limits) if limits else parse(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * len(data) + (1 << 20)
    assert parsed.root is None
    return [fault.rule for fault in parsed.faults]


LAUGHS = b"<!DOCTYPE a [" + b"".join(
    b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10 if n else b"lol") for n in range(10)
)
QUADRATIC = b'<!DOCTYPE a [<!ENTITY q "' + b"q" * 50_000 + b'">]><a>' + b"&q;" * 50_000 + b"</a>"


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS + b"]><a>&l9;</a>",
        QUADRATIC,
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p.dtd"> %p;]><a/>',
        b'<!DOCTYPE a PUBLIC "-//X" "http://127.0.0.1:9/x.dtd"><a/>',
        b'<!DOCTYPE a [<!ATTLIST a x CDATA "default">]><a/>',
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///dev/zero">]><a>&e;</a>',
        b"<?xml version='1.0'?><!--x--><?p <!DOCTYPE?><!DOCTYPE a><a/>",
        b"<!DOCTYPE\n\n\na\n>\n<a/>",
    ],
)
def test_a_document_type_is_refused_before_anything_in_it_is_read(data: bytes) -> None:
    assert refused(data) == ["xml_doctype"]


def test_a_document_type_after_a_long_prolog_is_found_in_linear_time() -> None:
    prolog = b"<!-- " + b"- " * 200_000 + b"-->" + b" " * 200_000 + b"<?p " + b"?" * 200_000 + b"?>"
    assert refused(prolog + b"<!DOCTYPE a><a/>") == ["xml_doctype"]
    assert refused(b"<!--" + b"<!--" * 200_000)[0] in {"xml_not_well_formed", "xml_doctype"}
    assert refused(b"<?" * 200_000)[0] == "xml_not_well_formed"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"])
def test_no_encoding_hides_a_document_type(encoding: str) -> None:
    assert refused('<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'.encode(encoding))[0] in {
        "xml_encoding",
        "xml_not_well_formed",
        "xml_doctype",
    }


def test_inclusions_are_left_as_elements_and_nothing_is_fetched() -> None:
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]

        def wait() -> None:
            try:
                server.accept()
                asked.set()
            except TimeoutError:
                pass

        listener = threading.Thread(target=wait)
        listener.start()
        data = (
            f'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:{port}/x.xsl"?>'
            '<a xmlns:xi="http://www.w3.org/2001/XInclude" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="urn:x http://127.0.0.1:{port}/x.xsd">'
            f'<xi:include href="http://127.0.0.1:{port}/secret" parse="text"/><xi:include href="file:///etc/passwd"/></a>'
        ).encode()
        parsed = parse(data)
        listener.join()
    assert not asked.is_set()
    assert parsed.root is not None
    assert [child.tag for child in parsed.root] == ["{http://www.w3.org/2001/XInclude}include"] * 2
    assert b"root:" not in canonical(parsed.root)


def test_depth_is_bounded_where_the_parser_and_where_the_limit_says() -> None:
    def nested(depth: int) -> bytes:
        return b"<b>" * depth + b"</b>" * depth

    assert parse(nested(64)).root is not None
    assert refused(nested(65)) == ["xml_too_deep"]
    assert refused(nested(1_000_000)) == ["xml_too_deep"]
    assert refused(nested(11), XmlLimits(depth=10)) == ["xml_too_deep"]


def test_a_text_too_long_for_the_parser_is_told_as_such() -> None:
    limits = XmlLimits(size=64 << 20)
    assert refused(b"<a>" + b"x" * (11 << 20) + b"</a>", limits) == ["xml_too_long"]
    assert refused(b"<a b='" + b"x" * (11 << 20) + b"'/>", limits) == ["xml_too_long"]


def test_size_is_bounded_before_a_byte_is_read() -> None:
    assert refused(b"\xff" * ((16 << 20) + 1)) == ["xml_too_large"]


@pytest.mark.parametrize(
    "data",
    [
        b"<a " + b" ".join(b'x%d="1"' % n for n in range(100_000)) + b"/>",
        b"<a " + b" ".join(b'xmlns:x%d="urn:x"' % n for n in range(20_000)) + b"/>",
        b"<a>" + b"<b/>" * 300_000 + b"</a>",
        b"<a x='" + b"y" * 5_000_000 + b"'/>",
        b"<a>" + b"&#x41;" * 300_000 + b"</a>",
        b"<a>" + b"<![CDATA[x]]>" * 200_000 + b"</a>",
        b"<a><!--" + b"x" * 5_000_000 + b"--></a>",
        b"<a" + b"a" * 60_000 + b"/>",
    ],
    ids=["attributes", "namespaces", "elements", "attribute", "references", "cdata", "comment", "name"],
)
def test_much_of_one_kind_is_read_or_refused_without_an_exception(data: bytes) -> None:
    parsed = parse(data)
    assert isinstance(parsed, Parsed)
    assert (parsed.root is None) == bool(parsed.faults)


@pytest.mark.parametrize(
    "data", [b"<a>&#0;</a>", b"<a>&#xFFFE;</a>", b"<a>&#xD800;</a>", b"<a>\xed\xa0\x80</a>", b"<a>\x08</a>"]
)
def test_characters_that_xml_does_not_know_are_refused(data: bytes) -> None:
    assert refused(data)[0] in {"xml_not_well_formed", "xml_encoding"}


def test_the_parser_of_a_thread_forgets_what_went_wrong_before() -> None:
    assert [fault.line for fault in parse(b"<a>\n\n<b></a>").faults] == [3]
    assert parse(b"<a/>").faults == ()
    assert [fault.line for fault in parse(b"<a>").faults] == [1]


def test_documents_are_read_by_several_threads_at_once() -> None:
    wrong: list[str] = []

    def work(number: int) -> None:
        for _ in range(50):
            good, bad = parse(f"<a><b>{number}</b></a>".encode()), parse(b"<a>" + b"\n" * number + b"</b>")
            if good.root is None or good.root[0].text != str(number) or bad.faults[0].line != number + 1:
                wrong.append(f"thread {number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
