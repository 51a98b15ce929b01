"""What the HTTP endpoints depend on: everything concrete is made in `wiring` and meets the web here.

Knows: the shape of each dependency. Never does: anything itself.
Standard: architecture §2. Start reading: `WebDependencies`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from starlette.requests import Request

from gateway.backpressure.admission import Pressure
from gateway.catalogue.publication.figures import CatalogueFigures
from gateway.catalogue.served import ServedFiles
from gateway.catalogue.statistics.page_views import PageViewRows
from gateway.catalogue.status import CatalogueStatuses
from gateway.intake.create import Intake
from gateway.login.provider import Provider
from gateway.model import Client, Municipality
from gateway.notify.message import Subscriptions
from gateway.outbound.durations import Tally
from gateway.outbound.policy import AddressPolicy
from gateway.ports.blobs import ResumableUploads
from gateway.ports.clock import Clock
from gateway.ports.store import Store
from gateway.services.loader import Services
from gateway.web.login.flow import LoginDependencies
from gateway.web.pages.appearance import Appearance
from gateway.web.portal.quotas import Quotas
from gateway.web.status.published import StatusDependencies


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One line of `/health`: a component in the words of draft-inadarei-api-health-check §4.

    `name` is `component:measurement`, `component_id` tells apart several of one name. Only `fail` of a check with
    `vital` set turns the whole answer to 503.
    """

    name: str
    status: Literal["pass", "warn", "fail"]
    vital: bool = True
    component_type: str = "component"
    component_id: str | None = None
    observed_value: float | str | None = None
    observed_unit: str | None = None
    output: str | None = None


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Sizes in bytes, times in seconds; `depth` and `values` (how many one body may hold) bound a JSON body.

    `heartbeat_s` is the longest silence of an event stream; `batch_lines` the most applications in one call.
    """

    body_bytes: int = 10_000_000
    upload_bytes: int = 500_000_000
    callback_bytes: int = 1_000_000
    depth: int = 32
    values: int = 50_000
    wait_s: float = 30.0
    poll_s: float = 0.25
    heartbeat_s: float = 15.0
    batch_bytes: int = 200_000_000
    batch_lines: int = 1000


@dataclass(frozen=True, slots=True)
class WebhookDependencies:
    """Where webhooks are kept and which addresses they may have; `plain_http` outside production only."""

    store: Subscriptions
    addresses: AddressPolicy
    plain_http: bool = False


@dataclass(frozen=True, slots=True)
class StatisticsDependencies:
    """Whose pages portals may speak of, and where their views are kept."""

    statuses: CatalogueStatuses
    views: PageViewRows


@dataclass(frozen=True, slots=True)
class Wake:
    """What a callback named: submissions at the delivery service whose event log has news."""

    destination_id: str
    submission_ids: tuple[str, ...]
    case_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WebDependencies:
    """All that the app is made of.

    `callback_secrets` gives the secrets of a destination (more than one during a change); without it there is no route
    for callbacks; `login` and `status` say which there are for people's logins and status pages; `appearances` (by ARS)
    frame the pages of logins. `wake` triggers a poll. `newest_root` gives number and digest of the newest root over
    evidence. `health` looks at what the gateway depends on.
    """

    intake: Intake
    store: Store
    services: Services
    municipalities: tuple[Municipality, ...]
    provider: Provider
    clock: Clock
    health: Callable[[], Awaitable[Sequence[HealthCheck]]]
    callback_secrets: Callable[[str], Sequence[str]] | None = field(default=None, repr=False)
    wake: Callable[[Wake], Awaitable[None]] | None = None
    states: Callable[[], Awaitable[Mapping[str, int]]] | None = None
    exchanges: Callable[[], Awaitable[Mapping[str, Tally]]] | None = None
    newest_root: Callable[[], Awaitable[tuple[int, str]]] | None = None
    webhooks: WebhookDependencies | None = None
    quotas: Quotas | None = None
    pressure: Pressure | None = None
    resumable: ResumableUploads | None = None
    exports: ServedFiles | None = None
    login: LoginDependencies | None = None
    appearances: Mapping[str, Appearance] = field(default_factory=dict)
    status: StatusDependencies | None = None
    statistics: StatisticsDependencies | None = None
    catalogue_figures: Callable[[], Awaitable[CatalogueFigures]] | None = None
    limits: BodyLimits = field(default_factory=BodyLimits)
    version: str = "0.1.0"

    def served(self, client: Client) -> frozenset[str]:
        """The ARS of the municipalities that the client may serve (none named: all)."""
        known = frozenset(municipality.ars for municipality in self.municipalities)
        return known & client.municipalities if client.municipalities else known


def dependencies_of(request: Request) -> WebDependencies:
    """What the app is made of."""
    dependencies: WebDependencies = request.app.state.dependencies
    return dependencies
