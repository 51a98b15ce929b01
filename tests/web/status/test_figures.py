"""Metrics and health of what is published: told, and never in the way."""

from __future__ import annotations

import re
from dataclasses import replace

from gateway.catalogue.publication.figures import CatalogueFigures, ProbedSubject
from gateway.web.app import create_app
from gateway.web.dependencies import HealthCheck
from gateway.web.http.metrics import NAMES
from tests.catalogue.publication.offers import NOW
from tests.web.conftest import ARS

FIGURES = CatalogueFigures(
    entries=22,
    listed={"pvog": 2, "datahub": 0},
    findings={"no_leika": 6},
    exported_at=NOW,
    standings=(
        ProbedSubject("", "token:test", False, "refused", 40),
        ProbedSubject(ARS, "hausnummer", True, None, 120),
        ProbedSubject(ARS, "termin", None, None, None),
    ),
)


async def metrics(world, read):
    world.app = create_app(replace(world.parts, catalogue_figures=read))
    async with world.portal(None) as anybody:
        answer = await anybody.get("/metrics")
    assert answer.status_code == 200
    return answer.text


async def test_the_catalogue_and_the_probes_are_counted(world):
    async def read():
        return FIGURES

    text = await metrics(world, read)
    for line in (
        "gateway_catalogue_entries 22.0",
        'gateway_catalogue_listed{source="pvog"} 2.0',
        'gateway_catalogue_findings{code="no_leika"} 6.0',
        f'gateway_probe_up{{municipality="{ARS}",service="hausnummer"}} 1.0',
        f'gateway_probe_seconds{{municipality="{ARS}",service="hausnummer"}} 0.12',
        'gateway_probe_dependency_up{dependency="token:test",municipality=""} 0.0',
    ):
        assert line in text
    (exported,) = re.findall(r"^gateway_catalogue_export_timestamp_seconds (.+)$", text, re.MULTILINE)
    assert float(exported) == NOW.timestamp()
    assert 'service="termin"' not in text
    shown = {line.split()[2] for line in text.splitlines() if line.startswith("# HELP gateway_")}
    assert shown - {name.removesuffix("_total") for name in NAMES} - set(NAMES) == set()


async def test_figures_that_cannot_be_read_keep_no_other_figure_away(world):
    async def read():
        raise RuntimeError("password=geheim")

    text = await metrics(world, read)
    assert "gateway_http_requests" in text
    assert "gateway_catalogue_entries" not in text


async def test_a_dependency_that_is_down_takes_nothing_out_of_service(world):
    world.checks += [
        HealthCheck("token:responds", "fail", vital=False, component_id="test", output="refused"),
        HealthCheck("token:responds", "pass", vital=False, component_id="production"),
    ]
    async with world.portal(None) as anybody:
        answer = await anybody.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "warn")
    assert [each["componentId"] for each in answer.json()["checks"]["token:responds"]] == ["test", "production"]
