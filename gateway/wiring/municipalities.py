"""A municipality's file as the value that all rooms share.

Knows: which applications a destination takes by default. Never does: read or judge the file.
Standard: architecture §4. Start reading: `municipality`.
"""

from __future__ import annotations

from typing import Literal

from gateway.fitconnect.limits import FITCONNECT
from gateway.keys import style as signatures
from gateway.model import Destination, Municipality
from gateway.settings.municipality import MunicipalityFile


def municipality(file: MunicipalityFile, mode: str) -> Municipality:
    """The municipality; in production its destinations take only live applications, unless the file says else."""
    takes: Literal["all", "live"] = "live" if mode == "production" else "all"
    return Municipality(
        slug=file.slug,
        ars=file.ars,
        name=file.name,
        public_url=file.public_url.rstrip("/"),
        destinations=tuple(
            Destination(str(d.destination_id), FITCONNECT, d.services, signatures.style(d.signature), d.takes or takes)
            for d in file.destinations
        ),
        parameters=file.parameters,
        logins=bool(file.identity.providers),
    )
