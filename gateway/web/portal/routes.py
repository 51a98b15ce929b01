"""Every address of the gateway, as a table: what answers, what it takes, what it says.

Knows: fixed interfaces §3 and §4. Never does: anything; `app` registers the table with the framework.
Standards: OpenAPI 3.1, tus 1.0. Start reading: `ROUTES`.
"""

from __future__ import annotations

from typing import Final

from gateway.model import State
from gateway.web import callbacks, monitoring, oidc
from gateway.web.http.route import Route
from gateway.web.pages import static
from gateway.web.pages.appearance import ROUTE as LOGO
from gateway.web.portal import batch, feed, offers, statistics, submissions, tus, uploads, webhooks
from gateway.web.portal.caller import READ, SERVICES, WEBHOOKS, WRITE

_ARS: Final = ("municipality", "query", "12-digit ARS of a municipality that the client may serve.")
_KEY: Final = ("Idempotency-Key", "header", "1 to 255 printable ASCII characters; repeat it with the same body only.")
_TUS_VERSION: Final = ("Tus-Resumable", "header", "1.0.0")
_TUS_UPLOADS: Final = ("/api/v1/tus/", "/api/v1/tus")
_TUS_UPLOAD: Final = "/api/v1/tus/{upload}"
_TUS_ROUTES: Final = (
    *(Route("OPTIONS", path, tus.options, {204: None}) for path in _TUS_UPLOADS),
    *(
        Route(
            "POST",
            path,
            tus.create,
            {201: None},
            (412, 413, 415, 507),
            scope=WRITE,
            parameters=(
                _TUS_VERSION,
                ("Upload-Length", "header", "Exact size in bytes."),
                ("Upload-Metadata", "header", "filetype <base64 of the media type>, and what HEAD shall give back."),
            ),
        )
        for path in _TUS_UPLOADS
    ),
    Route("HEAD", _TUS_UPLOAD, tus.head, {200: None}, (404, 412), scope=WRITE, parameters=(_TUS_VERSION,)),
    Route(
        "PATCH",
        _TUS_UPLOAD,
        tus.append,
        {204: None},
        (400, 404, 409, 412, 413, 415, 507),
        scope=WRITE,
        takes="bytes",
        parameters=(
            _TUS_VERSION,
            ("Upload-Offset", "header", "Bytes that have arrived so far."),
            ("Upload-Checksum", "header", "sha256 <base64> (or sha1) of the bytes of this request."),
        ),
    ),
    Route("DELETE", _TUS_UPLOAD, tus.terminate, {204: None}, (404, 412), scope=WRITE, parameters=(_TUS_VERSION,)),
)
_WEBHOOKS: Final = "/api/v1/webhooks"
_WEBHOOK: Final = f"{_WEBHOOKS}/{{webhook}}"
_WEBHOOK_ROUTES: Final = (
    Route("POST", _WEBHOOKS, webhooks.create, {201: "NewWebhook"}, (409,), scope=WEBHOOKS, takes="WebhookRequest"),
    Route("GET", _WEBHOOKS, webhooks.listing, {200: "Webhooks"}, scope=WEBHOOKS),
    Route("DELETE", _WEBHOOK, webhooks.remove, {204: None}, (404,), scope=WEBHOOKS),
    Route("POST", f"{_WEBHOOK}/rotate", webhooks.rotate, {200: "RotatedWebhook"}, (404, 409), scope=WEBHOOKS),
    Route("POST", f"{_WEBHOOK}/test", webhooks.test, {202: "WebhookTest"}, (404, 409), scope=WEBHOOKS),
    Route(
        "POST",
        f"{_WEBHOOK}/replay",
        webhooks.replay,
        {202: "WebhookReplay"},
        (404, 409),
        scope=WEBHOOKS,
        takes="WebhookReplay",
    ),
    Route(
        "GET",
        f"{_WEBHOOK}/deliveries",
        webhooks.deliveries,
        {200: "WebhookDeliveries"},
        (404,),
        scope=WEBHOOKS,
        parameters=(("cursor", "query", "`next` of the page before."), ("limit", "query", "1 to 200, 50 by default.")),
    ),
)
_SUBMISSIONS: Final = "/api/v1/submissions"
_CANCEL: Final = f"{_SUBMISSIONS}/{{submission_id}}/cancel"
_VALIDATIONS: Final = "/api/v1/validations"
_SERVICES: Final = "/api/v1/services"
_SERVICE: Final = f"{_SERVICES}/{{service_id}}"
ROUTES: Final = (
    Route(
        "PUT",
        "/api/v1/uploads/{upload}",
        uploads.put,
        {201: "Upload", 200: "Upload"},
        (400, 409, 411, 413, 415, 507),
        scope=WRITE,
        takes="bytes",
        parameters=(
            ("Content-Length", "header", "Exact size in bytes."),
            ("Repr-Digest", "header", "sha-256=:<base64>:, compared with the bytes received (RFC 9530)."),
        ),
    ),
    *_TUS_ROUTES,
    Route(
        "POST",
        _SUBMISSIONS,
        submissions.create,
        {201: "Submission"},
        (409, 410, 428, 507),
        scope=WRITE,
        takes="NewSubmission",
        parameters=(_KEY,),
    ),
    Route(
        "GET",
        _SUBMISSIONS,
        submissions.listing,
        {200: "SubmissionPage"},
        scope=READ,
        parameters=(
            ("state", "query", f"One of {', '.join(State)}; repeatable, or several separated by commas."),
            ("service", "query", "Id of a service."),
            _ARS,
            ("reference", "query", "The portal's own reference."),
            ("created_after", "query", "RFC 3339 with offset."),
            ("cursor", "query", "`next` of the page before."),
            ("limit", "query", "1 to 200, 50 by default."),
        ),
    ),
    Route("GET", f"{_SUBMISSIONS}/{{submission_id}}", submissions.read, {200: "Submission"}, (404,), scope=READ),
    Route("POST", _CANCEL, submissions.cancel, {200: "Submission"}, (404, 409), scope=WRITE),
    Route(
        "POST",
        f"{_SUBMISSIONS}/{{submission_id}}/corrections",
        submissions.correct,
        {201: "Submission"},
        (404, 409, 410, 428, 507),
        scope=WRITE,
        takes="NewSubmission",
        parameters=(_KEY,),
    ),
    Route("POST", _VALIDATIONS, submissions.validate, {200: "Validation"}, scope=WRITE, takes="NewSubmission"),
    Route(
        "GET",
        "/api/v1/changes",
        feed.changes,
        {200: "Changes"},
        scope=READ,
        parameters=(
            ("after", "query", "`next` of the answer before; empty: from the start."),
            ("wait", "query", "Seconds to wait for a change, 0 to 30."),
            ("limit", "query", "1 to 1000, 200 by default."),
        ),
    ),
    Route(
        "GET",
        "/api/v1/changes/stream",
        feed.stream,
        {200: "ChangeStream"},
        scope=READ,
        gives_type="text/event-stream",
        parameters=(
            ("after", "query", "A cursor; empty: from the start."),
            ("Last-Event-ID", "header", "The id of the last event received; goes before `after`."),
        ),
    ),
    Route(
        "POST",
        f"{_SUBMISSIONS}/batch",
        batch.create,
        {200: "BatchAnswers"},
        (415,),
        scope=WRITE,
        takes="Batch",
        takes_type=batch.NDJSON,
        gives_type=batch.NDJSON,
    ),
    Route("GET", _SERVICES, offers.listing, {200: "Services"}, scope=SERVICES, parameters=(_ARS,)),
    Route("GET", _SERVICE, offers.detail, {200: "Service"}, (404,), scope=SERVICES, parameters=(_ARS,)),
    Route(
        "GET",
        f"{_SERVICE}/record.schema.json",
        offers.record_schema,
        {200: "JsonSchema"},
        (404,),
        scope=SERVICES,
        gives_type="application/schema+json",
        parameters=(_ARS,),
    ),
    Route(
        "GET",
        f"{_SERVICE}/example.json",
        offers.example,
        {200: "NewSubmission"},
        (404,),
        scope=SERVICES,
        parameters=(_ARS,),
    ),
    *statistics.ROUTES,
    *_WEBHOOK_ROUTES,
    Route(
        "POST",
        "/oidc/token",
        oidc.token,
        {200: "Token", 400: "TokenError", 401: "TokenError"},
        (413, 415),
        takes="TokenRequest",
        takes_type="application/x-www-form-urlencoded",
    ),
    Route("GET", "/.well-known/openid-configuration", oidc.discovery, {200: "Discovery"}),
    Route("GET", "/oidc/jwks.json", oidc.jwks, {200: "JwkSet"}, gives_type="application/jwk-set+json"),
    Route("GET", "/health", monitoring.health, {200: "Health", 503: "Health"}, gives_type="application/health+json"),
)
CALLBACKS: Final = (
    Route(
        "POST",
        "/callbacks/fitconnect/{destination_id}",
        callbacks.fitconnect,
        {204: None},
        (401, 413),
        takes="Callback",
        parameters=(
            ("callback-timestamp", "header", "Unix seconds."),
            ("callback-authentication", "header", "Hex HMAC-SHA-512 over <timestamp>.<body>."),
        ),
    ),
)
"""Routes of the app only where destinations have callback secrets: `all_routes` says so."""
UNDESCRIBED: Final = (
    ("/metrics", monitoring.metrics),
    ("/api/openapi.json", monitoring.openapi),
    ("/api/docs", monitoring.docs),
    ("/static/{version}/{path:path}", static.file),
    (LOGO, static.logo),
)


def all_routes(*, callbacks: bool) -> tuple[Route, ...]:
    """Every described route; the one for callbacks is absent while nobody could pass it."""
    return (*ROUTES, *CALLBACKS) if callbacks else ROUTES
