"""ZIP archives and manifests made for a test."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping

from gateway.sets.manifest import Manifest, ManifestEntry, SetIdentity

XSD = (
    '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:{0}">'
    '<xs:element name="{0}"/></xs:schema>'
)
A, B, C = (XSD.format(name).encode() for name in "abc")


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def entry(urn: str, files: Mapping[str, bytes], version: str = "1", kind: str = "schema") -> ManifestEntry:
    digests = {name: sha(content) for name, content in files.items()}
    return ManifestEntry(SetIdentity(kind, urn, version), digests, "https://example.org/", "CC0-1.0")


MANIFEST = Manifest([entry("urn:ab", {"a.xsd": A, "b.xsd": B}), entry("urn:c", {"c.xsd": C})])
