"""The addresses of webhooks, as a table.

Knows: fixed interfaces §4. Never does: anything; `app` registers it with the framework.
Standard: OpenAPI 3.1. Start reading: `ROUTES`.
"""

from __future__ import annotations

from typing import Final

from gateway.web.http.route import Route
from gateway.web.portal import webhooks
from gateway.web.portal.caller import WEBHOOKS

_ALL: Final = "/api/v1/webhooks"
_ONE: Final = f"{_ALL}/{{webhook}}"
ROUTES: Final = (
    Route("POST", _ALL, webhooks.create, {201: "NewWebhook"}, (409,), scope=WEBHOOKS, takes="WebhookRequest"),
    Route("GET", _ALL, webhooks.listing, {200: "Webhooks"}, scope=WEBHOOKS),
    Route("DELETE", _ONE, webhooks.remove, {204: None}, (404,), scope=WEBHOOKS),
    Route("POST", f"{_ONE}/rotate", webhooks.rotate, {200: "RotatedWebhook"}, (404, 409), scope=WEBHOOKS),
    Route("POST", f"{_ONE}/test", webhooks.test, {202: "WebhookTest"}, (404, 409), scope=WEBHOOKS),
    Route(
        "POST",
        f"{_ONE}/replay",
        webhooks.replay,
        {202: "WebhookReplay"},
        (404, 409),
        scope=WEBHOOKS,
        takes="WebhookReplay",
    ),
    Route(
        "GET",
        f"{_ONE}/deliveries",
        webhooks.deliveries,
        {200: "WebhookDeliveries"},
        (404,),
        scope=WEBHOOKS,
        parameters=(("cursor", "query", "`next` of the page before."), ("limit", "query", "1 to 200, 50 by default.")),
    ),
)
