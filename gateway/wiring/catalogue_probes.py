"""Makes the prober from the settings: its client, its rules, and what services need as named calls.

Knows: settings `[catalogue.probes]` and `[catalogue]` of municipalities. Never does: decide, write.
Standard: catalogue reference §6.2. Start reading: `open_prober`.
"""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from importlib import resources
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from gateway.catalogue.probes.asking import PageAsker, answers, ask_dependency
from gateway.catalogue.probes.maintenance import MaintenanceWindow
from gateway.catalogue.probes.page import ProbeReason
from gateway.catalogue.probes.run import Ask, Prober, Rules
from gateway.catalogue.probes.standing import Subject
from gateway.fitconnect.channel import FitConnectChannel
from gateway.fitconnect.limits import FITCONNECT
from gateway.outbound.client import USER_AGENT, HttpClient, exchange, http_client
from gateway.settings.gateway import Settings
from gateway.settings.municipality import MunicipalityFile
from gateway.store.catalogue.probe_runs import StoredRuns
from gateway.store.operation import jobs
from gateway.wiring import identity
from gateway.wiring.outbound import policy
from gateway.wiring.runtime import Runtime

NO_WORKER: Final = "no_worker"
"""Why the queue does not work: nobody takes jobs."""
Call = Callable[[], Awaitable[str | None]]
"""Says why something does not work, or raises an error of ours; None: it works."""


@dataclass(frozen=True, slots=True)
class _Dependency:
    """What services need, how it is asked, and the host that is asked (empty: this machine)."""

    subject: Subject
    call: Call
    address: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.address).netloc


@asynccontextmanager
async def open_prober(runtime: Runtime, *, spread: float = 0.0) -> AsyncIterator[Prober]:
    """A prober with connections of its own, which are closed afterwards.

    `spread` is the share of the time between two runs over which one run's probes are spread at most.
    """
    settings = runtime.settings
    section = settings.catalogue.probes
    way = replace(
        policy(settings), user_agent=user_agent(settings), certificates=True, keepalive_s=0, max_connections=0
    )
    # a connection each: one kept open may just be closing, which is nobody's outage
    async with http_client(way) as client:  # how long pages take is no exchange of the gateway's own
        asker = PageAsker(
            client=client, clock=runtime.clock, phrases=section.failure_phrases, limit_s=section.timeout_s
        )
        yield Prober(
            runs=StoredRuns(runtime.store.database, uuid4),
            clock=runtime.clock,
            ask_page=asker.ask,
            dependencies=_dependencies(runtime, client),
            references=[partial(answers, client, url, section.timeout_s) for url in section.own_network],
            texts={
                Subject(file.ars, service): text
                for file in runtime.files
                for service, text in file.catalogue.probe_texts.items()
            },
            rules=rules(settings, runtime.files),
            at_once=section.at_once,
            spread_s=section.every_minutes * 60 * spread,
        )


def user_agent(settings: Settings) -> str:
    """Our name with the contact, so that whoever runs a page knows whom to ask."""
    contact = settings.catalogue.contact
    if contact is None:
        return USER_AGENT
    return f"{USER_AGENT} ({''.join(sign if ' ' <= sign <= '~' else '?' for sign in contact)})"


def rules(settings: Settings, files: tuple[MunicipalityFile, ...]) -> Rules:
    """How findings are told."""
    section = settings.catalogue.probes
    maintenance = {
        file.ars: [
            MaintenanceWindow(window.begins, window.ends, frozenset(window.services))
            for window in file.catalogue.maintenance
        ]
        for file in files
        if file.catalogue.maintenance
    }
    return Rules(timedelta(minutes=section.damping_minutes), timedelta(days=section.certificate_days), maintenance)


def _dependencies(runtime: Runtime, client: HttpClient) -> Mapping[Subject, Ask]:
    limit_s = runtime.settings.catalogue.probes.timeout_s
    dependencies = [*_of_gateway(runtime), *_of_environments(runtime, client), *_of_towns(runtime, client)]
    return {
        dependency.subject: partial(ask_dependency, dependency.call, runtime.clock, limit_s, dependency.host)
        for dependency in dependencies
    }


def _of_gateway(runtime: Runtime) -> list[_Dependency]:
    async def database() -> None:
        await runtime.store.ping()

    async def queue() -> str | None:
        return None if await jobs.is_worked(runtime.store.database) else NO_WORKER

    return [_Dependency(Subject("", "database:"), database), _Dependency(Subject("", "queue:"), queue)]


def _of_environments(runtime: Runtime, client: HttpClient) -> list[_Dependency]:
    """The token endpoint of each environment that a municipality uses, as the first one's client, and its routing."""
    info = _addresses()["routing"]["info"]
    dependencies: dict[str, _Dependency] = {}
    for file in runtime.files:
        name = file.fitconnect.environment
        environment = runtime.settings.fitconnect.environments[name]
        channel = runtime.channels.get((file.ars, FITCONNECT))
        if channel is not None and f"token:{name}" not in dependencies:
            call = partial(_token, channel)
            dependencies[f"token:{name}"] = _Dependency(Subject("", f"token:{name}"), call, environment.token_url)
        if environment.routing_api is not None:
            address = environment.routing_api.rstrip("/") + info
            dependencies[f"routing:{name}"] = _Dependency(
                Subject("", f"routing:{name}"), partial(_found, client, address), address
            )
    return list(dependencies.values())


def _of_towns(runtime: Runtime, client: HttpClient) -> list[_Dependency]:
    """The destinations of each municipality, and the metadata of its identity providers that are fetched."""
    dependencies = []
    for file in runtime.files:
        channel = runtime.channels.get((file.ars, FITCONNECT))
        address = runtime.settings.fitconnect.environments[file.fitconnect.environment].submission_api
        for destination in dict.fromkeys(str(entry.destination_id) for entry in file.destinations):
            if channel is not None:
                subject = Subject(file.ars, f"destination:{destination}")
                dependencies.append(_Dependency(subject, partial(_destination, channel, destination), address))
    for at in identity.places(runtime.files):
        if at.section.enabled and at.address is not None:
            subject = Subject(at.file.ars, f"identity:{at.file.slug}/{at.name}")
            dependencies.append(_Dependency(subject, partial(_found, client, at.address), at.address))
    return dependencies


def _addresses() -> dict[str, dict[str, str]]:
    text = resources.files("gateway.catalogue.probes").joinpath("addresses.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


async def _token(channel: FitConnectChannel) -> None:
    await channel.check_token()


async def _destination(channel: FitConnectChannel, destination: str) -> None:
    await channel.check_destination(destination)


async def _found(client: HttpClient, address: str) -> str | None:
    answer = await exchange(client, "GET", address, call="probes.dependency")
    return None if 200 <= answer.status < 300 else ProbeReason.STATUS
