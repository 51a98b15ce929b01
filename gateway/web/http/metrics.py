"""Figures for monitoring.

Knows: what is counted of requests, by the template of an address and never by the address itself. Never does: name a
client's ids or data. Standard: Prometheus exposition format. Start reading: `Metrics`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.requests import Request

from gateway.backpressure.admission import Pressure, Resource
from gateway.catalogue.publication.figures import CatalogueFigures
from gateway.outbound.durations import BUCKETS, Tally
from gateway.web.status.figures import CatalogueCollector

_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30)
MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
NAMES: Final = {
    "gateway_http_requests_total": "requests answered, by method, route template and status",
    "gateway_http_request_seconds": "histogram: from the first byte of a request to the last byte of its answer",
    "gateway_submissions_taken_total": "creates answered with 201 (repeats included), by service and municipality",
    "gateway_submissions": "submissions by state, at the moment of the look",
    "gateway_exchange_seconds": "histogram: exchanges of all workers to the answer's last byte, by kind of counterpart",
    "gateway_slow_exchanges_total": "exchanges that took longer than usual for what they moved, by kind of counterpart",
    "gateway_evidence_newest_root": "number of the newest signed root over evidence; the label is its digest (SHA-256)",
    "gateway_login_started_total": "browsers sent to an identity provider, by municipality and provider",
    "gateway_login_answers_total": "answers of identity providers, by municipality, provider and outcome (accepted, "
    "cancelled, attributes_missing, level_too_low, failed)",
    "gateway_login_seconds": "histogram: from a portal's request to the end of the login, by municipality and provider",
    "gateway_login_refusals_total": "refused requests of logins, by reason of a closed list (login-refusals.md)",
    "gateway_login_codes_total": "codes that portals brought, by outcome (redeemed, refused)",
    "gateway_catalogue_entries": "entries of the OZG catalogue that count: published or suspended, and valid today",
    "gateway_catalogue_listed": "of those, the ones that a source lists as the town's own, by source (pvog, datahub, "
    "routing)",
    "gateway_catalogue_findings": "open contradictions between what is claimed and what is listed, by code",
    "gateway_catalogue_export_timestamp_seconds": "when the last export was accepted (Unix time)",
    "gateway_probe_up": "1 where the service works, 0 where it does not, by municipality and service",
    "gateway_probe_seconds": "how long the last probe took, by municipality and service",
    "gateway_probe_dependency_up": "the same of what the gateway depends on, by municipality (empty: of all) and "
    "dependency (kind:name)",
    "gateway_free_bytes": "bytes free, by resource (disk, memory), as last seen",
    "gateway_waiting_submissions": "submissions accepted and not yet submitted, counted up to the limit",
    "gateway_refusing": "1 where a resource (disk, memory, queue) keeps the gateway from taking in anything new",
}
"""What `/metrics` shows; labels hold ids of ours, never anything a caller chose."""


class _Exchanges(Collector):
    """Sums that stand in the database, as the workers wrote them."""

    def __init__(self) -> None:
        self.tallies: Mapping[str, Tally] = {}

    def collect(self) -> Iterable[Metric]:
        """As Prometheus wants them."""
        seconds = HistogramMetricFamily("gateway_exchange_seconds", "Time of exchanges.", labels=("counterpart",))
        slow = CounterMetricFamily("gateway_slow_exchanges", "Slower than usual.", labels=("counterpart",))
        bounds = (*(str(bound) for bound in BUCKETS), "+Inf")
        for counterpart, tally in self.tallies.items():
            sums = accumulate(tally.numbers)
            seconds.add_metric((counterpart,), list(zip(bounds, sums, strict=False)), tally.seconds)
            slow.add_metric((counterpart,), tally.slow)
        return (seconds, slow)


class Metrics:
    """The figures of one process, in a registry of its own; `logins` are counted where people log in."""

    def __init__(self, logins: Collector | None = None) -> None:
        self._registry = CollectorRegistry()
        if logins is not None:
            self._registry.register(logins)
        self._requests = Counter(
            "gateway_http_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "gateway_http_request_seconds",
            "Time from the first byte of a request to the last byte of its answer.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._taken = Counter(
            "gateway_submissions_taken",
            "Creates answered with 201, repeats included.",
            ("service", "municipality"),
            registry=self._registry,
        )
        self._free = Gauge("gateway_free_bytes", "Bytes free.", ("resource",), registry=self._registry)
        self._waiting = Gauge("gateway_waiting_submissions", "Submissions that wait.", registry=self._registry)
        self._refusing = Gauge("gateway_refusing", "Nothing new is taken.", ("resource",), registry=self._registry)
        self._exchanges = _Exchanges()
        self._registry.register(self._exchanges)
        self._catalogue = CatalogueCollector()
        self._registry.register(self._catalogue)
        self._states = Gauge("gateway_submissions", "Submissions by state.", ("state",), registry=self._registry)

        self._root = Gauge(
            "gateway_evidence_newest_root", "The newest root over evidence.", ("sha256",), registry=self._registry
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer; `route` is the template of the address."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def taken(self, service: str, municipality: str) -> None:
        """Count one create that was answered with 201."""
        self._taken.labels(service, municipality).inc()

    def states(self, counts: Mapping[str, int]) -> None:
        """Set how many submissions stand in each state."""
        self._states.clear()
        for state, count in counts.items():
            self._states.labels(state).set(count)

    def newest_root(self, no: int, sha256: str) -> None:
        """Set the newest root over evidence: what monitoring keeps, nobody cuts off in the database."""
        self._root.clear()
        self._root.labels(sha256).set(no)

    def pressure(self, pressure: Pressure) -> None:
        """Set what the machine has left."""
        seen = pressure.seen
        for resource, free in (("disk", seen.disk_bytes), ("memory", seen.memory_bytes)):
            if free is not None:
                self._free.labels(resource).set(free)
        self._waiting.set(seen.waiting or 0)
        for resource in Resource:
            self._refusing.labels(resource.value).set(resource in pressure.short)

    def exchanges(self, tallies: Mapping[str, Tally]) -> None:
        """Set how long exchanges with counterparts took."""
        self._exchanges.tallies = tallies

    def catalogue(self, figures: CatalogueFigures) -> None:
        """Set what stands in the catalogue and how what is probed stands."""
        self._catalogue.figures = figures

    def exposition(self) -> bytes:
        """Everything, in the text format."""
        return generate_latest(self._registry)


def of(request: Request) -> Metrics:
    """The figures of the app that answers this request."""
    metrics: Metrics = request.app.state.metrics
    return metrics
