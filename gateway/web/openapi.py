"""The description of the API: schemas and examples, OpenAPI 3.1.

Knows: the shapes of fixed interfaces §3. Never does: check a request by them; `body`, `access` and `intake` do.
Standards: OpenAPI 3.1, JSON Schema 2020-12, RFC 9457. Start reading: `complete`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.model import Blame, Severity, State

TITLE: Final = "OZG gateway"
DESCRIPTION: Final = (
    "A portal hands off applications here; the gateway turns each into a standardised, signed and sealed submission, "
    "delivers it and proves what became of it. Get a token, send the files, create the submission, follow the changes."
)
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
_UUID: Final = {"type": "string", "format": "uuid"}
_TIME: Final = {"type": "string", "format": "date-time"}
_SHA256: Final = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_TEXT: Final = {"type": "string"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_ARS: Final = {"type": "string", "pattern": "^[0-9]{12}$"}
_REFERENCE: Final = {"type": "string", "pattern": "^[A-Za-z0-9._:/-]{1,64}$"}
EXAMPLE_ID: Final = "0b8f0c1e-7a52-4f0e-9d61-3f3f6f9f4a10"
EXAMPLE_UPLOAD: Final = "6b6f9a52-4f3e-4b0c-8f5c-0d0f1a2b3c4d"
EXAMPLE_TIME: Final = "2026-03-01T12:00:00.000Z"


def _object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON Schema
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}, **more}


def _list(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": dict(item)}


def ref(name: str) -> dict[str, str]:
    """A reference to a schema of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


SCHEMAS: Final[Mapping[str, dict[str, Any]]] = {
    "Finding": _object(
        {
            "pointer": {"type": "string", "description": "RFC 6901 pointer into the body; #header/… or #query/… else."},
            "rule": _TEXT,
            "severity": {"enum": [each.value for each in Severity]},
            "de": _TEXT,
            "en": _TEXT,
        }
    ),
    "Problem": _object(
        {
            "type": {"type": "string", "format": "uri"},
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "instance": {"type": "string", "format": "uri", "description": "The id of the request, as in the log."},
            "code": {"type": "string", "description": "Stable; listed in docs/reference/errors.md."},
            "blame": {"enum": [each.value for each in Blame]},
            "retry": {"type": "boolean"},
            "findings": _list(ref("Finding")),
        }
    ),
    "NewAttachment": _object(
        {
            "kind": _TEXT,
            "filename": _TEXT,
            "media_type": _TEXT,
            "upload": {**_UUID, "description": "The id of an upload that this client made before."},
        },
        additionalProperties=False,
    ),
    "NewSubmission": _object(
        {
            "service": {"type": "string", "description": "Id of a service, as GET /api/v1/services lists it."},
            "municipality": _ARS,
            "record": {"type": "object", "description": "By the service's record.schema.json."},
        },
        {
            "attachments": {**_list(ref("NewAttachment")), "maxItems": 99},
            "reference": _REFERENCE,
            "test": {"type": "boolean"},
        },
        additionalProperties=False,
    ),
    "Event": _object(
        {"type": _TEXT, "issuer": _TEXT, "verified": {"type": "boolean"}, "at": _TIME, "problems": _list({})}
    ),
    "Submission": _object(
        {
            "id": _UUID,
            "state": {"enum": [each.value for each in State]},
            "service": _TEXT,
            "municipality": _ARS,
            "reference": {**_REFERENCE, "type": ["string", "null"]},
            "created_at": _TIME,
            "updated_at": _TIME,
            "channel": _TEXT,
            "destination_id": _TEXT_OR_NULL,
            "case_id": _TEXT_OR_NULL,
            "document": _object({"standard": _TEXT, "schema_uri": _TEXT, "sha256": _SHA256}),
            "attachments": _list(
                _object({"kind": _TEXT, "filename": _TEXT, "size": {"type": "integer"}, "sha256": _SHA256})
            ),
            "deadline": {"type": ["string", "null"], "format": "date-time"},
            "reason": {"oneOf": [_object({"code": _TEXT, "de": _TEXT, "en": _TEXT}), {"type": "null"}]},
            "events": _list(ref("Event")),
            "supersedes": _TEXT_OR_NULL,
            "superseded_by": _TEXT_OR_NULL,
        },
        {
            "test": {"type": "boolean"},
            "receipt": {"type": "string", "description": "Compact JWS, in the answer to create only."},
        },
    ),
    "SubmissionPage": _object({"items": _list(ref("Submission")), "next": _TEXT_OR_NULL}),
    "Upload": _object({"upload": _UUID, "size": {"type": "integer"}, "sha256": _SHA256, "expires_at": _TIME}),
    "Validation": _object({"valid": {"type": "boolean"}, "findings": _list(ref("Finding"))}),
    "Change": _object({"cursor": _TEXT, "submission_id": _UUID, "state": _TEXT, "at": _TIME}),
    "Changes": _object({"changes": _list(ref("Change")), "next": _TEXT_OR_NULL}),
    "Service": _object(
        {
            "id": _TEXT,
            "title": _TEXT,
            "leika_key": _TEXT_OR_NULL,
            "standard": _TEXT,
            "assurance": _TEXT,
            "attachments": _list(
                _object(
                    {
                        "kind": _TEXT,
                        "required": {"type": "boolean"},
                        "media_types": _list(_TEXT),
                        "max_bytes": {"type": "integer"},
                    },
                    {"max_count": {"type": "integer"}},
                )
            ),
        }
    ),
    "Services": _object({"items": _list(ref("Service"))}),
    "JsonSchema": {"type": "object"},
    "TokenRequest": _object(
        {"grant_type": {"const": "client_credentials"}},
        {"scope": _TEXT, "client_assertion_type": _TEXT, "client_assertion": _TEXT, "client_id": _TEXT},
    ),
    "Token": _object(
        {"access_token": _TEXT, "token_type": {"const": "Bearer"}, "expires_in": {"type": "integer"}, "scope": _TEXT}
    ),
    "TokenError": _object({"error": _TEXT}, {"error_description": _TEXT}),
    "Discovery": _object({"issuer": _TEXT, "token_endpoint": _TEXT, "jwks_uri": _TEXT}),
    "JwkSet": _object({"keys": _list({"type": "object"})}),
    "Health": _object({"status": {"enum": ["pass", "warn", "fail"]}, "checks": {"type": "object"}}),
    "Callback": _object({"type": _TEXT}, {"submissionIds": _list(_UUID), "submissions": _list({"type": "object"})}),
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
    "Health": {"status": "pass", "checks": {"database:responseTime": [{"status": "pass", "time": EXAMPLE_TIME}]}},
    "Callback": {
        "type": "https://schema.fitko.de/fit-connect/submission-api/callbacks/new-events",
        "submissions": [{"submissionId": EXAMPLE_ID}],
    },
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


def complete(document: dict[str, Any], *, token_url: str, examples: Mapping[str, Any]) -> dict[str, Any]:
    """The framework's document with our schemas, our examples and the way to authenticate."""
    flow = {
        "tokenUrl": token_url,
        "scopes": {
            "submissions:write": "Send uploads, create and validate submissions",
            "submissions:read": "Read submissions and changes",
            "services:read": "Read the services on offer",
        },
    }
    _restore(document["paths"], examples)
    document["components"] = {
        "schemas": dict(SCHEMAS),
        "securitySchemes": {"portal": {"type": "oauth2", "flows": {"clientCredentials": flow}}},
    }
    return document
