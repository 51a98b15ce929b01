"""The addresses of webhooks, as a table.

Knows: fixed interfaces §4. Never does: anything; `app` registers it with the framework.
Standard: OpenAPI 3.1. Start reading: `ROUTES`.
"""

from __future__ import annotations

from typing import Final

from gateway.web.http.route import Route
from gateway.web.portal import webhooks
from gateway.web.portal.caller import WEBHOOKS

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/webhooks",
        webhooks.create,
        {201: "NewWebhook"},
        (400, 401, 403, 409, 413, 415, 422, 503),
        scope=WEBHOOKS,
        takes="WebhookRequest",
    ),
    Route("GET", "/api/v1/webhooks", webhooks.listing, {200: "Webhooks"}, (401, 403, 503), scope=WEBHOOKS),
    Route("DELETE", "/api/v1/webhooks/{webhook}", webhooks.remove, {204: None}, (401, 403, 404, 503), scope=WEBHOOKS),
    Route(
        "POST",
        "/api/v1/webhooks/{webhook}/rotate",
        webhooks.rotate,
        {200: "RotatedWebhook"},
        (401, 403, 404, 409, 503),
        scope=WEBHOOKS,
    ),
    Route(
        "POST",
        "/api/v1/webhooks/{webhook}/test",
        webhooks.test,
        {202: "WebhookTest"},
        (401, 403, 404, 409, 503),
        scope=WEBHOOKS,
    ),
    Route(
        "POST",
        "/api/v1/webhooks/{webhook}/replay",
        webhooks.replay,
        {202: "WebhookReplay"},
        (400, 401, 403, 404, 409, 413, 415, 422, 503),
        scope=WEBHOOKS,
        takes="WebhookReplay",
    ),
    Route(
        "GET",
        "/api/v1/webhooks/{webhook}/deliveries",
        webhooks.deliveries,
        {200: "WebhookDeliveries"},
        (401, 403, 404, 422, 503),
        scope=WEBHOOKS,
        parameters=(("cursor", "query", "`next` of the page before."), ("limit", "query", "1 to 200, 50 by default.")),
    ),
)
