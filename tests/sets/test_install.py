"""What a source brings is installed whole or not at all, and only what is official or wanted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import DataInvalid, SetRefused, SetsNotWritten
from gateway.sets import install as installing
from gateway.sets.install import install
from gateway.sets.installed import INDEX, load, read_files, read_index, usable
from gateway.sets.manifest import Manifest, SetIdentity, digest_of
from gateway.sets.plan import NewSet, Plan, Unlisted, plan

from .made import MANIFEST, XSD, A, B, C, entry, sha

AB, ONLY_C = SetIdentity("schema", "urn:ab", "1"), SetIdentity("schema", "urn:c", "1")
CODE_LIST = (
    '<gc:CodeList xmlns:gc="http://docs.oasis-open.org/codelist/ns/genericode/1.0/"><Identification><Version>{1}</Version>'
    "<CanonicalUri>{0}</CanonicalUri></Identification><ColumnSet><Column Id='c'/><Key Id='k'><ColumnRef Ref='c'/></Key>"
    "</ColumnSet><SimpleCodeList><Row><Value ColumnRef='c'><SimpleValue>1</SimpleValue></Value></Row></SimpleCodeList>"
    "</gc:CodeList>"
)


def bring(directory: Path, planned: Plan, *, replace: bool = False) -> list[str]:
    assert planned.faults == ()
    done = install(directory, planned.sets, source="test", at="2026-11-23T00:00:00+00:00", replace=replace)
    return [one.outcome for one in done]


def faults(planned: Plan) -> dict[str, str]:
    assert planned.sets == ()
    return {one.pointer: one.rule for one in planned.faults}


def test_a_set_is_known_by_its_digests_whatever_its_files_are_called() -> None:
    planned = plan({"deep/x.xsd": A, "y.xsd": B, "readme.pdf": b"%PDF"}, MANIFEST)
    assert [(one.identity, one.listed, one.files) for one in planned.sets] == [(AB, True, {"a.xsd": A, "b.xsd": B})]
    assert planned.left == ()


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.xsd": A}, {"urn:ab_1/b.xsd": "set_incomplete"}),
        ({"a.xsd": A, "b.xsd": B + b" "}, {"urn:ab_1/b.xsd": "set_changed"}),
        ({"c.xsd": C + b" "}, {"urn:c_1/c.xsd": "set_changed"}),
        ({"other.xsd": C + b" "}, {"/": "set_unlisted"}),
        ({"readme.txt": b"x"}, {"/": "set_nothing"}),
        ({}, {"/": "set_nothing"}),
    ],
)
def test_what_is_changed_incomplete_or_unknown_is_refused(files: dict[str, bytes], expected: dict[str, str]) -> None:
    assert faults(plan(files, MANIFEST)) == expected


def test_beside_a_whole_set_a_changed_one_is_left_out_and_told() -> None:
    planned = plan({"c.xsd": C, "a.xsd": A, "b.xsd": b"<x/>"}, MANIFEST)
    assert [one.identity for one in planned.sets] == [ONLY_C]
    assert [(one.rule, one.severity.value) for one in planned.notices] == [("set_changed", "warning")]
    assert set(planned.left) == {"a.xsd", "b.xsd"}


def test_unlisted_sets_are_named_by_their_files_or_by_the_operator() -> None:
    said = "<standard><kennung>urn:x</kennung></standard><versionStandard><version>2.0</version></versionStandard>"
    note = f"<xs:annotation><xs:appinfo>{said}</xs:appinfo></xs:annotation>"
    named = XSD.format("d").replace("<xs:element", f"{note}<xs:element")
    files = {"a/d.xsd": named.encode(), "l.xml": CODE_LIST.format("urn:l", "3").encode(), "r.sch": b"<sch/>"}
    found = {one.identity.name: (one.identity.kind, one.listed) for one in plan(files, MANIFEST, Unlisted()).sets}
    assert found == {"urn:l_3": ("codelist", False), "urn:x_2.0": ("rules", False)}
    kinds = [one.identity.kind for one in plan(files, MANIFEST, Unlisted("urn:y", "1")).sets]
    assert sorted(kinds) == ["codelist", "rules", "schema"]
    assert faults(plan({"d.xsd": XSD.format("d").encode()}, MANIFEST, Unlisted())) == {"d.xsd": "set_unnamed"}


def test_unlisted_files_that_cannot_be_read_are_refused_with_their_line() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "b">]>' + A
    found = plan({"d.xsd": bomb, "l.xml": CODE_LIST.format("", "").encode()}, MANIFEST, Unlisted("urn:y", "1")).faults
    assert {(one.pointer, one.rule) for one in found} == {("d.xsd#/1", "xml_doctype"), ("l.xml#/1", "list_identity")}


def test_what_was_installed_is_there_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    planned = plan({"a.xsd": A, "b.xsd": B, "c.xsd": C}, MANIFEST)
    assert bring(tmp_path / "new/schemas", planned) == ["installed", "installed"]
    before = (tmp_path / "new/schemas" / INDEX).read_bytes()
    assert bring(tmp_path / "new/schemas", planned) == ["unchanged", "unchanged"]
    assert (tmp_path / "new/schemas" / INDEX).read_bytes() == before
    library, findings = load(tmp_path / "new/schemas", MANIFEST)
    assert findings == ()
    assert library.identities() == (AB, ONLY_C)
    schema, problems = library.schema("urn:ab", "1")
    assert (schema and schema.namespaces, problems) == (("urn:a", "urn:b"), ())
    assert library.schema("urn:gone", "1")[1][0].rule == "set_missing"


def test_a_changed_or_missing_file_is_found_and_its_set_is_not_used(tmp_path: Path) -> None:
    bring(tmp_path, plan({"a.xsd": A, "b.xsd": B, "c.xsd": C}, MANIFEST))
    one = next(one for one in read_index(tmp_path) if one.identity == AB)
    folder = tmp_path / "sets" / one.folder
    (folder / "a.xsd").write_bytes(A + b" ")
    (folder / "b.xsd").unlink()
    assert [fault.rule for fault in read_files(tmp_path, one)[1]] == ["set_file_changed", "set_file_missing"]
    library, findings = load(tmp_path, MANIFEST)
    assert library.identities() == (ONLY_C,)
    assert {fault.pointer for fault in findings} == {"urn:ab_1/a.xsd", "urn:ab_1/b.xsd"}
    planned = plan({"a.xsd": A, "b.xsd": B}, MANIFEST)
    with pytest.raises(SetRefused) as caught:
        bring(tmp_path, planned)
    assert [fault.rule for fault in caught.value.findings] == ["set_damaged"]
    assert bring(tmp_path, planned, replace=True) == ["replaced"]
    assert load(tmp_path, MANIFEST)[1] == ()


def test_a_message_is_read_from_whole_sets_alone(tmp_path: Path) -> None:
    bring(tmp_path, plan({"a.xsd": A, "b.xsd": B, "c.xsd": C}, MANIFEST))
    namespace = etree.fromstring(A).get("targetNamespace", "")
    schema, problems = usable(tmp_path, MANIFEST)().message(namespace, "a.xsd")
    assert (schema and schema.source, problems) == (A, ())
    for directory, name in ((tmp_path, "../../etc/passwd"), (tmp_path, "b.xsd"), (tmp_path / "nowhere", "a.xsd")):
        assert usable(directory, MANIFEST)().message(namespace, name)[1][0].rule == "set_absent"
    one = next(one for one in read_index(tmp_path) if one.identity == AB)
    (tmp_path / "sets" / one.folder / "b.xsd").write_bytes(B + b" ")
    assert usable(tmp_path, MANIFEST)().message(namespace, "a.xsd")[0] is None


def test_a_message_is_not_read_from_a_set_that_production_does_not_trust(tmp_path: Path) -> None:
    source = XSD.format("d").encode()
    unlisted = plan({"d.xsd": source}, MANIFEST, Unlisted("urn:d", "1"))
    bring(tmp_path, unlisted)
    namespace = etree.fromstring(source).get("targetNamespace", "")
    digest = digest_of(unlisted.sets[0].digests)
    for trusted, taken in ((None, True), (frozenset(), False), (frozenset({digest}), True)):
        assert (usable(tmp_path, MANIFEST, trusted)().message(namespace, "d.xsd")[0] is not None) == taken


def test_another_content_under_the_same_version_needs_replace(tmp_path: Path) -> None:
    wanted = Unlisted("urn:d", "1")
    bring(tmp_path, plan({"d.xsd": XSD.format("d").encode()}, MANIFEST, wanted))
    other = plan({"d.xsd": XSD.format("e").encode()}, MANIFEST, wanted)
    with pytest.raises(SetRefused) as caught:
        bring(tmp_path, other)
    assert [fault.rule for fault in caught.value.findings] == ["set_differs"]
    assert bring(tmp_path, other, replace=True) == ["replaced"]
    assert len(list((tmp_path / "sets").iterdir())) == 1


def test_production_uses_what_is_official_or_trusted_by_digest(tmp_path: Path) -> None:
    unlisted = plan({"d.xsd": XSD.format("d").encode()}, MANIFEST, Unlisted("urn:d", "1"))
    bring(tmp_path, unlisted)
    bring(tmp_path, plan({"c.xsd": C}, MANIFEST))
    digest = digest_of(unlisted.sets[0].digests)
    assert len(load(tmp_path, MANIFEST)[0]) == 2
    library, findings = load(tmp_path, MANIFEST, frozenset())
    assert library.identities() == (ONLY_C,)
    assert [fault.rule for fault in findings] == ["set_untrusted"]
    assert digest in findings[0].en
    assert len(load(tmp_path, MANIFEST, frozenset({digest}))[0]) == 2


def test_a_set_with_an_official_name_and_other_bytes_counts_as_unlisted(tmp_path: Path) -> None:
    bring(tmp_path, plan({"c.xsd": XSD.format("evil").encode()}, MANIFEST, Unlisted("urn:c", "1")))
    assert not read_index(tmp_path)[0].is_listed(MANIFEST)
    assert load(tmp_path, MANIFEST, frozenset())[0].identities() == ()


class Stopped(BaseException):
    """The machine stops here."""


def stopping(monkeypatch: pytest.MonkeyPatch, after: int, failure: BaseException) -> None:
    """Let the n-th call that touches the disk fail."""
    calls = 0

    def watched(real: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            nonlocal calls
            calls += 1
            if calls > after:
                raise failure
            return real(*args, **kwargs)

        return call

    monkeypatch.setattr(installing.os, "fsync", watched(os.fstat))
    for name in ("rename", "replace", "mkdir", "open"):
        monkeypatch.setattr(Path, name, watched(getattr(Path, name)))
    monkeypatch.setattr(installing.shutil, "rmtree", watched(installing.shutil.rmtree))


@pytest.mark.parametrize("failure", [Stopped(), OSError(28, "No space left on device")])
def test_wherever_it_stops_the_old_state_or_the_new_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    old = plan({"c.xsd": C}, MANIFEST)
    new = plan({"a.xsd": A, "b.xsd": B, "d.xsd": XSD.format("d").encode()}, MANIFEST, Unlisted("urn:d", "1"))
    seen: set[int] = set()
    for after in range(60):
        directory = tmp_path / str(after)
        bring(directory, old)
        with monkeypatch.context() as patch:
            stopping(patch, after, failure)
            try:
                bring(directory, new)
            except (Stopped, SetsNotWritten):
                ended = False
            else:
                ended = True
        library, findings = load(directory, MANIFEST)
        assert findings == ()
        assert len(library) in {1, 3}
        seen.add(len(library))
        bring(directory, new)
        assert len(load(directory, MANIFEST)[0]) == 3
        assert len(list((directory / "sets").iterdir())) == 3
        if ended:
            break
    assert ended
    assert seen == {1, 3}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sets": [{}]}', '{"sets": 1}', "\xff", "[" * 100_000])
def test_an_index_that_is_none_is_told_and_never_guessed(tmp_path: Path, text: str) -> None:
    (tmp_path / INDEX).write_text(text, encoding="latin-1")
    with pytest.raises(DataInvalid) as caught:
        read_index(tmp_path)
    assert [one.rule for one in caught.value.findings] == ["index_broken"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd"])
def test_an_index_cannot_lead_out_of_its_directory(tmp_path: Path, name: str) -> None:
    bring(tmp_path, plan({"c.xsd": C}, MANIFEST))
    text = json.loads((tmp_path / INDEX).read_text())
    text["sets"][0]["files"] = {name: sha(b"")}
    (tmp_path / INDEX).write_text(json.dumps(text))
    with pytest.raises(DataInvalid):
        load(tmp_path, MANIFEST)


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetsNotWritten):
        install(tmp_path / "file/schemas", [NewSet(ONLY_C, {"c.xsd": C}, listed=True)], source="", at="")


def test_an_official_set_answers_before_an_unlisted_one_with_the_same_namespace(tmp_path: Path) -> None:
    user = XSD.format("u").replace("<xs:element", '<xs:import namespace="urn:c"/><xs:element')
    manifest = Manifest([*MANIFEST.entries, entry("urn:u", {"u.xsd": user.encode()})])
    shadow = XSD.format("c").replace('<xs:element name="c"/>', "")
    bring(tmp_path, plan({"a.xsd": shadow.encode()}, manifest, Unlisted("urn:a-first", "1")))
    bring(tmp_path, plan({"c.xsd": C, "u.xsd": user.encode()}, manifest))
    schema, _ = load(tmp_path, manifest)[0].schema("urn:u", "1")
    assert schema is not None
    assert any(root.find("{*}element[@name='c']") is not None for root in [part.root for part in schema.parts])
