"""The manifest: which official schema sets and code lists there are, and the digests of their files.

Knows: the file `MANIFEST.toml` beside this module (`xsd/MANIFEST.toml` in the repository is a link to it).
Never does: hold a file of a set. Start reading: `Manifest`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

from gateway.xoev.codes.lists import Ending

Kind = Literal["schema", "rules", "codelist"]


@dataclass(frozen=True, slots=True)
class SetIdentity:
    """What a set is: its kind, the URN its publisher gave it (or its namespace), and its version."""

    kind: Kind
    urn: str
    version: str

    @property
    def name(self) -> str:
        """URN and version as the XRepository joins them."""
        return self.urn if self.urn.endswith(f"_{self.version}") else f"{self.urn}_{self.version}"


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """A set of the manifest. `files` are names and SHA-256 (hex), `doctypes` those that may hold a document type."""

    identity: SetIdentity
    files: Mapping[str, str] = field(repr=False)
    published: str
    licence: str
    own: bool = False
    doctypes: frozenset[str] = frozenset()
    ending: Ending | None = None

    @property
    def digest(self) -> str:
        """The digest of the whole set, see `digest_of`."""
        return digest_of(self.files)


class Manifest:
    """All entries, by identity."""

    def __init__(self, entries: Iterable[ManifestEntry]) -> None:
        self.entries = tuple(entries)
        self._by_identity = {entry.identity: entry for entry in self.entries}

    def find(self, identity: SetIdentity) -> ManifestEntry | None:
        """The entry of a set, None for one that the manifest does not name."""
        return self._by_identity.get(identity)

    def endings(self) -> dict[str, Ending]:
        """Code list URI -> where its rows say until when they count."""
        return {entry.identity.urn: entry.ending for entry in self.entries if entry.ending is not None}


def digest_of(files: Mapping[str, str]) -> str:
    """SHA-256 (hex) over the lines `<sha256>  <name>` of all files in the order of their names."""
    lines = "".join(f"{files[name]}  {name}\n" for name in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def parse(text: str) -> Manifest:
    """Read a manifest. Raises `KeyError` or `ValueError` for one that is broken, which a test rules out for ours."""
    return Manifest(_entry(values) for values in tomllib.loads(text)["sets"])


@cache
def shipped() -> Manifest:
    """The manifest of this release."""
    return parse(resources.files("gateway.sets").joinpath("MANIFEST.toml").read_text(encoding="utf-8"))


def _entry(values: Mapping[str, Any]) -> ManifestEntry:
    files = values["files"]
    ending = values.get("ending")
    return ManifestEntry(
        SetIdentity(values["kind"], values["urn"], values["version"]),
        {file["name"]: file["sha256"] for file in files},
        values.get("published", ""),
        values["licence"],
        values.get("own", False),
        frozenset(file["name"] for file in files if file.get("doctype")),
        Ending(ending["column"], ending["form"]) if ending else None,
    )
