"""Every address of the gateway, as a table: what answers, what it takes, what it says.

Knows: fixed interfaces §3 and §4. Never does: anything; `app` registers the table with the framework.
Standard: OpenAPI 3.1. Start reading: `ROUTES`.
"""

from __future__ import annotations

from typing import Final

from gateway.model import State
from gateway.web import callbacks, monitoring, oidc
from gateway.web.http.route import Route
from gateway.web.pages import static
from gateway.web.portal import batch, feed, offers, statistics, submissions, tus_routes, uploads, webhook_routes
from gateway.web.portal.caller import READ, SERVICES, WRITE

_ARS: Final = ("municipality", "query", "12-digit ARS of a municipality that the client may serve.")
_KEY: Final = ("Idempotency-Key", "header", "1 to 255 printable ASCII characters; repeat it with the same body only.")
ROUTES: Final = (
    Route(
        "PUT",
        "/api/v1/uploads/{upload}",
        uploads.put,
        {201: "Upload", 200: "Upload"},
        (400, 401, 403, 409, 411, 413, 415, 422, 503, 507),
        scope=WRITE,
        takes="bytes",
        parameters=(
            ("Content-Length", "header", "Exact size in bytes."),
            ("Repr-Digest", "header", "sha-256=:<base64>:, compared with the bytes received (RFC 9530)."),
        ),
    ),
    *tus_routes.ROUTES,
    Route(
        "POST",
        "/api/v1/submissions",
        submissions.create,
        {201: "Submission"},
        (400, 401, 403, 409, 410, 413, 415, 422, 428, 503, 507),
        scope=WRITE,
        takes="NewSubmission",
        parameters=(_KEY,),
    ),
    Route(
        "GET",
        "/api/v1/submissions",
        submissions.listing,
        {200: "SubmissionPage"},
        (401, 403, 422, 503),
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
    Route(
        "GET",
        "/api/v1/submissions/{submission_id}",
        submissions.read,
        {200: "Submission"},
        (401, 403, 404, 503),
        scope=READ,
    ),
    Route(
        "POST",
        "/api/v1/submissions/{submission_id}/cancel",
        submissions.cancel,
        {200: "Submission"},
        (401, 403, 404, 409, 503),
        scope=WRITE,
    ),
    Route(
        "POST",
        "/api/v1/submissions/{submission_id}/corrections",
        submissions.correct,
        {201: "Submission"},
        (400, 401, 403, 404, 409, 410, 413, 415, 422, 428, 503, 507),
        scope=WRITE,
        takes="NewSubmission",
        parameters=(_KEY,),
    ),
    Route(
        "POST",
        "/api/v1/validations",
        submissions.validate,
        {200: "Validation"},
        (400, 401, 403, 413, 415, 422, 503),
        scope=WRITE,
        takes="NewSubmission",
    ),
    Route(
        "GET",
        "/api/v1/changes",
        feed.changes,
        {200: "Changes"},
        (401, 403, 422, 503),
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
        (401, 403, 422, 429, 503),
        scope=READ,
        gives_type="text/event-stream",
        parameters=(
            ("after", "query", "A cursor; empty: from the start."),
            ("Last-Event-ID", "header", "The id of the last event received; goes before `after`."),
        ),
    ),
    Route(
        "POST",
        "/api/v1/submissions/batch",
        batch.create,
        {200: "BatchAnswers"},
        (401, 403, 415, 503),
        scope=WRITE,
        takes="Batch",
        takes_type=batch.NDJSON,
        gives_type=batch.NDJSON,
    ),
    Route(
        "GET",
        "/api/v1/services",
        offers.listing,
        {200: "Services"},
        (401, 403, 422),
        scope=SERVICES,
        parameters=(_ARS,),
    ),
    Route(
        "GET",
        "/api/v1/services/{service_id}",
        offers.detail,
        {200: "Service"},
        (401, 403, 404, 422),
        scope=SERVICES,
        parameters=(_ARS,),
    ),
    Route(
        "GET",
        "/api/v1/services/{service_id}/record.schema.json",
        offers.record_schema,
        {200: "JsonSchema"},
        (401, 403, 404, 422),
        scope=SERVICES,
        gives_type="application/schema+json",
        parameters=(_ARS,),
    ),
    Route(
        "GET",
        "/api/v1/services/{service_id}/example.json",
        offers.example,
        {200: "NewSubmission"},
        (401, 403, 404, 422),
        scope=SERVICES,
        parameters=(_ARS,),
    ),
    *statistics.ROUTES,
    *webhook_routes.ROUTES,
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
)


def all_routes(*, callbacks: bool) -> tuple[Route, ...]:
    """Every described route; the one for callbacks is absent while nobody could pass it."""
    return (*ROUTES, *CALLBACKS) if callbacks else ROUTES
