"""The figures of the catalogue and of probes as Prometheus collects them.

Knows: names and labels. Never does: count. Standard: Prometheus exposition format. Start reading: `CatalogueCollector`.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.catalogue.publication.figures import CatalogueFigures


class CatalogueCollector(Collector):
    """What the database said last; nothing before it was asked."""

    def __init__(self) -> None:
        self.figures: CatalogueFigures | None = None

    def collect(self) -> Iterable[Metric]:
        """As Prometheus wants them."""
        if self.figures is None:
            return
        figures = self.figures
        yield GaugeMetricFamily("gateway_catalogue_entries", "Entries.", value=figures.entries)
        listed = GaugeMetricFamily("gateway_catalogue_listed", "Listed entries.", labels=("source",))
        for source, number in figures.listed.items():
            listed.add_metric((source,), number)
        yield listed
        findings = GaugeMetricFamily("gateway_catalogue_findings", "Open contradictions.", labels=("code",))
        for code, number in figures.findings.items():
            findings.add_metric((code,), number)
        yield findings
        if figures.exported_at is not None:
            at = figures.exported_at.timestamp()
            yield GaugeMetricFamily("gateway_catalogue_export_timestamp_seconds", "Last export.", value=at)
        yield from _probes(figures)


def _probes(figures: CatalogueFigures) -> Iterable[Metric]:
    up = GaugeMetricFamily("gateway_probe_up", "The service works.", labels=("municipality", "service"))
    seconds = GaugeMetricFamily("gateway_probe_seconds", "Last probe.", labels=("municipality", "service"))
    names = ("municipality", "dependency")
    dependency_up = GaugeMetricFamily("gateway_probe_dependency_up", "The dependency works.", labels=names)
    for standing in figures.standings:
        labels = (standing.municipality, standing.subject)
        if standing.works is not None:
            (up if standing.is_service else dependency_up).add_metric(labels, float(standing.works))
        if standing.is_service and standing.milliseconds is not None:
            seconds.add_metric(labels, standing.milliseconds / 1000)
    return (up, seconds, dependency_up)
