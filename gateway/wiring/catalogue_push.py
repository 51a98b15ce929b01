"""Makes the pusher of one process from the settings: to whom, with which secret, held to which schema.

Knows: what `[catalogue.push]` says. Never does: push. Standard: fixed interfaces §2. Start reading: `open_pusher`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import structlog

from gateway.catalogue.pushing.collector import OAuthCollector
from gateway.catalogue.pushing.push import Pusher
from gateway.catalogue.xzufi.profile import profile
from gateway.keys.files import read_header_secret
from gateway.outbound.oauth2_client import oauth2_client
from gateway.settings.gateway import Settings
from gateway.store.catalogue.exported_files import ExportedFiles
from gateway.store.catalogue.pushes import StoredPushes
from gateway.wiring.catalogue_export import exporter
from gateway.wiring.catalogue_probes import user_agent
from gateway.wiring.outbound import policy
from gateway.wiring.runtime import Runtime

SECRET: Final = "catalogue.push.client_secret_file"  # noqa: S105 - the name of a setting

log = structlog.get_logger()


def configured(settings: Settings) -> bool:
    """Whether there is anybody to push to."""
    return settings.catalogue.push.address is not None


def stored_pushes(runtime: Runtime) -> StoredPushes:
    """The rows of this collector; `configured` was asked before."""
    settings = runtime.settings
    address = settings.catalogue.push.address
    assert address is not None  # configured
    own = profile(settings.catalogue.xzufi).own_agency
    return StoredPushes(runtime.store.database, runtime.clock, address, own)


@asynccontextmanager
async def open_pusher(runtime: Runtime, rows: StoredPushes) -> AsyncIterator[Pusher]:
    """The pusher with connections of its own.

    Raises `SettingsInvalid` for an unreadable file, `CatalogueExportInvalid` for a schema that cannot be used.
    """
    settings = runtime.settings
    section = settings.catalogue.push
    if section.unverified:
        await log.awarning("catalogue.push_unverified", setting="catalogue.push.unverified")
    way = replace(policy(settings), user_agent=user_agent(settings))
    assert section.token_url is not None  # the section is whole or empty
    assert section.client_id is not None
    assert section.client_secret_file is not None
    secret = read_header_secret(section.client_secret_file, SECRET)
    async with oauth2_client(
        way, section.token_url, section.client_id, secret, call="catalogue.push", durations=runtime.durations
    ) as client:
        yield Pusher(
            rows,
            ExportedFiles(runtime.store.database),
            exporter(runtime).writer,
            OAuthCollector(client, section.address or "", runtime.clock),
            runtime.clock,
            section.unverified,
        )
