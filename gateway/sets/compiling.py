"""Whether the schemas of a source compile: asked before anything of it is written.

Knows: that sets of one source answer each other's imports, and that what is installed answers the rest. Never does:
I/O, report what only follows from a missing part. Standard: XML Schema 1.0 (W3C). Start reading: `uncompiled`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.model import Finding, Severity
from gateway.sets.library import Library
from gateway.sets.manifest import Manifest, SetIdentity
from gateway.sets.plan import NewSet
from gateway.xoev.schema.sets import SchemaSet

_SUFFIX: Final = ".xsd"
_ABSENT: Final = frozenset({"xsd_missing", "xsd_outside", "xsd_absent", "xsd_unread"})
"""Rules of parts that are not there or cannot be read."""


@dataclass(frozen=True, slots=True)
class Compiling:
    """What compiling a source says.

    `faults` stop everything. `flagged` are official sets that only lack parts which another source may bring, since the
    order in which official sets come in must not matter; `notices` tell of them, and of imports that nothing uses.
    """

    faults: tuple[Finding, ...] = ()
    notices: tuple[Finding, ...] = ()
    flagged: frozenset[SetIdentity] = frozenset()


def uncompiled(sets: Sequence[NewSet], installed: Library, manifest: Manifest) -> Compiling:
    """What stands against the schemas of a source.

    Args:
        sets: what is to be installed.
        installed: what is there; of the same identity the new set counts.
        manifest: the official sets, which say whose files may hold a document type.

    Returns:
        for each set that does not compile a finding that names it and the way out, then the causes with file and line,
        absent parts first; and the notices of those that do.
    """
    schemas = [new_set for new_set in sets if new_set.identity.kind == "schema"]
    library = installed.beside({new_set.identity: _as_set(new_set, manifest) for new_set in schemas})
    faults: list[Finding] = []
    notices: list[Finding] = []
    flagged: set[SetIdentity] = set()
    for new_set in schemas:
        if not has_schema(new_set.files):
            continue
        compiled, findings = library.schema(new_set.identity.urn, new_set.identity.version)
        head, *causes = refusal(new_set.identity, findings)
        if compiled is not None:
            notices += once(compiled.notices)
        elif new_set.listed and all(cause.rule in _ABSENT for cause in causes):
            notices += [replace(cause, severity=Severity.WARNING) for cause in (head, *causes)]
            flagged.add(new_set.identity)
        else:
            faults += [head, *causes]
    return Compiling(tuple(faults), tuple(notices), frozenset(flagged))


def has_schema(files: Mapping[str, object]) -> bool:
    """Whether there is an XSD among the files; a set may hold JSON schemas alone."""
    return any(name.lower().endswith(_SUFFIX) for name in files)


def refusal(identity: SetIdentity, findings: Sequence[Finding]) -> list[Finding]:
    """The causes that a set does not compile, headed by what to do; absent parts first."""
    causes = [
        cause if cause.severity is Severity.INFO else replace(cause, severity=Severity.ERROR)
        for cause in once(findings)
    ]
    absent = [finding for finding in causes if finding.rule in _ABSENT]
    others = [finding for finding in causes if finding.rule not in _ABSENT]
    de, en = _SENTENCES["set_lacking" if absent else "set_uncompiled"]
    return [Finding(identity.name, "set_uncompiled", de, en), *absent, *others]


def once(findings: Sequence[Finding]) -> list[Finding]:
    """Each absent namespace once, where it is first asked for: one part is missing, however many files name it."""
    distinct: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        about = finding.en.partition(": ")[2] if finding.rule == "xsd_absent" else finding.pointer + finding.en
        distinct.setdefault((finding.rule, about), finding)
    return list(distinct.values())


def _as_set(new_set: NewSet, manifest: Manifest) -> SchemaSet:
    entry = manifest.find(new_set.identity)
    doctypes = entry.doctypes if entry is not None and new_set.listed else frozenset[str]()
    return SchemaSet(new_set.identity.urn, new_set.identity.version, new_set.files, doctypes)


_SENTENCES: Final = {
    "set_uncompiled": (
        (
            "Diese Schemata lassen sich nicht übersetzen; Datei, Zeile und Ursache stehen darunter. Bitte beim "
            "Herausgeber eine berichtigte Fassung holen."
        ),
        "These schemas do not compile; file, line and cause stand below. Get a corrected version from the publisher.",
    ),
    "set_lacking": (
        (
            "Diese Schemata lassen sich nicht übersetzen, weil die darunter genannten Teile fehlen. Bitte diese in "
            "denselben Ordner oder dasselbe Archiv legen oder zuerst installieren."
        ),
        (
            "These schemas do not compile because the parts named below are missing. Lay them into the same folder or "
            "archive, or install them first."
        ),
    ),
}
