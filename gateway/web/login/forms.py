"""Queries and forms of logins, as pairs in the order that they came in.

Knows: sizes, encoding. Never does: know a parameter's meaning. Standard: WHATWG URL §5.1, RFC 6749 §3.1.
Start reading: `parameters`.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from gateway.errors import InvalidParameter
from gateway.login.authorization import Parameters
from gateway.login.provider import FORM_LIMIT
from gateway.web.http import body
from gateway.web.http.problems import parameter

ANSWER_LIMIT: Final = 524_288
"""Largest body with an identity provider's answer in bytes."""
_FIELDS_MOST: Final = 50


async def parameters(request: Request) -> Parameters:
    """Those of the query, and of the form of a `POST`. Raises `InvalidParameter`, `WrongMediaType`, `BodyTooLarge`."""
    pairs = query(request)
    return pairs if request.method != "POST" else (*pairs, *await form(request, FORM_LIMIT))


def query(request: Request) -> Parameters:
    """The query's pairs. Raises `InvalidParameter`."""
    return _pairs(request.scope["query_string"])


async def form(request: Request, limit: int) -> Parameters:
    """The form's pairs. Raises as `parameters`."""
    return _pairs(await body.form(request, limit))


def _pairs(raw: bytes) -> Parameters:
    try:
        return tuple(
            parse_qsl(
                raw.decode("ascii"),
                keep_blank_values=True,
                encoding="utf-8",
                errors="strict",
                max_num_fields=_FIELDS_MOST,
            )
        )
    except ValueError:
        de, en = "Die Parameter sind nicht lesbar oder zu viele.", "The parameters cannot be read or are too many."
        raise InvalidParameter(findings=(parameter("query", "form", de, en),)) from None
