"""Makes the read-back of the catalogue from the settings: whom it asks, by which name, how fast.

Knows: which source is asked where. Never does: ask. Standard: architecture §2. Start reading: `open_read_back`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx

from gateway.catalogue.readback.asking import Asker, RequestRate
from gateway.catalogue.readback.datahub_source import DataHubSource
from gateway.catalogue.readback.interfaces import interfaces
from gateway.catalogue.readback.pvog_source import PvogSource
from gateway.catalogue.readback.reading import ListingSource, ReadBack
from gateway.catalogue.readback.routing_source import RoutingSource
from gateway.fitconnect.channel.routing_client import RoutingEnvironment
from gateway.keys.files import read_header_secret
from gateway.outbound.httpx_transport import httpx_client
from gateway.settings.fitconnect import EnvironmentSection
from gateway.settings.gateway import Settings
from gateway.settings.municipality import MunicipalityFile
from gateway.store.catalogue.readbacks import StoredReadbacks
from gateway.store.catalogue.routes import StoredRoutes
from gateway.wiring.catalogue_probes import user_agent
from gateway.wiring.outbound import policy
from gateway.wiring.runtime import Runtime

_CLIENT_ID: Final = "catalogue.readback.pvog_client_id_file"


def configured(settings: Settings, files: Iterable[MunicipalityFile]) -> bool:
    """Whether there is anybody to ask."""
    section = settings.catalogue.readback
    return bool(section.pvog or section.data_hub or routing_environments(settings, files))


@asynccontextmanager
async def open_read_back(runtime: Runtime) -> AsyncIterator[ReadBack]:
    """The read-back of one process, with connections of its own. Raises `SettingsInvalid` for an unreadable file."""
    settings = runtime.settings
    way = replace(policy(settings), user_agent=user_agent(settings))
    async with httpx_client(way, durations=runtime.durations) as client:
        sources = _sources(runtime, client)
        yield ReadBack(
            {source.source: source for source in sources},
            StoredReadbacks(runtime.store.database, runtime.clock),
            runtime.clock,
            timedelta(hours=settings.catalogue.readback.every_hours),
        )


def routing_environments(settings: Settings, files: Iterable[MunicipalityFile]) -> Mapping[str, RoutingEnvironment]:
    """Where routes are asked for each municipality, by ARS; those whose environment does not say so are left out."""
    known = {name: routing_environment(section) for name, section in settings.fitconnect.environments.items()}
    named_by = {file.ars: known.get(file.fitconnect.environment) for file in files}
    return {ars: environment for ars, environment in named_by.items() if environment is not None}


def routing_environment(section: EnvironmentSection) -> RoutingEnvironment | None:
    """Where routes of an environment are asked for and whom we believe; None where it does not say both."""
    if section.routing_api is None or section.portal_issuer is None:
        return None
    hosts = section.submission_hosts or (urlsplit(section.submission_api).netloc,)
    return RoutingEnvironment(section.routing_api, section.portal_issuer, frozenset(hosts))


def _sources(runtime: Runtime, client: httpx.AsyncClient) -> list[ListingSource]:
    settings = runtime.settings
    section, known = settings.catalogue.readback, interfaces()

    def asker(*, call: str, headers: Mapping[str, str] | None = None, keeps: bool = True) -> Asker:
        rate = RequestRate(section.requests_per_second, time.monotonic, asyncio.sleep)
        return Asker(client, runtime.clock, rate, call, {"Accept-Language": "de", **(headers or {})}, keeps)

    sources: list[ListingSource] = []
    if section.pvog:
        ours = section.pvog_client_id_file
        headers = {known.pvog.client_id_header: read_header_secret(ours, _CLIENT_ID)} if ours else {}
        sources.append(PvogSource(section.pvog, known.pvog, asker(call="catalogue.pvog", headers=headers)))
    if section.data_hub:
        sources.append(DataHubSource(section.data_hub, known.datahub, asker(call="catalogue.datahub")))
    environments = routing_environments(settings, runtime.files)
    if environments:
        asks, answered = asker(call="catalogue.routing", keeps=False), StoredRoutes(runtime.store.database)
        sources.append(RoutingSource(environments, asks, time.monotonic, answered))
    return sources
