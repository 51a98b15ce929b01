"""Fetches metadata of identity providers that are named by address, and keeps the copy that counts.

Knows: where the copy lies, that a fetch alone never changes a key. Never does: judge metadata itself (`bundid` does),
raise alarms (`worker` does). Standard: SAML 2.0 metadata §4.1. Start reading: `renew`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx
import structlog

from gateway.bundid.idp_metadata import LIMITS, MetadataUnfit, compared, read_idp_metadata
from gateway.errors import CounterpartBusy, CounterpartRefused, GatewayError, SettingsInvalid, unexpected
from gateway.input import regular_file, whole_file
from gateway.outbound.answer import Answer
from gateway.outbound.httpx_transport import exchange
from gateway.ports.clock import Clock
from gateway.settings.gateway import Settings
from gateway.settings.municipality import MunicipalityFile
from gateway.wiring.identity import ProviderPlace, judged, pinned_metadata, places

log = structlog.get_logger()

FIRST_S: Final = 5.0
"""Seconds that one fetch may take where a start, or another provider, waits for it."""
_ACCEPT: Final = "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8"


@dataclass(frozen=True, slots=True)
class Renewal:
    """What came of a fetch. `refused`: why the copy stays as it was (a slug of a closed list), None: it was taken.

    `added` and `removed` are digests of keys, compared with the copy; `clock_ahead_s` is how far the provider's clock
    is ahead of ours, where it said its time.
    """

    refused: str | None = None
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    clock_ahead_s: float | None = None


async def renew(settings: Settings, at: ProviderPlace, client: httpx.AsyncClient, now: datetime) -> Renewal | None:
    """Fetch the metadata once and take them where that changes no key; None: they are no address.

    The first document of all is taken as it is, unless settings or production forbid it. Raises `SettingsInvalid` for
    such a one and for a copy that cannot be read, and the errors of an exchange.
    """
    if at.address is None:
        return None
    answer = await exchange(
        client,
        "GET",
        at.address,
        headers={"Accept": _ACCEPT},
        limit=LIMITS.size,
        call="identity.metadata",
    )
    if answer.status != 200:
        unkind = CounterpartBusy if answer.status >= 500 or answer.status in {408, 429} else CounterpartRefused
        raise unkind(host=answer.host, http_status=answer.status)
    ahead = _ahead(answer, now)
    pinned = pinned_metadata(settings, at)
    if pinned is None:
        judged(settings, at, answer.body)
        _keep(at.metadata_file(settings.data_dir), answer.body)
        return Renewal(clock_ahead_s=ahead)
    try:
        fetched = read_idp_metadata(answer.body)
    except MetadataUnfit as unfit:
        return Renewal(f"metadata_{unfit.reason}", clock_ahead_s=ahead)
    changes = compared(pinned.metadata, fetched)
    refused = pinned.refused(fetched, now)
    if refused is None:
        judged(settings, at, answer.body)
        _keep(at.metadata_file(settings.data_dir), answer.body)
    return Renewal(refused, changes.added, changes.removed, ahead)


async def fetch_first(
    settings: Settings, files: Iterable[MunicipalityFile], opened: Callable[[], httpx.AsyncClient], now: datetime
) -> None:
    """Fetch what has no copy on this machine that counts, all at once and for `FIRST_S` at most.

    What fails is logged: nobody logs in by that provider until it is fetched, and the start waits no longer for it.
    A client is `opened` only for something to fetch: the authorities that it trusts take a while to read.
    """
    missing = [at for at in places(files) if _missing(settings, at)]
    if missing:
        async with opened() as client:
            await asyncio.gather(*(_tried(settings, at, client, now) for at in missing))


def _missing(settings: Settings, at: ProviderPlace) -> bool:
    try:
        return at.address is not None and pinned_metadata(settings, at) is None
    except SettingsInvalid:  # a copy that is of no use ends the start
        return False


async def renew_all(
    settings: Settings, files: Iterable[MunicipalityFile], client: httpx.AsyncClient, clock: Clock
) -> None:
    """Renew each copy on this machine, as its worker does where there is one; what fails is logged."""
    for at in places(files):
        if at.address is not None:
            await _tried(settings, at, client, clock.now())


async def _tried(settings: Settings, at: ProviderPlace, client: httpx.AsyncClient, now: datetime) -> None:
    provider = f"{at.file.slug}/{at.name}"
    try:
        async with asyncio.timeout(FIRST_S):
            renewal = await renew(settings, at, client, now)
    except (GatewayError, TimeoutError) as error:
        log.warning("identity.metadata_not_fetched", provider=provider, **unexpected.named(error))
    else:
        if renewal is not None and renewal.refused is not None:
            log.warning("identity.metadata_refused", provider=provider, rule=renewal.refused)


def _ahead(answer: Answer, now: datetime) -> float | None:
    try:
        theirs = parsedate_to_datetime(answer.headers["date"])
        return ((theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)) - now).total_seconds()
    except (KeyError, ValueError, OverflowError):
        return None


def _keep(path: Path, document: bytes) -> None:
    """Put the copy in place, whole or not at all; one that is the same stays untouched."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        if regular_file.content(path, LIMITS.size + 1) == document:
            return
    except OSError:
        pass
    with whole_file.opened(path, 0o600) as file:
        file.write(document)
