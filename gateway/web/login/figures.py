"""Figures of logins as Prometheus reads them.

Knows: names and labels. Never does: count (`gateway/login/figures.py` does). Standard: Prometheus exposition format.
Start reading: `LoginCollector`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate
from typing import Final

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.login.figures import SECONDS, LoginFigures

_PLACE: Final = ("municipality", "provider")
_BOUNDS: Final = (*(str(bound) for bound in SECONDS), "+Inf")


class LoginCollector(Collector):
    """The counters of one process."""

    def __init__(self, figures: LoginFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """As Prometheus wants them."""
        counted = self._figures
        started = CounterMetricFamily("gateway_login_started", "Sent to an identity provider.", labels=_PLACE)
        for labels, number in counted.started.items():
            started.add_metric(labels, number)
        answers = CounterMetricFamily("gateway_login_answers", "Answers judged.", labels=(*_PLACE, "outcome"))
        for counted_at, number in counted.answers.items():
            answers.add_metric(counted_at, number)
        refusals = CounterMetricFamily("gateway_login_refusals", "Refused.", labels=("reason",))
        for reason, number in counted.refusals.items():
            refusals.add_metric((reason,), number)
        codes = CounterMetricFamily("gateway_login_codes", "Codes brought.", labels=("outcome",))
        for outcome, number in counted.codes.items():
            codes.add_metric((outcome,), number)
        seconds = HistogramMetricFamily("gateway_login_seconds", "Time of logins.", labels=_PLACE)
        for labels, took in counted.durations.items():
            buckets = list(zip(_BOUNDS, accumulate(took.numbers), strict=True))
            seconds.add_metric(labels, buckets, took.seconds)
        return (started, answers, refusals, codes, seconds)
