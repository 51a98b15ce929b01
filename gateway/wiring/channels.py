"""Makes the channels: the ways that submissions take, found by municipality and the channel that a row names.

Knows: what each kind of channel is made of, and the times of its counterpart. Never does: send.
Standard: architecture §2 (seams). Start reading: `Channels`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from gateway.errors import DestinationUnfit
from gateway.fitconnect.channel import Addressee, FitConnectChannel, official_schemas
from gateway.fitconnect.channel import Environment as ChannelEnvironment
from gateway.fitconnect.limits import FITCONNECT
from gateway.keys.files import KeyFiles, read_secret
from gateway.keys.following import Following
from gateway.keys.pem import read_certificates
from gateway.model import Municipality
from gateway.outbound.client import HttpClient, http_client
from gateway.outbound.durations import Durations
from gateway.outbound.pace import Counterpart
from gateway.ports.channel import ChannelLimits
from gateway.ports.clock import Clock
from gateway.ports.keys import KeyArchive
from gateway.services.loader import Services
from gateway.settings.fitconnect import EnvironmentSection
from gateway.settings.gateway import Settings
from gateway.settings.municipality import MunicipalityFile
from gateway.wiring.outbound import policy

LIMITS: Final[Mapping[str, ChannelLimits]] = {FITCONNECT: FitConnectChannel.limits}
"""The times of the counterparts, by the name of the channel that rows carry."""


@dataclass(slots=True)
class Channels:
    """Makes the channels of all municipalities; those of one environment share an HTTP client."""

    settings: Settings
    services: Services
    keys: KeyFiles
    archive: KeyArchive
    stack: AsyncExitStack
    durations: Durations
    clock: Clock
    _clients: dict[str, HttpClient] = field(init=False, default_factory=dict)
    _official: Mapping[str, bytes] = field(init=False)

    def __post_init__(self) -> None:
        self._official = official_schemas(self.settings.schema_dir)

    def fitconnect(self, file: MunicipalityFile, town: Municipality) -> FitConnectChannel:
        """The municipality as a FIT-Connect client."""
        name = file.fitconnect.environment
        if name not in self._clients:
            # the places of a worker bound the connections: a bound for all would let one who hangs hold up the others
            way = replace(policy(self.settings), max_connections=0, counterpart=Counterpart.FITCONNECT)
            self._clients[name] = http_client(way, durations=self.durations)
            self.stack.push_async_callback(self._clients[name].aclose)
        path, setting = file.fitconnect.client_secret_file, f"{file.slug}.fitconnect.client_secret_file"
        secret = Following(setting, [path], partial(read_secret, path, setting))
        return FitConnectChannel(
            _environment(self.settings, self.settings.fitconnect.environments[name]),
            file.fitconnect.client_id,
            secret,
            addressee=self._addressees(town),
            keys=self.keys,
            archive=self.archive,
            client=self._clients[name],
            clock=self.clock,
            random=os.urandom,
            official=self._official,
        )

    def _addressees(self, town: Municipality) -> Callable[[str, bool], Addressee]:
        """Where a service goes and how its documents are signed."""

        def addressee(service_id: str, test: bool) -> Addressee:
            service = self.services.get(service_id)
            to = town.destination_for(service_id, test=test)
            if to is None or to.channel != FITCONNECT:
                raise DestinationUnfit(rule="no_destination")
            return Addressee(to.destination_id, service.identifier, service.titles["de"], service.signature_for(to))

        return addressee


def _environment(settings: Settings, section: EnvironmentSection) -> ChannelEnvironment:
    return ChannelEnvironment(
        token_url=section.token_url,
        submission_api=section.submission_api,
        api_versions=section.api_versions,
        delivery_issuers=frozenset(section.delivery_issuer),
        trust_roots=tuple(
            root for path in section.trust_roots for root in read_certificates(path, "trust_roots", "roots_unreadable")
        ),
        insecure_public_keys=settings.mode == "test" and section.insecure_public_keys,
    )
