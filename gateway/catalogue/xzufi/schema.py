"""The schema that exports are held to: the operator's installed one, else our own profile.

Knows: which of both makes an export verified. Never does: fall back where the installed one has faults.
Standard: XRepository `urn:xoev-de:fim:standard:xzufi`. Start reading: `schema_of`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from gateway.catalogue.xzufi.profile import XzufiProfile
from gateway.errors import CatalogueExportInvalid
from gateway.sets.library import Library
from gateway.xoev.schema.sets import CompiledSet, SchemaSet, compile_set


@dataclass(frozen=True, slots=True)
class ExportSchema:
    """A compiled schema; `verified`: it is the official one. `digest` is over all its files."""

    compiled: CompiledSet = field(repr=False)
    verified: bool
    digest: str


def schema_of(library: Library, profile: XzufiProfile) -> ExportSchema:
    """The schema of the profile's version. Raises `CatalogueExportInvalid` where the installed one cannot be used."""
    official = library.find(f"{profile.urn}_{profile.version}")
    if official is not None:
        compiled, faults = library.schema(official.urn, official.version)
    else:
        files = {f"xzufi-{profile.version}-own-profile.xsd": profile.xsd}
        compiled, faults = compile_set(SchemaSet(profile.urn, profile.version, files))
    if compiled is None:
        raise CatalogueExportInvalid(findings=faults)
    digest = hashlib.sha256(b"\0".join(part.source for part in compiled.parts)).hexdigest()
    return ExportSchema(compiled, official is not None, digest)
