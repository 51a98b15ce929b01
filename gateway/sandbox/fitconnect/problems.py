"""The sandbox's refusals as values: RFC 9457 for the APIs, RFC 6749 for the token endpoint, problems of an event.

Knows: slugs, status, German-free English titles as FITKO's service writes them. Never does: repeat what was sent.
Standard: RFC 9457, RFC 6749 §5.2, set-payload 1.2.2. Start reading: `Problem`.
Slugs beyond the three verified ones are ours; a client sorts unknown types by their status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.fitconnect import names


class Problem(Exception):
    """A refusal. `status` of HTTP, `slug` behind the problem prefix, `more` are extension members."""

    def __init__(self, status: int, slug: str, title: str, detail: str = "", **more: Any) -> None:  # noqa: ANN401 - extension members are any JSON
        self.status = status
        self.slug = slug
        self.title = title
        self.detail = detail
        self.more = more
        super().__init__(f"{status} {slug}")

    def response(self) -> Response:
        """The refusal as `application/problem+json`."""
        body: dict[str, Any] = {"type": names.PROBLEM_PREFIX + self.slug, "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        headers = {"WWW-Authenticate": "Bearer"} if self.status == 401 else None
        return JSONResponse(body | self.more, self.status, headers, media_type=names.PROBLEM_JSON)


class TokenProblem(Exception):
    """A refusal of the token endpoint (RFC 6749 §5.2)."""

    def __init__(self, status: int, error: str, description: str) -> None:
        self.status = status
        self.error = error
        self.description = description
        super().__init__(error)

    def response(self) -> Response:
        """The refusal as JSON, not to be cached."""
        body = {"error": self.error, "error_description": self.description}
        return JSONResponse(body, self.status, {"Cache-Control": "no-store"})


async def answer_problem(_: Request, error: Exception) -> Response:
    """Starlette's handler for both."""
    assert isinstance(error, Problem | TokenProblem)
    return error.response()


def event_problem(slug: str, instance: str, title: str, detail: str = "") -> Mapping[str, str]:
    """An entry of a reject-submission's `problems`. `instance`: metadata, data, submission, attachment:<id>, other."""
    return {"type": names.EVENT_PROBLEM_PREFIX + slug, "title": title, "detail": detail or title, "instance": instance}
