"""What a public reader of XZuFi 2.2.0 demands of files, held against the whole offer of a town.

No reader of XZuFi can be had from a package registry. The demands are those of the one that is published as a
repository (codedust/xzufi, without its responsibilities, which it does not know); the code is this file's own.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest

from tests.catalogue_gateway import written
from tests.commands import run

NAMESPACE = "http://xoev.de/schemata/xzufi/2_2_0"
X = {"x": NAMESPACE}
TITLE, ONLINE_SERVICE = "02", "urn:xoev-de:fim:codeliste:onlinedienstlinktyp:01"


def one(node: ET.Element, path: str) -> ET.Element:
    (found,) = node.findall(path, X)
    return found


def leistung(node: ET.Element) -> tuple[str, str]:
    """LeiKa key and title: the key's code stands in no namespace, one module of text alone is the title."""
    (title,) = (each for each in node.findall("x:modulText", X) if one(each, "x:leikaTextmodul/code").text == TITLE)
    return one(node, "x:referenzLeiKa/code").text, title.find("x:inhalt", X).text


def online_service(node: ET.Element) -> set[str]:
    """The addresses of all its links, each of the one kind that is an online service."""
    for link in node.findall("x:link", X):
        kind = one(link, "x:typ")
        assert f"{kind.attrib['listURI']}:{one(kind, 'code').text}" == ONLINE_SERVICE
    return {one(link, "x:link").text for link in node.findall("x:link", X)}


def unit(node: ET.Element) -> str:
    return node.find("x:name/x:name", X).text


def responsibility(node: ET.Element) -> tuple[str, ...]:
    one(node, "x:zustaendigkeit/x:leistungID")
    return tuple(each.text for each in node.findall("x:zustaendigkeit/x:gebietID", X))


READ = {
    "leistung": leistung,
    "onlinedienst": online_service,
    "organisationseinheit": unit,
    "zustaendigkeitTransferObjekt": responsibility,
}


def read(content: bytes) -> list[tuple[str, object]]:
    root = ET.fromstring(content)
    assert root.attrib["xzufiVersion"] == "2.2.0"
    one(root, "x:nachrichtenkopf")
    seen = []
    for node in root.findall("x:schreibe", X):
        (written_object,) = node
        kind = written_object.tag.removeprefix(f"{{{NAMESPACE}}}")
        if kind != "zustaendigkeitTransferObjekt":
            assert one(written_object, "x:id").attrib["schemeAgencyID"]
        seen.append((kind, READ[kind](written_object)))
    return seen


@pytest.fixture
def exported(tmp_path, postgres_dsn):
    config = written(tmp_path, postgres_dsn)
    text = config.read_text(encoding="utf-8") + '\n[catalogue]\nxzufi = "2.2.0"\n'
    config.write_text(text, encoding="utf-8")
    ended = run("catalogue", "export", "--out", tmp_path / "out", "--config", config, "--json")
    assert ended.returncode == 0, ended.stderr
    listed = run("catalogue", "list", "--config", config, "--json").stdout.splitlines()
    return tmp_path / "out", [each for each in map(json.loads, listed) if each["leika_key"]]


def test_every_file_is_read_and_says_what_the_registry_says(exported):
    out, entries = exported
    names = [line.strip("\r") for line in (out / "index.txt").read_text(encoding="utf-8").split("\n") if line]
    assert set(names) | {"index.txt"} == {path.name for path in out.iterdir()}
    seen = [each for name in names for each in read((out / name).read_bytes())]
    by_kind = {kind: [what for each, what in seen if each == kind] for kind in READ}
    assert sorted(by_kind["leistung"]) == sorted((each["leika_key"], each["title"]["de"]) for each in entries)
    assert {frozenset(each) for each in by_kind["onlinedienst"]} == {frozenset({each["url"]}) for each in entries}
    assert set(by_kind["zustaendigkeitTransferObjekt"]) == {("150900546546",)}
    assert "Einheitsgemeinde Stadt Tangerhütte" in by_kind["organisationseinheit"]
