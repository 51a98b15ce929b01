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
EndingPart = Literal["signing_certificate", "encryption_certificate", "provider_certificates", "provider_metadata"]


@dataclass(frozen=True, slots=True)
class Ending:
    """One thing and when it ends."""

    part: EndingPart
    until: datetime


def ending(provider: SamlProvider, now: datetime, within: timedelta = SOON) -> tuple[Ending, ...]:
    """What ends within that time, or ended, soonest first.

    Of their keys the one that lasts longest counts: during a roll-over the former one ends as it should.
    """
    return tuple(sorted((one for one in ends(provider) if one.until - now <= within), key=lambda one: one.until))


def ends(provider: SamlProvider) -> Iterator[Ending]:
    """When each part ends, as far as that is said."""
    yield Ending("signing_certificate", provider.keys.signing.not_after)
    yield Ending("encryption_certificate", provider.keys.encryption.not_after)
    if provider.pinned is None:
        return
    keys = [key.not_after for key in provider.pinned.keys]
    said = [until for until in keys if until is not None]
    if said and len(said) == len(keys):
        yield Ending("provider_certificates", max(said))
    if provider.pinned.metadata.valid_until is not None:
        yield Ending("provider_metadata", provider.pinned.metadata.valid_until)
