"""What is sent of a municipality and month, and whether it is news.

Knows: kinds of figures, the bodies of each, when two of them say the same. Never does: I/O. Standards: Implementing
Regulation (EU) 2020/1121 annex II (one id for a transfer and its corrections). Start reading: `Transfer`.
"""

from __future__ import annotations

import calendar
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from gateway.catalogue.statistics.interfaces import SdgInterface
from gateway.catalogue.statistics.page_views import PageViews
from gateway.notify.schedule import DueMessage


class FigureKind(StrEnum):
    """What figures are about."""

    TRANSACTIONS = "transactions"
    VIEWS = "views"
    FEEDBACK = "feedback"


NUMBERED_ELSEWHERE: Final = frozenset({FigureKind.VIEWS, FigureKind.FEEDBACK})
"""Kinds whose transfers the counterpart gives an id; that of the others follows from what they are of."""
_TRANSFERS: Final = UUID("4c1f5f0e-9d3c-5b77-8a54-0f6f6c1f2b90")


def id_of(kind: FigureKind, municipality: str, month: date) -> UUID:
    """The id of a transfer, the same in a database that was restored: what is sent again is a correction."""
    return uuid5(_TRANSFERS, f"{kind}:{municipality}:{month.isoformat()}")


@dataclass(frozen=True, slots=True)
class Transfer(DueMessage):
    """A municipality's figures of a month on their way; corrections of them are the same transfer.

    `transfer_id` is given by the counterpart before the first try. What stands in `body` names nobody.
    """

    municipality: str
    kind: FigureKind
    month: date
    body: Mapping[str, Any] = field(repr=False)
    transfer_id: str | None


@dataclass(frozen=True, slots=True)
class TransferState:
    """How a transfer stands; `error` is the code of the last failure."""

    id: UUID
    municipality: str
    kind: FigureKind
    month: date
    state: str
    tries: int
    transfer_id: str | None
    error: str | None


def digest(body: Mapping[str, Any]) -> str:
    """SHA-256 over the body; two that say the same have the same."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def views_body(views: Sequence[PageViews]) -> dict[str, Any]:
    """The month's views by page; services that share one are added up."""
    visits: Counter[tuple[str, str, str]] = Counter()
    for view in views:
        visits[view.url, view.country, view.device] += view.visits
    pages: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for (url, country, device), number in sorted(visits.items()):
        pages[url].append({"deviceType": device, "nbVisits": number, "originatingCountry": country})
    return {"sources": [{"source": {"sourceUrl": url, "statistics": lines}} for url, lines in pages.items()]}


def sdg_message(
    transfer: Transfer, entries: str, body: Mapping[str, Any], interface: SdgInterface, now: datetime
) -> dict[str, Any]:
    """The body as the Commission's repository takes it; `entries` names the member that is counted."""
    last = calendar.monthrange(transfer.month.year, transfer.month.month)[1]
    return {
        "uniqueId": transfer.transfer_id,
        "referencePeriod": {
            "startDate": f"{transfer.month:%Y-%m-%d}T00:00:00Z",
            "endDate": f"{transfer.month:%Y-%m}-{last:02}T23:59:59Z",
        },
        "transferDate": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "transferType": interface.transfer_type,
        "nbEntries": len(body[entries]),
        **body,
    }
