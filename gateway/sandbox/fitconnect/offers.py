"""What the sandbox's own destinations take: services, regions, data schemas.

Knows: the wire form of a destination's `publicServices`. Never does: read the catalogue; the caller passes it.
Standard: FIT-Connect Submission API v2, `publicServices`. Start reading: `Offer`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.fitconnect import names


@dataclass(frozen=True, slots=True)
class Offer:
    """A service that the destinations take. `regions` are `DE` and up to 12 digits, `schemas` (uri, media type)."""

    identifier: str
    regions: tuple[str, ...]
    schemas: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """The offer as an entry of `publicServices`."""
        return {
            "identifier": self.identifier,
            "regions": list(self.regions),
            "submissionSchemas": [{"schemaUri": uri, "mimeType": mime} for uri, mime in self.schemas],
        }


DEMO: Final[Sequence[Offer]] = (
    Offer(
        "urn:de:fim:leika:leistung:99012021002000",
        ("DE150900546546",),
        (("urn:xoev-de:xfall:standard:fim-s99000010001_1.0.0", names.XML),),
    ),
)
"""The offer when the caller names none: Hausnummer in Tangerhütte."""


def readiness(services: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`publicServices` in the spelling of the readiness line."""
    return [
        {
            "identifier": service["identifier"],
            "regions": list(service["regions"]),
            "schemas": [{"uri": s["schemaUri"], "mime_type": s["mimeType"]} for s in service["submissionSchemas"]],
        }
        for service in services
    ]
