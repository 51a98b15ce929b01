"""What the addresses of this room answer from; `wiring` makes it.

Knows: its shape. Never does: anything itself. Standard: architecture §2. Start reading: `StatusDependencies`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.catalogue.publication.daily import DailyReports
from gateway.catalogue.publication.look import Publication
from gateway.web.status.documents import RenderedDocuments


@dataclass(frozen=True, slots=True)
class StatusDependencies:
    """What is published, the report of the day, and documents that were made a moment ago."""

    publication: Publication
    reports: DailyReports
    documents: RenderedDocuments = field(repr=False)
