"""What the addresses of this room answer from; `wiring` makes it.

Knows: its shape. Never does: anything itself. Standard: architecture §2. Start reading: `StatusDependencies`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.catalogue.publication.daily import DailyReports
from gateway.catalogue.publication.look import Publication
from gateway.catalogue.statistics.feedback import FeedbackRows
from gateway.catalogue.status import CatalogueStatuses
from gateway.web.status.address_bounds import AddressBounds
from gateway.web.status.documents import RenderedDocuments


@dataclass(frozen=True, slots=True)
class FeedbackDependencies:
    """Which services may be spoken of, where answers are kept, and how many an address may send."""

    statuses: CatalogueStatuses
    rows: FeedbackRows
    addresses: AddressBounds


@dataclass(frozen=True, slots=True)
class StatusDependencies:
    """What is published, the report of the day, and documents that were made a moment ago.

    `feedback` is unset where answers of people would go nowhere: nobody is asked then.
    """

    publication: Publication
    reports: DailyReports
    documents: RenderedDocuments = field(repr=False)
    feedback: FeedbackDependencies | None = None
