"""The way out, as the settings allow it.

Knows: the settings `[outbound]`. Never does: open a connection. Standard: architecture §6.
Start reading: `policy`.
"""

from __future__ import annotations

from gateway.outbound.client import Policy
from gateway.settings.gateway import Settings


def policy(settings: Settings) -> Policy:
    """The way out as the settings allow it."""
    out = settings.outbound
    return Policy(
        proxy=out.proxy, no_proxy=out.no_proxy, ca_bundle=out.ca_bundle, allow_private=tuple(out.allow_private)
    )
