"""Test vectors: what each example record of each service becomes, byte for byte.

`tests/vectors/services/NAME.xml` is the document of the ordinary example in Exclusive C14N; `digests.json` holds the
SHA-256 of every example's document, of each XSD and each record schema. A change here is a change for receivers or
portals: raise the service's version and say it in the changelog. `WRITE_VECTORS=1` with this test writes them anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gateway.services.service import Service
from tests.shipped_services import own_services

VECTORS = Path(__file__).parents[1] / "vectors" / "services"
CATALOGUE = own_services()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digests(service: Service) -> dict[str, str]:
    made = {"xsd": digest(service.xsd)}
    shape = json.dumps(service.record_schema(), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    made["record.schema"] = digest(shape.encode())
    for example in ("ordinary", "extreme"):
        document, findings = service.document(service.compiled.examples[example])
        assert findings == []
        assert document is not None
        assert digest(document.content) == document.sha256
        made[example] = document.sha256
    return made


@pytest.mark.parametrize("name", CATALOGUE.ids())
def test_the_ordinary_example_becomes_these_bytes(name: str) -> None:
    document, _ = CATALOGUE.get(name).document(CATALOGUE.get(name).compiled.examples["ordinary"])
    assert document is not None
    path = VECTORS / f"{name}.xml"
    if os.environ.get("WRITE_VECTORS"):
        path.write_bytes(document.content)
    assert document.content == path.read_bytes()
    assert ET.canonicalize(document.content.decode()).encode() == document.content, "so says a second writer"


def test_every_example_schema_and_document_has_its_digest() -> None:
    made = {name: digests(service) for name, service in CATALOGUE.items()}
    path = VECTORS / "digests.json"
    if os.environ.get("WRITE_VECTORS"):
        path.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    assert made == json.loads(path.read_text(encoding="utf-8"))
