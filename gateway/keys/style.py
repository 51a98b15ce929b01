"""How documents of each municipality are signed, and whether its key can: judged before anything is taken in.

Knows: what services and destinations ask for. Never does: sign, or judge validity, which time changes (`gateway check`
and signing itself do). Standard: fixed interfaces §2. Start reading: `check`.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.errors import SettingsInvalid
from gateway.keys.municipality import DocumentKeys
from gateway.model import PLAIN_JWS, Destination, Finding, Municipality, SignatureFormat, SignatureStyle
from gateway.services.folder import NO_PLACE
from gateway.services.loader import Services
from gateway.services.service import Service
from gateway.settings.municipality import SignatureSection


def style(section: SignatureSection | None) -> SignatureStyle | None:
    """What a destination's section says, None where it says nothing."""
    if section is None:
        return None
    return SignatureStyle(SignatureFormat(section.format), enveloped=section.packaging == "enveloped")


def wanted(municipality: Municipality, services: Services) -> frozenset[SignatureFormat]:
    """The formats that the municipality's key has to make: of its documents, and of reports on who logged in (JWS)."""
    formats = {service.signature_for(to).format for service, to in _offered(municipality, services)}
    return frozenset(formats | {PLAIN_JWS.format} if municipality.logins or not formats else formats)


def check(municipalities: Iterable[Municipality], services: Services, keys: DocumentKeys) -> None:
    """Refuse what cannot be signed as asked. Raises `SettingsInvalid` with every fault of every municipality."""
    faults: list[Finding] = []
    for municipality in municipalities:
        faults += _unplaced(municipality, services)
        try:
            keys.check(municipality.ars, wanted(municipality, services))
        except SettingsInvalid as error:
            faults += error.findings
    if faults:
        raise SettingsInvalid(findings=tuple(faults))


def _unplaced(municipality: Municipality, services: Services) -> list[Finding]:
    return [
        Finding(f"{municipality.slug}.destinations: {service.id}", "signature_place", *NO_PLACE)
        for service, to in _offered(municipality, services)
        if service.signature_for(to).enveloped and not service.rules_for(municipality.ars).signature_place
    ]


def _offered(municipality: Municipality, services: Services) -> list[tuple[Service, Destination]]:
    return [(service, to) for _, service in services.items() for to in _places(municipality, service)]


def _places(municipality: Municipality, service: Service) -> Iterable[Destination]:
    """Where live applications go, and those of a test where that is another destination."""
    destinations = (municipality.destination_for(service.id, test=test) for test in (False, True))
    return {destination.destination_id: destination for destination in destinations if destination is not None}.values()
