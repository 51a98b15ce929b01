"""Lines of `/health` about what the gateway depends on, as the probes said last. None of them is vital.

Knows: how a standing reads as a check, and that a state that cannot be read says nothing. Never does: probe.
Standard: draft-inadarei-api-health-check-06 §4. Start reading: `dependency_checks`.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from gateway.catalogue.publication.figures import FigureSource, ProbedSubject
from gateway.web.dependencies import HealthCheck

LOOK_S: Final = 1.0
"""Seconds after which the rest of `/health` is told without these."""

log = structlog.get_logger()


async def dependency_checks(figures: FigureSource) -> list[HealthCheck]:
    """A line for each dependency that was probed; none where that cannot be read now."""
    try:
        standings = await asyncio.wait_for(figures.dependencies(), LOOK_S)
    except Exception as error:  # noqa: BLE001 - whatever it is, the gateway goes on working
        log.warning("health.dependencies_unknown", error=type(error).__name__)
        return []
    return [_check(standing) for standing in standings if standing.works is not None]


def _check(standing: ProbedSubject) -> HealthCheck:
    kind, _, name = standing.subject.partition(":")
    return HealthCheck(
        f"{kind}:probed",
        "pass" if standing.works else "fail",
        vital=False,
        component_type="system",
        component_id=name or kind,
        output=standing.reason,
    )
