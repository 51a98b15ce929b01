"""Common parts of the API's description: JSON Schema of what occurs everywhere.

Knows: the syntax of ids, times, digests. Never does: describe an operation. Standard: JSON Schema 2020-12.
Start reading: `object_`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.input import patterns

UUID: Final = {"type": "string", "format": "uuid"}
TIME: Final = {"type": "string", "format": "date-time"}
SHA256: Final = {"type": "string", "pattern": f"^{patterns.SHA256.pattern}$"}
TEXT: Final = {"type": "string"}
TEXT_OR_NULL: Final = {"type": ["string", "null"]}
ARS: Final = {"type": "string", "pattern": f"^{patterns.ARS.pattern}$"}
REFERENCE: Final = {"type": "string", "pattern": f"^{patterns.REFERENCE.pattern}$"}
EXAMPLE_ID: Final = "0b8f0c1e-7a52-4f0e-9d61-3f3f6f9f4a10"
EXAMPLE_UPLOAD: Final = "6b6f9a52-4f3e-4b0c-8f5c-0d0f1a2b3c4d"
EXAMPLE_TIME: Final = "2026-03-01T12:00:00.000Z"


def object_(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON Schema
    """An object with these members; `more` are further keywords."""
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}, **more}


def list_(item: Mapping[str, Any]) -> dict[str, Any]:
    """A list of such items."""
    return {"type": "array", "items": dict(item)}


def ref(name: str) -> dict[str, str]:
    """A reference to a schema of the components."""
    return {"$ref": f"#/components/schemas/{name}"}
