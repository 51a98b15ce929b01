"""The report of availability of a day: every municipality's services, what is true of each, and the counts.

Knows: its members, its bytes, how it is signed. Never does: I/O, choose the key; hold anybody's personal data.
Standards: RFC 8785, RFC 7515 appendix F with explicit typing (RFC 8725 §3.11). Start reading: `of_town`, then `signed`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from gateway.catalogue.publication.canonical_json import canonical
from gateway.catalogue.publication.town import PublishedService, TownStatus
from gateway.crypto import jws
from gateway.crypto.keys import PrivateKey

FORMAT: Final = "ozg-gateway/availability-report/1"
TYPE: Final = "availability-report"
_LAST_MEMBER: Final = "municipalities"
"""The last by name too, so that the report is put together without a second copy of all municipalities."""


@dataclass(frozen=True, slots=True)
class AvailabilityReport:
    """A day's report: canonical JSON, and the detached JWS over it."""

    day: date
    body: bytes
    signature: str
    made_at: datetime


def signed(towns: Iterable[bytes], day: date, now: datetime, key: PrivateKey) -> AvailabilityReport:
    """The report of that day, of what `of_town` made of each municipality.

    `keys` lets anybody check it who has no key at hand; whose it is, it does not prove.
    """
    members = {"format": FORMAT, "date": day.isoformat(), "made_at": _instant(now), "keys": [dict(key.public_jwk)]}
    around = canonical({**members, _LAST_MEMBER: []}).removesuffix(b"]}")
    content = around + b",".join(towns) + b"]}"
    return AvailabilityReport(
        day, content, jws.sign_detached(content, key, {"alg": key.alg, "kid": key.kid, "typ": TYPE}), now
    )


def says_the_same(one: AvailabilityReport, other: AvailabilityReport) -> bool:
    """Whether two reports differ in nothing but when they were made."""
    return _undated(one) == _undated(other)


def _undated(report: AvailabilityReport) -> bytes:
    return report.body.replace(canonical({"made_at": _instant(report.made_at)})[1:-1], b"", 1)


def of_town(town: TownStatus) -> bytes:
    """What the report says of a municipality: its bytes alone are held until the others are done."""
    return canonical(
        {
            "ars": town.ars,
            "name": town.name,
            "counts": town.counts.as_json(),
            "services": [_service(service) for service in town.services],
        }
    )


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
            {"model": maturity.model, "level": maturity.level, "assessed_on": maturity.assessed_on.isoformat()}
            for maturity in entry.maturities
        ],
        "availability": [{"days": span.days, "good": span.good, "bad": span.bad} for span in service.availability],
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
