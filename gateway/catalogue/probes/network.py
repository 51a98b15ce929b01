"""Whether a run says anything of others: an outage of our own network is not an outage of 22 services.

Knows: what all of a run's measurements look like together. Never does: I/O. Standard: catalogue reference §6.2;
ADR 21. Start reading: `ours_is_there`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gateway.catalogue.probes.page import ProbeReason
from gateway.catalogue.probes.standing import Measurement, Subject

HERE: Final = ("database", "queue")
"""Kinds of subjects that are reached without the network."""
LEAST_HOSTS: Final = 2
"""Where all that is probed lies at one host, its silence is its own."""


def ours_is_there(measured: Mapping[Subject, Measurement], references: Sequence[bool]) -> bool:
    """Whether our own network was there while all this was measured.

    `references` says which addresses of others answered. One that did proves it. Where none did, all services have to
    have failed too. Without any, every subject beyond this machine has to be away, at two hosts at least; an address
    that we refuse to ask says nothing.
    """
    if any(references):
        return True
    services = [measurement for subject, measurement in measured.items() if subject.is_service]
    if references:
        return not services or any(measurement.good for measurement in services)
    beyond = [
        measurement
        for subject, measurement in measured.items()
        if subject.name.partition(":")[0] not in HERE and measurement.reason != ProbeReason.ADDRESS_REFUSED
    ]
    hosts = {measurement.host for measurement in beyond}
    return len(hosts) < LEAST_HOSTS or not all(measurement.away for measurement in beyond)
