"""The description of the API: schemas and examples, OpenAPI 3.1.

Knows: the shapes of fixed interfaces §3. Never does: check a request by them; `body`, `query` and `intake` do.
Standards: OpenAPI 3.1, JSON Schema 2020-12, RFC 9457. Start reading: `complete`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.intake.body import MAX_ATTACHMENTS
from gateway.model import Blame, ClientScope, Severity, State
from gateway.web.portal.description import statistics_shapes, webhook_shapes
from gateway.web.portal.description.shapes import (
    ARS,
    EXAMPLE_ID,
    EXAMPLE_TIME,
    EXAMPLE_UPLOAD,
    REFERENCE,
    SHA256,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    UUID,
    list_,
    object_,
    ref,
)

TITLE: Final = "OZG gateway"
DESCRIPTION: Final = (
    "A portal hands off applications here; the gateway turns each into a standardised, signed and sealed submission, "
    "delivers it and proves what became of it. Get a token, send the files, create the submission, follow the changes."
)
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
SCHEMAS: Final[Mapping[str, dict[str, Any]]] = {
    "Finding": object_(
        {
            "pointer": {
                "type": "string",
                "description": "RFC 6901 pointer into the body; #path/…, #query/… or #header/… else.",
            },
            "rule": TEXT,
            "severity": {"enum": [severity.value for severity in Severity]},
            "de": TEXT,
            "en": TEXT,
        }
    ),
    "Problem": object_(
        {
            "type": {"type": "string", "format": "uri"},
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "instance": {"type": "string", "format": "uri", "description": "The id of the request, as in the log."},
            "code": {"type": "string", "description": "Stable; listed in docs/reference/errors.md."},
            "blame": {"enum": [blame.value for blame in Blame]},
            "retry": {"type": "boolean"},
            "findings": list_(ref("Finding")),
        }
    ),
    "NewAttachment": object_(
        {
            "kind": TEXT,
            "filename": TEXT,
            "media_type": TEXT,
            "upload": {
                **UUID,
                "description": "The id of an upload of this client's; in a correction also one of what it corrects.",
            },
        },
        additionalProperties=False,
    ),
    "NewSubmission": object_(
        {
            "service": {"type": "string", "description": "Id of a service, as GET /api/v1/services lists it."},
            "municipality": ARS,
            "record": {"type": "object", "description": "By the service's record.schema.json."},
        },
        {
            "attachments": {**list_(ref("NewAttachment")), "maxItems": MAX_ATTACHMENTS},
            "login": {
                **TEXT,
                "description": "The login_ref of the citizen's ID token: for one application, for one hour. A "
                "correction that names none keeps the login of what it corrects.",
            },
            "reference": REFERENCE,
            "test": {"type": "boolean"},
        },
        additionalProperties=False,
    ),
    "Event": object_(
        {"type": TEXT, "issuer": TEXT, "verified": {"type": "boolean"}, "at": TIME, "problems": list_({})}
    ),
    "Submission": object_(
        {
            "id": UUID,
            "state": {"enum": [state.value for state in State]},
            "service": TEXT,
            "municipality": ARS,
            "reference": {**REFERENCE, "type": ["string", "null"]},
            "created_at": TIME,
            "updated_at": TIME,
            "channel": TEXT,
            "destination_id": TEXT_OR_NULL,
            "case_id": TEXT_OR_NULL,
            "document": object_({"standard": TEXT, "schema_uri": TEXT, "sha256": SHA256}),
            "attachments": list_(
                object_({"kind": TEXT, "filename": TEXT, "size": {"type": "integer"}, "sha256": SHA256})
            ),
            "deadline": {"type": ["string", "null"], "format": "date-time"},
            "reason": {"oneOf": [object_({"code": TEXT, "de": TEXT, "en": TEXT}), {"type": "null"}]},
            "events": list_(ref("Event")),
            "supersedes": TEXT_OR_NULL,
            "superseded_by": TEXT_OR_NULL,
        },
        {
            "test": {"type": "boolean"},
            "receipt": {"type": "string", "description": "Compact JWS, in the answer to create only."},
        },
    ),
    "SubmissionPage": object_({"items": list_(ref("Submission")), "next": TEXT_OR_NULL}),
    "Upload": object_({"upload": UUID, "size": {"type": "integer"}, "sha256": SHA256, "expires_at": TIME}),
    "Validation": object_({"valid": {"type": "boolean"}, "findings": list_(ref("Finding"))}),
    "Change": object_({"cursor": TEXT, "submission_id": UUID, "state": TEXT, "at": TIME}),
    "Changes": object_({"changes": list_(ref("Change")), "next": TEXT_OR_NULL}),
    "ChangeStream": {"type": "string", "description": "Events with id (the cursor), event and data (a Change)."},
    "Batch": {"type": "string", "description": "A line each: NewSubmission with idempotency_key."},
    "BatchAnswers": {"type": "string", "description": "A line each: Submission or Problem, with line and key."},
    "Service": object_(
        {
            "id": TEXT,
            "title": TEXT,
            "leika_key": TEXT_OR_NULL,
            "standard": TEXT,
            "assurance": {**TEXT, "description": "The login that it needs: none, basic, substantial or high."},
            "accounts": {
                "type": "array",
                "items": {"enum": ["person", "organisation"]},
                "description": "Whose logins it takes; empty: either's.",
            },
            "special_categories": {"type": "array", "items": {"enum": ["health"]}},
            "attachments": list_(
                object_(
                    {
                        "kind": TEXT,
                        "required": {"type": "boolean"},
                        "media_types": list_(TEXT),
                        "max_bytes": {"type": "integer"},
                    },
                    {"max_count": {"type": "integer"}},
                )
            ),
        }
    ),
    "Services": object_({"items": list_(ref("Service"))}),
    "JsonSchema": {"type": "object"},
    "TokenRequest": object_(
        {"grant_type": {"const": "client_credentials"}},
        {"scope": TEXT, "client_assertion_type": TEXT, "client_assertion": TEXT, "client_id": TEXT},
    ),
    "Token": object_(
        {"access_token": TEXT, "token_type": {"const": "Bearer"}, "expires_in": {"type": "integer"}, "scope": TEXT}
    ),
    "TokenError": object_({"error": TEXT}, {"error_description": TEXT}),
    "Discovery": object_({"issuer": TEXT, "token_endpoint": TEXT, "jwks_uri": TEXT}),
    "JwkSet": object_({"keys": list_({"type": "object"})}),
    **statistics_shapes.SCHEMAS,
    **webhook_shapes.SCHEMAS,
    "Health": object_({"status": {"enum": ["pass", "warn", "fail"]}, "checks": {"type": "object"}}),
    "Callback": object_({"type": TEXT}, {"submissionIds": list_(UUID), "submissions": list_({"type": "object"})}),
}

_EXAMPLE_SUBMISSION: Final = {
    "id": EXAMPLE_ID,
    "state": "received",
    "service": "hausnummer",
    "municipality": "150900546546",
    "reference": "portal-4711",
    "created_at": EXAMPLE_TIME,
    "updated_at": EXAMPLE_TIME,
    "channel": "fitconnect",
    "destination_id": None,
    "case_id": None,
    "document": {"standard": "xfall", "schema_uri": "urn:xoev-de:example:hausnummer_1.0", "sha256": "0" * 64},
    "attachments": [{"kind": "site_plan", "filename": "Lageplan.pdf", "size": 182734, "sha256": "0" * 64}],
    "deadline": None,
    "reason": None,
    "events": [],
    "supersedes": None,
    "superseded_by": None,
    "test": False,
}
_EXAMPLE_SERVICE: Final = {
    "id": "hausnummer",
    "title": "Hausnummer beantragen",
    "leika_key": "99012021002000",
    "standard": "xfall",
    "assurance": "none",
    "accounts": ["person", "organisation"],
    "special_categories": [],
    "attachments": [
        {
            "kind": "site_plan",
            "required": True,
            "media_types": ["application/pdf"],
            "max_bytes": 370_000_000,
            "max_count": 1,
        }
    ],
}
EXAMPLES: Final[Mapping[str, Any]] = {
    "Submission": _EXAMPLE_SUBMISSION,
    "SubmissionPage": {"items": [_EXAMPLE_SUBMISSION], "next": None},
    "Upload": {"upload": EXAMPLE_UPLOAD, "size": 182734, "sha256": "0" * 64, "expires_at": EXAMPLE_TIME},
    "Validation": {"valid": True, "findings": []},
    "Changes": {
        "changes": [{"cursor": "812.1", "submission_id": EXAMPLE_ID, "state": "received", "at": EXAMPLE_TIME}],
        "next": "812.1",
    },
    "ChangeStream": "id: 812.1\nevent: submission.state\n"
    f'data: {{"cursor":"812.1","submission_id":"{EXAMPLE_ID}"}}\n\n',
    "Batch": '{"idempotency_key":"4711","service":"hausnummer","municipality":"150900546546","record":{}}\n',
    "BatchAnswers": f'{{"id":"{EXAMPLE_ID}","state":"received","line":1,"idempotency_key":"4711"}}\n',
    "Service": _EXAMPLE_SERVICE,
    "Services": {"items": [_EXAMPLE_SERVICE]},
    "JsonSchema": {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"},
    "TokenRequest": {"grant_type": "client_credentials", "scope": "submissions:write submissions:read"},
    "Token": {"access_token": "eyJ…", "token_type": "Bearer", "expires_in": 1800, "scope": "submissions:read"},
    "TokenError": {"error": "invalid_client", "error_description": "client authentication failed"},
    "Discovery": {
        "issuer": "https://gateway.example",
        "token_endpoint": "https://gateway.example/oidc/token",
        "jwks_uri": "https://gateway.example/oidc/jwks.json",
    },
    "JwkSet": {"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "gateway-1", "x": "…"}]},
    **statistics_shapes.EXAMPLES,
    **webhook_shapes.EXAMPLES,
    "Health": {"status": "pass", "checks": {"database:responseTime": [{"status": "pass", "time": EXAMPLE_TIME}]}},
    "Callback": {
        "type": "https://schema.fitko.de/fit-connect/submission-api/callbacks/new-events",
        "submissions": [{"submissionId": EXAMPLE_ID}],
    },
}


SCOPES: Final[Mapping[str, str]] = {
    ClientScope.WRITE: "Send uploads, create and validate submissions",
    ClientScope.READ: "Read submissions and changes",
    ClientScope.SERVICES: "Read the services on offer",
    ClientScope.WEBHOOKS: "Manage webhooks",
}


def content(name: str, media_type: str, examples: Mapping[str, Any]) -> dict[str, Any]:
    """The `content` of a body of that schema, with its example."""
    return {media_type: {"schema": ref(name), "example": examples[name]}}


def _restore(node: Any, examples: Mapping[str, Any]) -> None:  # noqa: ANN401 - JSON
    """Put the examples back as they are: the framework drops every null of them."""
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        if isinstance(value, dict) and "schema" in value and "example" in value:
            name = value["schema"]["$ref"].rpartition("/")[2]
            value["example"] = examples.get(name, value["example"])
        else:
            _restore(value, examples)


def complete(document: dict[str, Any], *, examples: Mapping[str, Any]) -> dict[str, Any]:
    """The framework's document with our schemas and our examples; `addressed` says where all of it is reached."""
    _restore(document["paths"], examples)
    callbacks = any(path.startswith("/callbacks/") for path in document["paths"])
    document["components"] = {
        "schemas": {name: schema for name, schema in SCHEMAS.items() if callbacks or name != "Callback"}
    }
    return document


def addressed(document: Mapping[str, Any], *, server: str, token_url: str) -> dict[str, Any]:
    """A completed document for who reaches us at `server`: that address, and the way to authenticate there."""
    flow = {"tokenUrl": token_url, "scopes": dict(SCOPES)}
    schemes = {"portal": {"type": "oauth2", "flows": {"clientCredentials": flow}}}
    components = {**document["components"], "securitySchemes": schemes}
    return {**document, "servers": [{"url": server}], "components": components}
