"""The services of the package, loaded once a process: none changes, and loading all takes its time."""

from __future__ import annotations

from functools import cache

from gateway.services.loader import Services, load


@cache
def own_services() -> Services:
    return load()
