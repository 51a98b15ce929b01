"""Whether a destination takes what we are about to send.

Knows: status, service, region and schema rules. Never does: I/O. Standard: FIT-Connect "start-submission".
Start reading: `fit`.
"""

from __future__ import annotations

from gateway.errors import DestinationUnfit
from gateway.fitconnect import names
from gateway.fitconnect.wire import DestinationOffer, Inbox

_LEVELS = (2, 3, 5, 9, 12)
"""Where the levels of a regional key end: Land, Regierungsbezirk, Kreis, Gemeindeverband, Gemeinde."""
_STATES = frozenset({names.STATUS_CREATED, names.STATUS_ACTIVE, names.STATUS_INACTIVE, names.STATUS_DECOMMISSIONED})


def fit(inbox: Inbox, *, identifier: str, ars: str, schema_uri: str, media_type: str) -> tuple[DestinationOffer, str]:
    """The offer that covers service, municipality (12-digit ARS) and schema, and the closest of its regions.

    Raises `DestinationUnfit` naming the first rule broken: status, service, region, schema.
    """
    require_active(inbox)
    offers = [offer for offer in inbox.offers if offer.identifier.lower() == identifier.lower()]
    if not offers:
        raise DestinationUnfit(rule=f"service ({identifier})")
    near = [(offer, region) for offer in offers if (region := _closest(offer, ars))]
    if not near:
        raise DestinationUnfit(rule=f"region (DE{ars})")
    exact = [(offer, region) for offer, region in near if (schema_uri, media_type) in offer.schemas]
    if not exact:
        raise DestinationUnfit(rule=f"schema ({schema_uri}, {media_type})")
    return max(exact, key=lambda pair: len(_covered(pair[1])))


def require_active(inbox: Inbox) -> None:
    """Refuse a destination that takes no submissions. Raises `DestinationUnfit` naming its status."""
    if inbox.status != names.STATUS_ACTIVE:
        raise DestinationUnfit(rule=f"status ({inbox.status if inbox.status in _STATES else 'unknown'})")


def _closest(offer: DestinationOffer, ars: str) -> str | None:
    covering = [region for region in offer.regions if region.startswith("DE") and ars.startswith(_covered(region))]
    return max(covering, key=lambda region: len(_covered(region)), default=None)


def _covered(region: str) -> str:
    """The beginning that the keys of a region share: of a full key (12 digits) without the levels that are all zero.

    `DE150900000000` is the district 15090 and all below it, `DE000000000000` the whole country, as `DE15090` and `DE`.
    """
    digits = region.removeprefix("DE")
    if len(digits) != _LEVELS[-1]:
        return digits
    for start, end in zip(reversed((0, *_LEVELS[:-1])), reversed(_LEVELS), strict=True):
        if digits[start:end].strip("0"):
            return digits[:end]
    return ""
