"""What a source brings: which of its files form a set, and the faults that prevent it.

Knows: the manifest counts by digest, whatever the files are called and wherever they lie in the source.
Never does: I/O, take a file that neither the manifest nor the operator asks for. Start reading: `plan`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from posixpath import basename
from typing import Final

from gateway.errors.sentences import Sentences
from gateway.model import Finding, Severity
from gateway.sets.manifest import Manifest, SetIdentity
from gateway.xoev.codes.lists import identity as list_identity
from gateway.xoev.fim import genericode
from gateway.xoev.xml import strict_xml

_STANDARD: Final = ".//{*}appinfo/{*}standard/{*}kennung"
_VERSION: Final = ".//{*}appinfo/{*}versionStandard/{*}version"


@dataclass(frozen=True, slots=True)
class NewSet:
    """A set to be installed: `files` by relative path, `digests` their SHA-256 (hex)."""

    identity: SetIdentity
    files: Mapping[str, bytes] = field(repr=False)
    listed: bool

    @property
    def digests(self) -> dict[str, str]:
        """Name -> SHA-256 (hex)."""
        return {name: sha256(content) for name, content in self.files.items()}


@dataclass(frozen=True, slots=True)
class Unlisted:
    """The operator wants files that the manifest does not name; `urn` and `version` where the files do not say."""

    urn: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The sets of a source, the files of none (`left`), every fault (each stops everything) and notice."""

    sets: tuple[NewSet, ...]
    left: tuple[str, ...]
    faults: tuple[Finding, ...]
    notices: tuple[Finding, ...] = ()


def sha256(content: bytes) -> str:
    """SHA-256 (hex)."""
    return hashlib.sha256(content).hexdigest()


def plan(files: Mapping[str, bytes], manifest: Manifest, unlisted: Unlisted | None = None) -> Plan:
    """What to install of `files` (relative path -> content).

    Args:
        files: everything that the source holds.
        manifest: the official sets; a set is taken when all its digests are there.
        unlisted: take schemas, rules and code lists that the manifest does not name, too.

    Returns:
        the sets, what is left over and every fault. A set of which only a part fits is never taken: either the download
        is incomplete or somebody changed it. That is a fault where nothing else is to be installed, else a notice.
    """
    by_digest = {sha256(content): path for path, content in files.items()}
    present = [entry for entry in manifest.entries if not entry.own and set(entry.files.values()) <= set(by_digest)]
    sets = [
        NewSet(entry.identity, {name: files[by_digest[digest]] for name, digest in entry.files.items()}, listed=True)
        for entry in present
    ]
    known = {digest for entry in present for digest in entry.files.values()}
    complete = {name for entry in present for name in entry.files}
    left = {path: content for path, content in files.items() if sha256(content) not in known and _kind(path, content)}
    if unlisted is not None:
        more, faults = _unlisted(left, unlisted)
        planned = (*sets, *more)
        return Plan(planned, (), tuple(faults) if planned or faults else (_fault("/", "set_nothing"),))
    near = tuple(_near(left, manifest, complete))
    if sets:
        return Plan(tuple(sets), tuple(left), (), tuple(replace(fault, severity=Severity.WARNING) for fault in near))
    return Plan((), tuple(left), near or (_fault("/", "set_unlisted" if left else "set_nothing"),))


def _near(left: Mapping[str, bytes], manifest: Manifest, complete: set[str]) -> list[Finding]:
    """A fault for each file that is missing or changed where the source has names or digests of that set."""
    faults: list[Finding] = []
    digests = {sha256(content) for content in left.values()}
    names = {basename(path) for path in left}
    for entry in manifest.entries:
        if entry.own or not (set(entry.files.values()) & digests or set(entry.files) & names):
            continue
        if set(entry.files) <= complete:
            continue  # the set itself is there; what else has a name of it is left over
        faults += [
            _fault(f"{entry.identity.name}/{name}", "set_changed" if name in names else "set_incomplete", digest)
            for name, digest in entry.files.items()
            if digest not in digests
        ]
    return faults


def _kind(path: str, content: bytes) -> str:
    """`codelist`, `rules` or `schema` by name and content; empty for documentation and the like."""
    lower = path.lower()
    if lower.endswith(".xsd"):
        return "schema"
    if lower.endswith(".sch"):
        return "rules"
    if lower.endswith(tuple(genericode.SUFFIXES)) and genericode.is_code_list(content[: genericode.SNIFF]):
        return "codelist"
    return "schema" if lower.endswith(".schema.json") else ""


def _unlisted(left: Mapping[str, bytes], unlisted: Unlisted) -> tuple[list[NewSet], list[Finding]]:
    sets: dict[SetIdentity, NewSet] = {}
    faults: list[Finding] = []
    others: dict[str, dict[str, bytes]] = {"schema": {}, "rules": {}}
    for path, content in left.items():
        kind = _kind(path, content)
        if kind != "codelist":
            others[kind][path] = content
            continue
        table, findings = genericode.read([content])
        faults += [replace(finding, pointer=f"{path}#{finding.pointer}") for finding in findings]
        if table is not None:
            new_set = NewSet(SetIdentity("codelist", *list_identity(table)), {basename(path): content}, listed=False)
            if new_set.identity in sets:
                faults.append(_fault(path, "set_twice", new_set.identity.name))
            sets[new_set.identity] = new_set
    named, broken = _named(others["schema"], unlisted)
    faults += broken
    for kind, files in others.items():
        if files and named is None:
            faults.append(_fault(next(iter(files)), "set_unnamed"))
        elif files and named is not None:
            identity = SetIdentity("schema" if kind == "schema" else "rules", *named)
            sets[identity] = NewSet(identity, files, listed=False)
    return list(sets.values()), faults


def _named(files: Mapping[str, bytes], unlisted: Unlisted) -> tuple[tuple[str, str] | None, list[Finding]]:
    """URN and version: what the operator says, else what all XSDs that say it agree on."""
    faults: list[Finding] = []
    identities: set[tuple[str, str]] = set()
    for path, content in files.items():
        if not path.lower().endswith(".xsd"):
            continue
        parsed = strict_xml.parse(content)
        faults += parsed.findings(f"{path}#")
        if parsed.root is not None:
            urn, version = parsed.root.findtext(_STANDARD), parsed.root.findtext(_VERSION)
            if urn and version:
                identities.add((urn.strip(), version.strip()))
    if unlisted.urn and unlisted.version:
        return (unlisted.urn, unlisted.version), faults
    return (identities.pop() if len(identities) == 1 else None), faults


_SENTENCES: Final = {
    "set_changed": (
        (
            "Die Datei ist nicht die amtliche (erwartet SHA-256 {0}). Bitte neu herunterladen; --unlisted nimmt sie "
            "als nicht amtlich gekennzeichnet auf."
        ),
        (
            "The file is not the official one (expected SHA-256 {0}). Download it again; --unlisted takes it "
            "marked as not official."
        ),
    ),
    "set_incomplete": (
        "Die Schemamenge ist unvollständig: Diese Datei fehlt (SHA-256 {0}).",
        "The schema set is incomplete: this file is missing (SHA-256 {0}).",
    ),
    "set_unlisted": (
        "Das Manifest nennt keine dieser Dateien; mit --unlisted werden sie gekennzeichnet übernommen.",
        "The manifest names none of these files; --unlisted takes them, marked so.",
    ),
    "set_nothing": (
        "Die Quelle enthält weder Schemata noch Codelisten (XSD, Schematron, genericode).",
        "The source holds neither schemas nor code lists (XSD, Schematron, genericode).",
    ),
    "set_unnamed": (
        "Die Dateien sagen nicht einheitlich, zu welchem Standard sie gehören; bitte --urn und --version angeben.",
        "The files do not agree on which standard they belong to; give --urn and --version.",
    ),
    "set_twice": (
        "Die Codeliste {0} kommt mit verschiedenem Inhalt mehrmals vor.",
        "The code list {0} occurs several times with different content.",
    ),
}


_fault: Final = Sentences(_SENTENCES).finding
