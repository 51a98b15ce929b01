"""`null` for an optional member is absence: clients generated from the published OpenAPI write it so.

Knows: where JSON is judged, and the one place where `null` is a value. Never does: touch lists; a `null` in one is no
member. Standard: RFC 8259. Start reading: `present`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

from gateway.fitconnect import names

Hook = Callable[[dict[str, Any]], dict[str, Any]]


def read(raw: bytes, hook: Hook | None = None) -> Any:  # noqa: ANN401 - JSON is any value
    """The value that JSON in UTF-8 spells. `ValueError` for anything else, also for half a character (RFC 8259 §8.2).

    Neither journal nor answer could hold that one.
    """
    try:
        value = json.loads(raw.decode("utf-8-sig"), object_hook=hook, parse_constant=_refuse, parse_float=_finite)
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError("depth") from None
    return value


def _refuse(_: str) -> NoReturn:
    raise ValueError("no number of JSON")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse(text)


def present(members: dict[str, Any]) -> dict[str, Any]:
    """An object's members that are not `null`; the `object_hook` of `json.loads`."""
    return {name: value for name, value in members.items() if value is not None}


def present_in_metadata(members: dict[str, Any]) -> dict[str, Any]:
    """As `present`, but the `content` of a data set may be any JSON, `null` among it."""
    kept = present(members)
    if "dataSetId" in members and "content" in members:
        kept["content"] = members["content"]
    return kept


def present_in_set(members: dict[str, Any]) -> dict[str, Any]:
    """As `present`, but an event whose payload is `null` stays: it is an event without payload."""
    return {
        name: {} if value is None else value
        for name, value in members.items()
        if value is not None or name.startswith(names.EVENT_PREFIX)
    }
