"""The manifest: every entry whole, and at hand in an installed wheel."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from flit_core.wheel import make_wheel_in

from gateway.sets.manifest import digest_of, shipped

ROOT = Path(__file__).parents[2]


def test_every_entry_names_its_origin_licence_and_digests() -> None:
    manifest = shipped()
    identities = [one.identity for one in manifest.entries]
    assert len(set(identities)) == len(identities)
    for one in manifest.entries:
        assert one.identity.kind in {"schema", "rules", "codelist"}
        assert one.identity.urn
        assert one.identity.version
        assert one.licence
        assert one.own or one.published
        assert one.files
        assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in one.files.values())
        assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in one.files)
        assert one.doctypes <= set(one.files)
        assert manifest.find(one.identity) is one


def test_the_digest_of_a_set_depends_on_names_and_content() -> None:
    assert digest_of({"a": "1", "b": "2"}) == digest_of({"b": "2", "a": "1"})
    assert len({digest_of({"a": "1"}), digest_of({"a": "2"}), digest_of({"b": "1"})}) == 3


def test_the_wheel_holds_the_manifest_and_the_addresses(tmp_path: Path) -> None:
    wheel = make_wheel_in(ROOT / "pyproject.toml", tmp_path).file
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("gateway/sets/MANIFEST.toml") == (ROOT / "xsd/MANIFEST.toml").read_bytes()
        assert "gateway/sets/xrepository.toml" in archive.namelist()
