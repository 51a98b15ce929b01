"""The description of monthly page views: schemas and examples.

Knows: the shapes of fixed interfaces §4. Never does: check a request by them (`catalogue.statistics.page_views` does).
Standard: JSON Schema 2020-12. Start reading: `SCHEMAS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.catalogue.statistics.interfaces import interfaces
from gateway.catalogue.statistics.page_views import ENTRIES_MOST, VISITS_MOST
from gateway.web.portal.description.shapes import ARS, TEXT, list_, object_

_MONTH: Final = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$", "description": "A month that is over."}
_COUNTED: Final = {"type": "integer", "minimum": 0}
_ENTRY: Final = object_(
    {
        "country": {"type": "string", "pattern": "^[A-Z]{2}$", "description": "ISO 3166-1 alpha-2."},
        "device": {"enum": list(interfaces().sdg.devices)},
        "visits": {"type": "integer", "minimum": 1, "maximum": VISITS_MOST},
    },
    {
        "service": {"type": "string", "description": "Id of a service of the catalogue; this or `url`."},
        "url": {"type": "string", "format": "uri", "description": "Address of an entry of the catalogue."},
    },
    additionalProperties=False,
)
SCHEMAS: Final[Mapping[str, dict[str, Any]]] = {
    "MonthlyViews": object_(
        {
            "municipality": ARS,
            "month": _MONTH,
            "entries": {"type": "array", "items": _ENTRY, "minItems": 1, "maxItems": ENTRIES_MOST},
        },
        additionalProperties=False,
    ),
    "MonthlyViewsKept": object_(
        {"municipality": ARS, "month": _MONTH, "services": list_(TEXT), "entries": _COUNTED, "visits": _COUNTED}
    ),
}
_EXAMPLE: Final = {"municipality": "150900546546", "month": "2026-02"}
EXAMPLES: Final[Mapping[str, Any]] = {
    "MonthlyViews": {
        **_EXAMPLE,
        "entries": [
            {"service": "hausnummer", "country": "DE", "device": "PC", "visits": 40},
            {"service": "hausnummer", "country": "PL", "device": "Mobile", "visits": 2},
        ],
    },
    "MonthlyViewsKept": {**_EXAMPLE, "services": ["hausnummer"], "entries": 2, "visits": 42},
}
