"""What the doors of `gateway serve` are given: the house, in the shape that `web` asks for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

from gateway import __version__
from gateway.backpressure.admission import Pressure
from gateway.errors import GatewayError, SettingsInvalid
from gateway.input import regular_file
from gateway.intake.create import offers
from gateway.intake.withdrawal import correct
from gateway.keys.files import read_secret
from gateway.keys.following import Following
from gateway.login.certificates import Certificates
from gateway.login.clients import Registration, Registry, registration
from gateway.login.provider import Provider
from gateway.login.tokens import Issuer
from gateway.model import Client, Finding
from gateway.outbound.policy import AddressPolicy
from gateway.serve import tls
from gateway.settings import unusable_files
from gateway.settings.gateway import ClientSection, Settings
from gateway.store.operation import exchange_durations
from gateway.store.operation.allowances import StoredAllowances
from gateway.store.operation.used_assertions import UsedAssertions
from gateway.store.proof import judging
from gateway.web.http.resource_checks import pressed
from gateway.web.parts import BodyLimits, HealthCheck, WebDependencies, WebhookDependencies
from gateway.web.portal.quotas import ClientLimits, Quotas
from gateway.wiring.refusals import Attempt
from gateway.wiring.runtime import Runtime


def dependencies(house: Runtime, pressure: Pressure | None = None) -> WebDependencies:
    """Everything that `web.app.create_app` needs; `pressure` is what somebody else keeps up to date.

    Raises `SettingsInvalid`.
    """
    issuers = [Issuer(m.public_url, m.ars) for m in house.municipalities.values()] or [Issuer(house.base_url, "")]
    provider = Provider(
        issuers=issuers,
        registry=Registry(
            changing={each.id: _followed(each, frozenset(house.municipalities)) for each in house.settings.clients}
        ),
        key=house.keys.token,
        clock=house.clock,
        new_id=lambda: str(uuid4()),
        published=house.keys.published,
        used=UsedAssertions(house.store.database),
        judge=Certificates(tls.authorities(house.settings.server.tls)),
    )
    server = house.settings.server

    async def health() -> list[HealthCheck]:
        try:
            await house.store.ping()
        except GatewayError as error:
            return [HealthCheck("database:responds", "fail", component_type="datastore", output=error.code)]
        return [HealthCheck("database:responds", "pass", component_type="datastore"), *pressed(pressure)]

    async def states() -> Mapping[str, int]:
        found: dict[str, int] = {}
        for (_, state), number in (await house.store.counts()).items():
            found[state] = found.get(state, 0) + number
        return found

    async def newest_root() -> tuple[int, str]:
        found = await judging.newest(house.store.database)
        return found.no, found.digest

    return WebDependencies(
        intake=house.intake,
        store=house.store,
        catalogue=house.catalogue,
        municipalities=tuple(house.municipalities.values()),
        provider=provider,
        clock=house.clock,
        health=health,
        offers=offers,
        states=states,
        exchanges=partial(exchange_durations.read, house.store.database),
        newest_root=newest_root,
        resumable=house.store.pieces,
        pressure=pressure,
        quotas=Quotas(
            _limits(house.settings.clients),
            house.clock,
            StoredAllowances(house.store.database, house.clock, house.store.created_since),
        ),
        correct=partial(correct, house.intake),
        webhooks=WebhookDependencies(
            store=house.store.webhooks,
            addresses=AddressPolicy.of(house.settings.outbound.allow_private),
            plain_http=house.settings.mode == "test",
        ),
        limits=BodyLimits(body_bytes=server.max_body_bytes, upload_bytes=server.max_upload_bytes),
        version=__version__,
    )


def _limits(clients: Iterable[ClientSection]) -> dict[str, ClientLimits]:
    return {each.id: ClientLimits(each.limits.requests_per_minute, each.limits.submissions_per_day) for each in clients}


def attempts(settings: Settings) -> Iterator[Attempt]:
    """What the API reads of the settings, tried one by one; see `refusals`."""
    yield from tls.attempts(settings)
    for section in settings.clients:
        place = f"clients.{section.id}"
        secrets = [("secret_file", section.secret_file)]
        secrets += [("previous_secret_files", path) for path in section.previous_secret_files]
        for name, path in secrets:
            if path is not None:
                yield partial(read_secret, path, f"{place}.{name}")
        yield partial(_jwks, section, place)
        yield partial(tls.rule, section, place)
        yield partial(_registration, section, frozenset())


def _followed(section: ClientSection, towns: frozenset[str]) -> Following[Registration]:
    """The client's registration; a corrected secret or key is taken at the next request. Raises `SettingsInvalid`."""
    named = (section.secret_file, *section.previous_secret_files, section.jwks)
    paths = [path for path in named if path is not None]
    return Following(f"clients.{section.id}", paths, partial(_registration, section, towns))


def _registration(section: ClientSection, towns: frozenset[str]) -> Registration:
    client = Client(
        section.id,
        frozenset(section.scopes),
        frozenset(section.municipalities) or towns,
        None if section.services is None else frozenset(section.services),
    )
    place = f"clients.{section.id}"
    secret = read_secret(section.secret_file, f"{place}.secret_file") if section.secret_file else None
    previous = [read_secret(each, f"{place}.previous_secret_files") for each in section.previous_secret_files]
    return registration(
        client, secret=secret, previous=previous, jwks=_jwks(section, place), certificates=tls.rule(section, place)
    )


def _jwks(section: ClientSection, place: str) -> Mapping[str, Any] | None:
    if section.jwks is None:
        return None
    try:
        found = json.loads(regular_file.text(section.jwks))
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        raise SettingsInvalid(
            findings=(
                Finding(
                    f"{place}.jwks: {section.jwks}",
                    "jwks_unreadable",
                    *unusable_files.said(unusable_files.no_jwk_set(section.jwks), unusable_files.CLIENT_KEYS),
                ),
            )
        )
    return found
