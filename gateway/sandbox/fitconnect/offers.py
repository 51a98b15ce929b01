"""What the sandbox's own destinations take: services, regions, data schemas.

Knows: the wire form of a destination's `publicServices`. Never does: read the services; the caller passes it.
Standard: FIT-Connect Submission API v2, `publicServices`. Start reading: `SampleService`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.fitconnect import names


@dataclass(frozen=True, slots=True)
class SampleService:
    """A service that the destinations take. `regions` are `DE` and up to 12 digits, `schemas` (uri, media type).

    `sources` are the files of those schemas to which the automatic subscriber holds documents, by (uri, media type).
    """

    identifier: str
    regions: tuple[str, ...]
    schemas: tuple[tuple[str, str], ...]
    sources: Mapping[tuple[str, str], bytes] = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, Any]:
        """The offer as an entry of `publicServices`."""
        return {
            "identifier": self.identifier,
            "regions": list(self.regions),
            "submissionSchemas": [{"schemaUri": uri, "mimeType": mime} for uri, mime in self.schemas],
        }


_JSON_EXAMPLE: Final = ("https://example.org/fit-connect-sandbox/message_1.0.0.schema.json", names.JSON)
_TEXT: Final = {"type": "string", "minLength": 1}

JSON_EXAMPLE: Final = SampleService(
    "urn:x-ozg-gateway:service:json-example",
    ("DE",),
    (_JSON_EXAMPLE,),
    {
        _JSON_EXAMPLE: json.dumps(
            {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$id": _JSON_EXAMPLE[0],
                "type": "object",
                "minProperties": 1,
                "properties": {
                    "subject": _TEXT,
                    "message": _TEXT,
                    "sender": {
                        "type": "object",
                        "properties": {"name": _TEXT, "email": {"type": "string", "format": "email"}},
                    },
                },
            }
        ).encode()
    },
)
"""A service for clients that send JSON: any object that is not empty; the members named in the schema have a type."""

DEMO: Final[Sequence[SampleService]] = (
    SampleService(
        "urn:de:fim:leika:leistung:99012021002000",
        ("DE150900546546",),
        (("urn:xoev-de:xfall:standard:fim-s99000010001_1.0.0", names.XML),),
    ),
    JSON_EXAMPLE,
)
"""The offer when the caller names none: Hausnummer in Tangerhütte, and the example for JSON."""


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
