"""Disk, memory and queue, as lines of `/health`.

Knows: the words of draft-inadarei-api-health-check-06. Never does: look at the machine.
Start reading: `resource_checks`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from gateway.backpressure.admission import Pressure, Resource
from gateway.web.dependencies import HealthCheck

_NAMES: Final = {
    Resource.DISK: ("disk:free", "bytes"),
    Resource.MEMORY: ("memory:free", "bytes"),
    Resource.QUEUE: ("submissions:waiting", "submissions"),
}


def resource_checks(pressure: Pressure | None) -> Iterable[HealthCheck]:
    """A line for each resource that is known; `warn` where it keeps the gateway from taking in anything new.

    None of them is vital: what was accepted is read and delivered all the same.
    """
    if pressure is None:
        return ()
    seen = pressure.seen
    values = {Resource.DISK: seen.disk_bytes, Resource.MEMORY: seen.memory_bytes, Resource.QUEUE: seen.waiting}
    return tuple(
        HealthCheck(
            _NAMES[resource][0],
            "warn" if resource in pressure.short else "pass",
            vital=False,
            component_type="system",
            observed_value=value,
            observed_unit=_NAMES[resource][1],
            output="nothing new is taken in" if resource in pressure.short else None,
        )
        for resource, value in values.items()
        if value is not None
    )
