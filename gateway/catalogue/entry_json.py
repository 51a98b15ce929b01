"""An entry's facts as JSON and back; the same facts give the same bytes, whatever order they were said in.

Knows: the member names that rows and exports of the registry have. Never does: judge (`registry` does), I/O.
Standard: RFC 8785 (sorted members, no blanks). Start reading: `as_json`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from gateway.catalogue.entry import Entry, FurtherLink, LifeCycle, Maturity, TextModule, Unit


def as_json(entry: Entry) -> dict[str, Any]:
    """The facts, JSON-ready."""
    values = asdict(entry)
    for name in ("valid_from", "valid_until"):
        values[name] = values[name].isoformat() if values[name] else None
    for maturity in values["maturities"]:
        maturity["assessed_on"] = maturity["assessed_on"].isoformat()
    return values


def of_json(values: Mapping[str, Any]) -> Entry:
    """What `as_json` made."""
    members: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }
    members["life_cycle"] = LifeCycle(values["life_cycle"])
    members["modules"] = tuple(
        TextModule(module["module"], module["texts"], tuple(FurtherLink(**link) for link in module["links"]))
        for module in values["modules"]
    )
    members["maturities"] = tuple(
        Maturity(**{**maturity, "assessed_on": date.fromisoformat(maturity["assessed_on"])})
        for maturity in values["maturities"]
    )
    members["unit"] = Unit(**values["unit"]) if values["unit"] else None
    for name in ("valid_from", "valid_until"):
        members[name] = date.fromisoformat(values[name]) if values[name] else None
    return Entry(**members)


def digest(entry: Entry) -> str:
    """SHA-256 (hex) of the facts: what makes a new revision."""
    text = json.dumps(as_json(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
