"""Whether the schemas of a source compile: asked before anything of it is written.

Knows: that sets of one source answer each other's imports, and that what is installed answers the rest. Never does:
I/O, tell what only follows from a part that is not there. Standard: XML Schema 1.0 (W3C). Start reading: `uncompiled`.
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
    schemas = [one for one in sets if one.identity.kind == "schema"]
    together = installed.beside({one.identity: _as_set(one, manifest) for one in schemas})
    faults: list[Finding] = []
    notices: list[Finding] = []
    flagged: set[SetIdentity] = set()
    for one in schemas:
        if not has_schema(one.files):
            continue
        compiled, told = together.schema(one.identity.urn, one.identity.version)
        head, *causes = refusal(one.identity, told)
        if compiled is not None:
            notices += once(compiled.notices)
        elif one.listed and all(cause.rule in _ABSENT for cause in causes):
            notices += [replace(cause, severity=Severity.WARNING) for cause in (head, *causes)]
            flagged.add(one.identity)
        else:
            faults += [head, *causes]
    return Compiling(tuple(faults), tuple(notices), frozenset(flagged))


def has_schema(files: Mapping[str, object]) -> bool:
    """Whether there is an XSD among the files; a set may hold JSON schemas alone."""
    return any(name.lower().endswith(_SUFFIX) for name in files)


def refusal(identity: SetIdentity, told: Sequence[Finding]) -> list[Finding]:
    """The causes that a set does not compile, headed by what to do; absent parts first."""
    causes = [one if one.severity is Severity.INFO else replace(one, severity=Severity.ERROR) for one in once(told)]
    absent = [one for one in causes if one.rule in _ABSENT]
    left = [one for one in causes if one.rule not in _ABSENT]
    de, en = _SENTENCES["set_lacking" if absent else "set_uncompiled"]
    return [Finding(identity.name, "set_uncompiled", de, en), *absent, *left]


def once(told: Sequence[Finding]) -> list[Finding]:
    """Each absent namespace once, where it is first asked for: one part is missing, however many files name it."""
    found: dict[tuple[str, str], Finding] = {}
    for one in told:
        about = one.en.partition(": ")[2] if one.rule == "xsd_absent" else one.pointer + one.en
        found.setdefault((one.rule, about), one)
    return list(found.values())


def _as_set(one: NewSet, manifest: Manifest) -> SchemaSet:
    entry = manifest.find(one.identity)
    doctypes = entry.doctypes if entry is not None and one.listed else frozenset[str]()
    return SchemaSet(one.identity.urn, one.identity.version, one.files, doctypes)


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
