"""One operation of the API as a value, and what OpenAPI says of it.

Knows: how problems, bodies and parameters are described. Never does: answer. Standard: OpenAPI 3.1.
Start reading: `Route`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway import errors
from gateway.errors import GatewayError
from gateway.web.http.problems import document
from gateway.web.portal.caller import READ
from gateway.web.portal.description.openapi import JSON, PROBLEM, content
from gateway.web.portal.description.shapes import ref

_OF_A_SCOPE: Final = (401, 403, 422, 429, 503)
"""Token, scope, a parameter, the client's limits, and the database that counts them."""
_OF_A_BODY: Final = (400, 413, 415)
_LANGUAGE: Final = ("Accept-Language", "header", "de (default) or en.")
_EXAMPLES: Final[Mapping[int, type[GatewayError]]] = {
    kind.status: kind
    for kind in (
        errors.InvalidJson,
        errors.Unauthorised,
        errors.Forbidden,
        errors.NotFound,
        errors.IdempotencyConflict,
        errors.Erased,
        errors.LengthRequired,
        errors.BodyTooLarge,
        errors.WrongMediaType,
        errors.InvalidParameter,
        errors.MissingIdempotencyKey,
        errors.TooManyRequests,
        errors.TusVersionUnknown,
        errors.DatabaseAway,
        errors.StorageFull,
    )
}


def _problem(status: int) -> dict[str, Any]:
    example = _EXAMPLES[status](line=1, column=12, scope=READ, limit=10_000_000, allowed=JSON)
    return document(example, "de", "8f1c2d3e4f5a6b7c")


REQUIRED: Final = frozenset({"Idempotency-Key", "Content-Length", "Tus-Resumable", "Upload-Length", "Upload-Offset"})


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `answers` maps a status to a schema (None: no body).

    `errors` are statuses of problems beyond those that every operation with a scope, or with a JSON body, can have.
    """

    method: str
    path: str
    handler: Callable[[Request], Awaitable[Response]]
    answers: Mapping[int, str | None]
    errors: tuple[int, ...] = ()
    scope: str | None = None
    takes: str | None = None
    takes_type: str = JSON
    gives_type: str = JSON
    parameters: tuple[tuple[str, str, str], ...] = ()

    @property
    def problems(self) -> frozenset[int]:
        """Every status of a problem."""
        body = _OF_A_BODY if self.scope and self.takes not in {None, "bytes"} and self.takes_type == JSON else ()
        return frozenset((*self.errors, *body, *(_OF_A_SCOPE if self.scope else ())))

    @property
    def for_anybody(self) -> bool:
        """Whether it is read without a token: then `HEAD` is answered too, as monitors ask (RFC 9110 §9.1)."""
        return self.method == "GET" and self.scope is None

    def described(self, examples: Mapping[str, Any]) -> dict[str, Any]:
        """What OpenAPI says beyond the path, as keyword arguments of the framework's route."""
        answers: dict[int | str, dict[str, Any]] = {}
        for status, schema in self.answers.items():
            answers[status] = {"description": HTTPStatus(status).phrase}
            if schema:
                answers[status]["content"] = content(schema, self.gives_type, examples)
        for status in sorted(self.problems):
            answers[status] = {
                "description": HTTPStatus(status).phrase,
                "content": {PROBLEM: {"schema": ref("Problem"), "example": _problem(status)}},
            }
        extra: dict[str, Any] = {"parameters": [self._parameter(*parameter) for parameter in self._all()]}
        if self.scope:
            extra["security"] = [{"portal": [self.scope]}]
        if self.takes:
            extra["requestBody"] = {"required": True, "content": self._body(examples)}
        return {"responses": answers, "openapi_extra": extra, "status_code": next(iter(self.answers))}

    def _body(self, examples: Mapping[str, Any]) -> dict[str, Any]:
        if self.takes == "bytes":
            return {"*/*": {"schema": {}}}
        return content(str(self.takes), self.takes_type, examples)

    def _all(self) -> tuple[tuple[str, str, str], ...]:
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        return (*((name, "path", "") for name in names), *self.parameters, *((_LANGUAGE,) if self.problems else ()))

    @staticmethod
    def _parameter(name: str, location: str, description: str) -> dict[str, Any]:
        required = location == "path" or name in REQUIRED
        return {
            "name": name,
            "in": location,
            "required": required,
            "schema": {"type": "string"},
            "description": description or name.replace("_", " "),
        }
