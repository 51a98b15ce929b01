"""Every attack on an answer, by name.

Classes that no answer alone shows are tested where they live: 28, 29 and the race of 26 with the flow of a login, 38
and 45 with metadata, 41 with the OpenID provider, 43 and 44 with the providers of a municipality, 48 with the web.
"""

from __future__ import annotations

from . import attacks_on_encoding, attacks_on_signatures, attacks_on_statements
from .attack_frame import ATTACKS

__all__ = ["ATTACKS", "PARTS"]

PARTS = (attacks_on_encoding, attacks_on_signatures, attacks_on_statements)
"""Each enters its attacks when it is imported."""
