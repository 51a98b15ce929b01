"""The description of webhooks: schemas and examples.

Knows: the shapes of fixed interfaces §4. Never does: check a request by them (`webhooks` does).
Standard: JSON Schema 2020-12. Start reading: `SCHEMAS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.notify.message import EVENTS, GONE, STATE
from gateway.web.portal.description.shapes import (
    EXAMPLE_ID,
    EXAMPLE_TIME,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    UUID,
    list_,
    object_,
)

_EVENTS: Final = {"type": "array", "items": {"enum": list(EVENTS)}, "minItems": 1}
_SECRET: Final = {"type": "string", "pattern": "^whsec_", "description": "Base64 behind whsec_; shown this once."}
SCHEMAS: Final[Mapping[str, dict[str, Any]]] = {
    "WebhookRequest": object_({"url": {"type": "string", "format": "uri"}, "events": _EVENTS}),
    "NewWebhook": object_({"id": UUID, "secret": _SECRET, "url": TEXT, "events": _EVENTS}),
    "Webhooks": object_(
        {
            "items": list_(
                object_(
                    {
                        "id": UUID,
                        "url": TEXT,
                        "events": _EVENTS,
                        "created_at": TIME,
                        "previous_secret_until": {**TIME, "type": ["string", "null"]},
                        "status": {"enum": ["active", "ended"]},
                        "ended_at": {**TIME, "type": ["string", "null"]},
                        "reason": {
                            **object_({"code": TEXT, "de": TEXT, "en": TEXT}),
                            "type": ["object", "null"],
                            "description": "Why it ended: a receiver that answers 410 gets nothing more.",
                        },
                    }
                )
            )
        }
    ),
    "RotatedWebhook": object_({"id": UUID, "secret": _SECRET, "previous_secret_until": TIME}),
    "WebhookTest": object_({"delivery": TEXT}),
    "WebhookReplay": object_({"after": {"type": "string", "description": "A cursor; empty: from the start."}}),
    "WebhookDeliveries": object_(
        {
            "items": list_(
                object_(
                    {
                        "id": TEXT,
                        "type": TEXT,
                        "submission_id": TEXT_OR_NULL,
                        "status": {"enum": ["waiting", "delivered", "failed"]},
                        "created_at": TIME,
                        "next_at": {**TIME, "type": ["string", "null"]},
                        "tries": list_(
                            object_({"at": TIME, "status": {"type": ["integer", "null"]}, "error": TEXT_OR_NULL})
                        ),
                    }
                )
            ),
            "next": TEXT_OR_NULL,
        }
    ),
}
_EXAMPLE_WEBHOOK: Final = {
    "id": "5e0c3a44-6a55-4d3f-8c1b-8b6c6a3f2d10",
    "url": "https://portal.example/hooks/gateway",
    "events": [STATE],
}
EXAMPLES: Final[Mapping[str, Any]] = {
    "WebhookRequest": {"url": _EXAMPLE_WEBHOOK["url"], "events": [STATE]},
    "NewWebhook": {**_EXAMPLE_WEBHOOK, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw1sPdQ5hYk1o="},
    "Webhooks": {
        "items": [
            {
                **_EXAMPLE_WEBHOOK,
                "created_at": EXAMPLE_TIME,
                "previous_secret_until": None,
                "status": "ended",
                "ended_at": EXAMPLE_TIME,
                "reason": GONE.as_json(),
            }
        ]
    },
    "RotatedWebhook": {
        "id": _EXAMPLE_WEBHOOK["id"],
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw1sPdQ5hYk1o=",
        "previous_secret_until": EXAMPLE_TIME,
    },
    "WebhookTest": {"delivery": "msg_5e0c3a446a554d3f8c1b8b6c6a3f2d10"},
    "WebhookReplay": {"after": "812.1"},
    "WebhookDeliveries": {
        "items": [
            {
                "id": "msg_5e0c3a446a554d3f8c1b8b6c6a3f2d10",
                "type": STATE,
                "submission_id": EXAMPLE_ID,
                "status": "delivered",
                "created_at": EXAMPLE_TIME,
                "next_at": None,
                "tries": [{"at": EXAMPLE_TIME, "status": 204, "error": None}],
            }
        ],
        "next": None,
    },
}
