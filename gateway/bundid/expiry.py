"""What ends soon between us and an identity provider: our certificates, theirs, their metadata.

Knows: which of several counts (a second pair is there to take over). Never does: raise alarms, read a clock.
Standard: SAML 2.0 metadata §2.3.2 (validUntil). Start reading: `ending`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from gateway.bundid.provider import SamlProvider

SOON: Final = timedelta(days=30)
ExpiringPart = Literal["signing_certificate", "encryption_certificate", "provider_certificates", "provider_metadata"]


@dataclass(frozen=True, slots=True)
class Expiry:
    """One thing and when it ends."""

    part: ExpiringPart
    until: datetime


def ending(provider: SamlProvider, now: datetime, within: timedelta = SOON) -> tuple[Expiry, ...]:
    """What ends within that time, or ended, soonest first.

    Of their keys the one that lasts longest counts: during a roll-over the former one ends as it should.
    """
    return tuple(
        sorted((expiry for expiry in ends(provider) if expiry.until - now <= within), key=lambda expiry: expiry.until)
    )


def ends(provider: SamlProvider) -> Iterator[Expiry]:
    """When each part ends, as far as that is said."""
    yield Expiry("signing_certificate", provider.keys.signing.not_after)
    yield Expiry("encryption_certificate", provider.keys.encryption.not_after)
    if provider.pinned is None:
        return
    keys = [key.not_after for key in provider.pinned.keys]
    known = [until for until in keys if until is not None]
    if known and len(known) == len(keys):
        yield Expiry("provider_certificates", max(known))
    if provider.pinned.metadata.valid_until is not None:
        yield Expiry("provider_metadata", provider.pinned.metadata.valid_until)
