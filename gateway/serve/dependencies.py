"""What the API of `gateway serve` depends on: the runtime, in the shape that `web` asks for.

Knows: which part of the runtime answers which question of the API. Never does: any work of theirs.
Standard: architecture §2. Start reading: `web_dependencies`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import structlog

from gateway import __version__
from gateway.backpressure.admission import Pressure
from gateway.errors import GatewayError
from gateway.input import regular_file
from gateway.keys.files import read_secret
from gateway.keys.following import Following
from gateway.login.certificates import Certificates
from gateway.login.clients import Registration, Registry, RelyingParty, registration
from gateway.login.failed_tries import FailedTries
from gateway.login.provider import Provider
from gateway.login.tokens import Issuer
from gateway.model import Client
from gateway.outbound.policy import AddressPolicy
from gateway.serve import tls
from gateway.serve.dependency_checks import dependency_checks
from gateway.serve.logins import Logins
from gateway.settings import unusable_files
from gateway.settings.gateway import Settings
from gateway.settings.server import ClientSection
from gateway.store.catalogue.exported_files import ExportedFiles
from gateway.store.catalogue.figures import StoredCatalogueFigures
from gateway.store.catalogue.page_views import StoredPageViews
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.store.operation import exchange_durations
from gateway.store.operation.allowances import StoredAllowances
from gateway.store.operation.used_assertions import UsedAssertions
from gateway.store.proof import judging
from gateway.web.dependencies import (
    BodyLimits,
    HealthCheck,
    StatisticsDependencies,
    WebDependencies,
    WebhookDependencies,
)
from gateway.web.http.resource_checks import resource_checks
from gateway.web.portal.quotas import ClientLimits, Quotas
from gateway.web.status.address_bounds import AddressBounds
from gateway.web.status.documents import RenderedDocuments
from gateway.web.status.published import FeedbackDependencies, StatusDependencies
from gateway.wiring import id_token_signing
from gateway.wiring.appearance import appearances
from gateway.wiring.catalogue_publication import daily_reports, publication
from gateway.wiring.refusals import Attempt
from gateway.wiring.runtime import Runtime

log = structlog.get_logger()


def web_dependencies(
    runtime: Runtime, pressure: Pressure | None = None, logins: Logins | None = None
) -> WebDependencies:
    """Everything that `web.app.create_app` needs; `pressure` is what somebody else keeps up to date.

    Raises `SettingsInvalid`.
    """
    issuers = [Issuer(m.public_url, m.ars) for m in runtime.municipalities.values()] or [Issuer(runtime.base_url, "")]
    registry = Registry(
        changing={
            client.id: _followed(client, frozenset(runtime.municipalities)) for client in runtime.settings.clients
        }
    )
    allowances = StoredAllowances(runtime.store.database, runtime.clock, runtime.store.created_since)
    provider = _provider(runtime, issuers, registry, allowances, logins)
    database = runtime.store.database
    figures, statuses = StoredCatalogueFigures(database, runtime.clock), StoredStatuses(database)

    return WebDependencies(
        intake=runtime.intake,
        store=runtime.store,
        services=runtime.services,
        municipalities=tuple(runtime.municipalities.values()),
        provider=provider,
        login=logins.flow(runtime, registry, issuers, provider) if logins else None,
        appearances=appearances(runtime.files),
        status=StatusDependencies(
            publication(runtime),
            daily_reports(runtime),
            RenderedDocuments(runtime.clock),
            _feedback(runtime, statuses),
        ),
        statistics=StatisticsDependencies(statuses, StoredPageViews(runtime.store.database, runtime.clock)),
        catalogue_figures=figures.read,
        clock=runtime.clock,
        health=partial(_health, runtime, pressure, figures),
        states=partial(_states, runtime),
        exchanges=partial(exchange_durations.read, runtime.store.database),
        newest_root=partial(_newest_root, runtime),
        resumable=runtime.store.pieces,
        exports=ExportedFiles(runtime.store.database),
        pressure=pressure,
        quotas=Quotas(
            {
                client.id: ClientLimits(client.limits.requests_per_minute, client.limits.submissions_per_day)
                for client in runtime.settings.clients
            },
            runtime.clock,
            allowances,
        ),
        webhooks=WebhookDependencies(
            store=runtime.store.webhooks,
            addresses=AddressPolicy.of(runtime.settings.outbound.allow_private),
            plain_http=runtime.settings.mode == "test",
        ),
        limits=BodyLimits(
            body_bytes=runtime.settings.server.max_body_bytes, upload_bytes=runtime.settings.server.max_upload_bytes
        ),
        version=__version__,
    )


async def _health(runtime: Runtime, pressure: Pressure | None, figures: StoredCatalogueFigures) -> list[HealthCheck]:
    try:
        await runtime.store.ping()
    except GatewayError as error:
        return [HealthCheck("database:responds", "fail", component_type="datastore", output=error.code)]
    responds = HealthCheck("database:responds", "pass", component_type="datastore")
    return [responds, *resource_checks(pressure), *await dependency_checks(figures)]


async def _states(runtime: Runtime) -> Mapping[str, int]:
    by_state: dict[str, int] = {}
    for (_, state), number in (await runtime.store.counts()).items():
        by_state[state] = by_state.get(state, 0) + number
    return by_state


async def _newest_root(runtime: Runtime) -> tuple[int, str]:
    root = await judging.newest(runtime.store.database)
    return root.no, root.digest


def _feedback(runtime: Runtime, statuses: StoredStatuses) -> FeedbackDependencies | None:
    """People are asked where their answers go to somebody."""
    if runtime.settings.catalogue.statistics.sdg is None:
        return None
    bounds = AddressBounds(runtime.clock, runtime.store.digest)
    return FeedbackDependencies(statuses, runtime.store.feedback, bounds)


def _provider(
    runtime: Runtime, issuers: Sequence[Issuer], registry: Registry, allowances: StoredAllowances, logins: Logins | None
) -> Provider:
    """The token server of every issuer. Raises `SettingsInvalid`."""
    return Provider(
        issuers=issuers,
        registry=registry,
        key=runtime.keys.token,
        clock=runtime.clock,
        new_id=lambda: str(uuid4()),
        published=runtime.keys.published,
        used=UsedAssertions(runtime.store.database),
        judge=Certificates(tls.authorities(runtime.settings.server.tls)),
        codes=logins.codes if logins else None,
        tries=FailedTries(runtime.clock, runtime.store.digest, allowances),
    )


def attempts(settings: Settings) -> Iterator[Attempt]:
    """What the API reads of the settings, tried one by one; see `refusals`."""
    yield from tls.attempts(settings)
    for section in settings.clients:
        setting = f"clients.{section.id}"
        secrets = [("secret_file", section.secret_file)]
        secrets += [("previous_secret_files", path) for path in section.previous_secret_files]
        for name, path in secrets:
            if path is not None:
                yield partial(read_secret, path, f"{setting}.{name}")
        yield partial(_jwks, section, setting)
        yield partial(tls.rule, section, setting)
        yield partial(_registration, section, frozenset())
    yield partial(id_token_signing.judge, settings)


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
    setting = f"clients.{section.id}"
    secret = read_secret(section.secret_file, f"{setting}.secret_file") if section.secret_file else None
    previous = [read_secret(path, f"{setting}.previous_secret_files") for path in section.previous_secret_files]
    return registration(
        client,
        secret=secret,
        previous=previous,
        jwks=_jwks(section, setting),
        certificates=tls.rule(section, setting),
        token_auth_method=section.token_auth_method,
        relying_party=_relying_party(section),
    )


def _relying_party(section: ClientSection) -> RelyingParty | None:
    """What logins to the client need; None: nobody logs in to it."""
    if not section.redirect_uris:
        return None
    if not section.require_pkce:
        log.warning("login.without_pkce", client=section.id)
    return RelyingParty(
        redirect_uris=section.redirect_uris,
        post_logout_redirect_uris=section.post_logout_redirect_uris,
        backchannel_logout_uri=section.backchannel_logout_uri,
        id_token_alg=section.id_token_alg,
        public=section.public,
        portal=section.portal,
        require_pkce=section.require_pkce,
    )


def _jwks(section: ClientSection, setting: str) -> Mapping[str, Any] | None:
    if section.jwks is None:
        return None
    try:
        jwk_set = json.loads(regular_file.text(section.jwks))
    except (OSError, ValueError, RecursionError):
        jwk_set = None
    if not isinstance(jwk_set, dict) or not isinstance(jwk_set.get("keys"), list):
        cause = unusable_files.no_jwk_set(section.jwks)
        named = f"{setting}.jwks: {section.jwks}"
        raise unusable_files.refusal(named, "jwks_unreadable", cause, unusable_files.CLIENT_KEYS)
    return jwk_set
