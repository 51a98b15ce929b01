"""What a verified assertion says, as values read from its signed bytes alone.

Knows: names, values and levels as they stand there. Never does: judge or translate them.
Standard: SAML 2.0 core §2. Start reading: `Assertion`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SamlAttribute:
    """One attribute by its `Name`; `trust_level` is BundID's word for its level, verbatim.

    A value is a text, or, where the element holds elements (an address of Mein Unternehmenskonto), their texts by local
    name. An attribute occurs once.
    """

    name: str
    values: tuple[str | Mapping[str, str], ...] = field(repr=False)
    trust_level: str | None = None


@dataclass(frozen=True, slots=True)
class Assertion:
    """One assertion. `authn_context` is the class reference as it stands there (STORK string or URI)."""

    id: str
    issuer: str
    name_id: str | None = field(repr=False)
    name_id_format: str | None
    authn_context: str
    authn_instant: datetime
    not_on_or_after: datetime
    attributes: tuple[SamlAttribute, ...] = field(repr=False)
    one_time_use: bool = False
