"""The daily report of availability: every municipality's services, what is true of each, and the counts.

Knows: its members, its bytes, how it is signed. Never does: I/O, choose the key; hold anybody's personal data.
Standards: RFC 8785, RFC 7515 appendix F with explicit typing (RFC 8725 §3.11). Start reading: `body`, then `signed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from gateway.catalogue.publication.canonical_json import canonical
from gateway.catalogue.publication.town import PublishedService, TownStatus
from gateway.crypto import jws
from gateway.crypto.keys import PrivateKey

FORMAT: Final = "ozg-gateway/availability-report/1"
TYPE: Final = "availability-report"


@dataclass(frozen=True, slots=True)
class Report:
    """A day's report: canonical JSON, and the detached JWS over it."""

    day: date
    body: bytes
    signature: str
    made_at: datetime


def signed(towns: Sequence[TownStatus], day: date, now: datetime, key: PrivateKey) -> Report:
    """The report of that day."""
    content = canonical(body(towns, day, now, key.public_jwk))
    return Report(day, content, jws.sign_detached(content, key, {"alg": key.alg, "kid": key.kid, "typ": TYPE}), now)


def body(towns: Sequence[TownStatus], day: date, now: datetime, public_jwk: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a report. `keys` lets anybody check it who has no key at hand; whose it is, it does not prove."""
    return {
        "format": FORMAT,
        "date": day.isoformat(),
        "made_at": _instant(now),
        "keys": [dict(public_jwk)],
        "municipalities": [
            {
                "ars": town.ars,
                "name": town.name,
                "counts": town.counts.as_json(),
                "services": [_service(service) for service in town.services],
            }
            for town in towns
        ],
    }


def _service(service: PublishedService) -> dict[str, Any]:
    status = service.status
    entry = status.revision.entry
    return {
        "service": entry.service,
        "leika_key": entry.leika_key,
        "title": dict(entry.titles),
        "url": entry.url,
        "delivered_by": entry.delivered_by,
        "claimed": True,
        "delivered": status.delivered,
        "listed": status.listed,
        "works": status.works,
        "works_since": status.works_since and _instant(status.works_since),
        "findings": list(status.codes),
        "maturity": [
            {"model": each.model, "level": each.level, "assessed_on": each.assessed_on.isoformat()}
            for each in entry.maturities
        ],
        "availability": [{"days": each.days, "good": each.good, "bad": each.bad} for each in service.availability],
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
